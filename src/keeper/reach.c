/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/reach.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/io.h"
#include "wire/sys.h"

#define PASSES 32

typedef struct {
  pid_t pid, parent;
  unsigned long long start; /* in clock ticks since boot: a later process of the same number has another */
  bool below;
} Process;

typedef struct {
  Process *all;
  size_t n, room;
} Processes;

typedef struct {
  struct {
    dev_t dev;
    ino_t ino;
  } seen[SBX_REACH_NAMESPACES];
  size_t n;
  SbxReachFunction each;
  void *data;
} Walk;

static bool
is_number (const char *name)
{
  return name[0] >= '1' && name[0] <= '9';
}

/* Reads the stat file @path below @proc, which is /proc or the directory of one process. */
static int
read_stat (int proc, const char *path, Process *process)
{
  char text[1024];
  const char *end;
  int fd = openat (proc, path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : sbx_read_text (fd, text, sizeof text);

  if (fd >= 0)
    close (fd);
  if (n <= 0)
    return -1;
  end = strrchr (text, ')'); /* the name in front of it may hold anything (proc(5)) */
  if (!end
      || sscanf (end, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                 &process->parent, &process->start)
             != 2)
    return -1;
  return 0;
}

static int
add_process (Processes *processes, const Process *process)
{
  if (processes->n == processes->room) {
    size_t room = processes->room ? processes->room * 2 : 512;
    Process *all = realloc (processes->all, room * sizeof *all);

    if (!all)
      return -1;
    processes->all = all;
    processes->room = room;
  }
  processes->all[processes->n++] = *process;
  return 0;
}

static int
open_pid_namespace (pid_t init)
{
  char path[64];

  snprintf (path, sizeof path, "/proc/%d/ns/pid", (int) init);
  return open (path, O_RDONLY | O_CLOEXEC);
}

/* Whether the process may be below the one whose pid namespace is *@pids: then it is in that, or in one below it. One
 * call for each process of the machine, where reading its file costs twenty times as much. Before Linux 6.11 nobody can
 * say, and *@pids is closed. */
static bool
may_be_below (int *pids, const char *pid)
{
  if (*pids < 0 || ioctl (*pids, SBX_NS_GET_PID_IN_PIDNS, (pid_t) strtol (pid, NULL, 10)) > 0)
    return true;
  if (errno == ESRCH)
    return false;
  close (*pids);
  *pids = -1;
  return true;
}

/* Lists the processes that may be below @init; those that end meanwhile are left out. */
static int
list_processes (Processes *processes, pid_t init)
{
  struct dirent *entry;
  int rc = 0, pids;
  DIR *proc = opendir ("/proc");

  if (!proc)
    return -1;
  pids = open_pid_namespace (init);
  while (rc == 0 && (entry = readdir (proc)) != NULL) {
    Process process = { 0 };
    char path[64];

    if (!is_number (entry->d_name) || !may_be_below (&pids, entry->d_name))
      continue;
    process.pid = (pid_t) strtol (entry->d_name, NULL, 10);
    snprintf (path, sizeof path, "%.20s/stat", entry->d_name);
    if (read_stat (dirfd (proc), path, &process) == 0)
      rc = add_process (processes, &process);
  }
  if (pids >= 0)
    close (pids);
  closedir (proc);
  return rc;
}

static bool
is_below (const Processes *processes, pid_t pid)
{
  for (size_t i = 0; i < processes->n; i++)
    if (processes->all[i].pid == pid)
      return processes->all[i].below;
  return false;
}

/* Numbers are given out in circles, so a child may stand before its parent: again until nothing changes. */
static void
mark_below (Processes *processes, pid_t init)
{
  bool more = true;

  for (size_t i = 0; i < processes->n; i++)
    processes->all[i].below = processes->all[i].pid == init;
  while (more) {
    more = false;
    for (size_t i = 0; i < processes->n; i++) {
      Process *process = &processes->all[i];

      if (!process->below && is_below (processes, process->parent))
        more = process->below = true;
    }
  }
}

/* 1 when it is new, 0 when it has been seen, -1 when there is no room. */
static int
remember (Walk *walk, int mount)
{
  struct stat st;

  if (fstat (mount, &st) < 0)
    return -1;
  for (size_t i = 0; i < walk->n; i++)
    if (walk->seen[i].dev == st.st_dev && walk->seen[i].ino == st.st_ino)
      return 0;
  if (walk->n == SBX_REACH_NAMESPACES) {
    errno = ENOBUFS;
    return -1;
  }
  walk->seen[walk->n].dev = st.st_dev;
  walk->seen[walk->n++].ino = st.st_ino;
  return 1;
}

static int
visit_namespace (Walk *walk, int mount)
{
  SbxNamespaces namespaces = { .mount = mount, .pid = -1, .owner = -1 };
  int rc = remember (walk, mount);

  if (rc <= 0)
    return rc;
  namespaces.owner = ioctl (mount, NS_GET_USERNS);
  if (namespaces.owner < 0)
    return -1;
  rc = walk->each (walk->data, &namespaces);
  close (namespaces.owner);
  if (rc == 0)
    return 1;
  errno = rc;
  return -1;
}

DIR *
sbx_reach_open_tasks (int process)
{
  int fd = openat (process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *tasks = fd < 0 ? NULL : fdopendir (fd);

  if (fd >= 0 && !tasks)
    close (fd);
  return tasks;
}

/* Opens the directory of the process, if it is the one that was listed still; -1 with ESRCH else. */
static int
open_process (const Process *process)
{
  Process now = { .pid = process->pid };
  char path[64];
  int dir;

  snprintf (path, sizeof path, "/proc/%d", (int) process->pid);
  dir = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0 || (read_stat (dir, "stat", &now) == 0 && now.start == process->start))
    return dir;
  close (dir);
  errno = ESRCH;
  return -1;
}

/* 1 when it has shown a new one. @tasks: the directory of the threads of a process. */
static int
visit_thread (Walk *walk, int tasks, const char *thread)
{
  char path[64];
  int mount, rc, error;

  snprintf (path, sizeof path, "%.20s/ns/mnt", thread);
  mount = openat (tasks, path, O_RDONLY | O_CLOEXEC);
  if (mount < 0) /* those of a thread that has ended */
    return errno == ENOENT || errno == ESRCH ? 0 : -1;
  rc = visit_namespace (walk, mount);
  error = errno;
  close (mount);
  errno = error;
  return rc;
}

/* Each thread may be in a mount namespace of its own (unshare(2)), also when the first one has ended. How many new ones
 * there were, or -1. */
static int
visit_process (Walk *walk, const Process *process)
{
  struct dirent *entry;
  int dir = open_process (process), n = 0, rc = 0, error;
  DIR *tasks;

  if (dir < 0)
    return errno == ENOENT || errno == ESRCH ? 0 : -1;
  tasks = sbx_reach_open_tasks (dir);
  error = errno;
  close (dir);
  if (!tasks) {
    errno = error;
    return error == ENOENT || error == ESRCH ? 0 : -1;
  }
  while (rc >= 0 && (entry = readdir (tasks)) != NULL)
    if (is_number (entry->d_name)) {
      rc = visit_thread (walk, dirfd (tasks), entry->d_name);
      n += rc > 0;
    }
  error = errno;
  closedir (tasks);
  errno = error;
  return rc < 0 ? -1 : n;
}

/* How many new ones there were, or -1. */
static int
pass (Walk *walk, pid_t init)
{
  Processes processes = { 0 };
  int n = 0, rc = list_processes (&processes, init);

  mark_below (&processes, init);
  for (size_t i = 0; rc >= 0 && i < processes.n; i++)
    if (processes.all[i].below) {
      rc = visit_process (walk, &processes.all[i]);
      n += rc > 0 ? rc : 0;
    }
  free (processes.all);
  return rc < 0 ? -1 : n;
}

int
sbx_reach_mounts (pid_t init, SbxReachFunction each, void *data)
{
  Walk walk = { .each = each, .data = data };

  for (int i = 0; i < PASSES; i++) {
    int n = pass (&walk, init);

    if (n <= 0)
      return n;
  }
  errno = ELOOP;
  return -1;
}

int
sbx_reach_mounts_once (pid_t init, SbxReachFunction each, void *data)
{
  Walk walk = { .each = each, .data = data };

  return pass (&walk, init) < 0 ? -1 : 0;
}

int
sbx_reach_processes (pid_t init, SbxReachProcessFunction each, void *data)
{
  Processes processes = { 0 };
  int rc = list_processes (&processes, init) < 0 ? errno : 0;

  mark_below (&processes, init);
  for (size_t i = 0; rc == 0 && i < processes.n; i++) {
    int dir = processes.all[i].below ? open_process (&processes.all[i]) : -1;

    if (dir >= 0) {
      rc = each (data, processes.all[i].pid, dir);
      close (dir);
    }
  }
  free (processes.all);
  errno = rc;
  return rc == 0 ? 0 : -1;
}

/* Whether a thread of the process is in the mount namespace. */
static bool
is_in (int proc, const char *pid, const struct stat *mounts)
{
  int dir = openat (proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
  DIR *tasks = dir < 0 ? NULL : sbx_reach_open_tasks (dir);
  const struct dirent *entry;
  bool found = false;

  while (tasks && !found && (entry = readdir (tasks)) != NULL) {
    char path[64];
    struct stat st;

    snprintf (path, sizeof path, "%.20s/ns/mnt", entry->d_name);
    found = is_number (entry->d_name) && fstatat (dirfd (tasks), path, &st, 0) == 0 && st.st_dev == mounts->st_dev
            && st.st_ino == mounts->st_ino;
  }
  if (tasks)
    closedir (tasks);
  if (dir >= 0)
    close (dir);
  return found;
}

static size_t
kill_if_in (int proc, const char *pid, const struct stat *mounts)
{
  int pidfd;

  if (!is_in (proc, pid, mounts))
    return 0;
  pidfd = sbx_sys_pidfd_open ((pid_t) strtol (pid, NULL, 10));
  if (pidfd < 0)
    return 0;
  if (is_in (proc, pid, mounts)) /* still the one we looked at */
    (void) sbx_sys_pidfd_send_signal (pidfd, SIGKILL);
  close (pidfd);
  return 1;
}

size_t
sbx_reach_kill (int mounts)
{
  struct stat wanted, ours;
  struct dirent *entry;
  size_t n = 0;
  DIR *proc;

  if (mounts < 0 || fstat (mounts, &wanted) < 0 || stat ("/proc/self/ns/mnt", &ours) < 0
      || (wanted.st_dev == ours.st_dev && wanted.st_ino == ours.st_ino))
    return 0;
  proc = opendir ("/proc");
  if (!proc)
    return 0;
  while ((entry = readdir (proc)) != NULL)
    if (is_number (entry->d_name))
      n += kill_if_in (dirfd (proc), entry->d_name, &wanted);
  closedir (proc);
  return n;
}

/* A number may be another process's by the time of the signal; the domain lets us reach none but our own then, too. */
static bool
kill_if_in_domain (pid_t pid, int pids)
{
  return pid != getpid () && ioctl (pids, SBX_NS_GET_PID_IN_PIDNS, pid) > 0 && kill (pid, SIGKILL) == 0;
}

size_t
sbx_reach_kill_in_domain (int pids)
{
  struct dirent *entry;
  size_t n = 0;
  DIR *proc = opendir ("/proc");

  if (!proc)
    return 0;
  while ((entry = readdir (proc)) != NULL)
    if (is_number (entry->d_name))
      n += kill_if_in_domain ((pid_t) strtol (entry->d_name, NULL, 10), pids);
  closedir (proc);
  return n;
}
