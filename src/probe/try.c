/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/try.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static Outcome
say (int reached, const char *format, va_list arguments)
{
  Outcome outcome = { .reached = reached };

  vsnprintf (outcome.why, sizeof outcome.why, format, arguments);
  for (char *c = outcome.why; *c; c++)
    if ((unsigned char) *c < ' ' || *c == 127)
      *c = ' '; /* names of processes and files are anybody's */
  return outcome;
}

Outcome
outcome_yes (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  Outcome outcome = say (1, format, arguments);
  va_end (arguments);
  return outcome;
}

Outcome
outcome_no (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  Outcome outcome = say (0, format, arguments);
  va_end (arguments);
  return outcome;
}

Outcome
outcome_of (long result)
{
  return result < 0 ? outcome_no ("%s", strerror (errno)) : outcome_yes ("done");
}

/* Is @name one of @names, separated by commas? */
static int
is_among (const char *name, const char *names)
{
  size_t length = strlen (name);

  for (const char *at = names; *at; at += strcspn (at, ","), at += *at == ',')
    if (strcspn (at, ",") == length && strncmp (at, name, length) == 0)
      return 1;
  return 0;
}

/* The name of a process as proc(5) has it in comm, without its line end. */
static int
read_name (const char *pid, char *name, size_t size)
{
  char path[64];
  int fd;
  ssize_t n;

  snprintf (path, sizeof path, "/proc/%.20s/comm", pid);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  n = read (fd, name, size - 1);
  close (fd);
  if (n <= 0)
    return 0;
  name[n] = '\0';
  name[strcspn (name, "\n")] = '\0';
  return 1;
}

Outcome
try_process (const char *names)
{
  DIR *proc = opendir ("/proc");
  struct dirent *entry;
  char name[64];
  int seen = 0;

  if (!proc)
    return outcome_no ("/proc: %s", strerror (errno));
  while ((entry = readdir (proc)) != NULL) {
    if (!isdigit ((unsigned char) entry->d_name[0]) || !read_name (entry->d_name, name, sizeof name))
      continue;
    seen++;
    if (is_among (name, names)) {
      Outcome outcome = outcome_yes ("process %.20s is %s", entry->d_name, name);

      closedir (proc);
      return outcome;
    }
  }
  closedir (proc);
  return outcome_no ("none of %d processes", seen);
}

Outcome
try_own_process (const char *unused)
{
  int ends[2];
  char path[64], byte;
  struct stat st;
  pid_t child;
  long found;

  (void) unused;
  if (pipe (ends) < 0)
    return outcome_of (-1);
  child = fork ();
  if (child == 0) {
    close (ends[1]);
    _exit (read (ends[0], &byte, 1) < 0);
  }
  close (ends[0]);
  if (child < 0)
    return outcome_of (-1);
  snprintf (path, sizeof path, "/proc/%d", (int) child);
  found = stat (path, &st);
  Outcome outcome = outcome_of (found);
  close (ends[1]);
  waitpid (child, NULL, 0);
  return outcome;
}

Outcome
try_read (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;
  char byte;
  long result = fd < 0 ? -1 : 0;

  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    result = read (fd, &byte, 1);
  Outcome outcome = outcome_of (result);
  if (fd >= 0)
    close (fd);
  return outcome;
}

Outcome
try_write (const char *path)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  Outcome outcome = outcome_of (fd);

  if (fd >= 0)
    close (fd);
  return outcome;
}

Outcome
try_make (const char *directory)
{
  char path[4096];
  int fd;

  if (snprintf (path, sizeof path, "%s/.sandbox-probe-XXXXXX", directory) >= (int) sizeof path)
    return outcome_no ("the name is too long");
  fd = mkstemp (path);
  Outcome outcome = outcome_of (fd);
  if (fd >= 0) {
    unlink (path);
    close (fd);
  }
  return outcome;
}

Outcome
try_writable (const char *path)
{
  struct statvfs st;

  if (statvfs (path, &st) < 0)
    return outcome_of (-1);
  return st.f_flag & ST_RDONLY ? outcome_no ("mounted read-only") : outcome_yes ("mounted for writing");
}

Outcome
try_connect (const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  size_t length = strlen (name);
  int sock;

  if (length >= sizeof address.sun_path)
    return outcome_no ("the name is too long");
  memcpy (address.sun_path, name, length);
  if (*name == '@')
    address.sun_path[0] = '\0';
  sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (sock < 0)
    return outcome_of (-1);
  Outcome outcome = outcome_of (
      connect (sock, (struct sockaddr *) &address, (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length)));
  close (sock);
  return outcome;
}

Outcome
try_tcp (const char *where)
{
  const char *colon = strchr (where, ':');
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((uint16_t) strtoul (colon ? colon + 1 : where, NULL, 10)),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  char name[INET_ADDRSTRLEN];
  int sock;

  if (colon) {
    snprintf (name, sizeof name, "%.*s", (int) (colon - where), where);
    if (inet_pton (AF_INET, name, &address.sin_addr) != 1)
      return outcome_no ("there is no such address");
  }
  sock = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (sock < 0)
    return outcome_of (-1);
  Outcome outcome = outcome_of (connect (sock, (struct sockaddr *) &address, sizeof address));
  close (sock);
  return outcome;
}

Outcome
try_shm (const char *key)
{
  return outcome_of (shmget ((key_t) strtol (key, NULL, 10), 0, 0));
}

Outcome
try_key (const char *name)
{
  FILE *keys = fopen ("/proc/keys", "re");
  char line[512];
  int found = 0;

  if (!keys)
    return outcome_of (-1);
  while (!found && fgets (line, sizeof line, keys))
    found = strstr (line, name) != NULL;
  fclose (keys);
  return found ? outcome_yes ("it is there") : outcome_no ("there is none of that name");
}

Outcome
try_userns (const char *unused)
{
  (void) unused;
  return outcome_of (unshare (CLONE_NEWUSER));
}

Outcome
try_privileges (const char *unused)
{
  int set = prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);

  (void) unused;
  return set == 1 ? outcome_no ("no_new_privs is set") : outcome_yes ("no_new_privs is not set");
}

/* In a session of our own, whose terminal it then is. */
Outcome
try_terminal (const char *unused)
{
  const char *name;
  int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC), slave;

  (void) unused;
  if (master < 0 || grantpt (master) < 0 || unlockpt (master) < 0 || !(name = ptsname (master)) || setsid () < 0)
    return outcome_no ("no terminal to try it with: %s", strerror (errno));
  slave = open (name, O_RDWR | O_CLOEXEC);
  if (slave < 0)
    return outcome_no ("no terminal to try it with: %s", strerror (errno));
  return outcome_of (ioctl (slave, TIOCSTI, "x"));
}

/* Calls that do nothing when every argument is -1, whoever makes them. */
static const struct {
  const char *name;
  long number;
} calls[] = {
  { "acct", SYS_acct },
  { "add_key", SYS_add_key },
  { "bpf", SYS_bpf },
  { "fsopen", SYS_fsopen },
  { "io_uring_setup", SYS_io_uring_setup },
  { "kcmp", SYS_kcmp },
  { "keyctl", SYS_keyctl },
  { "mbind", SYS_mbind },
  { "migrate_pages", SYS_migrate_pages },
  { "mount", SYS_mount },
  { "move_mount", SYS_move_mount },
  { "move_pages", SYS_move_pages },
  { "name_to_handle_at", SYS_name_to_handle_at },
  { "open_by_handle_at", SYS_open_by_handle_at },
  { "perf_event_open", SYS_perf_event_open },
  { "pivot_root", SYS_pivot_root },
  { "process_vm_readv", SYS_process_vm_readv },
  { "process_vm_writev", SYS_process_vm_writev },
  { "ptrace", SYS_ptrace },
  { "quotactl", SYS_quotactl },
  { "request_key", SYS_request_key },
  { "set_mempolicy", SYS_set_mempolicy },
  { "setns", SYS_setns },
  { "umount2", SYS_umount2 },
  { "unshare", SYS_unshare },
  { "userfaultfd", SYS_userfaultfd },
};

/* The errors that filters refuse with; 0 for any other name. */
static int
error_of (const char *name)
{
  static const struct {
    const char *name;
    int number;
  } errors[] = { { "EPERM", EPERM },
                 { "ENOSYS", ENOSYS },
                 { "ENOENT", ENOENT },
                 { "EBUSY", EBUSY },
                 { "EAFNOSUPPORT", EAFNOSUPPORT },
                 { "EPROTONOSUPPORT", EPROTONOSUPPORT },
                 { "EOPNOTSUPP", EOPNOTSUPP } };

  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (strcmp (errors[i].name, name) == 0)
      return errors[i].number;
  return 0;
}

int
list_calls (void)
{
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    puts (calls[i].name);
  return fflush (stdout) == 0 ? 0 : 1;
}

Outcome
try_call (const char *name_and_errno)
{
  size_t length = strcspn (name_and_errno, ":");
  int refusal = name_and_errno[length] ? error_of (name_and_errno + length + 1) : 0;

  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    if (strlen (calls[i].name) == length && strncmp (calls[i].name, name_and_errno, length) == 0) {
      long result = syscall (calls[i].number, -1L, -1L, -1L, -1L, -1L, -1L);

      if (result < 0 && errno == refusal)
        return outcome_no ("%s", strerror (errno));
      return outcome_yes ("%s", result < 0 ? strerror (errno) : "done");
    }
  return outcome_no ("it cannot be tried without harm");
}
