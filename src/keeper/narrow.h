/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes paths away from mount namespaces, by the objects that are there: under whatever names a namespace shows them.
 * libc only.
 *
 * Nothing is unmounted, and no mount changes: over each place lies a cover. For what is gone that is an empty directory
 * or /dev/null, for what becomes read-only a clone of itself. So nothing below can be seen by taking the cover away
 * alone, a file that is open for writing is no obstacle (EBUSY), and everything can be undone when a step fails. */
#pragma once

#include "keeper/area.h"
#include "wire/message.h"
#include "wire/narrow.h"

/* In a process that has joined the user namespace which owns the mount namespace @main: finds the areas of the @n @rows
 * in that, unless they are known, and covers them in each of the @n_namespaces. @proc: a procfs that shows the caller.
 * 0; or -1 with the fault, and what was mounted is unmounted again. */
int sbx_narrow (SbxNarrowing *self, const SbxNarrow *rows, size_t n, int main, const int *namespaces,
                size_t n_namespaces, int proc);
/* Fails with @fault about @what. -1 with errno @error. */
int sbx_narrow_fail (SbxNarrowing *self, SbxChangeFault fault, int error, const char *what);
