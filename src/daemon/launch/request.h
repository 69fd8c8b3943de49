/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller of Launch, Explain or Exec wants: from D-Bus to values, all of it checked. */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "daemon/instances/instance.h"
#include "policy/inherited.h"
#include "policy/options.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* A file that is not there yet. */
typedef struct {
  int directory;
  char *name;
} SbxNewFile;

/* What the caller says, and what is known of its surroundings. */
typedef struct {
  char id[17];        /* of the instance to be, 16 hex digits, or "": filled in by whoever has it */
  SbxOptions options; /* as the caller says */
  char **argv;
  SbxInherited inherited; /* of the option "inherit" */
  char **env;             /* to be added: of the option "env", with the activation token; or NULL */
  /* Descriptors, all borrowed from @list */
  GUnixFDList *list;
  gint32 *targets; /* ascending */
  int *fds;        /* of the same length: which goes to targets[i] */
  gsize n_fds;
  int *forward;
  gsize n_forward;
  SbxNewFile *new_files; /* their directories are borrowed as well */
  gsize n_new_files;
  int lifeline; /* or -1 */
  int learn;    /* where what the application names is written to, or -1: it is not learned */
  /* Of a handler, filled in by sbx_launch_request_set_target () */
  gboolean handler;
  char *crash_directory;   /* or NULL */
  guint32 target_enforced; /* SbxEnforced */
  gboolean target_in_session;
  guint target_pid; /* as its own pid namespace numbers it */
  /* Of a caller in a sandbox, filled in by sbx_launch_request_set_within () */
  SbxPolicy *within;    /* or NULL */
  char *within_profile; /* the name of the profile that it is under */
} SbxLaunchRequest;

void sbx_launch_request_free (SbxLaunchRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxLaunchRequest, sbx_launch_request_free)

/* @argv: aay; @options: a{sv}, checked against @table. @fds may be NULL; it is for Explain, which passes
 * @look_at_fds = FALSE. Errors: BAD_OPTION, NOT_SUPPORTED. */
SbxLaunchRequest *sbx_launch_request_new (GVariant *argv, GVariant *options, const SbxOptionSpec *table,
                                          GUnixFDList *fds, gboolean look_at_fds, GError **error);

/* @request is for a handler of @target, because of its process @pid, as the target's pid namespace numbers it (0: the
 * main one). @crash_directory: where it may write, or NULL. @places: by which the target's policy is read. */
void sbx_launch_request_set_target (SbxLaunchRequest *request, SbxInstance *target, guint pid,
                                    const char *crash_directory, const SbxPlaces *places);

/* Says that @request comes from inside of the instance that @info describes: it gets that application's id, and has
 * to stay within its policy. Errors: POLICY_EXCEEDED for options that a sandbox may not use. */
gboolean sbx_launch_request_set_within (SbxLaunchRequest *request, const SbxInfo *info, const SbxPlaces *places,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
