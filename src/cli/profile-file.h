/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A profile in a file that is not installed: what it comes to, and all that is wrong with it. */
#pragma once

#include "cli/policy-options.h"
#include "policy/profile-set.h"

G_BEGIN_DECLS

/* Whether @word means a file and not the name of a profile: it has a "/", or ends in ".profile". */
gboolean sbx_is_profile_file (const char *word);

typedef struct {
  SbxProfile *profile;
  char *inherits;           /* the profile that it begins with, or NULL */
  SbxPolicyOptions *policy; /* what the file itself says, to be put over that one */
} SbxProfileFile;

/* Reads the file at @path as the service would. Errors: those of sbx_profile_set_load_file (). */
SbxProfileFile *sbx_profile_file_read (const char *path, GError **error);
void sbx_profile_file_free (SbxProfileFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxProfileFile, sbx_profile_file_free)

/* Every error in the file at @path, each as one text with its place; empty when there is none. char * */
GPtrArray *sbx_profile_file_check (const char *path);

/* The set of profiles as the user has it: its places, and conditions of this machine. */
SbxProfileSet *sbx_profile_file_open_set (void);

G_END_DECLS
