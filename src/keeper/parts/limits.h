/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of a running instance that become lower: init keeps what it starts within them from when the change begins, so
 * that the child which lowers those of what is there (keeper/lower.h) reaches all. */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_limits;
