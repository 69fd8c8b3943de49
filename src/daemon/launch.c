/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A launch is two things that go on at the same time and meet:
 *
 *   the bus daemon: who is it?
 *              ┌─ asking:     the authority (may they?) ─────────────────────────────────▶ approved ─┐
 *   turn ──────┤                                                                                      ├─▶ START
 *              └─ preparing:  spawn the keeper ──▶ PREPARE (block, descriptors) ─────────▶ prepared ──┘     │
 *                                                                                                           ▼
 *                                          answer ◀── RUNNING ◀── STARTED or FAILED from the keeper ◀── starting
 *
 * The state is in a few flags, which only ever go from FALSE to TRUE; advance () looks at them after each change:
 *
 *   inside     it is this launch's turn (turnstile.h): only so many prepare at the same time. Given back at READY,
 * STARTED or the end, so that one that waits for the authority keeps nobody out approved   the authority has said yes
 *   prepared   PREPARE has been sent. READY is not waited for: a keeper keeps a START that comes early
 *   scoped     the systemd user manager has put it into a scope, or has not and will not (scope.h). Only launches with
 *              limits for all of an instance wait for that; it takes an approved one that is ready
 *   started    START has been sent; SBX_START_TIMEOUT_SECONDS run
 *
 * A launch with files that the caller hands over waits for READY before START: it looks whether the sandbox has got the
 * right ones (forward.h).
 *
 * One exception to "at the same time": directories that a profile keeps (persistent homes) are made here, and would
 * stay behind after a no. So if one is missing, preparing waits for the yes.
 *
 * A caller that is in a sandbox itself (nested.h) is answered only after it is known which: neither an error nor what
 * preparing does to the machine may tell it about files that are not its own.
 *
 * Whatever goes wrong ends in give_up (): STOP to the keeper and the end of its socket, upon which it takes everything
 * down that it has set up (that is also what happens when this process is killed), the question to the authority is
 * withdrawn, the instance is forgotten without ever having been shown. Before START nothing of the caller's has run.
 *
 * A caller that leaves the bus cancels its launches: nobody would know of the instance. Only if START has gone out with
 * a lifeline, that one decides from then on: the keeper watches it. */
#include "daemon/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/authorize-table.h"
#include "daemon/bounds.h"
#include "daemon/nested.h"
#include "daemon/scope.h"

typedef struct {
  SbxContext *context;
  SbxRegistry *registry;
  SbxCaller *caller;
  GTask *task; /* NULL once answered */
  char *profile;
  GVariant *argv, *options; /* until it is its turn */
  GUnixFDList *fds;
  SbxWish *wish;
  SbxChoice *choice;
  SbxInstance *instance;
  SbxInstance *target; /* of a handler, or NULL */
  SbxInstance *within; /* the caller's own, when it is in one */
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
} Launch;

static void advance (Launch *launch);

static void
forget_call (Launch *launch)
{
  g_clear_pointer (&launch->profile, g_free);
  g_clear_pointer (&launch->crash_directory, g_free);
  g_clear_pointer (&launch->argv, g_variant_unref);
  g_clear_pointer (&launch->options, g_variant_unref);
  g_clear_object (&launch->fds);
}

static void
launch_clear (gpointer data)
{
  Launch *launch = data;

  forget_call (launch);
  g_clear_object (&launch->caller);
  g_clear_pointer (&launch->wish, sbx_wish_free);
  g_clear_pointer (&launch->choice, sbx_choice_free);
  g_clear_pointer (&launch->points, sbx_mount_points_unref);
  g_clear_object (&launch->instance);
  g_clear_object (&launch->target);
  g_clear_object (&launch->within);
  g_clear_object (&launch->asking);
  if (launch->start_block >= 0)
    close (launch->start_block);
}

static void
launch_unref (Launch *launch)
{
  g_rc_box_release_full (launch, launch_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Launch, launch_unref)

static void
leave_turnstile (Launch *launch)
{
  if (launch->entered)
    sbx_turnstile_leave (launch->context->turnstile, launch);
  launch->entered = FALSE;
}

/* The last thing in both cases; drops the reference that the launch holds on itself while it is not answered. */
static void
settle (Launch *launch)
{
  leave_turnstile (launch);
  g_clear_handle_id (&launch->timeout, g_source_remove);
  if (launch->caller)
    g_signal_handlers_disconnect_by_data (launch->caller, launch);
  if (launch->instance)
    g_signal_handlers_disconnect_by_data (launch->instance, launch);
  if (launch->caller)
    sbx_caller_add_pending (launch->caller, -1);
  g_clear_object (&launch->task);
  launch_unref (launch);
}

/* Takes @error. */
static void
give_up (Launch *launch, GError *error)
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
  Launch *launch = user_data;

  if (launch->points)
    sbx_mount_points_remove_with (g_steal_pointer (&launch->points), instance);
  sbx_nested_stop_orphan (launch->registry, instance);
  g_task_return_pointer (launch->task, g_object_ref (instance), g_object_unref);
  settle (launch);
}

static void
on_ready (SbxInstance *instance, int pid, gpointer user_data)
{
  Launch *launch = user_data;
  GError *error = NULL;

  launch->init = pid;
  leave_turnstile (launch);
  launch->verified = launch->verified || sbx_forward_verify (launch->choice->forward, pid, &error);
  if (error)
    give_up (launch, error);
  else
    advance (launch);
}

/* bwrap's version costs an exec, so it is asked for only when bwrap has failed. */
static GError *
explain_bwrap (Launch *launch, const GError *error, SbxStep step)
{
  const char *problem = NULL;

  if (step == SBX_STEP_BWRAP || step == SBX_STEP_NAMESPACES)
    problem = sbx_machine_check_bwrap (launch->context->machine);
  return problem ? g_error_new_literal (SBX_ERROR, SBX_ERROR_NOT_SUPPORTED, problem) : g_error_copy (error);
}

static void
on_failed (SbxInstance *instance, const GError *error, guint step, gpointer user_data)
{
  Launch *launch = user_data;

  sbx_registry_sweep (launch->registry, instance); /* a keeper that was killed could not do it itself */
  give_up (launch, explain_bwrap (launch, error, (SbxStep) step));
}

static gboolean
on_timeout (gpointer user_data)
{
  Launch *launch = user_data;

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
  Launch *launch = user_data;

  if (launch->started && launch->wish->lifeline >= 0)
    return;
  give_up (launch, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the caller has left"));
}

static int
make_file (const SbxPlanFile *file, GError **error)
{
  int fd = memfd_create (file->what, MFD_CLOEXEC);
  gsize size;
  const char *data = g_bytes_get_data (file->content, &size);

  for (gsize at = 0; fd >= 0 && at < size;) { /* at an offset, since bwrap reads from where the descriptor stands */
    gssize n = pwrite (fd, data + at, size - at, (off_t) at);

    if (n < 0 && errno != EINTR) {
      int saved = errno;

      close (fd);
      errno = saved;
      fd = -1;
    }
    at += n > 0 ? (gsize) n : 0;
  }
  if (fd < 0)
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "record: make %s in memory", file->what);
  return fd;
}

static void
clear_fds (GArray *fds)
{
  for (guint i = 0; i < fds->len; i++)
    close (g_array_index (fds, int, i));
  g_array_unref (fds);
}

static gboolean
add_fd (GArray *fds, int fd)
{
  if (fd >= 0)
    g_array_append_val (fds, fd);
  return fd >= 0;
}

static int
open_program (Launch *launch, const char *name, GError **error)
{
  g_autofree char *path = sbx_program_find ((const char *const *) launch->context->environment, name, error);
  int fd = path ? open (path, O_RDONLY | O_CLOEXEC) : -1;

  if (path && fd < 0)
    sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "open %s", path);
  return fd;
}

static int
open_directory (Launch *launch, GError **error)
{
  int directory = sbx_runtime_dir_open (launch->context->runtime, error);
  int fd = directory < 0 ? -1 : fcntl (directory, F_DUPFD_CLOEXEC, 3);

  if (directory >= 0 && fd < 0)
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "record: duplicate the runtime directory");
  return fd;
}

static int
write_prepare (Launch *launch, GError **error)
{
  g_autoptr (GBytes) info = sbx_info_write (sbx_instance_get_info (launch->instance));
  char id[SBX_ID_SIZE];

  sbx_id_format (sbx_instance_get_id (launch->instance), id);
  return sbx_plan_write_prepare (launch->choice->plan, id, info, error);
}

static gboolean
send_prepare (Launch *launch, GError **error)
{
  SbxMessage message = { .type = SBX_MSG_PREPARE };
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));
  gsize n_files = 0;
  const SbxPlanFile *files = sbx_plan_get_files (launch->choice->plan, &n_files);
  gboolean ok = add_fd (fds, write_prepare (launch, error)) && add_fd (fds, open_directory (launch, error))
                && add_fd (fds, open_program (launch, "sandbox-init", error));

  for (gsize i = 0; ok && i < n_files; i++)
    ok = add_fd (fds, make_file (&files[i], error));
  ok = ok && sbx_instance_send (launch->instance, &message, (const int *) (gpointer) fds->data, fds->len, error);
  clear_fds (fds);
  return ok;
}

static gboolean
make_directories (Launch *launch, GError **error)
{
  gsize n = 0;
  const SbxPlanDirectory *directories = sbx_plan_get_directories (launch->choice->plan, &n);

  for (gsize i = 0; i < n; i++)
    if (g_mkdir_with_parents (directories[i].path, (int) directories[i].mode) < 0)
      return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno,
                              "persistent: make the directory %s, where the application's files are kept",
                              directories[i].path);
  return TRUE;
}

static gboolean
has_its_directories (Launch *launch)
{
  gsize n = 0;
  const SbxPlanDirectory *directories = sbx_plan_get_directories (launch->choice->plan, &n);

  for (gsize i = 0; i < n; i++)
    if (access (directories[i].path, F_OK) < 0)
      return FALSE;
  return TRUE;
}

/* A handler's keeper is a child of its target's: it has to be in the target's Landlock domain. */
static int
start_keeper (Launch *launch, GError **error)
{
  SbxContext *context = launch->context;
  g_autofree char *keeper = sbx_program_find ((const char *const *) context->environment, "sandbox-keeper", error);

  if (!keeper)
    return -1;
  if (launch->target)
    return sbx_instance_attach (launch->target, keeper, launch->wish->hold, launch->crash, error);
  return sbx_keeper_spawn (keeper, &context->nofile, error);
}

static gboolean
prepare (Launch *launch, GError **error)
{
  int sock;

  if (!make_directories (launch, error))
    return FALSE;
  launch->points =
      sbx_mount_points_new (launch->choice->forward, launch->context, launch->registry, launch->choice->app_id);
  sock = start_keeper (launch, error); /* first: it loads while we write */
  if (sock < 0)
    return FALSE;
  sbx_instance_set_keeper (launch->instance, sock);
  if (!send_prepare (launch, error))
    return FALSE;
  launch->start_block = sbx_plan_write_start (launch->choice->plan, launch->wish->targets, launch->wish->n_fds, error);
  g_clear_object (&launch->choice->plan); /* it may be large, and the authority may take its time */
  launch->prepared = launch->start_block >= 0;
  return launch->prepared;
}

static gboolean
start (Launch *launch, GError **error)
{
  const SbxWish *wish = launch->wish;
  SbxMessage message = { .type = SBX_MSG_START, .value = wish->lifeline >= 0 ? SBX_START_LIFELINE : 0 };
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));

  if (launch->choice->on_crash)
    message.value |= SBX_START_TRACE;
  g_array_append_val (fds, launch->start_block);
  if (wish->lifeline >= 0)
    g_array_append_val (fds, wish->lifeline);
  if (wish->n_fds > 0)
    g_array_append_vals (fds, wish->fds, (guint) wish->n_fds);
  if (!sbx_instance_send (launch->instance, &message, (const int *) (gpointer) fds->data, fds->len, error))
    return FALSE;
  launch->started = TRUE;
  close (launch->start_block);
  launch->start_block = -1;
  g_clear_object (&launch->wish->list); /* the keeper has its own copies */
  return TRUE;
}

/* Not to have a scope is no reason to fail. That there is no manager the plan has said already. */
static void
on_scope (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Launch) launch = user_data;
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
has_its_scope (Launch *launch)
{
  g_autofree char *name = NULL;

  if (launch->scoped || !launch->context->bus || !sbx_scope_is_wanted (launch->choice->policy))
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
advance (Launch *launch)
{
  GError *error = NULL;

  if (!launch->task)
    return;
  if (!launch->prepared && (launch->approved || has_its_directories (launch)))
    (void) prepare (launch, &error);
  if (!error && launch->approved && launch->timeout == 0)
    launch->timeout = g_timeout_add_seconds (SBX_START_TIMEOUT_SECONDS, on_timeout, launch);
  if (!error && launch->approved && launch->prepared && launch->verified && !launch->started && has_its_scope (launch))
    (void) start (launch, &error);
  if (error)
    give_up (launch, error);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Launch) launch = user_data;
  GError *error = NULL;

  if (!sbx_authority_check_finish (SBX_AUTHORITY (source), result, &error)) {
    give_up (launch, error);
    return;
  }
  launch->approved = TRUE;
  advance (launch);
}

static void
on_known (SbxCaller *caller, const GError *error, gpointer user_data)
{
  g_autoptr (Launch) launch = user_data;
  g_autofree const char **actions = NULL;

  if (!launch->task)
    return;
  if (error) {
    give_up (launch, g_error_copy (error));
    return;
  }
  actions = sbx_gate_actions (launch->target ? SBX_ACTION_ATTACH : SBX_ACTION_LAUNCH, launch->choice->classes);
  if (launch->within)
    sbx_authority_check_nested_async (launch->context->authority, caller, actions, launch->asking, on_answer,
                                      g_rc_box_acquire (launch));
  else
    sbx_authority_check_async (launch->context->authority, caller, actions, launch->interactive, launch->asking,
                               on_answer, g_rc_box_acquire (launch));
}

/* For what it starts in turn. What is too much to be kept is nothing, and not the service's own. */
static char **
keep_display (const SbxWish *wish)
{
  gsize size = 0;

  for (char **row = wish->display_env; row && *row; row++)
    size += strlen (*row);
  return size <= SBX_DISPLAY_KEPT ? g_strdupv (wish->display_env) : g_new0 (char *, 1);
}

static SbxInfo *
make_info (guint64 id, SbxChoice *choice, const SbxWish *wish, SbxInstance *parent)
{
  SbxInfo *info = g_new0 (SbxInfo, 1);
  gboolean limited = FALSE;

  for (int i = 0; i < SBX_N_LIMITS; i++)
    limited = limited || (i != SBX_LIMIT_CPU && sbx_policy_get_limit (choice->policy, (SbxLimit) i) != SBX_LIMIT_NONE);
  info->id = id;
  info->parent = parent ? sbx_instance_get_id (parent) : 0;
  info->nested = wish->within != NULL;
  info->display = keep_display (wish);
  info->app_id = g_strdup (choice->app_id);
  info->profile = g_strdup (sbx_profile_get_name (choice->profile));
  info->command = g_variant_ref_sink (sbx_command_to_variant ((const char *const *) choice->argv));
  info->policy = g_variant_ref_sink (sbx_policy_to_variant (choice->policy));
  info->warnings = g_strdupv ((char **) sbx_plan_get_warnings (choice->plan));
  info->limits = g_strdup (limited ? "rlimit" : "none");
  info->on_crash = g_strdup (choice->on_crash ? choice->on_crash : "");
  return info;
}

static gboolean
check_target (Launch *launch, GError **error)
{
  if (!launch->target || sbx_instance_get_state (launch->target) == SBX_STATE_RUNNING)
    return TRUE;
  return sbx_throw (error, SBX_ERROR_EXITED, "the instance %016" G_GINT64_MODIFIER "x has ended",
                    sbx_instance_get_id (launch->target));
}

/* The number of the process @pid in its own pid namespace: the last one of NSpid in /proc/PID/status (proc(5)). It is
 * only told to people and programs; 0 when it cannot be had. */
static guint
pid_inside (gint32 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid), *text = NULL;
  const char *line, *end, *word;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !(line = strstr (text, "\nNSpid:")))
    return 0;
  end = strchr (line + 1, '\n');
  word = end ? end : line + strlen (line);
  while (word > line && g_ascii_isdigit (word[-1]))
    word--;
  return (guint) g_ascii_strtoull (word, NULL, 10);
}

static void
describe_target (Launch *launch)
{
  launch->wish->handler = TRUE;
  launch->wish->target_enforced = sbx_instance_get_enforced (launch->target);
  launch->wish->target_pid =
      launch->target_pid != 0 ? launch->target_pid : pid_inside (sbx_instance_get_pid (launch->target));
  launch->wish->crash_directory = g_steal_pointer (&launch->crash_directory);
}

static gboolean
make_choice (Launch *launch, GError **error)
{
  launch->wish = sbx_wish_new (launch->argv, launch->options, launch->target ? sbx_attach_options : sbx_launch_options,
                               launch->fds, TRUE, error);
  launch->id = sbx_registry_new_id (launch->registry);
  if (launch->wish)
    sbx_id_format (launch->id, launch->wish->id);
  if (launch->wish && launch->target)
    describe_target (launch);
  if (launch->wish
      && (!launch->within
          || sbx_wish_set_within (launch->wish, sbx_instance_get_info (launch->within), launch->context, error)))
    launch->choice = sbx_choice_new (launch->context, launch->profile, launch->wish, NULL, error);
  forget_call (launch);
  return launch->choice != NULL;
}

/* It is this launch's turn. */
static void
begin (gpointer user_data)
{
  g_autoptr (Launch) launch = g_rc_box_acquire (user_data);
  GError *error = NULL;

  if (!sbx_registry_has_room (launch->registry, &error) || !check_target (launch, &error)
      || (launch->within && !sbx_nested_has_room (launch->registry, launch->within, &error))
      || !make_choice (launch, &error)) {
    give_up (launch, error);
    return;
  }
  launch->verified = launch->choice->forward->files->len == 0;
  launch->instance = sbx_instance_new (
      make_info (launch->id, launch->choice, launch->wish, launch->target ? launch->target : launch->within));
  if (launch->caller)
    sbx_instance_set_starter (launch->instance, launch->caller);
  sbx_registry_add (launch->registry, launch->instance); /* before us, so that it is shown before it is answered */
  g_signal_connect (launch->instance, "ready", G_CALLBACK (on_ready), launch);
  g_signal_connect (launch->instance, "started", G_CALLBACK (on_started), launch);
  g_signal_connect (launch->instance, "failed", G_CALLBACK (on_failed), launch);
  if (launch->caller)
    sbx_caller_when_known (launch->caller, on_known, g_rc_box_acquire (launch));
  else
    launch->approved = TRUE; /* with the launch of the target */
  if (launch->task && !launch->prepared && (!launch->approved || !launch->caller))
    advance (launch);
  if (launch->task && !launch->prepared) /* it waits for the authority, and is cheap to wait for */
    leave_turnstile (launch);
}

static void
queue (Launch *launch)
{
  launch->entered = TRUE;
  sbx_turnstile_enter (launch->context->turnstile, begin, launch);
}

static void
on_identified (SbxCaller *caller, const GError *unknown, gpointer user_data)
{
  g_autoptr (Launch) launch = user_data;
  GError *error = unknown ? g_error_copy (unknown) : NULL;
  SbxInstance *own = NULL;

  if (!launch->task) {
    g_clear_error (&error);
    return;
  }
  if (!error && sbx_authority_accepts (caller, &error)
      && sbx_nested_where (launch->registry, launch->context->runtime, caller, &own) != SBX_WHERE_OUTSIDE
      && (!own || launch->target)) /* nobody, or one that wants to look into another one */
    (void) sbx_authority_is_outside (caller, &error);
  launch->within = own ? g_object_ref (own) : NULL;
  if (error)
    give_up (launch, error);
  else
    queue (launch);
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
sbx_launch_async (SbxContext *context, SbxRegistry *registry, SbxCaller *caller, const SbxLaunchCall *call,
                  GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  GError *error = NULL;
  Launch *launch;

  if (caller && !may_queue (caller, call, &error)) {
    g_task_return_error (task, error);
    return;
  }
  launch = g_rc_box_new0 (Launch); /* its own until it settles */
  launch->context = context;
  launch->registry = registry;
  launch->caller = caller ? g_object_ref (caller) : NULL;
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
  if (caller) {
    sbx_caller_add_pending (caller, 1);
    g_signal_connect (caller, "gone", G_CALLBACK (on_caller_gone), launch);
  }
  if (caller)
    sbx_caller_when_known (caller, on_identified, g_rc_box_acquire (launch));
  else
    queue (launch);
}

SbxInstance *
sbx_launch_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
