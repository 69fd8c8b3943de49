/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/accessibility.h"

#include "keeper/keeper.h"
#include "keeper/parts/sidecar.h"

const SbxPart sbx_part_accessibility =
    SBX_PLAIN_SIDECAR (ACCESSIBILITY, "accessibility", "xdg-dbus-proxy, for screen readers, has ended");
