/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/sidecars.h"

#include <stddef.h>

#define ROW(kind, step, enforced, plan, directory, failure)                                                            \
  [SBX_SIDECAR_##kind] = { step, enforced, plan, directory, directory SBX_SIDECAR_NEXT, failure },

const SbxSidecarRow sbx_sidecars[SBX_N_SIDECARS] = { SBX_SIDECAR_ROWS (ROW) };
