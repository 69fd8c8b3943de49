/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the way to a place as it is: who may write to a directory can rename what is in it, but not a mount point. libc
 * only. */
#pragma once

/* Called with the mount @tree before it is put somewhere. 0, or -1 with errno. */
typedef int (*SbxPinFunction) (void *data, int tree);

/* Mounts the directories between @point, a mount point, and @path upon themselves, each with what is mounted in it,
 * from the innermost outwards; those that are mount points already stay as they are. @root: the root directory of the
 * mount namespace that we are in. 0; or -1 with errno, what has been mounted by then stays: @note has been told. */
int sbx_pin_above (int root, const char *point, const char *path, SbxPinFunction note, void *data);

/* Whether what is open as @fd is the root of a mount. */
int sbx_pin_is_mount (int fd);
