/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sandbox's own network: the stack, a sidecar, and the process at the border between the two. */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_network;
