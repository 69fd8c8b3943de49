/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The X server of x11=nested. */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_display;
