/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a row of a restriction is about, and whether it holds. libc only. */
#pragma once

#include <stdbool.h>

#include "wire/narrow.h"

/* Whether @fd is the object that is meant. */
bool sbx_narrow_is_meant (const SbxNarrow *row, int fd);
/* Whether what is not at the path of @row, below @root, would be there: the directory above is shown. So it has been
 * moved. */
bool sbx_narrow_is_missed (int root, const SbxNarrow *row);
/* Whether at the path of @row, below @root, there is what is to be there when all covers are: nothing, or a cover; the
 * object and nobody can write to it, if it becomes read-only. */
bool sbx_narrow_is_done (int root, const SbxNarrow *row);
