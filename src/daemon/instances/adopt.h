/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding instances that were started by another service: one that was killed, or one that runs beside this. */
#pragma once

#include "daemon/instances/registry.h"

G_BEGIN_DECLS

/* Looks through the runtime directory, if it has changed since the last time, for records that @registry does not know.
 * Those with a keeper are adopted, those that ended lately are shown, others are swept, broken ones too. Instances
 * whose end nobody has announced yet (the service had been killed) are put into @unannounced if that is not NULL.
 * TRUE: there is something that is too young to be judged; look again after SBX_YOUNG_RECORD_SECONDS. */
gboolean sbx_adopt (SbxRuntimeDir *runtime, SbxRegistry *registry, GPtrArray *unannounced);

G_END_DECLS
