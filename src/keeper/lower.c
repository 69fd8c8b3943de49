/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/lower.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keeper/forks.h"
#include "keeper/reach.h"
#include "wire/io.h"

#define PASSES 64
#define CLEAN 2 /* so many of them in a row find nothing to be lowered at the end */

typedef struct {
  SbxNarrowing *shared;
  const SbxLowerRow *rows;
  size_t n_rows;
  pid_t init;
  int proc;            /* ours */
  pid_t *pids, *inner; /* as we number them, and as the instance's pid namespace does */
  size_t n, room;
} Lower;

/* The second number of "NSpid:\tOURS\tTHEIRS…" (proc_pid_status(5)), or 0: it has ended. */
static pid_t
read_inner_pid (int directory)
{
  char text[4096];
  const char *line;
  char *end;
  int fd = openat (directory, "status", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : sbx_read_text (fd, text, sizeof text);

  if (fd >= 0)
    close (fd);
  line = n > 0 ? strstr (text, "\nNSpid:") : NULL;
  if (!line)
    return 0;
  (void) strtol (line + strlen ("\nNSpid:"), &end, 10);
  return *end == '\t' ? (pid_t) strtol (end, NULL, 10) : 0;
}

static bool
make_room (Lower *self)
{
  size_t room = self->room ? self->room * 2 : 64;
  pid_t *pids = realloc (self->pids, room * sizeof *pids);
  pid_t *inner = realloc (self->inner, room * sizeof *inner);

  self->pids = pids ? pids : self->pids;
  self->inner = inner ? inner : self->inner;
  if (!pids || !inner)
    return false;
  self->room = room;
  return true;
}

static int
collect (void *data, pid_t pid, int directory)
{
  Lower *self = data;
  pid_t inner = pid == self->init ? 0 : read_inner_pid (directory);

  if (inner <= 0)
    return 0;
  if (self->n == self->room && !make_room (self))
    return ENOMEM;
  self->pids[self->n] = pid;
  self->inner[self->n++] = inner;
  return 0;
}

/* 0, or an errno; that it has ended is none. */
static int
lower_one (const Lower *self, pid_t pid, const SbxLowerRow *row)
{
  struct rlimit now, most;

  if (prlimit (pid, row->resource, NULL, &now) < 0)
    return errno == ESRCH ? 0 : errno;
  most.rlim_max = now.rlim_max < row->most ? now.rlim_max : row->most;
  most.rlim_cur = now.rlim_cur < most.rlim_max ? now.rlim_cur : most.rlim_max;
  if (most.rlim_cur == now.rlim_cur && most.rlim_max == now.rlim_max)
    return 0;
  self->shared->lowered++;
  return prlimit (pid, row->resource, &most, NULL) == 0 || errno == ESRCH ? 0 : errno;
}

/* Whether that number is still this process's. In a pid namespace that several instances are in (pidns=session) it may
 * be a neighbour's by now; this leaves no more than the moment until the next call. */
static bool
is_still (const Lower *self, size_t i)
{
  char name[16];
  bool same;
  int directory;

  snprintf (name, sizeof name, "%d", (int) self->pids[i]);
  directory = openat (self->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return false;
  same = read_inner_pid (directory) == self->inner[i];
  close (directory);
  return same;
}

static int
work (void *data)
{
  const Lower *self = data;
  struct rlimit now;

  for (size_t i = 0; i < self->n; i++) {
    pid_t pid = self->inner[i];

    if (self->n_rows > 0 && !is_still (self, i))
      continue;
    for (size_t j = 0; j < self->n_rows; j++) {
      int error = lower_one (self, pid, &self->rows[j]);

      if (error != 0)
        return error;
    }
    if (self->n_rows == 0 && prlimit (pid, RLIMIT_CORE, NULL, &now) < 0 && errno != ESRCH)
      return errno;
  }
  if (self->n_rows > 0) /* what they have begun to make is seen by the next pass */
    sbx_forks_wait (self->proc, self->pids, self->n);
  return 0;
}

static int
pass (Lower *self, const SbxNamespaces *own)
{
  int error;

  self->n = 0;
  self->shared->lowered = 0;
  if (sbx_reach_processes (self->init, collect, self) < 0)
    return sbx_narrow_fail (self->shared, SBX_CHANGE_FAULT_ENTER, errno, "its processes");
  error = sbx_enter (own, true, work, self);
  return error == 0 ? 0 : sbx_narrow_fail (self->shared, SBX_CHANGE_FAULT_ENTER, error, "the limits of a process");
}

int
sbx_lower_check (SbxNarrowing *shared, const SbxNamespaces *own, pid_t init)
{
  Lower self = { .shared = shared, .init = init, .proc = -1 };
  int rc = pass (&self, own);

  free (self.pids);
  free (self.inner);
  return rc;
}

int
sbx_lower (SbxNarrowing *shared, const SbxLowerRow *rows, size_t n, const SbxNamespaces *own, pid_t init)
{
  Lower self = { .shared = shared, .rows = rows, .n_rows = n, .init = init };
  int rc = 0, clean = 0;

  self.proc = open ("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (self.proc < 0)
    return sbx_narrow_fail (shared, SBX_CHANGE_FAULT_PROTOCOL, errno, "");
  shared->begun = true;
  for (int i = 0; rc == 0 && clean < CLEAN && i < PASSES; i++) {
    rc = pass (&self, own);
    clean = shared->lowered > 0 ? 0 : clean + 1;
  }
  free (self.pids);
  free (self.inner);
  close (self.proc);
  if (rc == 0 && clean < CLEAN)
    rc = sbx_narrow_fail (shared, SBX_CHANGE_FAULT_ENTER, ELOOP, "its processes");
  return rc;
}
