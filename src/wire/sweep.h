/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Removes the directory @name below the descriptor @parent with the files, sockets and empty directories in it, as far
 * as that goes: nobody can be told of what stays. A link is removed and not followed. libc only. */
void sbx_sweep_directory (int parent, const char *name);

#ifdef __cplusplus
}
#endif
