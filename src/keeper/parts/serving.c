/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/serving.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "keeper/clients.h"
#include "keeper/keeper.h"
#include "keeper/state.h"

#define SETTLE_MS 50 /* in which a proxy lets those in who have connected to it before its sockets were moved */
#define SWEEP_MS 30000
#define FREE_TO_STAY 2 /* slots: for the next one, and for one more that takes something away */

SbxSidecar *
sbx_serving_current (SbxServing *self)
{
  return &self->slots[self->current];
}

static const SbxSidecarRow *
row_of (const SbxServing *self)
{
  return &sbx_sidecars[self->head.part->kind];
}

/* Kills those that stay and have nobody to serve. */
static void
sweep (SbxWatch *watch)
{
  SbxServing *self = SBX_OWNER (watch, SbxServing, sweep);
  bool any = false;

  self->settles = false;
  for (unsigned i = 0; i < SBX_SERVING_SLOTS; i++) {
    if (self->listening[i] == 0)
      continue;
    if (self->slots[i].pid > 0 && sbx_clients_any (self->slots[i].pid, self->listening[i])) {
      any = true;
      continue;
    }
    self->listening[i] = 0;
    sbx_sidecar_dismiss (&self->slots[i]);
  }
  if (any)
    watch->due = sbx_loop_now () + SWEEP_MS;
}

int
sbx_serving_set_up (void *state)
{
  SbxServing *self = state;

  for (size_t i = 0; i < SBX_SERVING_SLOTS; i++) {
    self->slots[i].head = self->head;
    if (sbx_sidecar_set_up (&self->slots[i]) < 0)
      return -1;
  }
  return sbx_loop_add (&self->head.keeper->loop, &self->sweep, SBX_ORDER_PARTS, NULL, sweep);
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

/* The directory @at (-1: none), to be read from its beginning; or NULL. */
static DIR *
list (int at)
{
  int copy = at < 0 ? -1 : fcntl (at, F_DUPFD_CLOEXEC, 3);
  DIR *names = copy < 0 ? NULL : fdopendir (copy);

  if (names)
    rewinddir (names); /* it shares its place with @at */
  return names;
}

/* Removes each name in the directory @at that is not in the directory @kept; -1: none is. */
static void
remove_names (int at, int kept)
{
  DIR *names = list (at);
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
  DIR *names = list (from);
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

/* How many names there are in the directory @at. */
static unsigned
count_names (int at)
{
  DIR *names = list (at);
  const struct dirent *entry;
  unsigned n = 0;

  while (names && (entry = readdir (names)) != NULL)
    n += entry->d_name[0] != '.';
  if (names)
    closedir (names);
  return n;
}

/* Notes the slot of the next one. -1 with errno: EUSERS when too many of those before stay; EBUSY when one is not dead
 * yet. */
static int
choose_next (SbxServing *self)
{
  unsigned n = 0, staying = 0;

  for (unsigned i = 0; i < SBX_SERVING_SLOTS; i++) {
    if (self->listening[i] > 0 && sbx_sidecar_is_dismissed (&self->slots[i])) /* it has ended by itself */
      self->listening[i] = 0;
    staying += self->listening[i] > 0;
    if (i == self->current || self->listening[i] > 0 || !sbx_sidecar_is_dismissed (&self->slots[i]))
      continue;
    self->next = i;
    n++;
  }
  if (n > 0 && (!self->stays || n >= FREE_TO_STAY))
    return 0;
  errno = staying > 0 ? EUSERS : EBUSY;
  return -1;
}

static int
start_next (SbxServing *self, const SbxBlock *records)
{
  int directory = open_directory (self, row_of (self)->directory);
  SbxSidecar *next;

  if (directory < 0) /* it has never had one */
    return 0;
  close (directory);
  if (choose_next (self) < 0)
    return -1;
  next = &self->slots[self->next];
  sbx_sidecar_dismiss (next); /* what is left of the one that was there */
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
  self->stays = (sbx_block_u32 (block, SBX_TAG_SIDECARS_STAY, 0) >> self->head.part->kind) & 1;
  if (self->ends)
    return choose_next (self);
  while (sbx_block_next_sidecar (block, &group))
    if (group.kind == self->head.part->kind)
      return start_next (self, &group.records);
  return 0;
}

/* All but the one that serves and those that stay are dead. */
static bool
is_done (const SbxServing *self)
{
  for (unsigned i = 0; i < SBX_SERVING_SLOTS; i++)
    if (i != self->current && self->listening[i] == 0 && !sbx_sidecar_is_dismissed (&self->slots[i]))
      return false;
  return !self->settles;
}

int
sbx_serving_change_waits (const void *state)
{
  const SbxServing *self = state;
  const SbxSidecar *next = &self->slots[self->next];

  if (self->has_effect)
    return !is_done (self);
  if (!self->has_next || next->ready)
    return 0;
  if (next->pid > 0 && next->link.fd >= 0)
    return 1;
  errno = ECHILD;
  return -1;
}

/* Whoever connects from now on meets the next one, if there is one. Returns at how many sockets the one before has
 * listened. */
static unsigned
move_sockets (const SbxServing *self)
{
  int next = self->has_next ? open_directory (self, row_of (self)->next) : -1;
  int at = open_directory (self, row_of (self)->directory);
  unsigned n = count_names (at);

  remove_names (at, next);
  move_names (next, at);
  if (next >= 0)
    close (next);
  if (at >= 0)
    close (at);
  return n;
}

/* The one before goes, or stays; with it those before that. */
static void
leave (SbxServing *self, unsigned before, unsigned listening)
{
  self->slots[before].aside = true; /* its end is no loss */
  if (self->stays && self->slots[before].pid > 0 && listening > 0)
    self->listening[before] = listening;
  else
    sbx_sidecar_dismiss (&self->slots[before]);
  for (unsigned i = 0; i < SBX_SERVING_SLOTS; i++)
    if (!self->stays && self->listening[i] > 0) {
      self->listening[i] = 0;
      sbx_sidecar_dismiss (&self->slots[i]);
    }
  self->settles = self->stays && self->listening[before] > 0;
  if (self->settles)
    self->sweep.due = sbx_loop_now () + SETTLE_MS;
}

void
sbx_serving_take_effect (void *state)
{
  SbxServing *self = state;
  SbxKeeper *keeper = self->head.keeper;
  unsigned before = self->current, listening;

  if (!self->has_next && !self->ends)
    return;
  listening = move_sockets (self);
  self->current = self->next;
  sbx_serving_current (self)->aside = false;
  leave (self, before, listening);
  self->has_effect = true;
  sbx_keeper_set_enforced (keeper, self->head.part->enforced, self->has_next && sbx_serving_current (self)->pid > 0);
}

void
sbx_serving_changed (void *state, bool done)
{
  SbxServing *self = state;

  (void) done;
  if (self->has_next && !self->has_effect)
    sbx_sidecar_dismiss (&self->slots[self->next]);
  self->has_next = self->ends = self->stays = self->has_effect = self->settles = false;
}

bool
sbx_serving_reaped (void *state, pid_t pid, int status)
{
  SbxServing *self = state;

  for (size_t i = 0; i < SBX_SERVING_SLOTS; i++)
    if (sbx_sidecar_reaped (&self->slots[i], pid, status))
      return true;
  return false;
}

void
sbx_serving_end (void *state)
{
  SbxServing *self = state;

  self->sweep.due = 0;
  for (size_t i = 0; i < SBX_SERVING_SLOTS; i++)
    sbx_sidecar_end (&self->slots[i]);
}

bool
sbx_serving_is_gone (void *state)
{
  SbxServing *self = state;

  for (size_t i = 0; i < SBX_SERVING_SLOTS; i++)
    if (!sbx_sidecar_is_gone (&self->slots[i]))
      return false;
  return true;
}
