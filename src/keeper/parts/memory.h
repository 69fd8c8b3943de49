/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the application was ended for having more memory than it may have. */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_memory;
