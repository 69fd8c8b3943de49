/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes files so that they are there as a whole or not at all. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What lies at a path: the state that `remove` has to bring back. */
typedef struct {
  enum { SBX_FILE_NOTHING, SBX_FILE_CONTENT, SBX_FILE_LINK, SBX_FILE_STRANGE } type; /* STRANGE: a directory, … */
  char *data;                                                                        /* or the link's text */
  gsize size;
  guint mode;
} SbxFileState;
void sbx_file_state_clear (SbxFileState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SbxFileState, sbx_file_state_clear)

/* Looks at @path itself, not at what a link points to. Errors: LIMITS (larger than @max), SPAWN_FAILED. */
gboolean sbx_file_state_read (const char *path, gsize max, SbxFileState *state, GError **error);
/* Whether the same lies there; modes are not compared. */
gboolean sbx_file_state_equal (const SbxFileState *a, const SbxFileState *b);

/* A file beside its place, written and on the disk, with a name of its own. Missing directories are made. */
typedef struct {
  int dir;
  char *path, *name, *temporary; /* temporary: NULL once it is in place */
} SbxStagedFile;
/* Removes what is not in place yet. */
void sbx_staged_file_free (SbxStagedFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxStagedFile, sbx_staged_file_free)

/* @state: CONTENT or LINK. Errors: SPAWN_FAILED, with what to do about it. */
SbxStagedFile *sbx_stage_file (const char *path, const SbxFileState *state, GError **error);
/* Puts it into its place, over whatever is there; a link there is replaced and not followed. */
gboolean sbx_staged_file_commit (SbxStagedFile *self, GError **error);
/* Brings @state back at @path. */
gboolean sbx_file_restore (const char *path, const SbxFileState *state, GError **error);

G_END_DECLS
