/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kernel/fork.c, copy_process (): the limits are copied (copy_signal), then the memory (copy_mm), under the lock of it,
 * which a look at the mappings takes too. After that comes what takes no time but that of a processor. So a thread is
 * through when it sleeps, or has been on a processor for long enough since the lock was free. */
#include "keeper/forks.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keeper/reach.h"
#include "wire/io.h"

#define ENOUGH_NS 2000000 /* of a processor */
#define STUCK_MS 50       /* of who waits for something in the kernel, as for a disk, and cannot be interrupted */
#define AGAIN_US 500

typedef struct {
  char path[64]; /* below /proc */
  uint64_t ran;  /* ns on a processor, when it was looked at first */
  bool is_through;
} Thread;

typedef struct {
  int proc;
  Thread *threads;
  size_t n, room;
} Threads;

static int64_t
now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static ssize_t
read_text (int proc, const char *path, const char *name, char *text, size_t size)
{
  char file[96];
  int fd;
  ssize_t n;

  snprintf (file, sizeof file, "%s/%s", path, name);
  fd = openat (proc, file, O_RDONLY | O_CLOEXEC);
  n = fd < 0 ? -1 : sbx_read_text (fd, text, size);
  if (fd >= 0)
    close (fd);
  return n;
}

/* Its state as proc_pid_stat(5) has it; 'X': it has ended. */
static char
read_state (int proc, const Thread *thread)
{
  char text[512];
  const char *end = read_text (proc, thread->path, "stat", text, sizeof text) > 0 ? strrchr (text, ')') : NULL;

  return end && end[1] == ' ' ? end[2] : 'X';
}

/* The first number of schedstat (Documentation/scheduler/sched-stats.rst); 0 where there is none. */
static uint64_t
read_ran (int proc, const Thread *thread)
{
  char text[128];

  return read_text (proc, thread->path, "schedstat", text, sizeof text) > 0 ? strtoull (text, NULL, 10) : 0;
}

static bool
add (Threads *self, pid_t pid, const char *thread)
{
  Thread *last;

  if (self->n == self->room) {
    size_t room = self->room ? self->room * 2 : 64;
    Thread *threads = realloc (self->threads, room * sizeof *threads);

    if (!threads)
      return false;
    self->threads = threads;
    self->room = room;
  }
  last = &self->threads[self->n++];
  *last = (Thread){ .is_through = false };
  snprintf (last->path, sizeof last->path, "%d/task/%.16s", (int) pid, thread);
  last->ran = read_ran (self->proc, last);
  return true;
}

/* The first byte of the mappings comes when nobody changes them. */
static void
wait_for_memory (int process)
{
  char byte;
  int fd = openat (process, "maps", O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  (void) !read (fd, &byte, sizeof byte);
  close (fd);
}

static void
add_process (Threads *self, pid_t pid)
{
  const struct dirent *entry;
  char name[16];
  int process;
  DIR *tasks;

  snprintf (name, sizeof name, "%d", (int) pid);
  process = openat (self->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (process < 0)
    return;
  wait_for_memory (process);
  tasks = sbx_reach_open_tasks (process);
  while (tasks && (entry = readdir (tasks)) != NULL)
    if (isdigit ((unsigned char) entry->d_name[0]) && !add (self, pid, entry->d_name))
      break;
  if (tasks)
    closedir (tasks);
  close (process);
}

static bool
is_through (int proc, const Thread *thread, int64_t waited)
{
  char state = read_state (proc, thread);

  if (state == 'D')
    return waited > STUCK_MS;
  return state != 'R' || read_ran (proc, thread) >= thread->ran + ENOUGH_NS;
}

void
sbx_forks_wait (int proc, const pid_t *pids, size_t n)
{
  Threads self = { .proc = proc };
  int64_t begun = now_ms (), waited = 0;
  bool all = false;

  for (size_t i = 0; i < n; i++)
    add_process (&self, pids[i]);
  while (!all && waited < SBX_FORKS_MS) {
    all = true;
    waited = now_ms () - begun;
    for (size_t i = 0; i < self.n; i++) {
      Thread *thread = &self.threads[i];

      thread->is_through = thread->is_through || is_through (proc, thread, waited);
      all = all && thread->is_through;
    }
    if (!all)
      usleep (AGAIN_US);
  }
  free (self.threads);
}
