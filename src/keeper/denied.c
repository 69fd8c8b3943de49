/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/denied.h"

#define TELL_PAUSE_MS 250

static SbxMessage
describe_row (const SbxDenied *self, uint32_t slot)
{
  return (SbxMessage){ .type = SBX_MSG_DENIED, .slot = slot, .denial = self->table.rows[slot].denial };
}

static SbxMessage
describe_rest (const SbxDenied *self)
{
  return (SbxMessage){ .type = SBX_MSG_DENIED_MORE, .value = (int32_t) self->table.dropped };
}

/* For a service that finds the record and not us, or us and nothing told yet. Without the file all goes on. */
static void
write_file (SbxKeeper *keeper)
{
  char file[SBX_DENIALS_FILE_MAX];

  if (keeper->denied.table.n_rows > 0)
    (void) sbx_record_write_denied (&keeper->record, file, sbx_denials_write (&keeper->denied.table, file));
}

static void
tell_changes (SbxKeeper *keeper)
{
  SbxDenied *self = &keeper->denied;
  SbxMessage message;

  if (sbx_denials_have_news (&self->table))
    write_file (keeper);

  for (uint32_t i = 0; i < self->table.n_rows; i++) {
    if (!self->table.rows[i].changed)
      continue;
    self->table.rows[i].changed = false;
    message = describe_row (self, i);
    sbx_services_tell (&keeper->services, &message, -1);
  }
  message = describe_rest (self);
  if (message.value > 0)
    sbx_services_tell (&keeper->services, &message, -1);
}

static void
tell_now (SbxWatch *watch)
{
  SbxKeeper *keeper = SBX_OWNER (watch, SbxKeeper, denied.tell);

  keeper->denied.told = sbx_loop_now ();
  tell_changes (keeper);
}

int
sbx_denied_set_up (SbxKeeper *keeper)
{
  return sbx_loop_add (&keeper->loop, &keeper->denied.tell, SBX_ORDER_PARTS, NULL, tell_now);
}

void
sbx_denied_have_news (SbxKeeper *keeper)
{
  SbxDenied *self = &keeper->denied;

  if (self->tell.due == 0 && sbx_denials_have_news (&self->table))
    self->tell.due = self->told + TELL_PAUSE_MS;
}

void
sbx_denied_tell_all (SbxKeeper *keeper, SbxServiceLink *service)
{
  const SbxDenied *self = &keeper->denied;
  SbxMessage message;

  for (uint32_t i = 0; i < self->table.n_rows; i++) {
    message = describe_row (self, i);
    (void) sbx_service_link_tell (service, &message);
  }
  message = describe_rest (self);
  if (message.value > 0)
    (void) sbx_service_link_tell (service, &message);
}

void
sbx_denied_end (SbxKeeper *keeper)
{
  keeper->denied.tell.due = 0;
  tell_changes (keeper);
}
