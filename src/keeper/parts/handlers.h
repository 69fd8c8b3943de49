/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handlers of this instance. */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_handlers;
