/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filtered buses: xdg-dbus-proxy. It says that it listens by a byte on its link, and ends when we close that
 * (xdg-dbus-proxy(1), --fd). It prints each message and what became of it (--log), which is where refusals are read
 * from: some 400 messages fit into its pipe, so it can print 20,000 a second before it has to wait for us. */
#include "keeper/parts/bus.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "keeper/denied.h"
#include "keeper/keeper.h"
#include "keeper/parts/sidecar.h"
#include "wire/bus-log.h"
#include "wire/layout.h"
#include "wire/portal-info.h"

typedef struct {
  SbxSidecar sidecar;
  SbxBusLog log;
  bool known; /* portals know the instance */
} SbxBus;

static void
take_log (SbxSidecar *sidecar, const char *bytes, size_t n)
{
  SbxBus *self = SBX_OWNER (sidecar, SbxBus, sidecar);

  sbx_bus_log_feed (&self->log, &sidecar->head.keeper->denied.table, bytes, n);
  sbx_denied_have_news (sidecar->head.keeper);
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
end (void *state)
{
  SbxBus *self = state;

  if (self->sidecar.head.keeper->state == SBX_KEEPER_ENDING) /* what the application's last calls were */
    sbx_sidecar_read (&self->sidecar);
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
  SBX_SIDECAR_FUNCTIONS (BUS), .name = "bus", .size = sizeof (SbxBus), .about = &about, .set_up = sbx_sidecar_set_up,
  .fill = tell_portals,        .end = end,
};
