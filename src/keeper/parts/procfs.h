/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instance's own procfs, mounted from outside. */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_procfs;
