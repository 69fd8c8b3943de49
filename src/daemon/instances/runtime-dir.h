/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* $XDG_RUNTIME_DIR/sandbox: where the records of instances are. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SbxRuntimeDir SbxRuntimeDir;

/* @environment: envp-style, for XDG_RUNTIME_DIR; without it /run/user/UID. Nothing is opened yet. */
SbxRuntimeDir *sbx_runtime_dir_new (const char *const *environment);
void sbx_runtime_dir_free (SbxRuntimeDir *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxRuntimeDir, sbx_runtime_dir_free)

/* An O_PATH descriptor of the directory, which is made (0700) if need be and is ours, no link, closed to others. Stays
 * @self's. Returns -1 with NOT_SUPPORTED, which names the remedy. */
int sbx_runtime_dir_open (SbxRuntimeDir *self, GError **error);
/* Locks @directory, opened for this and for reading: what is made, connected to and taken away in it under this lock is
 * never found half done. It is released with the last descriptor. FALSE with errno, after half a second. */
gboolean sbx_runtime_dir_lock (int directory) G_GNUC_WARN_UNUSED_RESULT;
/* Whether something may have been added or removed since this last returned TRUE. FALSE while there is no directory. */
gboolean sbx_runtime_dir_has_changed (SbxRuntimeDir *self);
/* Makes the next sbx_runtime_dir_has_changed () return TRUE. */
void sbx_runtime_dir_look_again (SbxRuntimeDir *self);

G_END_DECLS
