/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handlers of this instance. */
#pragma once

#include "keeper/part.h"

extern const SbxPart sbx_part_handlers;

/* Whether there is one, or a keeper of one that is about to make it. */
bool sbx_handlers_are_there (const SbxKeeper *keeper);
