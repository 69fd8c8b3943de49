/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that serve the box from outside. The command line of one has three parts: sbx_sidecar_begin () writes its
 * sandbox, to which the caller adds mounts; sbx_sidecar_run () names the program, to which the caller adds arguments;
 * sbx_sidecar_add () puts it into the box. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

/* bwrap and the root of the sandbox; the caller's. */
GPtrArray *sbx_sidecar_begin (SbxDraft *self);
/* The same in the host's network instead of an empty one. */
GPtrArray *sbx_sidecar_begin_connected (SbxDraft *self);
void sbx_sidecar_run (GPtrArray *argv, const char *program);
/* Appends copies of @words, which end with NULL. */
void sbx_sidecar_add_words (GPtrArray *argv, const char *const *words);
/* Returns the directory that the sidecar of that kind fills; g_free. */
char *sbx_sidecar_get_directory (SbxDraft *self, SbxSidecarKind kind);
/* The same of where that is outside, as long as it is to take the place of another one; g_free. */
char *sbx_sidecar_get_source (SbxDraft *self, SbxSidecarKind kind);
/* Takes @argv and @file, what it reads from SBX_SIDECAR_FILE_FD, or NULL. */
void sbx_sidecar_add (SbxDraft *self, SbxSidecarKind kind, GPtrArray *argv, GBytes *file);

/* Gives each its system-call filter. NOT_SUPPORTED with libseccomp's reason. */
gboolean sbx_sidecars_confine (SbxDraft *self, GError **error);

G_END_DECLS
