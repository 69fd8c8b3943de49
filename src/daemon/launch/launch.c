/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A launch is one state machine. The authority is asked beside it; its yes is all that is needed of it, and a no, like
 * any other error, ends the launch from every state.
 *
 *   WAITING ──its turn──▶ ASKING ──the session's answers──┐
 *      │ nothing to ask                                     │
 *      └────────────────────▶ PLANNED ◀─────────────────────┘
 *                                │
 *                                ├── yes, and it runs already ──▶ JOINING ──STARTED──▶ SETTLED
 *                                │
 *                                ├──▶ PREPARED ──READY──▶ READY ──▶ SCOPING ──systemd──▶ SCOPED
 *                      yes, or   │       │ yes              │ yes          (yes)           │
 *                      no direc- │       └──────────────────┴─────────────┬────────────────┘
 *                      tory is to be made                                 ▼
 *   SETTLED ◀── STARTED or FAILED from the keeper, the end of the time ── STARTED
 *      ▲
 *      └── from every state: give_up ()
 *
 *   WAITING    for its turn (slots.h): only so many launches prepare at the same time
 *   ASKING     the session bus is asked what the plan depends on (session.h), which ends in time whoever answers
 *   PLANNED    the plan is made and the authority asked. Directories that a profile keeps (persistent homes) are made
 *              by preparing, and would stay behind after a no: if one is missing, the yes is waited for, without a slot
 *   JOINING    the application runs already, and the command is started there (joining.h); while that instance is still
 *              being started, it is waited for. If it has ended meanwhile, or cannot be given a file, all begins again
 *              with WAITING
 *   PREPARED   the keeper runs and PREPARE has been sent. READY is waited for only if something is to be done with the
 *              sandbox before START: a keeper keeps a START that comes early
 *   READY      the sandbox stands
 *   SCOPING    the systemd user manager has been asked to put it into a scope, for limits of all of the instance
 *   SCOPED     it has one, or has not and will not
 *   STARTED    START has been sent
 *   SETTLED    answered
 *
 * next_state () says how it goes on, enter_state () does it, and nothing else changes the state. From the yes on,
 * SBX_START_TIMEOUT_SECONDS run.
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
#include "daemon/launch/launch.h"

#include <glib/gi18n.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/bounds.h"
#include "daemon/identity/gates.h"
#include "daemon/launch/exec.h"
#include "daemon/launch/nested.h"
#include "daemon/launch/prepare.h"
#include "daemon/launch/scope.h"

#define MAX_JOINS 3 /* of instances that end just then */

typedef enum {
  STATE_WAITING,
  STATE_ASKING,
  STATE_PLANNED,
  STATE_JOINING,
  STATE_PREPARED,
  STATE_READY,
  STATE_SCOPING,
  STATE_SCOPED,
  STATE_STARTED,
  STATE_SETTLED,
} State;

typedef struct {
  State state;
  gboolean approved;   /* by the authority */
  SbxSubject *subject; /* who asks; NULL: the service itself */
  SbxLaunchCall call;  /* of our own, until it is its turn */
  SbxPreparation what;
  GTask *task; /* until SETTLED */
  GCancellable *asking;
  SbxSessionQuestion *question; /* ASKING: what is asked */
  guint64 id;
  gint32 init; /* its pid, from the keeper's READY on */
  guint timeout;
  guint joins;    /* how often it has tried to join */
  char *obstacle; /* why it could not; NULL: it may */
} Launch;

static void
launch_clear (gpointer data)
{
  Launch *launch = data;

  sbx_launch_call_clear (&launch->call);
  g_clear_pointer (&launch->question, sbx_session_question_free);
  g_clear_pointer (&launch->subject, sbx_subject_unref);
  sbx_preparation_clear (&launch->what);
  g_clear_object (&launch->asking);
  g_free (launch->obstacle);
}

static void
launch_unref (Launch *launch)
{
  g_rc_box_release_full (launch, launch_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Launch, launch_unref)

static SbxInstance *
get_within (const Launch *launch)
{
  return launch->subject ? launch->subject->own : NULL;
}

/* The instance that is to be joined, or NULL. */
static SbxInstance *
get_running (const Launch *launch)
{
  return launch->what.choice ? launch->what.choice->running : NULL;
}

/* The state that @launch can go on to now; its own state: it waits. */
static State
next_state (const Launch *launch)
{
  switch (launch->state) {
  case STATE_PLANNED:
    if (get_running (launch))
      return launch->approved ? STATE_JOINING : STATE_PLANNED;
    return launch->approved || sbx_preparation_has_directories (&launch->what) ? STATE_PREPARED : STATE_PLANNED;
  case STATE_PREPARED:
    return launch->approved && !sbx_preparation_wants_scope (&launch->what) ? STATE_STARTED : STATE_PREPARED;
  case STATE_READY:
    if (!launch->approved)
      return STATE_READY;
    return sbx_preparation_wants_scope (&launch->what) ? STATE_SCOPING : STATE_STARTED;
  case STATE_SCOPED:
    return STATE_STARTED;
  case STATE_WAITING:
  case STATE_ASKING:
  case STATE_JOINING:
  case STATE_SCOPING:
  case STATE_STARTED:
  case STATE_SETTLED:
    break;
  }
  return launch->state;
}

static void begin (gpointer user_data);
static void join (Launch *launch);
static void ask (Launch *launch);
static void ask_session (Launch *launch);
static void make_scope (Launch *launch);

/* The last thing of every launch: drops the reference that it holds on itself while it is not answered. */
static void
settle (Launch *launch)
{
  sbx_launch_slots_leave (launch->what.context->slots, launch);
  g_clear_handle_id (&launch->timeout, g_source_remove);
  if (launch->what.instance)
    g_signal_handlers_disconnect_by_data (launch->what.instance, launch);
  if (get_within (launch))
    g_signal_handlers_disconnect_by_data (get_within (launch), launch);
  if (launch->subject) {
    g_signal_handlers_disconnect_by_data (launch->subject->caller, launch);
    sbx_caller_add_pending (launch->subject->caller, -1);
  }
  g_clear_object (&launch->task);
  launch_unref (launch);
}

/* The only place where the state changes. FALSE with @error: what belongs to it has failed. */
static gboolean
enter_state (Launch *launch, State state, GError **error)
{
  launch->state = state;
  switch (state) {
  case STATE_WAITING:
    sbx_launch_slots_enter (launch->what.context->slots, begin, launch);
    return TRUE;
  case STATE_ASKING:
    ask_session (launch);
    return TRUE;
  case STATE_PLANNED:
    ask (launch);
    return TRUE;
  case STATE_JOINING:
    join (launch);
    return TRUE;
  case STATE_PREPARED:
    return sbx_preparation_prepare (&launch->what, error);
  case STATE_SCOPING:
    make_scope (launch);
    return TRUE;
  case STATE_STARTED:
    return sbx_preparation_start (&launch->what, error);
  case STATE_SETTLED:
    settle (launch);
    return TRUE;
  case STATE_READY:
  case STATE_SCOPED:
    break;
  }
  return TRUE;
}

/* Takes @error. */
static void
give_up (Launch *launch, GError *error)
{
  if (launch->state == STATE_SETTLED) {
    g_error_free (error);
    return;
  }
  g_cancellable_cancel (launch->asking);
  if (launch->what.instance) {
    sbx_registry_drop (launch->what.registry, launch->what.instance); /* first: who waits for it looks for another */
    sbx_instance_abandon (launch->what.instance);
  }
  g_task_return_error (launch->task, error);
  (void) enter_state (launch, STATE_SETTLED, NULL);
}

/* Goes on as far as it can now. The caller holds a reference, or does nothing with @launch afterwards. */
static void
go_on (Launch *launch)
{
  GError *error = NULL;
  State next;

  while (!error && (next = next_state (launch)) != launch->state)
    (void) enter_state (launch, next, &error);
  if (error)
    give_up (launch, error);
}

/* Enters @state, and goes on from there. */
static void
go_to (Launch *launch, State state)
{
  GError *error = NULL;

  if (enter_state (launch, state, &error))
    go_on (launch);
  else
    give_up (launch, error);
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
approve (Launch *launch)
{
  if (launch->state == STATE_SETTLED)
    return;
  launch->approved = TRUE;
  launch->timeout = g_timeout_add_seconds (SBX_START_TIMEOUT_SECONDS, on_timeout, launch);
}

static void
on_ready (SbxInstance *instance, int pid, gpointer user_data)
{
  Launch *launch = user_data;

  launch->init = pid;
  sbx_launch_slots_leave (launch->what.context->slots, launch);
  if (launch->state == STATE_PREPARED)
    go_to (launch, STATE_READY);
}

static void
on_started (SbxInstance *instance, gpointer user_data)
{
  Launch *launch = user_data;

  sbx_preparation_hand_over (&launch->what);
  sbx_nested_stop_orphan (launch->what.registry, instance);
  g_task_return_pointer (launch->task, g_object_ref (instance), g_object_unref);
  (void) enter_state (launch, STATE_SETTLED, NULL);
}

static void
on_failed (SbxInstance *instance, const GError *error, guint step, gpointer user_data)
{
  Launch *launch = user_data;

  sbx_registry_sweep (launch->what.registry, instance); /* a keeper that was killed could not do it itself */
  give_up (launch, sbx_preparation_explain (&launch->what, error, (SbxStep) step));
}

static void
on_caller_gone (SbxCaller *caller, gpointer user_data)
{
  Launch *launch = user_data;

  if ((launch->state == STATE_STARTED || launch->state == STATE_JOINING) && launch->what.request->lifeline >= 0)
    return;
  give_up (launch, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the caller has left"));
}

/* The calling sandbox may less by now, or more: that is the bound from here on. */
static void
on_within_changed (SbxInstance *within, const char *const *names, gpointer user_data)
{
  Launch *launch = user_data;
  const SbxPreparation *what = &launch->what;
  GError *error = NULL;

  if (what->request
      && !sbx_nested_stay_within (what->request, within, &what->context->host->places,
                                  what->choice ? what->choice->policy : NULL, &error))
    give_up (launch, error);
}

/* A launch does not fail for want of a scope. If there is no manager, the plan has said so already. */
static void
on_scope (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Launch) launch = user_data;
  g_autoptr (GError) error = NULL;
  gboolean made = sbx_scope_make_finish (result, &error);
  g_autofree char *warning = NULL;

  if (launch->state != STATE_SCOPING)
    return;
  if (!made && !g_error_matches (error, SBX_ERROR, SBX_ERROR_NOT_SUPPORTED))
    warning = g_strdup_printf (N_ ("the limits hold for each process and not for all together, and cpu= does not: %s"),
                               error->message);
  if (made || warning)
    sbx_preparation_set_limits (&launch->what, made ? "scope" : NULL, warning);
  go_to (launch, STATE_SCOPED);
}

static void
make_scope (Launch *launch)
{
  SbxInstance *instance = launch->what.instance;
  g_autofree char *name = sbx_scope_name (launch->what.choice->app_id, sbx_instance_get_id (instance));

  sbx_scope_make_async (launch->what.context->bus, name, launch->init, sbx_instance_get_init_pidfd (instance),
                        launch->what.choice->policy, launch->asking, on_scope, g_rc_box_acquire (launch));
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
  approve (launch);
  go_on (launch);
}

/* What was to be joined has ended. The caller holds a reference. */
static void
begin_again (Launch *launch)
{
  g_clear_pointer (&launch->what.choice, sbx_choice_free);
  g_clear_handle_id (&launch->timeout, g_source_remove);
  launch->approved = FALSE;
  go_to (launch, STATE_WAITING);
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Launch) launch = user_data;
  GError *error = NULL;
  gboolean joined = sbx_join_finish (SBX_INSTANCE (source), result, &error);

  if (launch->state != STATE_JOINING) {
    g_clear_error (&error);
  } else if (joined) {
    g_task_return_pointer (launch->task, g_object_ref (source), g_object_unref);
    (void) enter_state (launch, STATE_SETTLED, NULL);
  } else if (g_error_matches (error, SBX_ERROR, SBX_ERROR_EXITED)) {
    g_error_free (error);
    begin_again (launch);
  } else if (g_error_matches (error, SBX_ERROR, SBX_ERROR_NOT_SUPPORTED) && !launch->obstacle) {
    launch->obstacle = g_strdup (error->message);
    g_error_free (error);
    begin_again (launch);
  } else {
    give_up (launch, error);
  }
}

static void
join (Launch *launch)
{
  const SbxPreparation *what = &launch->what;
  const GArray *files = what->choice->forward->files;
  const SbxJoin wanted = { .request = what->request,
                           .host = what->choice->host,
                           .registry = what->registry,
                           .files = (const SbxForwardedFile *) (gpointer) files->data,
                           .n_files = files->len,
                           .pid = launch->subject ? (guint32) sbx_caller_get_pid (launch->subject->caller) : 0 };

  sbx_join_async (get_running (launch), &wanted, on_joined, g_rc_box_acquire (launch));
}

/* What the service starts itself was approved with the launch of its target. */
static void
ask (Launch *launch)
{
  g_autofree const char **actions = get_running (launch)
                                        ? sbx_gate_actions_to_join (launch->what.choice->classes)
                                        : sbx_gate_actions (launch->what.target ? SBX_ACTION_ATTACH : SBX_ACTION_LAUNCH,
                                                            launch->what.choice->classes);
  SbxAuthority *authority = launch->what.context->authority;

  if (!launch->subject)
    approve (launch);
  else if (get_within (launch))
    sbx_authority_check_nested_async (authority, launch->subject, actions, launch->asking, on_answer,
                                      g_rc_box_acquire (launch));
  else
    sbx_authority_check_async (authority, launch->subject, actions, launch->call.interactive, launch->asking, on_answer,
                               g_rc_box_acquire (launch));
}

/* From the call to a request. */
static gboolean
make_request (Launch *launch, GError **error)
{
  const SbxLaunchCall *call = &launch->call;
  SbxPreparation *what = &launch->what;
  SbxInstance *within = get_within (launch);

  launch->id = sbx_registry_new_id (what->registry);
  what->request = sbx_launch_request_new (
      call->argv, call->options, call->target ? sbx_attach_options : sbx_launch_options, call->fds, TRUE, error);
  if (!what->request)
    return FALSE;
  sbx_id_format (launch->id, what->request->id);
  if (call->target)
    sbx_launch_request_set_target (what->request, call->target, call->target_pid, call->crash_directory,
                                   &what->context->host->places);
  return !within || sbx_nested_stay_within (what->request, within, &what->context->host->places, NULL, error);
}

/* What may have changed while something else was waited for. */
static gboolean
has_room (const Launch *launch, GError **error)
{
  SbxInstance *within = get_within (launch);

  return sbx_registry_has_room (launch->what.registry, error) && sbx_launch_call_check_target (&launch->call, error)
         && (!within || sbx_nested_has_room (launch->what.registry, within, error));
}

/* From the request to a plan. @session: what has been answered, or NULL. */
static gboolean
make_plan (Launch *launch, const SbxSession *session, GError **error)
{
  SbxInstance *within = get_within (launch), *target = launch->call.target;
  SbxPreparation *what = &launch->what;
  const SbxChoiceAround around = { session, what->registry, launch->obstacle };

  if (!has_room (launch, error))
    return FALSE;
  if (launch->joins++ == MAX_JOINS)
    what->request->options.join = FALSE;
  what->choice = sbx_choice_new (what->context, &around, launch->call.profile, what->request, NULL, error);
  if (!what->choice)
    return FALSE;
  if (what->choice->running)
    return TRUE;
  what->target = target ? g_object_ref (target) : NULL;
  what->crash = launch->call.crash;
  what->instance =
      sbx_instance_new (sbx_choice_make_info (what->choice, what->request, launch->id, target ? target : within));
  return TRUE;
}

static void
follow_instance (Launch *launch)
{
  SbxInstance *instance = launch->what.instance;

  if (launch->subject)
    sbx_instance_set_starter (instance, G_OBJECT (launch->subject->caller));
  sbx_registry_add (launch->what.registry, instance); /* before us, so that it is shown before it is answered */
  g_signal_connect (instance, "ready", G_CALLBACK (on_ready), launch);
  g_signal_connect (instance, "started", G_CALLBACK (on_started), launch);
  g_signal_connect (instance, "failed", G_CALLBACK (on_failed), launch);
}

/* The caller holds a reference. */
static void
plan (Launch *launch, const SbxSession *session)
{
  GError *error = NULL;

  if (!make_plan (launch, session, &error)) {
    give_up (launch, error);
    return;
  }
  if (launch->what.instance)
    follow_instance (launch);
  go_to (launch, STATE_PLANNED);
  if (launch->what.instance) /* nothing can make it begin again any more */
    sbx_launch_call_clear (&launch->call);
  if (launch->state == STATE_PLANNED) /* it waits for the authority, and is cheap to wait for */
    sbx_launch_slots_leave (launch->what.context->slots, launch);
}

static void
on_session (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Launch) launch = user_data;
  g_autoptr (SbxSession) session = sbx_session_ask_finish (result, NULL);

  if (launch->state == STATE_ASKING)
    plan (launch, session);
}

static void
ask_session (Launch *launch)
{
  sbx_session_ask_async (launch->what.context->bus, g_steal_pointer (&launch->question), launch->asking, on_session,
                         g_rc_box_acquire (launch));
}

/* It is this launch's turn. */
static void
begin (gpointer user_data)
{
  g_autoptr (Launch) launch = g_rc_box_acquire (user_data);
  const SbxPreparation *what = &launch->what;
  GError *error = NULL;

  if (!has_room (launch, &error) || (!what->request && !make_request (launch, &error))) {
    give_up (launch, error);
    return;
  }
  if (what->context->bus)
    launch->question = sbx_choice_get_question (what->context, launch->call.profile, what->request);
  if (launch->question)
    go_to (launch, STATE_ASKING);
  else
    plan (launch, NULL);
}

void
sbx_launch_async (SbxContext *context, SbxRegistry *registry, SbxSubject *subject, const SbxLaunchCall *call,
                  GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  GError *error = NULL;
  Launch *launch;

  if (subject && !sbx_launch_call_may_queue (call, subject->caller, &error)) {
    g_task_return_error (task, error);
    return;
  }
  launch = g_rc_box_new0 (Launch); /* its own until it settles */
  sbx_launch_call_copy (&launch->call, call);
  launch->what = (SbxPreparation){ .context = context, .registry = registry, .start_block = -1 };
  launch->task = g_steal_pointer (&task);
  launch->asking = g_cancellable_new ();
  if (subject) {
    launch->subject = sbx_subject_ref (subject);
    sbx_caller_add_pending (subject->caller, 1);
    g_signal_connect (subject->caller, "gone", G_CALLBACK (on_caller_gone), launch);
    if (subject->own)
      g_signal_connect (subject->own, "changed", G_CALLBACK (on_within_changed), launch);
  }
  (void) enter_state (launch, STATE_WAITING, NULL);
}

SbxInstance *
sbx_launch_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
