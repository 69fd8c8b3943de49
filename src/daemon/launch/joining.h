/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether an application runs already that a launch may join: many have one instance for a user, which a second start
 * finds by a pid, a socket or a lock, by a name on the bus, or not at all, and then two of them write to one home.
 *
 * What is joined is the same sandbox under another name: of the same application, profile, policy and display, so that
 * the command gets what it would have had, no more and no less. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/granting.h"
#include "plan/request.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* A launch as far as it has been chosen. All borrowed. */
typedef struct {
  const char *app_id, *profile, *command;
  const char *on_crash;    /* or NULL */
  const SbxPolicy *policy; /* without the application's own names */
  SbxHost *host;
  char **display; /* as an SbxInfo has it */
  const SbxForwardedFile *files;
  gsize n_files;
  const char *refused; /* why one that was found before would not do after all; or NULL: none was */
} SbxJoinWanted;

/* Whether the processes of the instance with @info can open @file at its own path already, as it is to be opened.
 * @policy: the instance's. */
gboolean sbx_joining_has_file (const SbxInfo *info, const SbxPolicy *policy, const SbxForwardedFile *file);
/* Plans to give @file to the instance with @info, as sbx_grant_plan_new () does. Fills @request, which borrows from
 * @file. */
SbxGrantPlan *sbx_joining_plan_file (SbxHost *host, const SbxInfo *info, const SbxForwardedFile *file,
                                     SbxGrantRequest *request, gboolean looking, GError **error);

/* Returns the instance that @wanted may be started in, STARTING or RUNNING; borrowed. NULL: none; *@obstacle is then
 * what is said of one of the same application that will not do, the caller's, or NULL. */
SbxInstance *sbx_joining_find (SbxRegistry *registry, const SbxJoinWanted *wanted, char **obstacle);

G_END_DECLS
