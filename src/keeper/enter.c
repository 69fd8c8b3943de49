/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int
open_namespace (pid_t pid, const char *name)
{
  char path[64];

  snprintf (path, sizeof path, "/proc/%d/ns/%s", (int) pid, name);
  return open (path, O_RDONLY | O_CLOEXEC);
}

int
sbx_namespaces_open (SbxNamespaces *namespaces, pid_t pid, int pidfd)
{
  struct pollfd alive = { .fd = pidfd, .events = POLLIN };

  *namespaces = (SbxNamespaces) SBX_NAMESPACES_NONE;
  namespaces->mount = open_namespace (pid, "mnt");
  if (namespaces->mount >= 0)
    namespaces->pid = open_namespace (pid, "pid");
  if (namespaces->pid >= 0)
    namespaces->owner = ioctl (namespaces->mount, NS_GET_USERNS);
  if (namespaces->owner < 0) {
    sbx_namespaces_close (namespaces);
    return -1;
  }
  if (poll (&alive, 1, 0) != 0) {
    sbx_namespaces_close (namespaces);
    errno = ESRCH;
    return -1;
  }
  return 0;
}

bool
sbx_namespaces_are_open (const SbxNamespaces *namespaces)
{
  return namespaces->owner >= 0;
}

void
sbx_namespaces_close (SbxNamespaces *namespaces)
{
  const int all[] = { namespaces->mount, namespaces->pid, namespaces->owner };
  int saved = errno;

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i] >= 0)
      close (all[i]);
  *namespaces = (SbxNamespaces) SBX_NAMESPACES_NONE;
  errno = saved;
}

static int
wait_for (pid_t pid)
{
  int status;

  while (waitpid (pid, &status, 0) < 0)
    if (errno != EINTR)
      return errno;
  return WIFEXITED (status) ? WEXITSTATUS (status) : EINTR;
}

/* What the child has to do. */
typedef struct {
  const SbxNamespaces *namespaces;
  bool pid, beside;
  SbxEnterFunction function;
  void *data;
} Entry;

static int
join_mounts (const Entry *entry)
{
  if (entry->beside)
    return unshare (CLONE_NEWNS);
  return entry->namespaces->mount < 0 ? 0 : setns (entry->namespaces->mount, CLONE_NEWNS);
}

/* In the child. */
static int
join (const Entry *entry)
{
  pid_t pid;

  if (setns (entry->namespaces->owner, CLONE_NEWUSER) < 0 || join_mounts (entry) < 0)
    return errno;
  if (!entry->pid)
    return entry->function (entry->data);
  if (setns (entry->namespaces->pid, CLONE_NEWPID) < 0)
    return errno;
  pid = fork ();
  if (pid == 0)
    _exit (entry->function (entry->data));
  return pid < 0 ? errno : wait_for (pid);
}

static int
enter (const Entry *entry)
{
  pid_t child = fork ();

  if (child == 0)
    _exit (join (entry));
  return child < 0 ? errno : wait_for (child);
}

int
sbx_enter (const SbxNamespaces *namespaces, bool pid, SbxEnterFunction function, void *data)
{
  const Entry entry = { namespaces, pid, false, function, data };

  return enter (&entry);
}

int
sbx_enter_beside (const SbxNamespaces *namespaces, bool pid, SbxEnterFunction function, void *data)
{
  const Entry entry = { namespaces, pid, true, function, data };

  return enter (&entry);
}

int
sbx_enter_pid (int owner, int pid, SbxEnterFunction function, void *data)
{
  const SbxNamespaces namespaces = { .mount = -1, .pid = pid, .owner = owner };

  return sbx_enter (&namespaces, true, function, data);
}

int
sbx_enter_give_up (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

  return (int) syscall (SYS_capset, &header, none);
}

int
sbx_enter_shut_off (void)
{
  return sbx_enter_give_up () < 0 || prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -1 : 0;
}

int64_t
sbx_enter_used (void)
{
  struct rusage usage = { 0 };

  getrusage (RUSAGE_CHILDREN, &usage);
  return (int64_t) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec
         + usage.ru_stime.tv_usec;
}
