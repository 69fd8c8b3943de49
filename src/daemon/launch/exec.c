/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/exec.h"

#include <unistd.h>

#include "common/error.h"
#include "daemon/instances/keeper-requests.h"
#include "daemon/launch/choice.h"
#include "daemon/launch/giving.h"
#include "daemon/launch/joining.h"
#include "daemon/launch/running.h"
#include "plan/blocks.h"

#define GIVE_AGAIN_MS 50
#define GIVE_TRIES 200 /* in all as long as a change may take */

/* A descriptor, or -1. */
static int
write_block (const SbxLaunchRequest *request, const SbxHost *host, const SbxInfo *info, GError **error)
{
  g_autoptr (SbxProcess) process = sbx_launch_request_make_process (host, request, info, error);

  return process ? sbx_process_write_exec (process, g_str_equal (info->limits, "scope"), request->targets,
                                           request->n_fds, error)
                 : -1;
}

gboolean
sbx_launch_request_exec (const SbxLaunchRequest *request, const SbxHost *host, SbxInstance *instance, gint32 flags,
                         GAsyncReadyCallback callback, gpointer user_data, GError **error)
{
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  int block = write_block (request, host, sbx_instance_get_info (instance), error);

  if (block < 0)
    return FALSE;
  g_array_append_val (fds, block);
  if (request->lifeline >= 0)
    g_array_append_val (fds, request->lifeline);
  if (request->n_fds > 0)
    g_array_append_vals (fds, request->fds, (guint) request->n_fds);
  if (request->lifeline >= 0)
    flags |= SBX_START_LIFELINE;
  sbx_instance_exec_async (instance, (const int *) (gpointer) fds->data, fds->len, flags, request->argv[0], callback,
                           user_data);
  close (block);
  return TRUE;
}

typedef struct {
  SbxJoin what;
  gsize n_given;             /* of its files: they have been looked at */
  guint tries;               /* of the next one */
  gulong started, abandoned; /* handlers, or 0 */
} Join;

static void
on_executed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (sbx_instance_exec_finish (SBX_INSTANCE (source), result, &error) < 0)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* Takes @task. */
static void
execute (GTask *task)
{
  SbxInstance *instance = g_task_get_source_object (task);
  const Join *join = g_task_get_task_data (task);
  GError *error = NULL;

  if (sbx_launch_request_exec (join->what.request, join->what.host, instance, SBX_START_KEEPS, on_executed, task,
                               &error))
    return;
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void give_next (GTask *task);

/* The command is not executed there. Takes @error, or NULL for none in particular. */
static void
fail_to_give (GTask *task, GError *error)
{
  const Join *join = g_task_get_task_data (task);

  g_task_return_new_error (task, SBX_ERROR, SBX_ERROR_NOT_SUPPORTED, "%s",
                           error ? error->message : join->what.files[join->n_given].path);
  g_clear_error (&error);
  g_object_unref (task);
}

static gboolean
on_try_again (gpointer user_data)
{
  give_next (user_data);
  return G_SOURCE_REMOVE;
}

static void
on_given (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Join *join = g_task_get_task_data (task);
  GError *error = NULL;

  if (sbx_give_finish (SBX_INSTANCE (source), result, &error)) {
    join->n_given++;
    join->tries = 0;
    give_next (task);
  } else if (g_error_matches (error, SBX_ERROR, SBX_ERROR_LIMITS) && ++join->tries < GIVE_TRIES) {
    g_error_free (error); /* another change is being made */
    g_timeout_add (GIVE_AGAIN_MS, on_try_again, task);
  } else {
    fail_to_give (task, error);
  }
}

/* Gives the instance the next file that it has not got; then, or when there is none, executes the command. */
static void
give_next (GTask *task)
{
  SbxInstance *instance = g_task_get_source_object (task);
  const SbxInfo *info = sbx_instance_get_info (instance);
  Join *join = g_task_get_task_data (task);
  const SbxJoin *what = &join->what;
  GError *error = NULL;
  g_autoptr (SbxPolicy) policy = sbx_running_policy (what->host, info, &error);
  SbxGrantPlan *plan = NULL;
  SbxGrantRequest request;

  while (policy && join->n_given < what->n_files && sbx_joining_has_file (info, policy, &what->files[join->n_given]))
    join->n_given++;
  if (policy && join->n_given == what->n_files) {
    execute (task);
    return;
  }
  if (policy)
    plan = sbx_joining_plan_file (what->host, info, &what->files[join->n_given], &request, FALSE, &error);
  if (plan && plan->layers) {
    sbx_give_async (instance, what->registry, plan, &request, what->pid, on_given, task);
    return;
  }
  if (plan)
    sbx_grant_plan_free (plan);
  fail_to_give (task, error);
}

static void
forget_handlers (GTask *task)
{
  Join *join = g_task_get_task_data (task);

  g_clear_signal_handler (&join->started, g_task_get_source_object (task));
  g_clear_signal_handler (&join->abandoned, g_task_get_source_object (task));
}

static void
on_started (GTask *task)
{
  forget_handlers (task);
  give_next (task);
}

static void
on_abandoned (GTask *task)
{
  forget_handlers (task);
  g_task_return_new_error (task, SBX_ERROR, SBX_ERROR_EXITED, "the instance did not come to life");
  g_object_unref (task);
}

void
sbx_join_async (SbxInstance *instance, const SbxJoin *what, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (instance, NULL, callback, user_data);
  Join *join = g_new0 (Join, 1);

  join->what = *what;
  g_task_set_task_data (task, join, g_free);
  if (sbx_instance_get_state (instance) != SBX_STATE_STARTING) {
    give_next (task);
    return;
  }
  join->started = g_signal_connect_swapped (instance, "started", G_CALLBACK (on_started), task);
  join->abandoned = g_signal_connect_swapped (instance, "abandoned", G_CALLBACK (on_abandoned), task);
}

gboolean
sbx_join_finish (SbxInstance *instance, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
