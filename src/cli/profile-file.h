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

/* The directory of @path, made where it is missing and locked until the descriptor is closed: who reads a file there,
 * changes it and writes it waits for everybody else who does. -1 with @error: it cannot be made, or opened. */
int sbx_profile_file_lock (const char *path, GError **error);

/* Puts @text in the place of the file at @path, and has @set read @profile with it: what was there is back, as it was,
 * unless that is a profile. Going back takes no room on the disk. @directory: what sbx_profile_file_lock () gave for
 * @path. Errors: why it cannot be written, or the profile not be read. */
gboolean sbx_profile_file_replace (SbxProfileSet *set, const char *profile, int directory, const char *path,
                                   const char *text, GError **error);

/* The set of profiles as the user has it: its places, and conditions of this machine. */
SbxProfileSet *sbx_profile_file_open_set (void);

G_END_DECLS
