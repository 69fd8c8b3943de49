/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether processes of the instance were killed since they had more memory than its scope may have. The kernel counts
 * them (Documentation/admin-guide/cgroup-v2.rst, "memory.events"), and the systemd user manager removes the cgroup with
 * its last process: so sandbox-init stays until the number has been read. */
#include "keeper/parts/memory.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "keeper/state.h"
#include "wire/io.h"

#define CGROUPS "/sys/fs/cgroup"

typedef struct {
  SbxPartState head;
  int events;         /* memory.events of the scope until the application has ended, or -1 */
  bool out_of_memory; /* processes were killed for its limit */
} SbxMemory;

static int
set_up (void *state)
{
  SbxMemory *self = state;

  self->events = -1;
  return 0;
}

/* The path of the unified hierarchy in /proc/PID/cgroup ("0::PATH", cgroups(7)), or NULL. */
static char *
find_path (char *text)
{
  char *line = strncmp (text, "0::/", 4) == 0 ? text : strstr (text, "\n0::/");
  char *path = line ? strchr (line, '/') : NULL;

  if (path)
    path[strcspn (path, "\n")] = '\0';
  return path;
}

/* What has no scope of its own is in the cgroup of the service, with others. The name: daemon/scope.h. */
static bool
is_own_scope (const SbxKeeper *keeper, const char *path)
{
  char end[sizeof keeper->record.id + sizeof "-.scope"];
  size_t length = strlen (path), n;

  snprintf (end, sizeof end, "-%s.scope", keeper->record.id);
  n = strlen (end);
  return length >= n && strcmp (path + length - n, end) == 0;
}

/* START has gone to init, which is in its scope by now if it is to have one. */
static void
started (void *state)
{
  SbxMemory *self = state;
  SbxKeeper *keeper = self->head.keeper;
  char name[64], text[4096], events[sizeof CGROUPS + sizeof text + sizeof "/memory.events"];
  const char *path;
  int fd;

  snprintf (name, sizeof name, "/proc/%d/cgroup", (int) keeper->init.pid);
  fd = open (name, O_RDONLY | O_CLOEXEC);
  (void) sbx_read_text (fd, text, sizeof text);
  if (fd >= 0)
    close (fd);
  path = find_path (text);
  if (!path || !is_own_scope (keeper, path))
    return;
  snprintf (events, sizeof events, CGROUPS "%s/memory.events", path);
  self->events = open (events, O_RDONLY | O_CLOEXEC); /* or -1: memory is not limited */
  if (self->events >= 0)
    sbx_keeper_update_hold (keeper);
}

/* @name: after a line's beginning, with the space behind it. */
static unsigned long long
find_count (const char *text, const char *name)
{
  const char *line = strstr (text, name);

  return line ? strtoull (line + strlen (name), NULL, 10) : 0;
}

static void
application_ended (void *state)
{
  SbxMemory *self = state;
  char text[1024];

  if (self->events < 0)
    return;
  (void) sbx_read_text (self->events, text, sizeof text);
  close (self->events);
  self->events = -1;
  /* "oom" is this limit's alone: a process may also be killed since the machine has no memory left */
  self->out_of_memory = find_count (text, "\noom ") > 0 && find_count (text, "\noom_kill ") > 0;
  sbx_keeper_update_hold (self->head.keeper);
}

/* Init stays until the number has been read. */
static bool
holds (const void *state)
{
  const SbxMemory *self = state;

  return self->events >= 0;
}

static bool
explain (const void *state, SbxCulprit *culprit)
{
  const SbxMemory *self = state;
  int status = self->head.keeper->main_status;
  int signo = WIFSIGNALED (status) ? WTERMSIG (status) : 0;

  /* systemd ends all of a scope by SIGTERM when one of its processes was killed: systemd.scope(5), "OOMPolicy=" */
  if (!self->out_of_memory || (signo != SIGKILL && signo != SIGTERM))
    return false;
  *culprit = SBX_CULPRIT_MEMORY;
  return true;
}

const SbxPart sbx_part_memory = {
  .name = "memory",
  .size = sizeof (SbxMemory),
  .set_up = set_up,
  .started = started,
  .application_ended = application_ended,
  .holds = holds,
  .explain = explain,
};
