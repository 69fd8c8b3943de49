/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every part of the keeper. */
#pragma once

#include <stddef.h>

#include "keeper/part.h"

extern const SbxPart *const sbx_parts_table[];
extern const size_t sbx_n_parts;
