/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others have left or keep: files, memory, queues, keys, what the service writes down. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostile.h"

/* A file outside, "file": the secret of another program. */
static Finding
try_read (const Given *all)
{
  int has = file_has (given (all, "file"), SECRET);

  return has < 0 ? refused (errno)
         : has   ? breach ("the secret can be read")
                 : refused_because ("another file is there");
}

static Finding
try_write (const Given *all)
{
  return judge (open (given (all, "file"), O_WRONLY | O_CLOEXEC));
}

/* A new file in a directory outside. */
static Finding
makes_in (const char *directory)
{
  char path[4096];
  int fd;

  snprintf (path, sizeof path, "%s/hostile.profile", directory);
  fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0)
    return refused (errno);
  unlink (path);
  return breach ("%s", path);
}

static Finding
try_profiles (const Given *all)
{
  return makes_in (given (all, "profiles"));
}

/* By the directory above it, which is another name of the same. */
static Finding
try_profiles_by_parent (const Given *all)
{
  char path[4096];

  snprintf (path, sizeof path, "%s/../profiles", given (all, "profiles"));
  return makes_in (path);
}

/* Their mode, their times, and links to them from somewhere else: what does not open anything. */
static Finding
try_profile_mode (const Given *all)
{
  return judge (chmod (given (all, "profiles"), 0755));
}

static Finding
try_profile_link (const Given *all)
{
  char from[4096], to[4096];

  snprintf (from, sizeof from, "%s/present.profile", given (all, "profiles"));
  snprintf (to, sizeof to, "%s/linked", given (all, "writable"));
  if (link (from, to) < 0)
    return refused (errno);
  int fd = open (to, O_WRONLY | O_APPEND | O_CLOEXEC), error = errno;
  unlink (to);
  errno = error;
  return judge (fd);
}

/* The records of instances. */
static Finding
try_records (const Given *all)
{
  DIR *dir = opendir (given (all, "records"));
  struct dirent *entry;

  if (!dir)
    return refused (errno);
  while ((entry = readdir (dir)))
    if (*entry->d_name != '.')
      return breach ("%s is there", entry->d_name);
  return refused_because ("it is empty");
}

static Finding
try_make_record (const Given *all)
{
  char path[4096];

  snprintf (path, sizeof path, "%s/0123456789abcdef", given (all, "records"));
  if (mkdir (path, 0700) < 0)
    return refused (errno);
  rmdir (path);
  return breach ("a record was made");
}

/* POSIX shared memory is a file in /dev/shm. "memory" is its name. */
static Finding
try_shared_memory (const Given *all)
{
  return judge (shm_open (given (all, "memory"), O_RDONLY, 0));
}

/* "segment": its number. */
static Finding
try_segment (const Given *all)
{
  void *at = shmat ((int) given_number (all, "segment"), NULL, SHM_RDONLY);

  if (at == (void *) -1)
    return refused (errno);
  return memcmp (at, SECRET, sizeof SECRET) == 0 ? breach ("the secret can be read")
                                                 : refused_because ("another one is there");
}

static Finding
try_segment_key (const Given *all)
{
  return judge (shmget ((key_t) given_number (all, "key-number"), 0, 0));
}

static Finding
try_queue (const Given *all)
{
  return judge (mq_open (given (all, "queue"), O_RDONLY | O_CLOEXEC));
}

/* The session's keyring. */
static Finding
try_keyring (const Given *all)
{
  return judge (syscall (SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0));
}

static Finding
try_search_key (const Given *all)
{
  return judge (syscall (SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", given (all, "key"), 0));
}

static Finding
try_request_key (const Given *all)
{
  return judge (syscall (SYS_request_key, "user", given (all, "key"), NULL, 0));
}

/* The name of the machine, which is everybody's. */
static Finding
try_host_name (const Given *all)
{
  char name[256] = "";

  if (gethostname (name, sizeof name - 1) < 0)
    return refused (errno);
  return judge (sethostname (name, strlen (name)));
}

/* Devices of the machine. */
static Finding
try_devices (const Given *all)
{
  static const char *const names[] = { "/dev/kmsg", "/dev/mem",     "/dev/vda",
                                       "/dev/sda",  "/dev/nvme0n1", "/dev/loop-control" };
  int error = ENOENT;

  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    int fd = open (names[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
      return breach ("%s", names[i]);
    if (errno != ENOENT)
      error = errno;
  }
  return refused (error);
}

/* A device of its own making: the terminal of whoever has number 5:0, in the place that is writable. */
static Finding
try_make_device (const Given *all)
{
  if (mknod ("/tmp/hostile-device", S_IFCHR | 0600, (dev_t) (1 << 8 | 11)) < 0) /* /dev/kmsg */
    return refused (errno);
  int fd = open ("/tmp/hostile-device", O_RDONLY | O_NONBLOCK | O_CLOEXEC), error = errno;
  unlink ("/tmp/hostile-device");
  errno = error;
  return judge (fd);
}

/* The program of a process that is neither this one nor its like, changed by whoever owns its file. sandbox-init lets
 * itself be executed where a script's interpreter is /proc/self/exe. */
static Finding
try_program_file (const Given *all)
{
  DIR *dir = opendir ("/proc");
  struct dirent *entry;
  int error = ENOENT;

  while (dir && (entry = readdir (dir))) {
    char path[300], target[300] = "";
    struct stat st;

    snprintf (path, sizeof path, "/proc/%s/exe", entry->d_name);
    if (atoi (entry->d_name) <= 0 || readlink (path, target, sizeof target - 1) < 0
        || !strstr (target, given_or (all, "program", "sandbox-init")))
      continue;
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      error = errno;
      continue;
    }
    if (fstat (fd, &st) < 0 || fchmod (fd, st.st_mode & 07777) < 0)
      error = errno;
    else
      return breach ("%s of process %s", target, entry->d_name);
  }
  return refused (error);
}

const Probe state_probes[] = {
  { "read", try_read },
  { "write", try_write },
  { "profiles", try_profiles },
  { "profiles-by-parent", try_profiles_by_parent },
  { "profile-mode", try_profile_mode },
  { "profile-link", try_profile_link },
  { "records", try_records },
  { "make-record", try_make_record },
  { "shared-memory", try_shared_memory },
  { "segment", try_segment },
  { "segment-key", try_segment_key },
  { "queue", try_queue },
  { "keyring", try_keyring },
  { "search-key", try_search_key },
  { "request-key", try_request_key },
  { "host-name", try_host_name },
  { "devices", try_devices },
  { "make-device", try_make_device },
  { "program-file", try_program_file },
  { 0 },
};
