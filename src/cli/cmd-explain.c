/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/policy-options.h"
#include "cli/service.h"

/* What a value of a policy means to a person. A row with a NULL word is for any value that is there; %s is the value.
 */
typedef struct {
  const char *group, *key, *word;
  const char *text;
  gboolean risky;
} Meaning;

static const Meaning meanings[] = {
  { "Context", "shared", "network", N_ ("reaches the network, the local one too, as you do"), TRUE },
  { "Context", "shared", "ipc", N_ ("shares memory segments and message queues with everything of yours"), TRUE },
  { "Context", "sockets", "wayland", N_ ("shows windows (Wayland)"), FALSE },
  { "Context", "sockets", "x11", N_ ("shows windows (X11): can read the keyboard and every window"), TRUE },
  { "Context", "sockets", "fallback-x11",
    N_ ("shows windows (X11) where there is no Wayland: can read every window then"), TRUE },
  { "Context", "sockets", "session-bus", N_ ("reaches the whole session bus: can start anything outside"), TRUE },
  { "Context", "sockets", "system-bus", N_ ("reaches the whole system bus"), TRUE },
  { "Context", "sockets", "ssh-auth", N_ ("can use your SSH keys"), TRUE },
  { "Context", "sockets", "gpg-agent", N_ ("can use your GnuPG keys"), TRUE },
  { "Context", "sockets", NULL, N_ ("uses the socket %s"), FALSE },
  { "Context", "devices", "all", N_ ("uses every device"), TRUE },
  { "Context", "devices", "input", N_ ("reads keyboards and other input devices"), TRUE },
  { "Context", "devices", NULL, N_ ("uses devices: %s"), FALSE },
  { "Context", "filesystems", NULL, N_ ("reaches the files in %s"), TRUE },
  { "Context", "forward", "rw", N_ ("reads and writes the files that you open with it"), FALSE },
  { "Context", "forward", "ro", N_ ("reads the files that you open with it"), FALSE },
  { "Context", "persistent", NULL, N_ ("keeps %s for the next time, in a place of its own"), FALSE },
  { "Context", "features", "userns", N_ ("makes user namespaces, for a sandbox of its own"), FALSE },
  { "Context", "features", "no-landlock", N_ ("starts even where /proc cannot be limited"), TRUE },
  { "Context", "features", "devel", N_ ("may trace and profile its own processes"), FALSE },
  { "Context", "features", NULL, N_ ("has the feature %s"), FALSE },
  { "Limits", NULL, NULL, N_ ("has the limit %s"), FALSE },
  { "Session Bus Policy", NULL, NULL, N_ ("on the session bus: %s"), FALSE },
  { "System Bus Policy", NULL, NULL, N_ ("on the system bus: %s"), FALSE },
};

static const Meaning *
find_meaning (const char *group, const char *key, const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (meanings); i++) {
    const Meaning *row = &meanings[i];

    if (strcmp (row->group, group) == 0 && (!row->key || strcmp (row->key, key) == 0)
        && (!row->word || strcmp (row->word, word) == 0))
      return row;
  }
  return NULL;
}

static void
say (const char *text, const char *what, gboolean risky)
{
  gboolean colours = sbx_output_colours () && risky;
  g_autofree char *clean = sbx_output_clean (what);
  g_autoptr (GString) line = g_string_new (text);

  g_string_replace (line, "%s", clean, 1);
  printf ("%s  %s %s%s\n", colours ? "\033[33m" : "", risky ? "!" : "·", line->str, colours ? "\033[0m" : "");
}

static void
say_value (const char *group, const char *key, const char *value)
{
  gboolean list = strcmp (group, "Context") == 0;
  g_auto (GStrv) words = list ? g_strsplit (value, ";", -1) : g_new0 (char *, 2);

  if (!list)
    words[0] = g_strdup_printf ("%s=%s", key, value);
  for (char **word = words; *word; word++) {
    const Meaning *row = **word && **word != '!' ? find_meaning (group, key, *word) : NULL;

    if (row)
      say (_ (row->text), *word, row->risky && !g_str_has_suffix (*word, ":none"));
  }
}

static void
say_policy (GVariant *policy)
{
  GVariantIter groups, keys;
  const char *group, *key, *value;
  GVariant *pairs;

  g_variant_iter_init (&groups, policy);
  while (g_variant_iter_next (&groups, "{&sv}", &group, &pairs)) {
    if (g_variant_is_of_type (pairs, G_VARIANT_TYPE ("a{ss}"))) {
      g_variant_iter_init (&keys, pairs);
      while (g_variant_iter_next (&keys, "{&s&s}", &key, &value))
        say_value (group, key, value);
    }
    g_variant_unref (pairs);
  }
}

static void
say_list (const char *title, GVariant *plan, const char *key)
{
  g_auto (GStrv) words = NULL;

  if (!g_variant_lookup (plan, key, "^as", &words) || !words[0])
    return;
  puts (title);
  for (char **word = words; *word; word++)
    say ("%s", *word, FALSE);
}

static gboolean
has_namespace (GVariant *plan, const char *name)
{
  g_auto (GStrv) names = NULL;

  return g_variant_lookup (plan, "namespaces", "^as", &names) && g_strv_contains ((const char *const *) names, name);
}

static void
print_text (GVariant *plan)
{
  g_autoptr (GVariant) policy = g_variant_lookup_value (plan, "policy", G_VARIANT_TYPE_VARDICT);
  const char *profile = "", *app_id = "";
  gboolean inferiors = FALSE;

  g_variant_lookup (plan, "profile", "&s", &profile);
  g_variant_lookup (plan, "app-id", "&s", &app_id);
  g_variant_lookup (plan, "inferiors-only", "b", &inferiors);
  printf (_ ("Under the profile \"%s\", as application \"%s\", a program:\n"), profile, app_id);
  say (_ ("reads the system's programs and libraries, and cannot change them"), "", FALSE);
  if (inferiors)
    say (_ ("sees no processes but its own"), "", FALSE);
  else
    say (_ ("may see other processes than its own"), "", TRUE);
  if (has_namespace (plan, "net"))
    say (_ ("has no network"), "", FALSE);
  if (policy)
    say_policy (policy);
  say_list (_ ("Mind:"), plan, "warnings");
  say_list (_ ("polkit is asked for:"), plan, "actions");
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
  return 0;
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

  if (!sbx_parse (command, entries, sbx_policy_options_make_group (policy), _ ("PROFILE [-- COMMAND [ARGUMENT…]]"),
                  _ ("Says what a profile comes to on this machine. Starts nothing and asks nobody."), &status))
    return status;
  if (command->argc < 2)
    return sbx_fail (_ ("explain takes a profile; `sandboxctl profile list` lists them"));
  argv = command->argv + 2;
  if (argv[0] && strcmp (argv[0], "--") == 0)
    argv++;
  return explain (command->argv[1], argv, make_options (policy, app_id), json);
}
