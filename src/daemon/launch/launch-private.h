/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For launch*.c: one launch, from the call to the answer. launch.c has its states. */
#pragma once

#include "daemon/launch/launch.h"

G_BEGIN_DECLS

typedef struct {
  SbxContext *context;
  SbxRegistry *registry;
  SbxSubject *subject; /* who asks; NULL: the service itself */
  GTask *task;         /* NULL once answered */
  char *profile;
  GVariant *argv, *options; /* until it is its turn */
  GUnixFDList *fds;
  SbxLaunchRequest *request;
  SbxChoice *choice;
  SbxInstance *instance;
  SbxInstance *target; /* of a handler, or NULL */
  guint64 id;
  guint32 crash;
  guint target_pid;
  char *crash_directory;
  SbxMountPoints *points;
  GCancellable *asking;
  gboolean interactive, entered, approved, prepared, verified, scoping, scoped, started;
  int init; /* its pid, from READY on */
  int start_block;
  guint timeout;
} SbxLaunch;

/* choice.c: the instance that the call comes from, borrowed, or NULL. */
SbxInstance *sbx_launch_get_within (const SbxLaunch *launch);
/* Whether it has limits that a scope can keep, and there is a bus to ask for one. */
gboolean sbx_launch_wants_scope (const SbxLaunch *launch);

/* From the call to a plan, and to what is kept of it. Errors: all of sbx_choice_new (). */
gboolean sbx_launch_choose (SbxLaunch *launch, GError **error);
/* @parent: the target of a handler, the sandbox that the call comes from, or NULL. The caller's. */
SbxInfo *sbx_launch_make_info (guint64 id, SbxChoice *choice, const SbxLaunchRequest *request, SbxInstance *parent);
/* Drops what has only been needed for that. */
void sbx_launch_forget_call (SbxLaunch *launch);

/* prepare.c: what the keeper is sent. Are all directories there that the plan makes? */
gboolean sbx_launch_has_directories (SbxLaunch *launch);
/* Makes them, starts the keeper, sends PREPARE, writes the block of START unless that waits for a scope. Errors:
 * SPAWN_FAILED, NOT_SUPPORTED, EXITED.
 */
gboolean sbx_launch_prepare (SbxLaunch *launch, GError **error);
/* Sends START. Errors: those of sbx_instance_send (), SPAWN_FAILED. */
gboolean sbx_launch_start (SbxLaunch *launch, GError **error);

G_END_DECLS
