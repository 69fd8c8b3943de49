/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of this machine that lead into the sandbox's own network (SBX_TAG_PUBLISHED). */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_published;
