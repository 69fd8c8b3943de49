/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/identity/authority.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <polkit/polkit.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/bounds.h"
#include "daemon/identity/gates.h"

/* Times of the authority: an activation that hangs must not hold up launches for ever, and a question without a
 * dialogue is answered at once or not at all. A machine that is still starting takes ten seconds for either (an
 * emulated one, under load, took more than five); the bus gives up an activation after 25. */
#define PATIENCE_SECONDS 15
#define FIRST_WITH_PIDFD 124 /* polkit's NEWS for 124: "PolkitUnixProcess: allow using PIDFDs" */

typedef enum {
  LOOKING,
  PRESENT,
  ABSENT, /* there is no system bus, so this machine has none */
  SILENT, /* there ought to be one, and it has not come up */
} State;

struct _SbxAuthority {
  GObject parent_instance;
  State state;
  GDBusConnection *bus;
  PolkitAuthority *polkit;
  gint64 looked_at; /* monotonic us, when the state became what it is */
  guint patience;
  gboolean seen;      /* it has been there: then its absence is a failure, not the way this machine is */
  gboolean told;      /* the log says that it is absent */
  GPtrArray *waiting; /* GTask *: questions asked while LOOKING */
};

G_DEFINE_FINAL_TYPE (SbxAuthority, sbx_authority, G_TYPE_OBJECT)

/* One question: all of its actions. */
typedef struct {
  SbxSubject *subject;
  char **actions;
  guint at;
  gboolean interactive;
  GCancellable *asking; /* of what polkit is being asked */
  guint patience;
  gboolean out_of_patience;
} Question;

static void ask_next (GTask *task);

static void
question_free (gpointer data)
{
  Question *question = data;

  g_clear_handle_id (&question->patience, g_source_remove);
  g_object_unref (question->asking);
  sbx_subject_unref (question->subject);
  g_strfreev (question->actions);
  g_free (question);
}

static void
settle (SbxAuthority *self, State state)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->state = state;
  self->looked_at = g_get_monotonic_time ();
  g_clear_handle_id (&self->patience, g_source_remove);
  for (guint i = 0; i < waiting->len; i++)
    ask_next (g_ptr_array_index (waiting, i));
}

static void
on_bus_closed (GDBusConnection *bus, gboolean vanished, GError *error, gpointer user_data)
{
  SbxAuthority *self = user_data;

  g_clear_object (&self->polkit);
  settle (self, ABSENT);
  self->looked_at = 0; /* a new bus may be there at once */
}

static void
forget_bus (SbxAuthority *self)
{
  if (self->bus)
    g_signal_handlers_disconnect_by_data (self->bus, self);
  g_clear_object (&self->bus);
}

static void
on_polkit (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SbxAuthority) self = user_data;
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->polkit);
  self->polkit = polkit_authority_get_finish (result, &error);
  /* One that nobody provides is no error here: the proxy has no owner then */
  if (error)
    g_warning ("The polkit authority does not come up: %s", error->message);
  settle (self, self->polkit ? PRESENT : SILENT);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SbxAuthority) self = user_data;
  g_autoptr (GError) error = NULL;

  forget_bus (self);
  self->bus = g_bus_get_finish (result, &error);
  if (!self->bus) {
    g_info ("No polkit authority, since there is no system bus: %s", error->message);
    settle (self, ABSENT);
    return;
  }
  /* GIO would end the process with the bus; polkit shares this very connection */
  g_dbus_connection_set_exit_on_close (self->bus, FALSE);
  g_signal_connect (self->bus, "closed", G_CALLBACK (on_bus_closed), self);
  polkit_authority_get_async (NULL, on_polkit, g_object_ref (self));
}

static gboolean
on_patience_lost (gpointer user_data)
{
  SbxAuthority *self = user_data;

  self->patience = 0;
  g_warning ("The polkit authority has not come up in %d seconds; what needs approval is refused", PATIENCE_SECONDS);
  settle (self, SILENT);
  return G_SOURCE_REMOVE;
}

static void
look (SbxAuthority *self)
{
  self->state = LOOKING;
  self->patience = g_timeout_add_seconds (PATIENCE_SECONDS, on_patience_lost, self);
  g_bus_get (G_BUS_TYPE_SYSTEM, NULL, on_bus, g_object_ref (self));
}

static void
sbx_authority_dispose (GObject *object)
{
  SbxAuthority *self = SBX_AUTHORITY (object);

  g_clear_handle_id (&self->patience, g_source_remove);
  g_clear_object (&self->polkit);
  forget_bus (self);
  g_clear_pointer (&self->waiting, g_ptr_array_unref);
  G_OBJECT_CLASS (sbx_authority_parent_class)->dispose (object);
}

static void
sbx_authority_class_init (SbxAuthorityClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = sbx_authority_dispose;
}

static void
sbx_authority_init (SbxAuthority *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

SbxAuthority *
sbx_authority_new (void)
{
  SbxAuthority *self = g_object_new (SBX_TYPE_AUTHORITY, NULL);

  look (self);
  return self;
}

const char *
sbx_authority_get_kind (SbxAuthority *self)
{
  static const char *const kinds[] = {
    [LOOKING] = "unknown", [PRESENT] = "polkit", [ABSENT] = "none", [SILENT] = "silent"
  };

  return kinds[self->state];
}

/* Whether the lack of an authority lets @subject, of our own uid, have @action. */
static gboolean
allows_without (const char *action, const SbxSubject *subject)
{
  if (sbx_caller_get_uid (subject->caller) != geteuid ())
    return FALSE;
  switch (sbx_action_fallback (action)) {
  case SBX_FALLBACK_ALLOW:
    return TRUE;
  case SBX_FALLBACK_UNSANDBOXED:
    return subject->where == SBX_WHERE_OUTSIDE;
  case SBX_FALLBACK_REFUSE:
    return FALSE;
  }
  return FALSE;
}

/* TRUE with @error unset: the next action may be asked for. */
static gboolean
fall_back (const char *action, const SbxSubject *subject, GError **error)
{
  if (allows_without (action, subject))
    return TRUE;
  return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                    "%s needs approval, and there is no polkit authority that knows this action; install polkit and "
                    "org.example.Sandbox.policy, or put what is needed into a profile in /etc/sandbox/profiles",
                    action);
}

typedef PolkitSubject *(*NewFromPidfd) (gint pidfd, gint uid, GArray *gids);

/* By pidfd where the bus daemon gives one and polkit, library and daemon, knows it: no pid to be reused then. The
 * function is not in the headers of Debian 12, so it is looked for at run time. */
static PolkitSubject *
make_polkit_subject (SbxAuthority *self, SbxCaller *caller)
{
  gint uid = (gint) sbx_caller_get_uid (caller);
  guint64 start_time = sbx_caller_get_start_time (caller);
  int pidfd = sbx_caller_get_pidfd (caller);
  NewFromPidfd new_from_pidfd = NULL;
  guint64 version = 0;

  if (pidfd >= 0
      && g_ascii_string_to_unsigned (polkit_authority_get_backend_version (self->polkit), 10, 0, G_MAXUINT, &version,
                                     NULL)
      && version >= FIRST_WITH_PIDFD)
    *(void **) &new_from_pidfd = dlsym (RTLD_DEFAULT, "polkit_unix_process_new_pidfd");
  /* The subject closes its descriptor */
  pidfd = new_from_pidfd ? fcntl (pidfd, F_DUPFD_CLOEXEC, 0) : -1;
  if (pidfd >= 0)
    return new_from_pidfd (pidfd, uid, NULL);
  return polkit_unix_process_new_for_owner (sbx_caller_get_pid (caller), start_time, uid);
}

/* Whether nobody has the name and nobody could be started for it. An authority that cannot be started is not absent:
 * somebody has installed it on purpose. */
static gboolean
is_absent (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

static gboolean
throw_silent (const char *action, const char *why, GError **error)
{
  return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                    "%s could not be approved, since the polkit authority does not answer (%s); try again, and if it "
                    "stays so, look at polkit.service",
                    action, why);
}

/* The authority was never there, or does not know our actions: that is no "no" but no opinion. */
static gboolean
is_no_opinion (SbxAuthority *self, const GError *error)
{
  if (is_absent (error))
    return !self->seen;
  /* "Action %s is not registered": no code of its own (polkitbackendinteractiveauthority.c) */
  return g_error_matches (error, POLKIT_ERROR, POLKIT_ERROR_FAILED) && strstr (error->message, "is not registered");
}

static gboolean
judge (PolkitAuthorizationResult *result, const Question *question, GError **error)
{
  const char *action = question->actions[question->at];

  if (polkit_authorization_result_get_is_authorized (result)) {
    /* The number may be another process's by now, and the yes was meant for that one */
    if (sbx_caller_get_uid (question->subject->caller) == 0 || sbx_caller_is_same_process (question->subject->caller))
      return TRUE;
    return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED, "%s: the caller has ended while it was being approved", action);
  }
  if (polkit_authorization_result_get_dismissed (result))
    return sbx_throw (error, SBX_ERROR_AUTHENTICATION_CANCELED, "%s: the authentication dialogue was dismissed",
                      action);
  if (!polkit_authorization_result_get_is_challenge (result))
    return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                      "%s is not allowed here, or the authentication failed; an administrator can allow it by a rule "
                      "in /etc/polkit-1/rules.d",
                      action);
  if (question->interactive)
    return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                      "%s needs authentication, and no authentication agent is running in this session; start your "
                      "desktop's agent or pkttyagent(1)",
                      action);
  return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                    "%s needs authentication, which the call did not allow; call again with the D-Bus flag "
                    "ALLOW_INTERACTIVE_AUTHORIZATION",
                    action);
}

static gboolean
on_question_patience_ends (gpointer user_data)
{
  Question *question = user_data;

  question->patience = 0;
  question->out_of_patience = TRUE;
  g_cancellable_cancel (question->asking);
  return G_SOURCE_REMOVE;
}

static void
on_checked (GObject *source, GAsyncResult *async_result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Question *question = g_task_get_task_data (task);
  const char *action = question->actions[question->at];
  GError *error = NULL;
  g_autoptr (GError) failure = NULL;
  g_autoptr (PolkitAuthorizationResult) result =
      polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (source), async_result, &failure);

  g_clear_handle_id (&question->patience, g_source_remove);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (question->out_of_patience)
    throw_silent (action, N_ ("it is running and does nothing"), &error);
  else if (result)
    (void) judge (result, question, &error);
  else if (is_no_opinion (g_task_get_source_object (task), failure))
    (void) fall_back (action, question->subject, &error);
  else
    throw_silent (action, failure->message, &error);
  if (error) {
    g_task_return_error (task, error);
    return;
  }
  question->at++;
  ask_next (task);
}

static void
ask_polkit (SbxAuthority *self, GTask *task)
{
  Question *question = g_task_get_task_data (task);
  g_autoptr (PolkitSubject) subject = NULL;

  if (!sbx_caller_is_same_process (question->subject->caller)) {
    g_task_return_new_error (task, SBX_ERROR, SBX_ERROR_NOT_AUTHORIZED, "%s: the calling process has ended",
                             question->actions[question->at]);
    return;
  }
  if (!self->seen) {
    g_autofree char *owner = polkit_authority_get_owner (self->polkit);

    self->seen = owner != NULL;
  }
  subject = make_polkit_subject (self, question->subject->caller);
  if (!question->interactive)
    question->patience = g_timeout_add_seconds (PATIENCE_SECONDS, on_question_patience_ends, question);
  polkit_authority_check_authorization (self->polkit, subject, question->actions[question->at], NULL,
                                        question->interactive ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
                                                              : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
                                        question->asking, on_checked, g_object_ref (task));
}

static gboolean
is_stale (SbxAuthority *self)
{
  return (self->state == ABSENT || self->state == SILENT)
         && g_get_monotonic_time () - self->looked_at > SBX_AUTHORITY_RETRY_SECONDS * G_USEC_PER_SEC;
}

/* Asks for the action that is next, or says yes after the last one. */
static void
ask_next (GTask *task)
{
  SbxAuthority *self = g_task_get_source_object (task);
  Question *question = g_task_get_task_data (task);
  GError *error = NULL;

  for (; question->actions[question->at]; question->at++) {
    if (g_task_return_error_if_cancelled (task))
      return;
    if (sbx_caller_get_uid (question->subject->caller) == 0)
      continue;
    if (self->state == PRESENT) {
      ask_polkit (self, task);
      return;
    }
    if (is_stale (self))
      look (self);
    if (self->state == LOOKING) {
      g_ptr_array_add (self->waiting, g_object_ref (task));
      return;
    }
    if (self->state == SILENT)
      throw_silent (question->actions[question->at], N_ ("it has not come up"), &error);
    else
      (void) fall_back (question->actions[question->at], question->subject, &error);
    if (error) {
      g_task_return_error (task, error);
      return;
    }
  }
  g_task_return_boolean (task, TRUE);
}

static gboolean
check_question (const SbxSubject *subject, const char *const *actions, gboolean nested, GError **error)
{
  if (!actions[0])
    return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                      "a call that needs approval has not said for what; it is refused");
  if (nested && subject->where == SBX_WHERE_INSTANCE)
    return TRUE;
  return sbx_subject_check_outside (subject, error);
}

static void
check (SbxAuthority *self, SbxSubject *subject, const char *const *actions, gboolean interactive, gboolean nested,
       GTask *new_task)
{
  g_autoptr (GTask) task = new_task;
  Question *question = g_new0 (Question, 1);
  GError *error = NULL;

  question->subject = sbx_subject_ref (subject);
  question->actions = g_strdupv ((char **) actions);
  question->interactive = interactive;
  question->asking = g_cancellable_new ();
  if (g_task_get_cancellable (task))
    g_signal_connect_object (g_task_get_cancellable (task), "cancelled", G_CALLBACK (g_cancellable_cancel),
                             question->asking, G_CONNECT_SWAPPED);
  g_task_set_task_data (task, question, question_free);
  if (check_question (subject, actions, nested, &error))
    ask_next (task);
  else
    g_task_return_error (task, error);
}

void
sbx_authority_check_async (SbxAuthority *self, SbxSubject *subject, const char *const *actions, gboolean interactive,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  check (self, subject, actions, interactive, FALSE, g_task_new (self, cancellable, callback, user_data));
}

void
sbx_authority_check_nested_async (SbxAuthority *self, SbxSubject *subject, const char *const *actions,
                                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  check (self, subject, actions, FALSE, TRUE, g_task_new (self, cancellable, callback, user_data));
}

gboolean
sbx_authority_check_finish (SbxAuthority *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
