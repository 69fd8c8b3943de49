/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trying what a policy promises: sandbox-probe under the profile and, as the control, outside. */
#pragma once

#include "cli/link/service.h"
#include "cli/promises.h"

G_BEGIN_DECLS

typedef struct {
  SbxPromise promise;
  SbxPromiseState state;
  char *inside, *outside; /* what the probe has said, without "yes" and "no" */
} SbxFinding;

/* What is outside to be reached, the same for any number of trials: a process, a server, a socket, files in the home
 * and in /tmp, shared memory. NULL with @error; SPAWN_FAILED. */
typedef struct _SbxStage SbxStage;
SbxStage *sbx_stage_new (GError **error);
void sbx_stage_free (SbxStage *self); /* and of all that nothing is left */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxStage, sbx_stage_free)

/* GPtrArray of SbxFinding for the profile @profile as the service has it now, or NULL with @error: what Explain says,
 * or that the probe did not start under it. */
GPtrArray *sbx_trial_run (SbxStage *stage, SbxService *service, const char *profile, GError **error);

G_END_DECLS
