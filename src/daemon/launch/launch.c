/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A launch is two things that go on at the same time and meet:
 *
 *                                ┌─ asking:     the authority (may they?) ───────────────────▶ approved ─┐
 *   who is it? ──▶ turn ──▶ plan ┤                                                                       ├─▶ START
 *                                └─ preparing:  spawn the keeper ──▶ PREPARE (block, fds) ───▶ prepared ─┘     │
 *                                                                                                              ▼
 *                                             answer ◀── RUNNING ◀── STARTED or FAILED from the keeper ◀── starting
 *
 * Only so many launches prepare at the same time (slots.h). A launch that is not prepared yet, since it waits for
 * the authority, gives its turn back; others do so at READY, STARTED or the end.
 *
 * The state is in a few flags, which only ever go from FALSE to TRUE; advance () looks at them after each change:
 *
 *   approved   the authority has said yes
 *   prepared   PREPARE has been sent. READY is not waited for: a keeper keeps a START that comes early
 *   verified   the sandbox has got the very files that the caller handed over (forward.h), or there are none
 *   scoped     the systemd user manager has put it into a scope, or has not and will not (scope.h). Only launches with
 *              limits for all of an instance wait for that; it takes an approved one that is ready
 *   started    START has been sent; SBX_START_TIMEOUT_SECONDS run
 *
 * A launch with files that the caller hands over waits for READY before START, since they can be looked at only then.
 *
 * One exception to "at the same time": directories that a profile keeps (persistent homes) are made here, and would
 * stay behind after a no. So if one is missing, preparing waits for the yes.
 *
 * Who asks is known before (identity/subject.h): neither an error nor what preparing does to the machine may tell a
 * caller in a sandbox about files that are not its own.
 *
 * Whatever goes wrong ends in give_up (): STOP to the keeper and the end of its socket, upon which it takes everything
 * down that it has set up (that is also what happens when this process is killed), the question to the authority is
 * withdrawn, the instance is forgotten without ever having been shown. Before START nothing of the caller's has run.
 *
 * A caller that leaves the bus cancels its launches: nobody would know of the instance. Only if START has gone out with
 * a lifeline, that one decides from then on: the keeper watches it. */
#include "daemon/launch/launch-private.h"

#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/bounds.h"
#include "daemon/identity/gates.h"
#include "daemon/launch/nested.h"
#include "daemon/launch/scope.h"

static void advance (SbxLaunch *launch);

static void
launch_clear (gpointer data)
{
  SbxLaunch *launch = data;

  sbx_launch_forget_call (launch);
  g_clear_pointer (&launch->subject, sbx_subject_unref);
  g_clear_pointer (&launch->request, sbx_launch_request_free);
  g_clear_pointer (&launch->choice, sbx_choice_free);
  g_clear_pointer (&launch->points, sbx_mount_points_unref);
  g_clear_object (&launch->instance);
  g_clear_object (&launch->target);
  g_clear_object (&launch->asking);
  if (launch->start_block >= 0)
    close (launch->start_block);
}

static void
launch_unref (SbxLaunch *launch)
{
  g_rc_box_release_full (launch, launch_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxLaunch, launch_unref)

static void
leave_slot (SbxLaunch *launch)
{
  if (launch->entered)
    sbx_launch_slots_leave (launch->context->slots, launch);
  launch->entered = FALSE;
}

/* The last thing in both cases; drops the reference that the launch holds on itself while it is not answered. */
static void
settle (SbxLaunch *launch)
{
  leave_slot (launch);
  g_clear_handle_id (&launch->timeout, g_source_remove);
  if (launch->subject)
    g_signal_handlers_disconnect_by_data (launch->subject->caller, launch);
  if (launch->instance)
    g_signal_handlers_disconnect_by_data (launch->instance, launch);
  if (launch->subject)
    sbx_caller_add_pending (launch->subject->caller, -1);
  g_clear_object (&launch->task);
  launch_unref (launch);
}

/* Takes @error. */
static void
give_up (SbxLaunch *launch, GError *error)
{
  if (!launch->task) {
    g_error_free (error);
    return;
  }
  g_cancellable_cancel (launch->asking);
  if (launch->instance) {
    sbx_instance_abandon (launch->instance);
    sbx_registry_drop (launch->registry, launch->instance);
  }
  g_task_return_error (launch->task, error);
  settle (launch);
}

static void
on_started (SbxInstance *instance, gpointer user_data)
{
  SbxLaunch *launch = user_data;

  if (launch->points)
    sbx_mount_points_remove_with (g_steal_pointer (&launch->points), instance);
  sbx_nested_stop_orphan (launch->registry, instance);
  g_task_return_pointer (launch->task, g_object_ref (instance), g_object_unref);
  settle (launch);
}

static void
on_ready (SbxInstance *instance, int pid, gpointer user_data)
{
  SbxLaunch *launch = user_data;
  GError *error = NULL;

  launch->init = pid;
  leave_slot (launch);
  launch->verified = launch->verified || sbx_forward_verify (launch->choice->forward, pid, &error);
  if (error)
    give_up (launch, error);
  else
    advance (launch);
}

/* bwrap's version costs an exec, so it is asked for only when bwrap has failed. */
static GError *
explain_bwrap (SbxLaunch *launch, const GError *error, SbxStep step)
{
  const char *problem = NULL;

  if (step == SBX_STEP_BWRAP || step == SBX_STEP_NAMESPACES)
    problem = sbx_machine_check_bwrap (launch->context->machine);
  return problem ? g_error_new_literal (SBX_ERROR, SBX_ERROR_NOT_SUPPORTED, problem) : g_error_copy (error);
}

static void
on_failed (SbxInstance *instance, const GError *error, guint step, gpointer user_data)
{
  SbxLaunch *launch = user_data;

  sbx_registry_sweep (launch->registry, instance); /* a keeper that was killed could not do it itself */
  give_up (launch, explain_bwrap (launch, error, (SbxStep) step));
}

static gboolean
on_timeout (gpointer user_data)
{
  SbxLaunch *launch = user_data;

  launch->timeout = 0;
  give_up (launch, g_error_new (SBX_ERROR, SBX_ERROR_SPAWN_FAILED,
                                "keeper: the application has not been executed within %d seconds; is one of its file "
                                "systems out of reach?",
                                SBX_START_TIMEOUT_SECONDS));
  return G_SOURCE_REMOVE;
}

static void
on_caller_gone (SbxCaller *caller, gpointer user_data)
{
  SbxLaunch *launch = user_data;

  if (launch->started && launch->request->lifeline >= 0)
    return;
  give_up (launch, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the caller has left"));
}

/* Not to have a scope is no reason to fail. That there is no manager the plan has said already. */
static void
on_scope (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SbxLaunch) launch = user_data;
  g_autoptr (GError) error = NULL;
  gboolean made = sbx_scope_make_finish (result, &error);
  g_autofree char *warning = NULL;
  int parent;

  if (!launch->task)
    return;
  if (!made && !g_error_matches (error, SBX_ERROR, SBX_ERROR_NOT_SUPPORTED))
    warning = g_strdup_printf ("the limits hold for each process and not for all together, and cpu= does not: %s",
                               error->message);
  if (made || warning) {
    sbx_instance_set_limits (launch->instance, made ? "scope" : NULL, warning);
    parent = sbx_runtime_dir_open (launch->context->runtime, NULL);
    if (parent >= 0)
      sbx_record_set_info (parent, sbx_instance_get_info (launch->instance));
  }
  launch->scoped = TRUE;
  advance (launch);
}

/* TRUE when there is nothing to wait for. */
static gboolean
has_its_scope (SbxLaunch *launch)
{
  g_autofree char *name = NULL;

  if (launch->scoped || !sbx_launch_wants_scope (launch))
    return TRUE;
  if (launch->init == 0 || launch->scoping)
    return FALSE;
  launch->scoping = TRUE;
  name = sbx_scope_name (launch->choice->app_id, sbx_instance_get_id (launch->instance));
  sbx_scope_make_async (launch->context->bus, name, launch->init, sbx_instance_get_init_pidfd (launch->instance),
                        launch->choice->policy, launch->asking, on_scope, g_rc_box_acquire (launch));
  return FALSE;
}

static void
advance (SbxLaunch *launch)
{
  GError *error = NULL;

  if (!launch->task)
    return;
  if (!launch->prepared && (launch->approved || sbx_launch_has_directories (launch)))
    (void) sbx_launch_prepare (launch, &error);
  if (!error && launch->approved && launch->timeout == 0)
    launch->timeout = g_timeout_add_seconds (SBX_START_TIMEOUT_SECONDS, on_timeout, launch);
  if (!error && launch->approved && launch->prepared && launch->verified && !launch->started && has_its_scope (launch))
    (void) sbx_launch_start (launch, &error);
  if (error)
    give_up (launch, error);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SbxLaunch) launch = user_data;
  GError *error = NULL;

  if (!sbx_authority_check_finish (SBX_AUTHORITY (source), result, &error)) {
    give_up (launch, error);
    return;
  }
  launch->approved = TRUE;
  advance (launch);
}

static void
ask (SbxLaunch *launch)
{
  g_autofree const char **actions =
      sbx_gate_actions (launch->target ? SBX_ACTION_ATTACH : SBX_ACTION_LAUNCH, launch->choice->classes);

  if (sbx_launch_get_within (launch))
    sbx_authority_check_nested_async (launch->context->authority, launch->subject, actions, launch->asking, on_answer,
                                      g_rc_box_acquire (launch));
  else
    sbx_authority_check_async (launch->context->authority, launch->subject, actions, launch->interactive,
                               launch->asking, on_answer, g_rc_box_acquire (launch));
}

static gboolean
check_target (SbxLaunch *launch, GError **error)
{
  if (!launch->target || sbx_instance_get_state (launch->target) == SBX_STATE_RUNNING)
    return TRUE;
  return sbx_throw (error, SBX_ERROR_EXITED, "the instance %016" G_GINT64_MODIFIER "x has ended",
                    sbx_instance_get_id (launch->target));
}

/* It is this launch's turn. */
static void
begin (gpointer user_data)
{
  g_autoptr (SbxLaunch) launch = g_rc_box_acquire (user_data);
  SbxInstance *within = sbx_launch_get_within (launch);
  GError *error = NULL;

  if (!sbx_registry_has_room (launch->registry, &error) || !check_target (launch, &error)
      || (within && !sbx_nested_has_room (launch->registry, within, &error)) || !sbx_launch_choose (launch, &error)) {
    give_up (launch, error);
    return;
  }
  launch->verified = launch->choice->forward->files->len == 0;
  launch->instance = sbx_instance_new (
      sbx_launch_make_info (launch->id, launch->choice, launch->request, launch->target ? launch->target : within));
  if (launch->subject)
    sbx_instance_set_starter (launch->instance, G_OBJECT (launch->subject->caller));
  sbx_registry_add (launch->registry, launch->instance); /* before us, so that it is shown before it is answered */
  g_signal_connect (launch->instance, "ready", G_CALLBACK (on_ready), launch);
  g_signal_connect (launch->instance, "started", G_CALLBACK (on_started), launch);
  g_signal_connect (launch->instance, "failed", G_CALLBACK (on_failed), launch);
  if (launch->subject)
    ask (launch);
  else
    launch->approved = TRUE; /* with the launch of the target */
  if (launch->task && !launch->prepared && (!launch->approved || !launch->subject))
    advance (launch);
  if (launch->task && !launch->prepared) /* it waits for the authority, and is cheap to wait for */
    leave_slot (launch);
}

static void
queue (SbxLaunch *launch)
{
  launch->entered = TRUE;
  sbx_launch_slots_enter (launch->context->slots, begin, launch);
}

static gboolean
may_queue (SbxCaller *caller, const SbxLaunchCall *call, GError **error)
{
  if (sbx_caller_get_pending (caller) >= SBX_MAX_PENDING_PER_CLIENT)
    return sbx_throw (error, SBX_ERROR_LIMITS,
                      "this client has %d launches under way, which is the limit; wait for some of them",
                      SBX_MAX_PENDING_PER_CLIENT);
  if (g_variant_get_size (call->argv) + g_variant_get_size (call->options) > SBX_MAX_CALL)
    return sbx_throw (error, SBX_ERROR_LIMITS,
                      "the command and the options have more than %u MiB; the kernel takes at most 6 MiB of arguments "
                      "and environment",
                      SBX_MAX_CALL >> 20);
  return TRUE;
}

void
sbx_launch_async (SbxContext *context, SbxRegistry *registry, SbxSubject *subject, const SbxLaunchCall *call,
                  GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  GError *error = NULL;
  SbxLaunch *launch;

  if (subject && !may_queue (subject->caller, call, &error)) {
    g_task_return_error (task, error);
    return;
  }
  launch = g_rc_box_new0 (SbxLaunch); /* its own until it settles */
  launch->context = context;
  launch->registry = registry;
  launch->subject = subject ? sbx_subject_ref (subject) : NULL;
  launch->task = g_steal_pointer (&task);
  launch->profile = g_strdup (call->profile);
  launch->argv = g_variant_ref (call->argv);
  launch->options = g_variant_ref (call->options);
  launch->fds = call->fds ? g_object_ref (call->fds) : NULL;
  launch->target = call->target ? g_object_ref (call->target) : NULL;
  launch->crash = call->crash;
  launch->target_pid = call->target_pid;
  launch->crash_directory = g_strdup (call->crash_directory);
  launch->asking = g_cancellable_new ();
  launch->interactive = call->interactive;
  launch->start_block = -1;
  if (subject) {
    sbx_caller_add_pending (subject->caller, 1);
    g_signal_connect (subject->caller, "gone", G_CALLBACK (on_caller_gone), launch);
  }
  queue (launch);
}

SbxInstance *
sbx_launch_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
