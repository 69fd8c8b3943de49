/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filtered buses: xdg-dbus-proxy. It says that it listens by a byte on its link, and ends when we close that
 * (xdg-dbus-proxy(1), --fd). It prints each message and what became of it (--log), which is where refusals are read
 * from: some 400 messages fit into its pipe, so it can print 20,000 a second before it has to wait for us, and no
 * more than our share of a processor can read (sidecar.c). */
#include "keeper/parts/bus.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "keeper/denied.h"
#include "keeper/keeper.h"
#include "keeper/parts/serving.h"
#include "wire/bus-log.h"
#include "wire/layout.h"
#include "wire/portal-info.h"

typedef struct {
  SbxServing serving;
  SbxBusLog logs[SBX_SERVING_SLOTS];
  bool known; /* portals know the instance */
} SbxBus;

static void
take_log (SbxSidecar *sidecar, const char *bytes, size_t n)
{
  SbxBus *self = sbx_parts_find (&sidecar->head.keeper->parts, sidecar->head.part);

  sbx_bus_log_feed (&self->logs[sidecar - self->serving.slots], &sidecar->head.keeper->denied.table, bytes, n);
  sbx_denied_have_news (sidecar->head.keeper);
}

/* Before anything runs that could ask a portal. A portal that misses the file says so to whoever asks it, and all the
 * others do without: no reason to fail. */
static int
tell_portals (void *state)
{
  SbxBus *self = state;
  SbxKeeper *keeper = self->serving.head.keeper;
  SbxKeeperRecord *record = &keeper->record;
  int directory;

  if (sbx_serving_current (&self->serving)->pid == 0 || sbx_record_make_directory (record, SBX_PORTAL_SUBDIR) < 0)
    return 0;
  directory = openat (record->directory, SBX_PORTAL_SUBDIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0)
    return 0;
  self->known = sbx_portal_info_write (record->parent, record->id, directory, keeper->init.pid) == 0;
  close (directory);
  return 0;
}

static void
end (void *state)
{
  SbxBus *self = state;

  if (self->serving.head.keeper->state == SBX_KEEPER_ENDING) /* what the application's last calls were */
    sbx_sidecar_read (sbx_serving_current (&self->serving));
  if (self->known)
    sbx_portal_info_remove (self->serving.head.keeper->record.parent, self->serving.head.keeper->record.id);
  self->known = false;
  sbx_serving_end (&self->serving);
}

static const SbxSidecarAbout about = {
  .ending = "xdg-dbus-proxy has ended; is the message bus there?",
  .log = take_log,
};

const SbxPart sbx_part_bus = {
  SBX_SERVING_FUNCTIONS (BUS), .name = "bus", .size = sizeof (SbxBus), .about = &about,
  .fill = tell_portals,        .end = end,
};
