/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/asking/asker.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/asking/errand.h"
#include "daemon/asking/facilities.h"
#include "daemon/asking/query.h"
#include "daemon/bounds.h"
#include "daemon/launch/running.h"

#define STAMP_FILE                                                                                                     \
  "asked"              /* in the directory of the records: when somebody was asked last, whichever service it was      \
                        */
#define NAME_SHOWN 100 /* characters of an application's id */

enum { ONCE, ALWAYS };

typedef struct {
  int row; /* of sbx_facilities_asked */
  SbxDenial denial;
} Wanted;

/* Of an instance. */
typedef struct {
  guint met;       /* bits of rows: asked for, or to be, or not any more */
  GArray *waiting; /* Wanted; each row once */
} Wants;

typedef struct _Shown Shown;

/* A question to the bus daemon, which may outlive what it is about. */
typedef struct {
  Shown *shown; /* NULL: freed meanwhile */
} Press;

/* What is on the screen, or being done about it. */
struct _Shown {
  SbxAsker *asker;
  SbxInstance *instance;
  Wanted wanted;
  SbxQuery *query;
  Press *press;    /* g_rc_box */
  gboolean always; /* what was pressed */
  SbxErrand *grant, *override;
};

struct _SbxAsker {
  SbxContext *context;
  SbxRegistry *registry;
  SbxCallers *callers; /* who shows notifications: not those whose being there keeps the service */
  GHashTable *wants;   /* SbxInstance → Wants */
  Shown *shown;        /* one at a time, or NULL */
  guint timer;
  gint64 begun; /* us since 1970: what was refused before, another service has seen */
};

static void show_next (SbxAsker *self);

static void
wants_free (gpointer data)
{
  Wants *wants = data;

  g_array_unref (wants->waiting);
  g_free (wants);
}

/* Ends what is shown; with @leave it stays on the screen until the server takes it away. */
static void
end_shown (SbxAsker *self, gboolean leave)
{
  Shown *shown = g_steal_pointer (&self->shown);

  if (!shown)
    return;
  shown->press->shown = NULL;
  g_rc_box_release (shown->press);
  g_clear_pointer (&shown->grant, sbx_errand_free);
  g_clear_pointer (&shown->override, sbx_errand_free);
  sbx_query_free (shown->query, leave);
  g_object_unref (shown->instance);
  g_free (shown);
}

/* @text, which is anything, as words that a notification can have. */
static char *
clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new (NULL);
  int n = 0;

  for (const char *at = valid; *at && n < NAME_SHOWN; at = g_utf8_next_char (at), n++)
    if (g_unichar_isprint (g_utf8_get_char (at)))
      g_string_append_unichar (out, g_utf8_get_char (at));
    else
      g_string_append_c (out, '?');
  return g_string_free (out, FALSE);
}

static const SbxFacilityAsked *
row_of (const Shown *shown)
{
  return &sbx_facilities_asked[shown->wanted.row];
}

/* Says how it went, in the place of the question, and goes on. */
static void
finish (Shown *shown, const char *body)
{
  SbxAsker *self = shown->asker;
  g_autofree char *title = g_strdup_printf (_ ("Refused: %s"), _ (row_of (shown)->what));

  if (body)
    sbx_query_replace (shown->query, title, body, SBX_ASK_SECONDS);
  end_shown (self, body != NULL);
  show_next (self);
}

static void
fail (Shown *shown, const char *error)
{
  g_autofree char *body = g_strdup_printf (_ ("It was not allowed, and nothing was changed: %s"), error);

  g_message ("%s: what was pressed on the desktop was not done: %s", sbx_instance_get_path (shown->instance), error);
  finish (shown, body);
}

/* How it is from now on. The filter of a bus takes no new rules while it runs: another one takes its place, for those
 * who connect from then on. */
static void
succeed (Shown *shown)
{
  g_autofree char *app = clean (sbx_instance_get_info (shown->instance)->app_id), *later = NULL;

  if (!row_of (shown)->while_running)
    later = g_strdup_printf (_ ("%s has it from its next start on"), app);
  else if (row_of (shown)->source == SBX_DENIAL_BUS)
    later = g_strdup_printf (shown->always
                                 ? _ ("%s has it from its next start on, and until then what connects to its bus anew")
                                 : _ ("Until %s ends, what connects to its bus anew has it"),
                             app);
  finish (shown, later);
}

static void
on_overridden (const char *error, gpointer user_data)
{
  Shown *shown = user_data;
  g_autofree char *app = clean (sbx_instance_get_info (shown->instance)->app_id);
  g_autofree char *now =
      error ? g_strdup_printf (_ ("It is allowed until %s ends, and not for good: %s"), app, error) : NULL;

  if (!error)
    succeed (shown);
  else if (row_of (shown)->while_running)
    finish (shown, now);
  else
    fail (shown, error);
}

/* The policy of a start that says nothing itself, as the files are now. */
static char *
find_option_for_good (const Shown *shown, const char *profile, GError **error)
{
  SbxProfileSet *profiles = shown->asker->context->host->profiles;
  g_autoptr (SbxProfile) found = sbx_profile_set_lookup (profiles, profile, error);

  return found ? sbx_facility_asked_option_for_good (&shown->wanted.denial, sbx_profile_get_policy (found)) : NULL;
}

static void
override (Shown *shown)
{
  const char *profile = sbx_instance_get_info (shown->instance)->profile;
  const char *const *environment = (const char *const *) shown->asker->context->environment;
  g_autoptr (GError) error = NULL;
  g_autofree char *option = find_option_for_good (shown, profile, &error);
  const char *words[] = { "override", profile, option, NULL };

  if (option)
    shown->override = sbx_errand_start (environment, words, on_overridden, shown, &error);
  if (!shown->override)
    on_overridden (error ? error->message : "", shown);
}

static void
on_granted (const char *error, gpointer user_data)
{
  Shown *shown = user_data;

  if (error)
    fail (shown, error);
  else if (shown->always)
    override (shown);
  else
    succeed (shown);
}

static void
grant (Shown *shown)
{
  const char *const *environment = (const char *const *) shown->asker->context->environment;
  g_autofree char *option = sbx_facility_asked_option (&shown->wanted.denial);
  g_autoptr (GError) error = NULL;
  char id[SBX_ID_SIZE];
  const char *words[] = { "grant", id, option, NULL };

  sbx_id_format (sbx_instance_get_id (shown->instance), id);
  shown->grant = sbx_errand_start (environment, words, on_granted, shown, &error);
  if (!shown->grant)
    fail (shown, error->message);
}

/* The bus says who has pressed. An application that owns the name of the desktop's notifications presses for nobody. */
static void
on_presser (SbxSubject *subject, const GError *error, gpointer user_data)
{
  Press *press = user_data;
  Shown *shown = press->shown;

  g_rc_box_release (press);
  if (!shown)
    return;
  if (!subject || subject->where != SBX_WHERE_OUTSIDE) {
    g_message ("%s: who says that a button was pressed is not heard: %s", sbx_instance_get_path (shown->instance),
               error ? error->message : "it is in a sandbox itself");
    finish (shown, NULL);
  } else if (row_of (shown)->while_running) {
    grant (shown);
  } else {
    override (shown);
  }
}

static void
on_query (SbxQuery *query, int action, const char *server, gpointer user_data)
{
  Shown *shown = user_data;
  SbxAsker *self = shown->asker;

  if (action < 0) {
    end_shown (self, TRUE);
    show_next (self);
    return;
  }
  shown->always = action == ALWAYS;
  sbx_subject_find (self->registry, self->context->runtime, sbx_callers_get (self->callers, self->context->bus, server),
                    on_presser, g_rc_box_acquire (shown->press));
}

static void
show (SbxAsker *self, SbxInstance *instance, const Wanted *wanted)
{
  const SbxFacilityAsked *row = &sbx_facilities_asked[wanted->row];
  g_autofree char *app = clean (sbx_instance_get_info (instance)->app_id);
  g_autofree char *option = sbx_facility_asked_option (&wanted->denial);
  g_autofree char *title = g_strdup_printf (_ ("Refused: %s"), _ (row->what)), *body = NULL;
  const char *risk = sbx_facility_asked_risk (&wanted->denial);
  const char *labels[SBX_QUERY_ACTIONS] = {
    [ONCE] = row->while_running ? _ ("Allow Once") : NULL, [ALWAYS] = _ ("Always Allow")
  };
  Shown *shown = g_new0 (Shown, 1);

  if (risk)
    body = g_strdup_printf (_ ("%s asked for it. %s would allow it; an application that has it %s"), app, option,
                            _ (risk));
  else
    body = g_strdup_printf (_ ("%s asked for it. %s would allow it"), app, option);
  *shown = (Shown){ .asker = self, .instance = g_object_ref (instance), .wanted = *wanted };
  shown->press = g_rc_box_new0 (Press);
  shown->press->shown = shown;
  self->shown = shown;
  shown->query = sbx_query_show (self->context->bus, title, body, labels, SBX_ASK_SECONDS, on_query, shown);
}

/* Notes that somebody is asked now. Where that cannot be written down nobody is. */
static gboolean
stamp (SbxAsker *self)
{
  int directory = sbx_runtime_dir_open (self->context->runtime, NULL);
  int fd = directory < 0
               ? -1
               : openat (directory, STAMP_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  gboolean written = fd >= 0 && futimens (fd, NULL) == 0;

  if (fd >= 0)
    close (fd);
  return written;
}

/* How long nobody is to be asked, in seconds. */
static guint
read_pause (SbxAsker *self)
{
  int directory = sbx_runtime_dir_open (self->context->runtime, NULL);
  struct stat st;
  gint64 age;

  if (directory < 0)
    return SBX_ASK_SECONDS;
  if (fstatat (directory, STAMP_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? 0 : SBX_ASK_SECONDS;
  age = g_get_real_time () / G_USEC_PER_SEC - st.st_mtim.tv_sec;
  if (age < 0) /* the clock was set back */
    (void) stamp (self);
  return age < 0 ? SBX_ASK_SECONDS : (guint) MAX (SBX_ASK_SECONDS - age, 0);
}

/* There has to be one. */
static SbxInstance *
take_waiting (SbxAsker *self, Wanted *wanted)
{
  GHashTableIter iter;
  gpointer instance, data;

  g_hash_table_iter_init (&iter, self->wants);
  while (g_hash_table_iter_next (&iter, &instance, &data)) {
    Wants *wants = data;

    if (wants->waiting->len == 0)
      continue;
    *wanted = g_array_index (wants->waiting, Wanted, 0);
    g_array_remove_index (wants->waiting, 0);
    return instance;
  }
  return NULL;
}

static gboolean
is_anybody_waiting (SbxAsker *self)
{
  GHashTableIter iter;
  gpointer data;

  g_hash_table_iter_init (&iter, self->wants);
  while (g_hash_table_iter_next (&iter, NULL, &data))
    if (((Wants *) data)->waiting->len > 0)
      return TRUE;
  return FALSE;
}

/* What is shown has had its time, unless it is being done. */
static gboolean
on_timer (gpointer user_data)
{
  SbxAsker *self = user_data;

  self->timer = 0;
  if (self->shown && !self->shown->grant && !self->shown->override)
    end_shown (self, FALSE);
  show_next (self);
  return G_SOURCE_REMOVE;
}

static void
show_next (SbxAsker *self)
{
  Wanted wanted = { 0 };
  guint pause;

  if (self->shown || !is_anybody_waiting (self))
    return;
  pause = read_pause (self);
  if (pause == 0 && stamp (self)) {
    show (self, take_waiting (self, &wanted), &wanted);
    pause = SBX_ASK_SECONDS;
  }
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add_seconds (pause + 1, on_timer, self);
}

/* Whether anybody is to be asked for it at all. What was started from inside of a sandbox has not more than that one,
 * and what was closed with a reason stays so. */
static gboolean
is_asked_for (SbxAsker *self, SbxInstance *instance, const SbxDenial *denial)
{
  const SbxInfo *info = sbx_instance_get_info (instance);
  g_autoptr (SbxPolicy) policy = NULL;

  if (denial->from < self->begun || info->parent != 0 || sbx_instance_get_state (instance) == SBX_STATE_EXITED)
    return FALSE;
  policy = sbx_running_policy (self->context->host, info, NULL);
  return policy && (sbx_policy_get_features (policy) & SBX_FEATURE_QUIET) == 0
         && !(denial->source == SBX_DENIAL_NETWORK && sbx_policy_names_denied (policy));
}

static void
on_denied (SbxInstance *instance, gpointer user_data)
{
  SbxAsker *self = user_data;
  Wants *wants = g_hash_table_lookup (self->wants, instance);
  const GArray *rows = sbx_instance_get_refusals (instance)->rows;

  for (guint i = 0; wants && i < rows->len; i++) {
    Wanted wanted = { .denial = g_array_index (rows, SbxDenial, i) };

    wanted.row = sbx_facility_asked_find (&wanted.denial);
    if (wanted.row < 0 || wants->met & 1u << wanted.row)
      continue;
    wants->met |= 1u << wanted.row;
    if (is_asked_for (self, instance, &wanted.denial))
      g_array_append_val (wants->waiting, wanted);
  }
  show_next (self);
}

static void
on_ended (SbxInstance *instance, gpointer user_data)
{
  SbxAsker *self = user_data;

  g_signal_handlers_disconnect_by_data (instance, self);
  g_hash_table_remove (self->wants, instance);
  if (self->shown && self->shown->instance == instance && !self->shown->grant && !self->shown->override)
    end_shown (self, FALSE);
  show_next (self);
}

static void
on_added (SbxRegistry *registry, SbxInstance *instance, gpointer user_data)
{
  SbxAsker *self = user_data;
  Wants *wants;

  if (sbx_instance_get_state (instance) == SBX_STATE_EXITED)
    return;
  wants = g_new0 (Wants, 1);
  wants->waiting = g_array_new (FALSE, FALSE, sizeof (Wanted));
  g_hash_table_insert (self->wants, instance, wants);
  g_signal_connect (instance, "denied", G_CALLBACK (on_denied), self);
  g_signal_connect (instance, "ended", G_CALLBACK (on_ended), self);
  on_denied (instance, self);
}

static void
on_removed (SbxRegistry *registry, SbxInstance *instance, gpointer user_data)
{
  SbxAsker *self = user_data;

  if (g_hash_table_contains (self->wants, instance))
    on_ended (instance, self);
}

SbxAsker *
sbx_asker_new (SbxContext *context, SbxRegistry *registry)
{
  SbxAsker *self;

  if (!context->bus)
    return NULL;
  self = g_new0 (SbxAsker, 1);
  self->context = context;
  self->registry = registry;
  self->callers = sbx_callers_new (context->bus);
  self->wants = g_hash_table_new_full (NULL, NULL, NULL, wants_free);
  self->begun = g_get_real_time ();
  g_signal_connect (registry, "added", G_CALLBACK (on_added), self);
  g_signal_connect (registry, "removed", G_CALLBACK (on_removed), self);
  return self;
}

void
sbx_asker_free (SbxAsker *self)
{
  GHashTableIter iter;
  gpointer instance;

  g_signal_handlers_disconnect_by_data (self->registry, self);
  g_hash_table_iter_init (&iter, self->wants);
  while (g_hash_table_iter_next (&iter, &instance, NULL))
    g_signal_handlers_disconnect_by_data (instance, self);
  g_clear_handle_id (&self->timer, g_source_remove);
  end_shown (self, FALSE);
  g_clear_object (&self->callers);
  g_hash_table_unref (self->wants);
  g_free (self);
}
