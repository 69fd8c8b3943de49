/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/compositor.h"
#include "cli/exposure.h"
#include "cli/link/service.h"
#include "cli/meanings.h"
#include "cli/policy-options.h"
#include "cli/profile-file.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/text/service-text.h"
#include "cli/verbs/functions.h"

static void
say (const char *text, gboolean risky)
{
  gboolean colours = sbx_output_colours () && risky;
  g_autofree char *clean = sbx_output_clean (text);

  printf ("%s  %s %s%s\n", colours ? "\033[33m" : "", risky ? "!" : "·", clean, colours ? "\033[0m" : "");
}

static void
say_meaning (const char *line, gboolean risky, gpointer data)
{
  say (line, risky);
}

static void
say_list (GVariant *plan, const char *key, const char *heading)
{
  g_auto (GStrv) lines = NULL;

  if (!g_variant_lookup (plan, key, "^as", &lines) || !lines[0])
    return;
  puts (heading);
  for (char **line = lines; *line; line++) {
    g_autofree char *text = sbx_service_text (*line);

    say (text, FALSE);
  }
}

/* The status: of a policy with which nothing would start. */
static int
say_refusal (GVariant *plan)
{
  const char *reason;

  return g_variant_lookup (plan, "refused", "&s", &reason) ? sbx_fail (_ ("it would not start: %s"), reason) : 0;
}

static void
say_actions (GVariant *plan)
{
  g_auto (GStrv) actions = NULL;

  if (!g_variant_lookup (plan, "actions", "^as", &actions) || !actions[0])
    return;
  puts (_ ("polkit is asked for:"));
  for (char **action = actions; *action; action++) {
    const char *meaning = sbx_meaning_of_action (*action);
    g_autofree char *line = g_strdup_printf ("%s (%s)", meaning ? meaning : *action, *action);

    say (meaning ? line : *action, FALSE);
  }
}

/* What the compositor makes of a program with sockets=wayland, if there is one. */
static void
say_compositor (void)
{
  static const char *const texts[] = {
    [SBX_COMPOSITOR_NONE] = NULL,
    [SBX_COMPOSITOR_KNOWS] = N_ ("is known to your Wayland compositor as a sandboxed application, which gets less"),
    [SBX_COMPOSITOR_PLAIN] = N_ ("is to your Wayland compositor a program like any other: it has no "
                                 "security-context-v1"),
    [SBX_COMPOSITOR_SILENT] = N_ ("is not started while your Wayland compositor does not answer"),
  };
  const SbxCompositor compositor = sbx_compositor_ask ();

  if (texts[compositor])
    say (_ (texts[compositor]), compositor == SBX_COMPOSITOR_PLAIN);
}

/* The policy, and its exposure in one line. */
static void
say_policy (GVariant *plan)
{
  g_autoptr (GVariant) groups = g_variant_lookup_value (plan, "policy", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy = groups ? sbx_exposure_policy (groups, &error) : NULL;
  g_autofree char *exposure = policy ? sbx_exposure_text (policy) : NULL;

  if (!policy) {
    sbx_fail (_ ("the service says nothing of the policy that can be read: %s"), error ? error->message : "");
    return;
  }
  sbx_meanings_visit (policy, g_get_home_dir (), say_meaning, NULL);
  if (sbx_policy_get_sockets (policy) & SBX_SOCKET_WAYLAND)
    say_compositor ();
  printf (_ ("Exposure: %s\n"), exposure);
}

static void
print_text (GVariant *plan)
{
  const char *profile = "", *app_id = "";
  gboolean inferiors = FALSE;

  g_variant_lookup (plan, "profile", "&s", &profile);
  g_variant_lookup (plan, "app-id", "&s", &app_id);
  g_variant_lookup (plan, "inferiors-only", "b", &inferiors);
  printf (_ ("Under the profile \"%s\", as application \"%s\", a program:\n"), profile, app_id);
  say (_ ("reads the system's programs and libraries, and cannot change them"), FALSE);
  if (inferiors)
    say (_ ("sees no processes but its own"), FALSE);
  else
    say (_ ("may see other processes than its own"), TRUE);
  say_policy (plan);
  say_list (plan, "warnings", _ ("Mind:"));
  say_list (plan, "closed", _ ("Closed in what is opened, as the disk is now:"));
  say_list (plan, "links", _ ("Links that lead to what is opened:"));
  say_actions (plan);
  puts (_ ("Marked with \"!\" is what reaches your data or your session. --json tells everything."));
}

static GVariant *
make_options (const SbxPolicyOptions *policy, const char *app_id)
{
  GVariantBuilder options;
  GVariant *groups = sbx_policy_options_to_variant (policy);

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (groups)
    g_variant_builder_add (&options, "{sv}", "policy", groups);
  if (app_id)
    g_variant_builder_add (&options, "{sv}", "app-id", g_variant_new_string (app_id));
  return g_variant_builder_end (&options);
}

static int
explain (const char *profile, char **argv, GVariant *options, gboolean json)
{
  g_autoptr (GVariant) kept = g_variant_ref_sink (options);
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GVariant) reply = NULL, plan = NULL;

  if (!g_utf8_validate (profile, -1, NULL))
    return sbx_fail (_ ("the name of the profile is not UTF-8 text"));
  service = sbx_service_open (&error);
  if (service)
    reply = sbx_service_call (
        service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Explain",
        g_variant_new ("(s@aay@a{sv})", profile, g_variant_new_bytestring_array ((const char *const *) argv, -1), kept),
        NULL, &error);
  if (!reply)
    return sbx_fail_error (error);
  plan = g_variant_get_child_value (reply, 0);
  if (json)
    sbx_output_json (sbx_output_to_json (plan));
  else
    print_text (plan);
  return say_refusal (plan);
}

/* A profile in a file: the profile that it begins with, and what it says put over that one. */
static int
explain_file (const char *path, char **argv, const SbxPolicyOptions *policy, const char *app_id, gboolean json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxProfileFile) file = sbx_profile_file_read (path, &error);

  if (!file)
    return sbx_fail_error (error);
  if (!file->inherits)
    return sbx_fail (_ ("%s inherits no profile; Inherits=default below [Profile] is what most begin with"), path);
  sbx_policy_options_put_all (file->policy, policy);
  if (!argv[0] && sbx_profile_get_command (file->profile))
    argv = (char **) sbx_profile_get_command (file->profile);
  return explain (file->inherits, argv,
                  make_options (file->policy, app_id ? app_id : sbx_profile_get_app_id (file->profile)), json);
}

int
sbx_cmd_explain (SbxCommand *command)
{
  gboolean json = FALSE;
  g_autofree char *app_id = NULL;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    { "app-id", 0, 0, G_OPTION_ARG_STRING, &app_id, N_ ("As this application"), N_ ("ID") },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (SbxPolicyOptions) policy = sbx_policy_options_new ();
  char **argv;
  int status;

  if (!sbx_parse (command, entries, sbx_policy_options_make_group (policy), _ ("PROFILE|FILE [-- COMMAND [ARGUMENT…]]"),
                  _ ("Says what a profile comes to on this machine. Starts nothing and asks nobody."), &status))
    return status;
  if (command->argc < 2)
    return sbx_fail (_ ("explain takes a profile; `sandboxctl profile list` lists them"));
  argv = command->argv + 2;
  if (argv[0] && strcmp (argv[0], "--") == 0)
    argv++;
  if (sbx_is_profile_file (command->argv[1]))
    return explain_file (command->argv[1], argv, policy, app_id, json);
  return explain (command->argv[1], argv, make_options (policy, app_id), json);
}
