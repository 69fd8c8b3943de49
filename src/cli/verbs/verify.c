/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "cli/link/service.h"
#include "cli/text/json.h"
#include "cli/trial.h"
#include "cli/verbs/functions.h"
#include "cli/verified.h"

#define BROKEN 1 /* the exit status where a promise is not kept */

static const struct {
  const char *word, *shown, *colour;
} states[] = {
  [SBX_PROMISE_KEPT] = { "kept", N_ ("kept"), "\033[32m" },
  [SBX_PROMISE_BROKEN] = { "broken", N_ ("BROKEN"), "\033[31m" },
  [SBX_PROMISE_UNTESTED] = { "untested", N_ ("untested"), "\033[33m" },
};

typedef struct {
  const char *profile;
  GPtrArray *findings; /* NULL: nothing could be tried */
  char *problem;
  guint counts[G_N_ELEMENTS (states)];
} Trial;

static void
trial_free (gpointer data)
{
  Trial *self = data;

  g_clear_pointer (&self->findings, g_ptr_array_unref);
  g_free (self->problem);
  g_free (self);
}

static void
print_finding (const SbxFinding *finding)
{
  gboolean colours = sbx_output_colours ();
  g_autofree char *word = sbx_output_pad (_ (states[finding->state].shown), 9);
  g_autofree char *text = sbx_output_clean (finding->promise.text), *inside = sbx_output_clean (finding->inside);
  g_autofree char *outside = sbx_output_clean (finding->outside);

  printf ("  %s%s%s %s", colours ? states[finding->state].colour : "", word, colours ? "\033[0m" : "", text);
  if (finding->state == SBX_PROMISE_BROKEN)
    printf (_ (" (inside: %s)"), inside);
  else if (finding->state == SBX_PROMISE_UNTESTED)
    printf (_ (" (outside it cannot be done either: %s)"), outside);
  putchar ('\n');
}

static void
print_text (const Trial *trial, gboolean everything)
{
  if (!trial->findings) {
    printf (_ ("%s: cannot be tried: %s\n"), trial->profile, trial->problem);
    return;
  }
  printf (_ ("%s: %u promises kept, %u broken, %u that cannot be tested here\n"), trial->profile,
          trial->counts[SBX_PROMISE_KEPT], trial->counts[SBX_PROMISE_BROKEN], trial->counts[SBX_PROMISE_UNTESTED]);
  for (guint i = 0; i < trial->findings->len; i++) {
    const SbxFinding *finding = trial->findings->pdata[i];

    if (everything || finding->state == SBX_PROMISE_BROKEN)
      print_finding (finding);
  }
}

static JsonNode *
finding_to_json (const SbxFinding *finding)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_alloc ();

  json_object_set_string_member (object, "promise", finding->promise.text);
  json_object_set_string_member (object, "probe", finding->promise.word);
  json_object_set_boolean_member (object, "reached", finding->promise.reached);
  json_object_set_string_member (object, "state", states[finding->state].word);
  json_object_set_string_member (object, "inside", finding->inside);
  json_object_set_string_member (object, "outside", finding->outside);
  json_node_init_object (node, object);
  json_object_unref (object);
  return node;
}

static void
print_json (GPtrArray *trials)
{
  JsonObject *all = json_object_new ();
  JsonNode *node = json_node_alloc ();

  for (guint t = 0; t < trials->len; t++) {
    const Trial *trial = trials->pdata[t];
    JsonObject *object = json_object_new ();
    JsonArray *array = json_array_new ();

    for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
      json_object_set_int_member (object, states[i].word, trial->counts[i]);
    for (guint i = 0; trial->findings && i < trial->findings->len; i++)
      json_array_add_element (array, finding_to_json (trial->findings->pdata[i]));
    json_object_set_array_member (object, "promises", array);
    if (trial->problem)
      json_object_set_string_member (object, "problem", trial->problem);
    json_object_set_object_member (all, trial->profile, object);
  }
  json_node_init_object (node, all);
  json_object_unref (all);
  sbx_output_json (node);
}

static Trial *
run_trial (SbxStage *stage, SbxService *service, const char *profile)
{
  Trial *self = g_new0 (Trial, 1);
  g_autoptr (GError) error = NULL;

  self->profile = profile;
  self->findings = sbx_trial_run (stage, service, profile, &error);
  if (!self->findings) {
    g_dbus_error_strip_remote_error (error);
    self->problem = g_strdup (error->message);
    return self;
  }
  for (guint i = 0; i < self->findings->len; i++)
    self->counts[((const SbxFinding *) self->findings->pdata[i])->state]++;
  sbx_verified_write (profile, self->counts[SBX_PROMISE_KEPT], self->counts[SBX_PROMISE_BROKEN],
                      self->counts[SBX_PROMISE_UNTESTED]);
  return self;
}

/* The names of all profiles that can be used, or NULL. */
static char **
list_profiles (SbxService *service, GError **error)
{
  g_autoptr (GVariant) reply =
      sbx_service_call (service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "ListProfiles", NULL, NULL, error);
  g_autoptr (GVariant) profiles = NULL;
  GStrvBuilder *builder;
  GVariantIter iter;
  const char *name, *problem;
  char **names;

  if (!reply)
    return NULL;
  profiles = g_variant_get_child_value (reply, 0);
  builder = g_strv_builder_new ();
  g_variant_iter_init (&iter, profiles);
  while (g_variant_iter_next (&iter, "(&s&s&s&s)", &name, NULL, NULL, &problem))
    if (!*problem)
      g_strv_builder_add (builder, name);
  names = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return names;
}

/* 1 for a broken promise, 125 when something could not be tried at all. */
static int
status_of (GPtrArray *trials)
{
  int status = 0;

  for (guint i = 0; i < trials->len; i++) {
    const Trial *trial = trials->pdata[i];

    if (trial->counts[SBX_PROMISE_BROKEN] > 0)
      return BROKEN;
    if (!trial->findings)
      status = SBX_EXIT_SANDBOX;
  }
  return status;
}

static int
verify (char *const *profiles, gboolean all, gboolean json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxService) service = sbx_service_open (&error);
  g_auto (GStrv) names = service && all ? list_profiles (service, &error) : g_strdupv ((char **) profiles);
  g_autoptr (SbxStage) stage = service && names ? sbx_stage_new (&error) : NULL;
  g_autoptr (GPtrArray) trials = g_ptr_array_new_with_free_func (trial_free);

  if (!stage)
    return sbx_fail_error (error);
  for (char **name = names; *name; name++) {
    Trial *trial = run_trial (stage, service, *name);

    g_ptr_array_add (trials, trial);
    if (!json)
      print_text (trial, !all);
    fflush (stdout);
  }
  if (json)
    print_json (trials);
  return status_of (trials);
}

int
sbx_cmd_verify (SbxCommand *command)
{
  static char *const usual[] = { (char *) "default", NULL };
  gboolean all = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "all", 'a', 0, G_OPTION_ARG_NONE, &all, N_ ("Every profile; only what is broken is told"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  int status;

  if (!sbx_parse (
          command, entries, NULL, _ ("[PROFILE…]"),
          _ ("Starts a probe under a profile and tries what the profile promises not to allow, and outside as a "
             "control. Exits with 0 if no promise is broken."),
          &status))
    return status;
  if (all && command->argc > 1)
    return sbx_fail (_ ("--all is for every profile, and \"%s\" names one; leave out one of them"), command->argv[1]);
  return verify (command->argc > 1 ? command->argv + 1 : usual, all, json);
}
