/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mounted where, and so under which other names something is visible. */
#pragma once

#include <glib.h>

#include "common/error.h"
#include "sources/object.h"

G_BEGIN_DECLS

typedef struct _SbxMountTable SbxMountTable;

/* Reads the text of a /proc/PID/mountinfo (proc(5)). Errors: SPAWN_FAILED with the line that makes no sense. */
SbxMountTable *sbx_mount_table_parse (const char *text, GError **error);
/* Reads that of this process. Errors: as above, and that of reading it. */
SbxMountTable *sbx_mount_table_read (GError **error);
void sbx_mount_table_free (SbxMountTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxMountTable, sbx_mount_table_free)

/* All paths by which the object at @path (absolute, without links, not a mount that another one hides) can be reached,
 * itself the first: the same part of the same file system, mounted elsewhere. In no other order; a GPtrArray of char *,
 * to be unref'ed. */
GPtrArray *sbx_mount_table_aliases (const SbxMountTable *self, const char *path);
/* Returns the mount points outside of the directory at @path that show a part of it, but not all. As above. */
GPtrArray *sbx_mount_table_parts (const SbxMountTable *self, const char *path);
/* The mount points below @path that are to be seen, whatever is mounted there. The same. */
GPtrArray *sbx_mount_table_below (const SbxMountTable *self, const char *path);
/* Adds to @set what @fd is, found at @path, and every place where only a part of that is mounted; without that if @self
 * is NULL. 0, or -1 with errno.
 */
int sbx_mount_table_note (const SbxMountTable *self, SbxObjectSet *set, int fd, const char *path,
                          const char *words) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
