/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/refusals.h"

void
sbx_refusals_init (SbxRefusals *self)
{
  *self = (SbxRefusals){ .rows = g_array_new (FALSE, TRUE, sizeof (SbxDenial)) };
}

void
sbx_refusals_clear (SbxRefusals *self)
{
  g_clear_pointer (&self->rows, g_array_unref);
}

static void
log_denial (SbxRefusals *self, const SbxDenial *denial, const char *app_id, const char *id)
{
  if (self->n_logged > SBX_DENIALS)
    return;
  if (self->n_logged++ < SBX_DENIALS)
    g_message ("%s (%s): the filtered bus refused %s of %s", app_id, id, denial->action, denial->object);
  else
    g_message ("%s (%s): the filtered bus refuses more, which is not logged; see `sandboxctl show %s`", app_id, id, id);
}

void
sbx_refusals_set_row (SbxRefusals *self, guint slot, const SbxDenial *denial, const char *app_id, const char *id)
{
  SbxDenial *known;
  gboolean is_new;

  if (slot > self->rows->len)
    return;
  if (slot == self->rows->len)
    g_array_set_size (self->rows, slot + 1);
  known = &g_array_index (self->rows, SbxDenial, slot);
  is_new = !sbx_denial_is_same (known, denial);
  *known = *denial;
  if (is_new)
    log_denial (self, known, app_id, id);
}
