/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles on disk: vendor < administrator < user; NAME.profile replaces, NAME.profile.d/ *.conf adds. */
#pragma once

#include "policy/conditions.h"
#include "policy/profile.h"

G_BEGIN_DECLS

typedef struct _SbxProfileSet SbxProfileSet;

/* @dirs: SBX_N_PLACES directories, NULL where there is none. Nothing is read yet. */
SbxProfileSet *sbx_profile_set_new (const char *const *dirs, const SbxPlaces *places, const SbxConditions *conditions);
void sbx_profile_set_free (SbxProfileSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxProfileSet, sbx_profile_set_free)
/* Reads what is needed now (files are small; nothing is cached beyond the file's identity and times).
 * Errors: UNKNOWN_PROFILE (names the nearest), BAD_PROFILE ("file:line:column: …"). */
SbxProfile *sbx_profile_set_lookup (SbxProfileSet *self, const char *name, GError **error);
/* Names in order; free with g_strfreev (). */
char **sbx_profile_set_list (SbxProfileSet *self);
/* The directories from the environment (SBX_ENV_PROFILE_PATH) or the installed ones; g_strfreev () over SBX_N_PLACES
 * entries. */
char **sbx_profile_set_default_dirs (void);

/* A profile from one file, for `profile check FILE`. */
SbxProfile *sbx_profile_set_load_file (SbxProfileSet *self, const char *path, GError **error);

G_END_DECLS
