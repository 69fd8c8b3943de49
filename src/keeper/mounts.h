/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts of the mount namespace that the caller is in, as the kernel tells them. libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  int id, parent;
  unsigned major, minor; /* of the file system */
  bool read_only;
  const char *root;  /* what of the file system it shows: a path in that */
  const char *point; /* where */
} SbxMountRow;

typedef struct {
  SbxMountRow *rows;
  size_t n;
  char *text; /* that they point into */
} SbxMountRows;

/* Reads mountinfo (proc_pid_mountinfo(5)) by @proc, a descriptor of the procfs that shows the caller: after setns(2)
 * there is another one at /proc. 0; or -1 with errno, EBADMSG for what makes no sense, and nothing to be cleared. */
int sbx_mount_rows_read (SbxMountRows *self, int proc);
void sbx_mount_rows_clear (SbxMountRows *self);
/* The row with that id, or NULL. */
const SbxMountRow *sbx_mount_rows_find (const SbxMountRows *self, int id);
/* Which mount the descriptor @fd is of, by @proc as above. Its id, or -1 with errno. */
int sbx_mount_id (int proc, int fd);

/* An empty directory that nobody can write to, as a detached mount. -1 with errno. */
int sbx_mount_empty_directory (void);
/* Sets @attributes (MOUNT_ATTR_…) for the detached tree @tree, and all that is mounted in it. Returns @tree; or -1 with
 * errno, and it is closed; -1 too for a @tree of -1. */
int sbx_mount_set_attributes (int tree, uint64_t attributes);
