/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/accessibility.h"

#include "keeper/keeper.h"
#include "keeper/parts/serving.h"

static const SbxSidecarAbout about = { .ending = "xdg-dbus-proxy, for screen readers, has ended" };

const SbxPart sbx_part_accessibility = {
  SBX_SERVING_FUNCTIONS (ACCESSIBILITY),
  .name = "accessibility",
  .size = sizeof (SbxServing),
  .about = &about,
  .end = sbx_serving_end,
};
