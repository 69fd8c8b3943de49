/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/notes.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/exposure.h"
#include "cli/refused.h"
#include "cli/text/service-text.h"
#include "cli/words.h"
#include "desktop/kind.h"

#define QUICK_SECONDS 5 /* what fails later has worked */
#define KIND_SECONDS 60 /* a browser takes as long to begin on a machine that is busy */
#define ANSWER_MS 1000
#define END_MS 500 /* between the end that the keeper tells us of and the one that the service knows */
#define RETRY_MS 20

void
sbx_notes_clear (SbxNotes *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->said, g_ptr_array_unref);
}

/* sbx_service_call () for a question that is not worth to wait for. NULL: no answer in time, or an error. */
static GVariant *
ask (SbxService *service, const char *path, const char *interface, const char *method, GVariant *parameters)
{
  g_autoptr (GVariant) kept = g_variant_ref_sink (parameters);
  g_autoptr (GError) error = NULL;
  gint64 until = g_get_monotonic_time () + ANSWER_MS * 1000;
  GVariant *reply = NULL;

  if (!sbx_service_begin (service, path, interface, method, kept, NULL, &error))
    return NULL;
  while (sbx_service_advance (service, &reply, &error) == SBX_SERVICE_PENDING) {
    struct pollfd ready = { .fd = sbx_service_get_fd (service), .events = POLLIN };
    int left = (int) ((until - g_get_monotonic_time ()) / 1000);

    if (left <= 0 || poll (&ready, 1, left) < 0)
      return NULL;
  }
  return reply;
}

/* a{sv} of the instance, or NULL. */
static GVariant *
get_properties (SbxNotes *self)
{
  g_autoptr (GVariant) reply = ask (self->service, self->path, "org.freedesktop.DBus.Properties", "GetAll",
                                    g_variant_new ("(s)", SBX_INSTANCE_INTERFACE));

  return reply && g_variant_is_of_type (reply, G_VARIANT_TYPE ("(a{sv})")) ? g_variant_get_child_value (reply, 0)
                                                                           : NULL;
}

static char **
get_warnings (GVariant *dictionary)
{
  char **warnings = NULL;

  if (dictionary)
    g_variant_lookup (dictionary, "warnings", "^as", &warnings);
  return warnings;
}

/* What the profile alone is warned of. */
static char **
warnings_of_profile (SbxNotes *self)
{
  g_autoptr (GVariant) reply =
      ask (self->service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Explain",
           g_variant_new ("(s@aay@a{sv})", self->profile, self->argv, g_variant_new ("a{sv}", NULL)));
  g_autoptr (GVariant) plan = reply ? g_variant_get_child_value (reply, 0) : NULL;

  return get_warnings (plan);
}

static void
say (const char *line)
{
  g_autofree char *clean = sbx_output_clean (line);

  g_printerr (_ ("sandboxctl: mind: %s\n"), clean);
}

static void
warn (SbxNotes *self, const char *warning)
{
  g_autofree char *text = NULL;

  if (!self->said)
    self->said = g_ptr_array_new_with_free_func (g_free);
  if (g_ptr_array_find_with_equal_func (self->said, warning, g_str_equal, NULL))
    return;
  g_ptr_array_add (self->said, g_strdup (warning));
  text = sbx_service_text (warning);
  say (text);
}

static char **
warnings_of (GVariant *properties)
{
  g_autoptr (GVariant) enforced =
      properties ? g_variant_lookup_value (properties, "Enforced", G_VARIANT_TYPE_VARDICT) : NULL;

  return get_warnings (enforced);
}

void
sbx_notes_begin (SbxNotes *self, const char *path)
{
  g_autoptr (GVariant) properties = NULL;
  g_auto (GStrv) warnings = NULL, usual = NULL;

  self->path = g_strdup (path);
  self->started = g_get_monotonic_time ();
  if (!self->policy && !self->joins)
    return;
  properties = get_properties (self);
  warnings = warnings_of (properties);
  if (!warnings || !*warnings)
    return;
  usual = warnings_of_profile (self);
  for (char **warning = warnings; *warning; warning++)
    if (!usual || !g_strv_contains ((const char *const *) usual, *warning))
      warn (self, *warning);
}

/* Whether an application that ends so has failed by itself, rather than been told to. */
static gboolean
is_failure (int status)
{
  static const int told[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGKILL, SIGPIPE };

  for (gsize i = 0; i < G_N_ELEMENTS (told); i++)
    if (status == SBX_EXIT_SIGNAL_BASE + told[i])
      return FALSE;
  return status != 0;
}

static gboolean
is_failure_within (const SbxNotes *self, int status, int seconds)
{
  return is_failure (status) && (!self->path || g_get_monotonic_time () - self->started <= seconds * G_USEC_PER_SEC);
}

gboolean
sbx_notes_is_quick_failure (const SbxNotes *self, int status)
{
  return is_failure_within (self, status, QUICK_SECONDS);
}

void
sbx_notes_leftovers (const SbxNotes *self, int n)
{
  g_autofree char *line = NULL;

  if (n <= 0 || !self->path || g_get_monotonic_time () - self->started > QUICK_SECONDS * G_USEC_PER_SEC)
    return;
  line =
      g_strdup_printf (ngettext ("%d process that still ran was ended, since the program that was started had ended; "
                                 "--allow=background, or features=background in the profile, lets it go on",
                                 "%d processes that still ran were ended, since the program that was started had "
                                 "ended; --allow=background, or features=background in the profile, lets them go on",
                                 (gulong) n),
                       n);
  say (line);
}

/* The properties once the instance has ended: what it was refused last is in them then. */
static GVariant *
get_last (SbxNotes *self)
{
  gint64 until = g_get_monotonic_time () + END_MS * 1000;

  for (;;) {
    g_autoptr (GVariant) properties = get_properties (self);
    const char *state = "";

    if (properties)
      g_variant_lookup (properties, "State", "&s", &state);
    if (!properties || g_str_equal (state, "exited") || g_get_monotonic_time () > until)
      return g_steal_pointer (&properties);
    g_usleep (RETRY_MS * 1000);
  }
}

static void
say_refusal (const SbxRefusal *row, gpointer data)
{
  g_autofree char *line =
      g_strdup_printf (ngettext ("refused: %s of %s, %u time", "refused: %s of %s, %u times", row->count), row->member,
                       row->name, row->count);
  g_autofree char *option = row->allow ? sbx_refused_option (data, row->allow, row->need) : NULL;
  g_autofree char *both = option ? g_strdup_printf ("%s; %s", line, option) : NULL;

  say (both ? both : line);
}

/* Whether the a{sv} of a policy has features=userns. */
static gboolean
has_user_namespaces (GVariant *groups)
{
  g_autoptr (SbxPolicy) policy = groups ? sbx_exposure_policy (groups, NULL) : NULL;

  return policy && (sbx_policy_get_features (policy) & SBX_FEATURE_USERNS);
}

/* A program that brings the sandbox of a browser with it says little when it cannot make namespaces for that. */
static void
say_kind (const SbxNotes *self, GVariant *policy)
{
  const char *program = "", *profile;
  g_autofree char *path = NULL, *line = NULL;
  g_auto (SbxDesktopKindFound) found = { 0 };

  if (g_variant_n_children (self->argv) == 0 || has_user_namespaces (policy))
    return;
  g_variant_get_child (self->argv, 0, "^&ay", &program);
  path = g_find_program_in_path (program);
  if (!path || !sbx_program_find_kind (path, &found) || strcmp (found.profile, "chromium-based") != 0)
    return;
  profile = sbx_words_profile_of (program);
  if (!profile)
    profile = found.profile;
  line = strcmp (profile, self->profile) == 0
             ? g_strdup_printf (_ ("%s is built on Chromium (%s), and its own sandbox takes user namespaces, which "
                                   "this one is without; --allow=userns would allow them"),
                                program, found.because)
             : g_strdup_printf (_ ("%s is built on Chromium (%s), and its own sandbox takes user namespaces, which "
                                   "this one is without; a profile made for it has them: --profile=%s"),
                                program, found.because, profile);
  say (line);
}

static void
say_properties (SbxNotes *self, GVariant *properties, GVariant *policy)
{
  g_autoptr (GVariant) refused = g_variant_lookup_value (properties, "Refused", G_VARIANT_TYPE ("a(sssu)"));
  g_auto (GStrv) warnings = warnings_of (properties);

  for (char **warning = warnings; warning && *warning; warning++)
    warn (self, *warning);
  if (refused)
    sbx_refused_visit (refused, say_refusal, policy);
}

void
sbx_notes_end (SbxNotes *self, int status)
{
  gboolean quick = sbx_notes_is_quick_failure (self, status);
  g_autoptr (GVariant) properties = NULL, policy = NULL;

  if (!self->path || !is_failure_within (self, status, KIND_SECONDS))
    return;
  properties = get_last (self);
  if (!properties)
    return;
  policy = g_variant_lookup_value (properties, "Policy", G_VARIANT_TYPE_VARDICT);
  if (quick)
    say_properties (self, properties, policy);
  say_kind (self, policy);
}
