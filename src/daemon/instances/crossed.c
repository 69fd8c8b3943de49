/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/crossed.h"

#include <stdlib.h>
#include <string.h>

gboolean
sbx_crossed_take (SbxCrossed *self, const SbxMessage *message)
{
  SbxAskedName *row;

  if (message->type == SBX_MSG_TRAFFIC)
    self->traffic = message->traffic;
  if (message->type != SBX_MSG_ASKED)
    return message->type == SBX_MSG_TRAFFIC;
  row = &self->names[message->slot]; /* wire/message.c has looked at the slot and the name */
  *row = (SbxAskedName){ .last = message->start_time, .count = (guint32) message->value };
  memcpy (row->name, message->text, strnlen (message->text, SBX_NAME_SIZE - 1));
  return TRUE;
}

static int
last_first (const void *a, const void *b)
{
  const SbxAskedName *x = *(const SbxAskedName *const *) a, *y = *(const SbxAskedName *const *) b;

  return x->last < y->last ? 1 : x->last > y->last ? -1 : strcmp (x->name, y->name);
}

gsize
sbx_crossed_list (const SbxCrossed *self, const SbxAskedName *names[SBX_ASKED_NAMES])
{
  gsize n = 0;

  for (gsize i = 0; i < SBX_ASKED_NAMES; i++)
    if (self->names[i].count > 0)
      names[n++] = &self->names[i];
  qsort (names, n, sizeof *names, last_first);
  return n;
}
