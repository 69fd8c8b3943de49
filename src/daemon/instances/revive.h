/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out what has become of an instance whose keeper is no longer connected: connects again, or ends it. */
#pragma once

#include "daemon/instances/instance.h"
#include "daemon/instances/runtime-dir.h"

G_BEGIN_DECLS

/* Reads the status file of the record @id, which is open as @directory. FALSE, and a line in the log, when there is
 * none or it cannot be understood. */
gboolean sbx_revive_read_status (int directory, guint64 id, SbxStatus *status);

/* Makes @status that of an instance whose keeper was killed. bwrap dies with its parent, and everything else with
 * bwrap. */
void sbx_revive_bury (SbxStatus *status);

/* For an @instance whose keeper has closed the socket. Connects again if the keeper is alive, else ends the instance as
 * its status file says, which is written here if the keeper had no time to. */
void sbx_revive (SbxRuntimeDir *runtime, SbxInstance *instance);

G_END_DECLS
