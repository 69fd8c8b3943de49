/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/serving.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "keeper/state.h"

SbxSidecar *
sbx_serving_current (SbxServing *self)
{
  return &self->slots[self->current];
}

static SbxSidecar *
other_of (SbxServing *self)
{
  return &self->slots[1 - self->current];
}

static const SbxSidecarRow *
row_of (const SbxServing *self)
{
  return &sbx_sidecars[self->head.part->kind];
}

int
sbx_serving_set_up (void *state)
{
  SbxServing *self = state;

  for (size_t i = 0; i < sizeof self->slots / sizeof *self->slots; i++) {
    self->slots[i].head = self->head;
    if (sbx_sidecar_set_up (&self->slots[i]) < 0)
      return -1;
  }
  return 0;
}

int
sbx_serving_start (void *state, const SbxBlock *records)
{
  return sbx_sidecar_start (sbx_serving_current (state), records);
}

bool
sbx_serving_waits (const void *state)
{
  const SbxServing *self = state;

  return sbx_sidecar_waits (&self->slots[self->current]);
}

static int
open_directory (const SbxServing *self, const char *name)
{
  return openat (self->head.keeper->record.directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Removes each name in the directory @at that is not in the directory @kept; -1: none is. */
static void
remove_names (int at, int kept)
{
  int copy = at < 0 ? -1 : fcntl (at, F_DUPFD_CLOEXEC, 3);
  DIR *names = copy < 0 ? NULL : fdopendir (copy);
  const struct dirent *entry;

  while (names && (entry = readdir (names)) != NULL)
    if (entry->d_name[0] != '.' && (kept < 0 || faccessat (kept, entry->d_name, F_OK, 0) < 0))
      (void) unlinkat (at, entry->d_name, 0);
  if (names)
    closedir (names);
}

/* Moves each name in the directory @from to the directory @to, which is of the same file system: nothing can fail. */
static void
move_names (int from, int to)
{
  int copy = from < 0 ? -1 : fcntl (from, F_DUPFD_CLOEXEC, 3);
  DIR *names = copy < 0 ? NULL : fdopendir (copy);
  const struct dirent *entry;

  while (names && (entry = readdir (names)) != NULL)
    if (entry->d_name[0] != '.')
      (void) renameat (from, entry->d_name, to, entry->d_name);
  if (names)
    closedir (names);
}

/* The directory in which the next one listens, empty. */
static int
make_stage (SbxServing *self)
{
  int at;

  if (!self->is_staged && sbx_record_make_directory (&self->head.keeper->record, row_of (self)->next) < 0)
    return -1;
  self->is_staged = true;
  at = open_directory (self, row_of (self)->next);
  if (at < 0)
    return -1;
  remove_names (at, -1);
  close (at);
  return 0;
}

static int
start_next (SbxServing *self, const SbxBlock *records)
{
  int directory = open_directory (self, row_of (self)->directory);
  SbxSidecar *next = other_of (self);

  if (directory < 0) /* it has never had one */
    return 0;
  close (directory);
  if (!sbx_sidecar_is_dismissed (next)) {
    errno = EBUSY;
    return -1;
  }
  next->aside = true;
  next->ready = false;
  if (make_stage (self) < 0 || sbx_sidecar_start (next, records) < 0)
    return -1;
  self->has_next = true;
  return 0;
}

int
sbx_serving_changing (void *state, const SbxBlock *block)
{
  SbxServing *self = state;
  SbxSidecarGroup group = { 0 };

  self->ends = (sbx_block_u32 (block, SBX_TAG_SIDECARS_ENDED, 0) >> self->head.part->kind) & 1;
  while (!self->ends && sbx_block_next_sidecar (block, &group))
    if (group.kind == self->head.part->kind)
      return start_next (self, &group.records);
  return 0;
}

int
sbx_serving_change_waits (const void *state)
{
  const SbxServing *self = state;
  const SbxSidecar *other = &self->slots[1 - self->current];

  if (self->has_effect)
    return !sbx_sidecar_is_dismissed (other);
  if (!self->has_next || other->ready)
    return 0;
  if (other->pid > 0 && other->link.fd >= 0)
    return 1;
  errno = ECHILD;
  return -1;
}

/* Whoever connects from now on meets the next one, if there is one. */
static void
move_sockets (const SbxServing *self)
{
  int next = self->has_next ? open_directory (self, row_of (self)->next) : -1;
  int at = open_directory (self, row_of (self)->directory);

  remove_names (at, next);
  move_names (next, at);
  if (next >= 0)
    close (next);
  if (at >= 0)
    close (at);
}

void
sbx_serving_take_effect (void *state)
{
  SbxServing *self = state;
  SbxKeeper *keeper = self->head.keeper;

  if (!self->has_next && !self->ends)
    return;
  move_sockets (self);
  self->current = 1 - self->current;
  sbx_serving_current (self)->aside = false;
  sbx_sidecar_dismiss (other_of (self));
  self->has_effect = true;
  sbx_keeper_set_enforced (keeper, self->head.part->enforced, self->has_next && sbx_serving_current (self)->pid > 0);
}

void
sbx_serving_changed (void *state, bool done)
{
  SbxServing *self = state;

  if (self->has_next && !self->has_effect)
    sbx_sidecar_dismiss (other_of (self));
  self->has_next = self->ends = self->has_effect = false;
}

bool
sbx_serving_reaped (void *state, pid_t pid, int status)
{
  SbxServing *self = state;

  return sbx_sidecar_reaped (&self->slots[0], pid, status) || sbx_sidecar_reaped (&self->slots[1], pid, status);
}

void
sbx_serving_end (void *state)
{
  SbxServing *self = state;

  sbx_sidecar_end (&self->slots[0]);
  sbx_sidecar_end (&self->slots[1]);
}

bool
sbx_serving_is_gone (void *state)
{
  SbxServing *self = state;

  return sbx_sidecar_is_gone (&self->slots[0]) && sbx_sidecar_is_gone (&self->slots[1]);
}
