/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A run of sandboxctl on the user's behalf: what a person pressed is done as if it had been typed, through the same
 * gates. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SbxErrand SbxErrand;

/* @error: NULL, or what sandboxctl said, one line of at most SBX_ERRAND_SAID bytes that is UTF-8. The errand has ended
 * and is to be freed. */
typedef void (*SbxErrandFunc) (const char *error, gpointer user_data);
#define SBX_ERRAND_SAID 400

/* Starts sandboxctl with @words (NULL-terminated, without the program's name) in @environment; the descriptors of this
 * process stay here. @func is called once, from the main loop, unless it is freed before. NULL with SPAWN_FAILED. */
SbxErrand *sbx_errand_start (const char *const *environment, const char *const *words, SbxErrandFunc func,
                             gpointer user_data, GError **error);
/* Kills and reaps it if it still runs. */
void sbx_errand_free (SbxErrand *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxErrand, sbx_errand_free)

G_END_DECLS
