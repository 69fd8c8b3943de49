/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles on disk: vendor < administrator < user; NAME.profile replaces, NAME.profile.d/ *.conf adds. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

typedef enum { SBX_PLACE_VENDOR, SBX_PLACE_ADMIN, SBX_PLACE_USER, SBX_N_PLACES } SbxPlace;

/* Conditions of `if=`: what holds on this machine. */
typedef struct {
  int landlock_abi;
  gboolean wayland, x11, session_bus, pidns;
} SbxConditions;

#define SBX_TYPE_PROFILE (sbx_profile_get_type ())
G_DECLARE_FINAL_TYPE (SbxProfile, sbx_profile, SBX, PROFILE, GObject)
#define SBX_TYPE_PROFILE_SET (sbx_profile_set_get_type ())
G_DECLARE_FINAL_TYPE (SbxProfileSet, sbx_profile_set, SBX, PROFILE_SET, GObject)

const char *sbx_profile_get_name (SbxProfile *self);
const char *sbx_profile_get_description (SbxProfile *self);
const char *sbx_profile_get_app_id (SbxProfile *self); /* or NULL */
/* A profile's name, one of these words, or NULL. */
#define SBX_ON_CRASH_NONE "none" /* as if it were not there: for undoing what is inherited */
#define SBX_ON_CRASH_OWN "own"   /* its applications trace themselves: they cannot be traced as well */
const char *sbx_profile_get_on_crash (SbxProfile *self);
const char *sbx_profile_get_icon (SbxProfile *self);
const char *const *sbx_profile_get_command (SbxProfile *self); /* or NULL */
SbxPlace sbx_profile_get_place (SbxProfile *self);             /* of the file NAME.profile itself */
const SbxPolicy *sbx_profile_get_policy (SbxProfile *self);
/* What an approved launch may have without extend-*: the policy that the vendor's and the administrator's files alone
 * give for that name; for a profile that only the user has, for the one that it inherits, else for "default". */
const SbxPolicy *sbx_profile_get_approved_policy (SbxProfile *self);
/* a(ssssu): group, key, value, file, line, in the order in which they were applied. */
GVariant *sbx_profile_get_origins (SbxProfile *self);

/* @dirs: SBX_N_PLACES directories, NULL where there is none. Nothing is read yet. */
SbxProfileSet *sbx_profile_set_new (const char *const *dirs, const SbxPlaces *places, const SbxConditions *conditions);
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
