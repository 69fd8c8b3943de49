/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of plans have in common: a machine that is made up, and plans on it. */
#pragma once

#include "plan/build.h"
#include "plan/variant.h"

/* A machine with everything, so that the golden files show everything. */
typedef struct {
  SbxMachine machine;
  const char *const *missing;
  const GArray *links; /* SbxLinkOut, or NULL */
  gboolean foreign_user;
} Fake;
/* Its filters are the caller's to free. */
Fake new_fake (void);
/* For has_documents: the portal's file system is there. */
gboolean fake_documents (SbxMachine *machine, const char *path);

/* `app arg` as org.example.App */
extern const char *const command[];
extern const SbxPlanRequest request;

/* The policy of the profile @name as it is shipped. */
SbxPolicy *shipped (const char *name);
/* @base with @key=@value in [@group] put over it. */
SbxPolicy *with (const SbxPolicy *base, const char *group, const char *key, const char *value);

/* One line for each element, so that a difference of golden files reads like one. */
char *describe (SbxPlan *plan);
/* The same of the plan for @policy, which there must be, limited to inferiors or not. */
char *expect_plan (const SbxPolicy *policy, Fake *fake, gboolean inferiors_only);
