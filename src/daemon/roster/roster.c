/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/roster/roster.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "daemon/bounds.h"
#include "daemon/identity/subject.h"
#include "daemon/launch/launch.h"
#include "daemon/roster/list.h"
#include "daemon/roster/output.h"
#include "wire/sys.h"

typedef struct {
  SbxRoster *roster;
  const SbxListed *listed;
  SbxInstance *instance; /* that runs, or NULL */
  SbxOutput *output;     /* of that, or of the one before; NULL: of none that we have started */
  gboolean launching;
  guint waiting; /* source, or 0 */
  guint seconds; /* that it waits the next time */
} Member;

struct _SbxRoster {
  SbxContext *context;
  SbxRegistry *registry;
  SbxCallers *callers;
  SbxSubject *subject; /* this process */
  GPtrArray *list;
  Member *members; /* one for each of the list */
  SbxRosterFunc ended;
  gpointer user_data;
  gboolean ending, freed;
  guint patience; /* source, or 0 */
};

static void launch (Member *member);

static void tell (const Member *member, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
tell (const Member *member, const char *format, ...)
{
  g_autofree char *text = NULL, *line = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  line = g_strdup_printf ("sandboxd: %s: %s\n", member->listed->app_id, text);
  sbx_output_put (NULL, line, strlen (line));
}

static void
finish (SbxRoster *self, gboolean all)
{
  SbxRosterFunc ended = g_steal_pointer (&self->ended);

  g_clear_handle_id (&self->patience, g_source_remove);
  if (ended)
    ended (all, self->user_data);
}

static void
look_whether_all_ended (SbxRoster *self)
{
  for (guint i = 0; i < self->list->len; i++)
    if (self->members[i].instance || self->members[i].launching)
      return;
  if (self->ending)
    finish (self, TRUE);
}

static gboolean
on_wait_ends (gpointer user_data)
{
  Member *member = user_data;

  member->waiting = 0;
  launch (member);
  return G_SOURCE_REMOVE;
}

/* @failed: it was not to end like that. */
static void
is_over (Member *member, gboolean failed)
{
  SbxRestart restart = member->listed->restart;

  if (member->roster->ending) {
    look_whether_all_ended (member->roster);
  } else if (restart == SBX_RESTART_ALWAYS || (restart == SBX_RESTART_FAILURE && failed)) {
    tell (member, "is started again in %u s", member->seconds);
    member->waiting = g_timeout_add_seconds (member->seconds, on_wait_ends, member);
    member->seconds = MIN (2 * member->seconds, SBX_RESTART_LAST_SECONDS);
  }
}

static void
tell_end (const Member *member, SbxInstance *instance)
{
  SbxCulprit culprit = sbx_instance_get_culprit (instance);
  int code, signo;
  gboolean core;
  g_autofree char *by =
      culprit == SBX_CULPRIT_APPLICATION ? NULL : g_strdup_printf (" (%s)", sbx_culprit_name (culprit));

  sbx_instance_get_result (instance, &code, &signo, &core);
  if (code >= 0)
    tell (member, "has ended with status %d%s", code, by ? by : "");
  else if (signo != 0)
    tell (member, "was ended by signal %d%s", signo, by ? by : "");
  else
    tell (member, "has ended, and nobody knows how%s", by ? by : "");
}

static void
forget (Member *member)
{
  g_signal_handlers_disconnect_by_data (member->instance, member);
  g_clear_object (&member->instance);
}

static void
on_ended (SbxInstance *instance, gpointer user_data)
{
  Member *member = user_data;
  gint64 ran = sbx_instance_get_exit_time (instance) - sbx_instance_get_start_time (instance);
  SbxCulprit culprit = sbx_instance_get_culprit (instance);
  int code, signo;
  gboolean core;

  tell_end (member, instance);
  sbx_instance_get_result (instance, &code, &signo, &core);
  if (ran > SBX_RESTART_LAST_SECONDS * G_USEC_PER_SEC)
    member->seconds = SBX_RESTART_FIRST_SECONDS;
  forget (member);
  if (culprit == SBX_CULPRIT_STOPPED && !member->roster->ending) /* somebody wants it so */
    return;
  is_over (member, code != 0);
}

static void
stop (const Member *member)
{
  const SbxMessage message = { .type = SBX_MSG_STOP, .value = SBX_LIST_GRACE_MS };
  g_autoptr (GError) error = NULL;

  if (member->instance && !sbx_instance_send (member->instance, &message, NULL, 0, &error))
    tell (member, "cannot be stopped: %s", error->message);
}

static void
take (Member *member, SbxInstance *instance)
{
  member->instance = g_object_ref (instance);
  g_signal_connect (instance, "ended", G_CALLBACK (on_ended), member);
  if (sbx_instance_get_state (instance) == SBX_STATE_EXITED)
    on_ended (instance, member);
  else if (member->roster->ending)
    stop (member);
}

static void
roster_clear (gpointer data)
{
  SbxRoster *self = data;

  g_object_unref (self->callers);
  for (guint i = 0; i < self->list->len; i++)
    g_clear_pointer (&self->members[i].output, sbx_output_free);
  g_free (self->members);
  g_ptr_array_unref (self->list);
}

static void
on_launched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Member *member = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxInstance) instance = sbx_launch_finish (result, &error);
  SbxRoster *self = member->roster;

  member->launching = FALSE;
  if (instance && !self->freed) {
    tell (member, "runs as %016" G_GINT64_MODIFIER "x", sbx_instance_get_id (instance));
    take (member, instance);
  } else if (!self->freed) {
    if (!self->ending)
      tell (member, "cannot be started: %s", error->message);
    is_over (member, TRUE);
  }
  g_rc_box_release_full (self, roster_clear);
}

/* Nobody's input; the output becomes lines of the log. NULL with errno. */
static GUnixFDList *
make_descriptors (Member *member)
{
  int fds[] = { open ("/dev/null", O_RDWR | O_CLOEXEC), -1 };

  if (fds[0] < 0)
    return NULL;
  g_clear_pointer (&member->output, sbx_output_free);
  member->output = sbx_output_new (member->listed->app_id, &fds[1]);
  if (!member->output) {
    int saved = errno;

    close (fds[0]);
    errno = saved;
    return NULL;
  }
  return g_unix_fd_list_new_from_array (fds, G_N_ELEMENTS (fds));
}

static GVariant *
make_options (const Member *member)
{
  const gint32 output = 1; /* of make_descriptors () */
  GVariantBuilder map, options;

  g_variant_builder_init (&map, G_VARIANT_TYPE ("a{uh}"));
  g_variant_builder_add (&map, "{uh}", STDIN_FILENO, 0);
  g_variant_builder_add (&map, "{uh}", STDOUT_FILENO, output);
  g_variant_builder_add (&map, "{uh}", STDERR_FILENO, output);
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "app-id", g_variant_new_string (member->listed->app_id));
  g_variant_builder_add (&options, "{sv}", "fds", g_variant_builder_end (&map));
  return g_variant_builder_end (&options);
}

static void
launch (Member *member)
{
  SbxRoster *self = member->roster;
  g_autoptr (GUnixFDList) fds = make_descriptors (member);
  g_autoptr (GVariant) argv = NULL, options = NULL;

  if (!fds) {
    tell (member, "cannot be started: its output: %s", g_strerror (errno));
    is_over (member, TRUE);
    return;
  }
  argv = g_variant_ref_sink (
      g_variant_new_bytestring_array ((const char *const *) member->listed->command, member->listed->command ? -1 : 0));
  options = g_variant_ref_sink (make_options (member));
  const SbxLaunchCall call = { .profile = member->listed->profile, .argv = argv, .options = options, .fds = fds };

  member->launching = TRUE;
  (void) g_rc_box_acquire (self);
  sbx_launch_async (self->context, self->registry, self->subject, &call, on_launched, member);
}

/* What runs as it already, started from outside of all sandboxes. */
static SbxInstance *
find_running (const Member *member)
{
  g_autoptr (GPtrArray) shown = sbx_registry_list (member->roster->registry);

  for (guint i = 0; i < shown->len; i++) {
    SbxInstance *instance = g_ptr_array_index (shown, i);
    const SbxInfo *info = sbx_instance_get_info (instance);

    if (sbx_instance_get_state (instance) == SBX_STATE_RUNNING && info->parent == 0
        && g_strcmp0 (info->app_id, member->listed->app_id) == 0
        && g_strcmp0 (info->profile, member->listed->profile) == 0)
      return instance;
  }
  return NULL;
}

static void
begin (Member *member)
{
  SbxInstance *instance = find_running (member);

  if (!instance) {
    launch (member);
    return;
  }
  tell (member, "runs already, as %016" G_GINT64_MODIFIER "x", sbx_instance_get_id (instance));
  take (member, instance);
}

static void
on_subject (SbxSubject *subject, const GError *error, gpointer user_data)
{
  SbxRoster *self = user_data;

  if (subject)
    self->subject = sbx_subject_ref (subject);
}

/* This process as a client of its own: what the kernel says of it is known at once. */
static gboolean
find_subject (SbxRoster *self, GError **error)
{
  const SbxPeerCredentials credentials = { .uid = geteuid (),
                                           .pid = getpid (),
                                           .start_time = sbx_process_get_start_time (getpid ()),
                                           .pidfd = sbx_sys_pidfd_open (getpid ()) };
  SbxCaller *caller = sbx_callers_add_peer (self->callers, self, &credentials);

  sbx_subject_find (self->registry, self->context->runtime, caller, on_subject, self);
  return self->subject
         || sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED, "the service is not known to itself: is /proc there?");
}

SbxRoster *
sbx_roster_new (SbxContext *context, SbxRegistry *registry, SbxCallers *callers, GPtrArray *list, GError **error)
{
  g_autoptr (SbxRoster) self = g_rc_box_new0 (SbxRoster);

  self->context = context;
  self->registry = registry;
  self->callers = g_object_ref (callers);
  self->list = list;
  self->members = g_new0 (Member, list->len + 1);
  if (!find_subject (self, error))
    return NULL;
  for (guint i = 0; i < list->len; i++) {
    self->members[i] =
        (Member){ .roster = self, .listed = g_ptr_array_index (list, i), .seconds = SBX_RESTART_FIRST_SECONDS };
    begin (&self->members[i]);
  }
  return g_steal_pointer (&self);
}

/* Launches that are under way are withdrawn with their caller; each has a reference until it is answered. */
void
sbx_roster_free (SbxRoster *self)
{
  self->ending = self->freed = TRUE;
  self->ended = NULL;
  sbx_callers_drop_peer (self->callers, self);
  g_clear_handle_id (&self->patience, g_source_remove);
  for (guint i = 0; i < self->list->len; i++) {
    g_clear_handle_id (&self->members[i].waiting, g_source_remove);
    if (self->members[i].instance)
      forget (&self->members[i]);
  }
  g_clear_pointer (&self->subject, sbx_subject_unref);
  g_rc_box_release_full (self, roster_clear);
}

static gboolean
on_patience_ends (gpointer user_data)
{
  SbxRoster *self = user_data;

  self->patience = 0;
  for (guint i = 0; i < self->list->len; i++)
    if (self->members[i].instance)
      tell (&self->members[i], "still runs");
  finish (self, FALSE);
  return G_SOURCE_REMOVE;
}

/* A launch that is under way is waited for, and stopped then: withdrawn, it would end some time after us. */
void
sbx_roster_end (SbxRoster *self, SbxRosterFunc ended, gpointer user_data)
{
  self->ending = TRUE;
  self->ended = ended;
  self->user_data = user_data;
  self->patience = g_timeout_add_seconds (SBX_LIST_PATIENCE_SECONDS, on_patience_ends, self);
  for (guint i = 0; i < self->list->len; i++) {
    g_clear_handle_id (&self->members[i].waiting, g_source_remove);
    stop (&self->members[i]);
  }
  look_whether_all_ended (self);
}
