/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a request to a plan: under a profile, or in an instance. */
#pragma once

#include "daemon/launch/context.h"
#include "daemon/launch/forward.h"
#include "daemon/launch/own-names.h"
#include "daemon/launch/request.h"
#include "plan/plan.h"

G_BEGIN_DECLS

/* What a request comes to under a profile. */
typedef struct {
  SbxHost *host; /* for which it was made */
  SbxProfile *profile;
  SbxPolicy *policy;
  guint classes; /* in which the policy and the files handed over go beyond what is approved */
  char *app_id;
  char **argv;
  char *on_crash; /* the handler profile for crashes, or NULL */
  SbxForward *forward;
  /* One of these: what is to be started, or the instance that runs it already and is joined */
  SbxPlan *plan;
  SbxInstance *running;
} SbxChoice;

void sbx_choice_free (SbxChoice *choice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxChoice, sbx_choice_free)

/* What is around a choice. */
typedef struct {
  const SbxSession *session; /* what the session bus has answered; NULL: there is none, or it has not been asked */
  SbxRegistry *registry;     /* who runs */
  const char *obstacle;      /* why none of those could be joined, as has turned out; or NULL */
} SbxChoiceAround;

/* Returns what has to be asked of the session before @request can be chosen for; NULL when that is nothing, also where
 * the request is refused anyway. The caller's. */
SbxSessionQuestion *sbx_choice_get_question (SbxContext *context, const char *profile, const SbxLaunchRequest *request);

/* @fallback_argv (or NULL): when neither @request nor the profile has a command. Where the host lacks something, it is
 * probed again first. Errors: all of the policy's and plan's.
 */
SbxChoice *sbx_choice_new (SbxContext *context, const SbxChoiceAround *around, const char *profile,
                           const SbxLaunchRequest *request, const char *const *fallback_argv, GError **error);

/* Makes the info of the instance @id. @parent: the target of a handler, the sandbox that the call comes from, or
 * NULL. The caller's. */
SbxInfo *sbx_choice_make_info (const SbxChoice *choice, const SbxLaunchRequest *request, guint64 id,
                               SbxInstance *parent);

/* For Exec: the process of @request in the instance that @info describes. It depends on what is written down there and
 * on nothing that this service or the caller has around it. Errors: BAD_OPTION without a command, NOT_SUPPORTED if
 * @info does not say what the box offers. */
SbxProcess *sbx_launch_request_make_process (const SbxHost *host, const SbxLaunchRequest *request, const SbxInfo *info,
                                             GError **error);

/* @argv as aay, cut off after some thousand bytes: for showing and keeping. Floating. */
GVariant *sbx_command_to_variant (const char *const *argv);
/* Makes an application id of the file name of @command: replaces every character that an id may not have. */
char *sbx_app_id_from_command (const char *command);

G_END_DECLS
