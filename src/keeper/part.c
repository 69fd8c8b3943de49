/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/part.h"

#include <errno.h>
#include <stdlib.h>

#define ALIGN(n) (((n) + 15u) & ~(size_t) 15u)

/* All states are one piece of memory, which lives as long as the process: one system call, and only what is used of it
 * is ever touched. */
static void
divide (SbxParts *self, char *memory, SbxKeeper *keeper)
{
  for (size_t i = 0; i < self->n; i++) {
    SbxPartState *state = (void *) memory;

    *state = (SbxPartState){ self->rows[i], keeper };
    self->states[i] = state;
    memory += ALIGN (self->rows[i]->size);
  }
}

int
sbx_parts_set_up (SbxParts *self, const SbxPart *const *rows, size_t n, SbxKeeper *keeper)
{
  size_t size = 0;
  char *memory;

  if (n > SBX_PARTS) {
    errno = E2BIG;
    return -1;
  }
  for (size_t i = 0; i < n; i++) {
    self->rows[i] = rows[i];
    size += ALIGN (rows[i]->size);
  }
  memory = calloc (1, size > 0 ? size : 1);
  if (!memory)
    return -1;
  self->n = n;
  divide (self, memory, keeper);
  for (size_t i = 0; i < n; i++)
    if (rows[i]->set_up && rows[i]->set_up (self->states[i]) < 0)
      return -1;
  return 0;
}

void *
sbx_parts_find (const SbxParts *self, const SbxPart *part)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i] == part)
      return self->states[i];
  return NULL;
}

const SbxPart *
sbx_parts_find_sidecar (const SbxParts *self, SbxSidecarKind kind)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->is_sidecar && self->rows[i]->kind == kind)
      return self->rows[i];
  return NULL;
}

const SbxPart *
sbx_parts_start (const SbxParts *self, const SbxBlock *block)
{
  for (size_t i = 0; i < self->n; i++)
    if (!self->rows[i]->is_sidecar && self->rows[i]->start && self->rows[i]->start (self->states[i], block) < 0)
      return self->rows[i];
  return NULL;
}

const SbxPart *
sbx_parts_start_sidecar (const SbxParts *self, const SbxPart *part, const SbxBlock *records)
{
  return part->start (sbx_parts_find (self, part), records) < 0 ? part : NULL;
}

const SbxPart *
sbx_parts_mount (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->mount && self->rows[i]->mount (self->states[i]) < 0)
      return self->rows[i];
  return NULL;
}

const SbxPart *
sbx_parts_furnish (const SbxParts *self, const SbxBlock *block)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->furnish && self->rows[i]->furnish (self->states[i], block) < 0)
      return self->rows[i];
  return NULL;
}

const SbxPart *
sbx_parts_fill (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->fill && self->rows[i]->fill (self->states[i]) < 0)
      return self->rows[i];
  return NULL;
}

const SbxPart *
sbx_parts_hold_back (const SbxParts *self, pid_t pid)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->hold_back && self->rows[i]->hold_back (self->states[i], pid) < 0)
      return self->rows[i];
  return NULL;
}

bool
sbx_parts_wait (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->waits && self->rows[i]->waits (self->states[i]))
      return true;
  return false;
}

bool
sbx_parts_gate (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->gates && self->rows[i]->gates (self->states[i]))
      return true;
  return false;
}

bool
sbx_parts_hold (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->holds && self->rows[i]->holds (self->states[i]))
      return true;
  return false;
}

void
sbx_parts_planned (const SbxParts *self, const SbxBlock *block)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->planned)
      self->rows[i]->planned (self->states[i], block);
}

bool
sbx_parts_asked (const SbxParts *self, int questions)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->asked && self->rows[i]->asked (self->states[i], questions))
      return true;
  return false;
}

void
sbx_parts_started (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->started)
      self->rows[i]->started (self->states[i]);
}

void
sbx_parts_running (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->running)
      self->rows[i]->running (self->states[i]);
}

int
sbx_parts_changing (const SbxParts *self, const SbxBlock *block)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->changing && self->rows[i]->changing (self->states[i], block) < 0)
      return -1;
  return 0;
}

int
sbx_parts_change_waits (const SbxParts *self)
{
  int waits = 0;

  for (size_t i = 0; waits >= 0 && i < self->n; i++) {
    int rc = self->rows[i]->change_waits ? self->rows[i]->change_waits (self->states[i]) : 0;

    if (rc != 0)
      waits = rc;
  }
  return waits;
}

void
sbx_parts_take_effect (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->take_effect)
      self->rows[i]->take_effect (self->states[i]);
}

void
sbx_parts_changed (const SbxParts *self, bool done)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->changed)
      self->rows[i]->changed (self->states[i], done);
}

void
sbx_parts_came (const SbxParts *self, SbxServiceLink *service)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->came)
      self->rows[i]->came (self->states[i], service);
}

bool
sbx_parts_said (const SbxParts *self, const SbxMessage *message, const int *fds)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->said && self->rows[i]->said (self->states[i], message, fds))
      return true;
  return false;
}

void
sbx_parts_application_ended (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->application_ended)
      self->rows[i]->application_ended (self->states[i]);
}

bool
sbx_parts_delay_end (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->delays_end && self->rows[i]->delays_end (self->states[i]))
      return true;
  return false;
}

bool
sbx_parts_reaped (const SbxParts *self, pid_t pid, int status)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->reaped && self->rows[i]->reaped (self->states[i], pid, status))
      return true;
  return false;
}

void
sbx_parts_end (const SbxParts *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->end)
      self->rows[i]->end (self->states[i]);
}

bool
sbx_parts_are_gone (const SbxParts *self)
{
  bool gone = true;

  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->is_gone && !self->rows[i]->is_gone (self->states[i]))
      gone = false; /* and the others are asked all the same: they may have to begin to wait */
  return gone;
}

bool
sbx_parts_may_hang (const SbxParts *self, pid_t pid)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->may_hang && self->rows[i]->may_hang (self->states[i], pid))
      return true;
  return false;
}

bool
sbx_parts_explain (const SbxParts *self, SbxCulprit *culprit)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i]->explain && self->rows[i]->explain (self->states[i], culprit))
      return true;
  return false;
}
