/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filtered bus for screen readers: a sidecar of its own, since it is another bus. */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_accessibility;
