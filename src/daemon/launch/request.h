/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller of Launch, Explain or Exec wants: from D-Bus to values, all of it checked. */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "daemon/instances/instance.h"
#include "daemon/launch/context.h"
#include "daemon/launch/forward.h"
#include "plan/plan.h"
#include "policy/options.h"

G_BEGIN_DECLS

typedef struct {
  char id[17];  /* of the instance to be, 16 hex digits, or "": filled in by whoever has it */
  char *app_id; /* as the caller says, or NULL */
  char **argv;
  char **env, **unset_env; /* or NULL */
  char **display_env;      /* or NULL */
  char *cwd;               /* or NULL */
  gboolean cwd_optional, tty, hold;
  char *on_crash;   /* as the caller says, or NULL */
  GVariant *policy; /* a{sv} or NULL */
  /* Descriptors, all borrowed from @list */
  GUnixFDList *list;
  gint32 *targets; /* ascending */
  int *fds;        /* of the same length: which goes to targets[i] */
  gsize n_fds;
  int *forward;
  gsize n_forward;
  int lifeline; /* or -1 */
  /* Of a handler, filled in by sbx_launch_request_set_target () */
  gboolean handler;
  char *crash_directory;   /* or NULL */
  guint32 target_enforced; /* SbxEnforced */
  guint target_pid;        /* as its own pid namespace numbers it */
  /* Of a caller in a sandbox, filled in by sbx_launch_request_set_within () */
  SbxPolicy *within; /* or NULL */
} SbxLaunchRequest;

void sbx_launch_request_free (SbxLaunchRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxLaunchRequest, sbx_launch_request_free)

/* @argv: aay; @options: a{sv}, checked against @table. @fds may be NULL; it is for Explain, which passes
 * @look_at_fds = FALSE. Errors: BAD_OPTION, NOT_SUPPORTED. */
SbxLaunchRequest *sbx_launch_request_new (GVariant *argv, GVariant *options, const SbxOptionSpec *table,
                                          GUnixFDList *fds, gboolean look_at_fds, GError **error);

/* @request is for a handler of @target, because of its process @pid, as the target's pid namespace numbers it (0: the
 * main one). @crash_directory: where it may write, or NULL. */
void sbx_launch_request_set_target (SbxLaunchRequest *request, SbxInstance *target, guint pid,
                                    const char *crash_directory);

/* @request comes from inside of the instance that @info describes: it becomes that application's own, in whose policy's
 * bounds it has to stay. Errors: POLICY_EXCEEDED for what is nobody's in a sandbox to say. */
gboolean sbx_launch_request_set_within (SbxLaunchRequest *request, const SbxInfo *info, SbxContext *context,
                                        GError **error);

/* A request under a profile. */
typedef struct {
  SbxProfile *profile;
  SbxPolicy *policy;
  guint classes; /* in which the policy and the files handed over go beyond what is approved */
  char *app_id;
  char **argv;
  char *on_crash; /* the handler profile for crashes, or NULL */
  SbxPlan *plan;
  SbxForward *forward;
} SbxChoice;

void sbx_choice_free (SbxChoice *choice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxChoice, sbx_choice_free)

/* @fallback_argv (or NULL): when neither @request nor the profile has a command. Errors: all of the policy's and
 * plan's.
 */
SbxChoice *sbx_choice_new (SbxContext *context, const char *profile, const SbxLaunchRequest *request,
                           const char *const *fallback_argv, GError **error);

/* What is kept of an instance @id of @choice. @parent: the target of a handler, the sandbox that the call comes from,
 * or NULL. The caller's. */
SbxInfo *sbx_choice_make_info (const SbxChoice *choice, const SbxLaunchRequest *request, guint64 id,
                               SbxInstance *parent);

/* For Exec: the process of @request in the instance that @info describes. It depends on what is written down there and
 * on nothing that this service or the caller has around it. Errors: BAD_OPTION without a command, NOT_SUPPORTED if
 * @info does not say what the box offers. */
SbxProcess *sbx_launch_request_make_process (SbxContext *context, const SbxLaunchRequest *request, const SbxInfo *info,
                                             GError **error);

/* @argv as aay, cut off after some thousand bytes: for showing and keeping. Floating. */
GVariant *sbx_command_to_variant (const char *const *argv);
/* The file name of @command with every character that no application id has replaced. */
char *sbx_app_id_from_command (const char *command);

G_END_DECLS
