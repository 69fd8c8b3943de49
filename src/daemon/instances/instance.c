/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/instance.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/instances/changes.h"
#include "daemon/instances/exec-jobs.h"
#include "daemon/instances/failure.h"

struct _SbxInstance {
  GObject parent_instance;
  SbxInfo *info;
  char *path;
  SbxState state;
  SbxKeeperLink *keeper;
  gint64 reconnect_time;
  gboolean connected_before;
  GWeakRef starter; /* the client that launched it */
  gint32 pid, keeper_pid;
  int init_pidfd; /* from READY to STARTED, else -1 */
  gint64 start_time, exit_time;
  guint32 enforced;
  gboolean main_ended;
  gint32 wait_status;
  SbxCulprit culprit;
  char *text;
  GVariant *cached[2];
  SbxGreeting greeting;
  GPtrArray *handlers; /* char *: the D-Bus paths of those that run */
  SbxRefusals refusals;
  SbxCrossed crossed;
  guint denied_told; /* the source that will tell of new ones, or 0 */
  SbxQuestions questions[SBX_N_QUESTION_KINDS];
};

#define DENIED_PAUSE_MS 100

G_DEFINE_FINAL_TYPE (SbxInstance, sbx_instance, G_TYPE_OBJECT)

enum {
  SIGNAL_READY,
  SIGNAL_STARTED,
  SIGNAL_FAILED,
  SIGNAL_ABANDONED,
  SIGNAL_CHANGED,
  SIGNAL_LOST,
  SIGNAL_POLICY,
  SIGNAL_CRASHED,
  SIGNAL_ENDED,
  SIGNAL_DENIED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
forget_cached (SbxInstance *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->cached); i++)
    g_clear_pointer (&self->cached[i], g_variant_unref);
}

GVariant *
sbx_instance_get_cached (SbxInstance *self, guint slot)
{
  return self->cached[slot];
}

void
sbx_instance_set_cached (SbxInstance *self, guint slot, GVariant *value)
{
  g_clear_pointer (&self->cached[slot], g_variant_unref);
  self->cached[slot] = g_variant_ref_sink (value);
}

static void
sbx_instance_dispose (GObject *object)
{
  SbxInstance *self = SBX_INSTANCE (object);

  if (self->keeper)
    sbx_keeper_link_close (self->keeper);
  g_clear_object (&self->keeper);
  sbx_greeting_end (&self->greeting);
  G_OBJECT_CLASS (sbx_instance_parent_class)->dispose (object);
}

static void
forget_init (SbxInstance *self)
{
  if (self->init_pidfd >= 0)
    close (self->init_pidfd);
  self->init_pidfd = -1;
}

static void
sbx_instance_finalize (GObject *object)
{
  SbxInstance *self = SBX_INSTANCE (object);

  g_weak_ref_clear (&self->starter);
  g_clear_handle_id (&self->denied_told, g_source_remove);
  forget_init (self);
  forget_cached (self);
  sbx_info_free (self->info);
  g_free (self->path);
  g_free (self->text);
  g_ptr_array_unref (self->handlers);
  sbx_refusals_clear (&self->refusals);
  for (gsize i = 0; i < G_N_ELEMENTS (self->questions); i++)
    sbx_questions_clear (&self->questions[i]);
  G_OBJECT_CLASS (sbx_instance_parent_class)->finalize (object);
}

static guint
new_signal (const char *name, guint n, GType first, GType second)
{
  GType types[] = { first, second };

  return g_signal_newv (name, SBX_TYPE_INSTANCE, G_SIGNAL_RUN_LAST, NULL, NULL, NULL, NULL, G_TYPE_NONE, n, types);
}

static void
sbx_instance_class_init (SbxInstanceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = sbx_instance_dispose;
  G_OBJECT_CLASS (klass)->finalize = sbx_instance_finalize;
  signals[SIGNAL_READY] = new_signal ("ready", 1, G_TYPE_INT, 0);
  signals[SIGNAL_STARTED] = new_signal ("started", 0, 0, 0);
  signals[SIGNAL_FAILED] = new_signal ("failed", 2, G_TYPE_ERROR, G_TYPE_UINT);
  signals[SIGNAL_ABANDONED] = new_signal ("abandoned", 0, 0, 0);
  signals[SIGNAL_CHANGED] = new_signal ("changed", 1, G_TYPE_STRV, 0);
  signals[SIGNAL_LOST] = new_signal ("lost", 0, 0, 0);
  signals[SIGNAL_POLICY] = new_signal ("policy", 0, 0, 0);
  signals[SIGNAL_CRASHED] = new_signal ("crashed", 1, G_TYPE_POINTER, 0);
  signals[SIGNAL_DENIED] = new_signal ("denied", 0, 0, 0);
  signals[SIGNAL_ENDED] = new_signal ("ended", 0, 0, 0);
}

static void
sbx_instance_init (SbxInstance *self)
{
  self->init_pidfd = -1;
  g_weak_ref_init (&self->starter, NULL);
  self->handlers = g_ptr_array_new_with_free_func (g_free);
  sbx_refusals_init (&self->refusals);
  for (gsize i = 0; i < G_N_ELEMENTS (self->questions); i++)
    sbx_questions_init (&self->questions[i]);
}

SbxInstance *
sbx_instance_new (SbxInfo *info)
{
  SbxInstance *self = g_object_new (SBX_TYPE_INSTANCE, NULL);
  char id[SBX_ID_SIZE];

  sbx_id_format (info->id, id);
  self->info = info;
  self->path = g_strconcat (SBX_INSTANCES_PATH "/", id, NULL);
  return self;
}

guint64
sbx_instance_get_id (SbxInstance *self)
{
  return self->info->id;
}

const char *
sbx_instance_get_path (SbxInstance *self)
{
  return self->path;
}

const SbxInfo *
sbx_instance_get_info (SbxInstance *self)
{
  return self->info;
}

SbxState
sbx_instance_get_state (SbxInstance *self)
{
  return self->state;
}

gint64
sbx_instance_get_start_time (SbxInstance *self)
{
  return self->start_time;
}

gint64
sbx_instance_get_exit_time (SbxInstance *self)
{
  return self->exit_time;
}

void
sbx_instance_get_result (SbxInstance *self, int *code, int *signo, gboolean *core)
{
  int status = self->wait_status;

  *code = -1;
  *signo = 0;
  *core = FALSE;
  if (!self->main_ended)
    return;
  if (WIFEXITED (status))
    *code = WEXITSTATUS (status);
  if (WIFSIGNALED (status)) {
    *signo = WTERMSIG (status);
    *core = WCOREDUMP (status) != 0;
  }
}

SbxCulprit
sbx_instance_get_culprit (SbxInstance *self)
{
  return self->culprit;
}

const char *
sbx_instance_get_text (SbxInstance *self)
{
  return self->text ? self->text : "";
}

void
sbx_instance_set_starter (SbxInstance *self, GObject *client)
{
  g_weak_ref_set (&self->starter, client);
}

gboolean
sbx_instance_is_started_by (SbxInstance *self, GObject *client)
{
  g_autoptr (GObject) starter = g_weak_ref_get (&self->starter);

  return starter && starter == client;
}

static void
tell_change (SbxInstance *self, const char *const *names)
{
  forget_cached (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, names);
}

/* EXITED, once what is left in the fields has been set. */
static void
finish (SbxInstance *self)
{
  static const char *const names[] = { "State", "Pid", "Result", NULL };

  self->state = SBX_STATE_EXITED;
  self->pid = 0;
  if (self->keeper)
    sbx_keeper_link_close (self->keeper);
  g_clear_object (&self->keeper);
  for (gsize i = 0; i < G_N_ELEMENTS (self->questions); i++)
    sbx_questions_end (&self->questions[i], "the instance has ended");
  tell_change (self, names);
  g_signal_emit (self, signals[SIGNAL_ENDED], 0);
  sbx_greeting_end (&self->greeting);
}

static void
end (SbxInstance *self, SbxCulprit culprit, const char *text)
{
  self->culprit = culprit;
  g_free (self->text);
  self->text = g_utf8_make_valid (text, -1);
  self->exit_time = g_get_real_time ();
  finish (self);
}

void
sbx_instance_end_by_status (SbxInstance *self, const SbxStatus *status)
{
  sbx_instance_set_status (self, status);
  finish (self);
}

static void
fail (SbxInstance *self, GError *error, SbxStep step)
{
  if (self->keeper)
    sbx_keeper_link_close (self->keeper);
  g_clear_object (&self->keeper);
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error, (guint) step);
  g_error_free (error);
}

static void
on_started (SbxInstance *self, const SbxMessage *message)
{
  if (self->state != SBX_STATE_STARTING)
    return; /* the greeting to a later service: the record says it already */
  forget_init (self);
  self->state = SBX_STATE_RUNNING;
  self->pid = message->pid;
  self->enforced = (guint32) message->detail;
  self->start_time = message->start_time > 0 ? message->start_time : g_get_real_time ();
  forget_cached (self);
  g_signal_emit (self, signals[SIGNAL_STARTED], 0);
}

static void
on_exited (SbxInstance *self, const SbxMessage *message)
{
  static const char *const names[] = { "Pid", NULL };

  self->main_ended = TRUE;
  self->wait_status = message->value;
  self->pid = 0;
  /* Unless it lingers, the end follows within the same moment and tells more */
  if (self->state == SBX_STATE_RUNNING)
    tell_change (self, names);
}

static gboolean
on_denied (gpointer user_data)
{
  SbxInstance *self = user_data;

  self->denied_told = 0;
  g_signal_emit (self, signals[SIGNAL_DENIED], 0);
  return G_SOURCE_REMOVE;
}

/* A keeper tells of its rows one by one. */
static void
take_denial (SbxInstance *self, const SbxMessage *message)
{
  if (message->type == SBX_MSG_DENIED)
    sbx_refusals_set_row (&self->refusals, message->slot, &message->denial, self->info->app_id,
                          strrchr (self->path, '/') + 1);
  else
    self->refusals.more = (guint32) message->value;
  forget_cached (self);
  if (self->denied_told == 0)
    self->denied_told = g_timeout_add (DENIED_PAUSE_MS, on_denied, self);
}

static void
on_keeper_gone (SbxInstance *self)
{
  GError *error = NULL;

  if (self->state == SBX_STATE_STARTING) {
    sbx_throw (&error, SBX_ERROR_SPAWN_FAILED, "keeper: sandbox-keeper ended without a word before the start");
    fail (self, error, SBX_STEP_NONE);
  } else if (self->state == SBX_STATE_RUNNING) {
    g_clear_object (&self->keeper);
    sbx_questions_end (&self->questions[SBX_QUESTION_CHANGE], "the keeper of the instance has gone");
    g_signal_emit (self, signals[SIGNAL_LOST], 0);
  }
}

static void
on_message (SbxKeeperLink *link, const SbxMessage *message, int fd, gpointer user_data)
{
  static const char *const enforced_name[] = { "Enforced", NULL };
  g_autoptr (SbxInstance) self = g_object_ref (user_data);

  if (!message) {
    on_keeper_gone (self);
  } else if (message->type == SBX_MSG_ENDED) {
    if (self->state == SBX_STATE_RUNNING)
      end (self, (SbxCulprit) message->value, message->text);
  } else if (message->type == SBX_MSG_CHANGED) {
    self->enforced = (guint32) message->detail;
    tell_change (self, enforced_name);
  } else if (message->type == SBX_MSG_DENIED || message->type == SBX_MSG_DENIED_MORE) {
    take_denial (self, message);
  } else if (message->type == SBX_MSG_GREETED) {
    sbx_greeting_end (&self->greeting);
  } else if (sbx_crossed_take (&self->crossed, message)) {
    forget_cached (self);
  } else if (message->type == SBX_MSG_CRASHED) {
    g_signal_emit (self, signals[SIGNAL_CRASHED], 0, message);
  } else if (message->type == SBX_MSG_POLICY) {
    g_signal_emit (self, signals[SIGNAL_POLICY], 0);
  } else if (message->type == SBX_MSG_APPLIED || message->type == SBX_MSG_NOT_APPLIED) {
    sbx_changes_answer (&self->questions[SBX_QUESTION_CHANGE], message, fd);
  } else if (message->job != 0) {
    sbx_exec_jobs_answer (&self->questions[SBX_QUESTION_JOB], message, fd);
  } else if (message->type == SBX_MSG_READY) {
    forget_init (self);
    self->init_pidfd = fd < 0 ? -1 : fcntl (fd, F_DUPFD_CLOEXEC, 3);
    g_signal_emit (self, signals[SIGNAL_READY], 0, message->pid);
  } else if (message->type == SBX_MSG_STARTED) {
    on_started (self, message);
  } else if (message->type == SBX_MSG_EXITED) {
    on_exited (self, message);
  } else if (message->type == SBX_MSG_FAILED && self->state == SBX_STATE_STARTING) {
    fail (self, sbx_failure_of_launch (message, self->info->command), (SbxStep) message->detail);
  }
}

void
sbx_instance_set_keeper (SbxInstance *self, int fd)
{
  self->keeper = sbx_keeper_link_new (fd, on_message, self);
  if (self->connected_before)
    self->reconnect_time = g_get_monotonic_time ();
  self->connected_before = TRUE;
}

void
sbx_instance_set_keeper_pid (SbxInstance *self, pid_t pid)
{
  self->keeper_pid = pid;
}

pid_t
sbx_instance_get_keeper_pid (SbxInstance *self)
{
  return self->keeper_pid;
}

gint64
sbx_instance_get_reconnect_time (SbxInstance *self)
{
  return self->reconnect_time;
}

void
sbx_instance_set_status (SbxInstance *self, const SbxStatus *status)
{
  static const SbxState states[] = { [SBX_STATUS_PREPARED] = SBX_STATE_STARTING,
                                     [SBX_STATUS_RUNNING] = SBX_STATE_RUNNING,
                                     [SBX_STATUS_EXITED] = SBX_STATE_EXITED };

  forget_cached (self);
  self->state = states[status->state];
  self->pid = self->state == SBX_STATE_RUNNING ? status->pid : 0;
  self->start_time = status->start_time;
  self->exit_time = status->exit_time;
  self->enforced = status->enforced;
  self->main_ended = self->state == SBX_STATE_EXITED;
  self->wait_status = status->wait_status;
  self->culprit = status->culprit;
  g_free (self->text);
  self->text = g_strdup (status->text);
}

void
sbx_instance_get_status (SbxInstance *self, SbxStatus *status)
{
  static const SbxStatusState states[] = { [SBX_STATE_STARTING] = SBX_STATUS_PREPARED,
                                           [SBX_STATE_RUNNING] = SBX_STATUS_RUNNING,
                                           [SBX_STATE_EXITED] = SBX_STATUS_EXITED };

  *status = (SbxStatus){
    .state = states[self->state],
    .pid = self->pid,
    .start_time = self->start_time,
    .exit_time = self->exit_time,
    .wait_status = self->wait_status,
    .culprit = self->culprit,
    .enforced = self->enforced,
  };
  sbx_status_set_text (status, self->text ? self->text : "");
}

void
sbx_instance_set_limits (SbxInstance *self, const char *limits, const char *warning)
{
  sbx_info_set_limits (self->info, limits, warning);
  forget_cached (self);
}

void
sbx_instance_abandon (SbxInstance *self)
{
  SbxMessage stop = { .type = SBX_MSG_STOP };

  if (self->keeper) {
    if (!sbx_keeper_link_send (self->keeper, &stop, NULL, 0, NULL))
      g_info ("%s: the end of the socket has to say it", self->path);
    sbx_keeper_link_close (self->keeper);
    g_clear_object (&self->keeper);
  }
  g_signal_emit (self, signals[SIGNAL_ABANDONED], 0);
}

gboolean
sbx_instance_send (SbxInstance *self, const SbxMessage *message, const int *fds, gsize n_fds, GError **error)
{
  if (self->keeper && self->state != SBX_STATE_EXITED)
    return sbx_keeper_link_send (self->keeper, message, fds, n_fds, error);
  return sbx_throw (error, SBX_ERROR_EXITED, "the instance %s has ended", strrchr (self->path, '/') + 1);
}

void
sbx_instance_ask (SbxInstance *self, SbxQuestionKind kind, SbxMessage *message, const int *fds, gsize n_fds,
                  GTask *task)
{
  SbxQuestions *questions = &self->questions[kind];
  GError *error = NULL;

  message->job = sbx_questions_next (questions);
  if (sbx_instance_send (self, message, fds, n_fds, &error))
    sbx_questions_add (questions, message->job, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

gboolean
sbx_instance_is_changing (const SbxInstance *self)
{
  return sbx_questions_are_open (&self->questions[SBX_QUESTION_CHANGE]);
}

SbxGreeting *
sbx_instance_get_greeting (SbxInstance *self)
{
  return &self->greeting;
}

guint32
sbx_instance_get_enforced (SbxInstance *self)
{
  return self->enforced;
}

gint32
sbx_instance_get_pid (SbxInstance *self)
{
  return self->pid;
}

int
sbx_instance_get_init_pidfd (SbxInstance *self)
{
  return self->init_pidfd;
}

const char *const *
sbx_instance_get_handlers (SbxInstance *self, gsize *n)
{
  *n = self->handlers->len;
  return (const char *const *) self->handlers->pdata;
}

const SbxCrossed *
sbx_instance_get_crossed (SbxInstance *self)
{
  return &self->crossed;
}

const SbxRefusals *
sbx_instance_get_refusals (SbxInstance *self)
{
  return &self->refusals;
}

void
sbx_instance_read_refusals (SbxInstance *self, int directory)
{
  forget_cached (self);
  sbx_refusals_read (&self->refusals, directory);
}

static const char *const handlers_changed[] = { "Handlers", NULL };

void
sbx_instance_add_handler (SbxInstance *self, const char *path)
{
  g_ptr_array_add (self->handlers, g_strdup (path));
  tell_change (self, handlers_changed);
}

void
sbx_instance_remove_handler (SbxInstance *self, const char *path)
{
  guint index;

  if (!g_ptr_array_find_with_equal_func (self->handlers, path, g_str_equal, &index))
    return;
  g_ptr_array_remove_index (self->handlers, index);
  tell_change (self, handlers_changed);
}

void
sbx_instance_take_policy (SbxInstance *self, SbxInfo *info)
{
  static const char *const names[] = { "Policy", "Restrictions", "Grants", NULL };

  sbx_info_take_changes (self->info, info);
  tell_change (self, names);
}
