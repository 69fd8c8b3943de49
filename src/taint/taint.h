/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where sandboxes may write, and so may have made the links that are there. */
#pragma once

#include "policy/profile-set.h"
#include "sources/object.h"

G_BEGIN_DECLS

/* The directories that any of @profiles lets an application write, as far as they are there; with words for people. All
 * profiles are read, which takes some milliseconds. */
SbxObjectSet *sbx_taint_of_profiles (SbxProfileSet *profiles);

/* The directories that @policy lets its application write, as far as they are there, under each of their names. */
SbxObjectSet *sbx_taint_of_policy (const SbxPolicy *policy);

/* Adds the directory of all kept homes, below @data_home, to @set: what is in it is tainted. 0, or -1 with errno. */
int sbx_taint_add_homes (SbxObjectSet *set, const char *data_home) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
