/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/refusals.h"

#include "daemon/instances/record.h"
#include "wire/layout.h"

const char *
sbx_refusals_source_name (guint32 source)
{
  static const char *const names[SBX_N_DENIAL_SOURCES] = {
    [SBX_DENIAL_BUS] = "bus", [SBX_DENIAL_CALL] = "system-call", [SBX_DENIAL_NETWORK] = "network"
  };

  return source < SBX_N_DENIAL_SOURCES ? names[source] : "unknown";
}

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

static char *
describe (const SbxDenial *denial)
{
  switch ((SbxDenialSource) denial->source) {
  case SBX_DENIAL_BUS:
    return g_strdup_printf ("the filtered bus refused %s of %s", denial->action, denial->object);
  case SBX_DENIAL_CALL:
    return g_strdup_printf ("the filter refused the system call %s (%s)", denial->object, denial->action);
  case SBX_DENIAL_NETWORK:
    return g_strdup_printf ("the border of its network refused %s to %s (%s)", denial->action, denial->object,
                            sbx_denial_need_name (denial->source, denial->need));
  case SBX_N_DENIAL_SOURCES:
    break;
  }
  return g_strdup ("something was refused");
}

/* Applications try many calls that they can do without, and a service of one command's has its terminal: calls are for
 * `sandboxctl why` and whoever looks for them (G_MESSAGES_DEBUG). */
static void
log_denial (SbxRefusals *self, const SbxDenial *denial, const char *app_id, const char *id)
{
  GLogLevelFlags level = denial->source == SBX_DENIAL_BUS ? G_LOG_LEVEL_MESSAGE : G_LOG_LEVEL_INFO;
  g_autofree char *what = NULL;

  if (self->n_logged > SBX_DENIALS)
    return;
  what = describe (denial);
  if (self->n_logged++ < SBX_DENIALS)
    g_log (G_LOG_DOMAIN, level, "%s (%s): %s", app_id, id, what);
  else
    g_log (G_LOG_DOMAIN, level, "%s (%s): more is refused, which is not logged; see `sandboxctl why %s`", app_id, id,
           id);
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

void
sbx_refusals_read (SbxRefusals *self, int directory)
{
  g_autofree SbxDenials *left = g_new (SbxDenials, 1);
  gsize size = 0;
  g_autofree char *file = NULL;

  if (self->rows->len > 0 || self->more > 0)
    return;
  file = sbx_record_read (directory, SBX_DENIED_FILE, SBX_DENIALS_FILE_MAX, &size, NULL);
  if (!file || sbx_denials_read (left, file, size) < 0)
    return;
  for (gsize i = 0; i < left->n_rows; i++)
    g_array_append_val (self->rows, left->rows[i].denial);
  self->more = left->dropped;
}
