/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A profile: a policy with a name, read from the files of up to three places, and what else the files say. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

typedef enum { SBX_PLACE_VENDOR, SBX_PLACE_ADMIN, SBX_PLACE_USER, SBX_N_PLACES } SbxPlace;

/* No GObject: `sandboxctl run` reads them too, and does not load what that takes. */
typedef struct _SbxProfile SbxProfile;

/* What the files have said so far, while they are read. */
typedef struct {
  char *name, *description, *app_id, *on_crash, *icon;
  char **command;
  SbxPlace place;
  char *base;          /* the nearest in the line of inheritance that is not from a user's file, or NULL */
  SbxPolicy *policy;   /* NULL at first; may be changed until it is frozen (policy-private.h) */
  SbxPolicy *approved; /* NULL: the same */
  GPtrArray *origins;  /* GVariant (ssssu), as sbx_profile_get_origins () has them */
} SbxProfileDraft;

/* A draft of that name, with nothing in it. */
void sbx_profile_draft_init (SbxProfileDraft *self, const char *name);
void sbx_profile_draft_clear (SbxProfileDraft *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SbxProfileDraft, sbx_profile_draft_clear)

/* Makes a profile of @draft, whose policy must be frozen; takes all that is in it. */
SbxProfile *sbx_profile_new (SbxProfileDraft *draft);
void sbx_profile_free (SbxProfile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxProfile, sbx_profile_free)

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

G_END_DECLS
