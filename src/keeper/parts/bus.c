/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filtered buses: xdg-dbus-proxy. It says that it listens by a byte on its link, and ends when we close that
 * (xdg-dbus-proxy(1), --fd). It prints each message and what became of it (--log), which is where refusals are read
 * from: some 400 messages fit into its pipe, so it can print 20,000 a second before it has to wait for us. */
#include "keeper/parts/bus.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "keeper/parts/sidecar.h"
#include "wire/bus-log.h"
#include "wire/layout.h"
#include "wire/portal-info.h"

/* Refusals are told four times a second at most: a service that is busy with something else keeps up. */
#define TELL_PAUSE_MS 250

typedef struct {
  SbxSidecar sidecar;
  SbxBusLog log;
  SbxDenials denials;
  SbxWatch tell; /* due: when denials are told next */
  int64_t told;  /* when that was last */
  bool known;    /* portals know the instance */
} SbxBus;

static void
tell_denial (SbxBus *self, uint32_t slot)
{
  SbxDenialRow *row = &self->denials.rows[slot];
  SbxMessage message = { .type = SBX_MSG_DENIED, .slot = slot, .denial = row->denial };

  row->changed = false;
  sbx_services_tell (&self->sidecar.head.keeper->services, &message, -1);
}

static void
tell_denials (SbxBus *self, bool all)
{
  SbxMessage more = { .type = SBX_MSG_DENIED_MORE, .value = (int32_t) self->denials.dropped };

  for (uint32_t i = 0; i < self->denials.n_rows; i++)
    if (all || self->denials.rows[i].changed)
      tell_denial (self, i);
  if (more.value > 0)
    sbx_services_tell (&self->sidecar.head.keeper->services, &more, -1);
}

static void
take_log (SbxSidecar *sidecar, const char *bytes, size_t n)
{
  SbxBus *self = SBX_OWNER (sidecar, SbxBus, sidecar);

  sbx_bus_log_feed (&self->log, &self->denials, bytes, n);
  if (self->tell.due == 0 && sbx_denials_have_news (&self->denials))
    self->tell.due = self->told + TELL_PAUSE_MS;
}

static void
tell_now (SbxWatch *watch)
{
  SbxBus *self = SBX_OWNER (watch, SbxBus, tell);

  self->told = sbx_loop_now ();
  tell_denials (self, false);
}

static int
set_up (void *state)
{
  SbxBus *self = state;

  if (sbx_loop_add (&self->sidecar.head.keeper->loop, &self->tell, SBX_ORDER_PARTS, NULL, tell_now) < 0)
    return -1;
  return sbx_sidecar_set_up (&self->sidecar);
}

/* Before anything runs that could ask a portal. A portal that misses the file says so to whoever asks it, and all the
 * others do without: no reason to fail. */
static int
tell_portals (void *state)
{
  SbxBus *self = state;
  SbxKeeper *keeper = self->sidecar.head.keeper;
  SbxKeeperRecord *record = &keeper->record;
  int directory;

  if (self->sidecar.pid == 0 || sbx_record_make_directory (record, SBX_PORTAL_SUBDIR) < 0)
    return 0;
  directory = openat (record->directory, SBX_PORTAL_SUBDIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0)
    return 0;
  self->known = sbx_portal_info_write (record->parent, record->id, directory, keeper->init.pid) == 0;
  close (directory);
  return 0;
}

static void
came (void *state, SbxServiceLink *service)
{
  tell_denials (state, true);
}

static void
end (void *state)
{
  SbxBus *self = state;

  if (self->sidecar.head.keeper->state == SBX_KEEPER_ENDING) { /* what the application's last calls were */
    sbx_sidecar_read (&self->sidecar);
    if (self->tell.due != 0)
      tell_denials (self, false);
    self->tell.due = 0;
  }
  if (self->known)
    sbx_portal_info_remove (self->sidecar.head.keeper->record.parent, self->sidecar.head.keeper->record.id);
  self->known = false;
  sbx_sidecar_end (&self->sidecar);
}

static const SbxSidecarAbout about = {
  .ending = "xdg-dbus-proxy has ended; is the message bus there?",
  .log = take_log,
};

const SbxPart sbx_part_bus = {
  SBX_SIDECAR_FUNCTIONS (BUS),
  .name = "bus",
  .size = sizeof (SbxBus),
  .about = &about,
  .set_up = set_up,
  .fill = tell_portals,
  .came = came,
  .end = end,
};
