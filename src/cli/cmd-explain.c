/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/policy-options.h"
#include "cli/service.h"

static gboolean
flag (GVariant *plan, const char *group, const char *key)
{
  g_autoptr (GVariant) dict =
      group ? g_variant_lookup_value (plan, group, G_VARIANT_TYPE_VARDICT) : g_variant_ref (plan);
  gboolean value = FALSE;

  if (dict)
    g_variant_lookup (dict, key, "b", &value);
  return value;
}

static gboolean
contains (GVariant *plan, const char *key, const char *word)
{
  g_autoptr (GVariant) list = g_variant_lookup_value (plan, key, G_VARIANT_TYPE_STRING_ARRAY);
  g_autofree const char **words = list ? g_variant_get_strv (list, NULL) : NULL;

  return words && g_strv_contains (words, word);
}

/* One line, and a mark for what a careful person looks at twice. */
static void
line (gboolean risky, const char *text)
{
  const char *mark = risky ? "!" : " ";

  if (risky && sbx_output_colours ())
    printf ("\033[1;33m%s %s\033[0m\n", mark, text);
  else
    printf ("%s %s\n", mark, text);
}

static void
print_mounts (GVariant *plan)
{
  g_autoptr (GVariant) mounts = g_variant_lookup_value (plan, "mounts", G_VARIANT_TYPE ("aa{ss}"));
  static const char *const own[] = { "/usr", "/etc", "/opt", "/dev", NULL };

  for (gsize i = 0; mounts && i < g_variant_n_children (mounts); i++) {
    g_autoptr (GVariant) mount = g_variant_get_child_value (mounts, i);
    const char *op = "", *source = "", *dest = "";
    g_autofree char *text = NULL, *clean = NULL;

    g_variant_lookup (mount, "op", "&s", &op);
    g_variant_lookup (mount, "source", "&s", &source);
    g_variant_lookup (mount, "dest", "&s", &dest);
    if (!strstr (op, "bind") || g_strv_contains (own, dest) || strcmp (source, "/dev/null") == 0)
      continue;
    clean = sbx_output_clean (dest);
    text = g_strdup_printf (strcmp (op, "ro-bind") == 0 ? _ ("can read %s") : _ ("can read and change %s"), clean);
    line (strcmp (op, "bind") == 0 && strcmp (source, dest) == 0, text);
  }
}

static void
print_list (GVariant *plan, const char *key, const char *title, gboolean risky)
{
  g_autoptr (GVariant) list = g_variant_lookup_value (plan, key, G_VARIANT_TYPE_STRING_ARRAY);
  g_autofree const char **words = list ? g_variant_get_strv (list, NULL) : NULL;

  for (gsize i = 0; words && words[i]; i++) {
    g_autofree char *text = g_strdup_printf ("%s %s", title, words[i]);
    g_autofree char *clean = sbx_output_clean (text);

    line (risky, clean);
  }
}

static void
print_summary (GVariant *plan)
{
  line (!flag (plan, NULL, "inferiors-only"), flag (plan, NULL, "inferiors-only")
                                                  ? _ ("sees only its own processes in /proc, and can reach no others")
                                                  : _ ("/proc is NOT limited to the application's own processes"));
  line (!contains (plan, "namespaces", "net"),
        contains (plan, "namespaces", "net") ? _ ("has no network") : _ ("can use the network as you can"));
  print_mounts (plan);
  print_list (plan, "bus", _ ("on the bus:"), FALSE);
  print_list (plan, "actions", _ ("asks polkit for"), FALSE);
  print_list (plan, "warnings", _ ("note:"), TRUE);
}

int
sbx_cmd_explain (SbxCommand *command)
{
  gboolean json = FALSE;
  g_autofree char *app_id = NULL;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print everything as JSON"), NULL },
    { "app-id", 0, 0, G_OPTION_ARG_STRING, &app_id, N_ ("Whose home it would get"), N_ ("ID") },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (SbxPolicyOptions) policy = sbx_policy_options_new ();
  g_auto (GVariantBuilder) dict = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GVariant) reply = NULL, plan = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *groups;
  int status, first = 2;

  if (!sbx_parse (command, entries, sbx_policy_options_group (policy), _ ("PROFILE [--] [COMMAND…]"),
                  _ ("Says what a sandbox with this profile could do. Nothing is started. \"!\" marks what deserves a "
                     "second look."),
                  &status))
    return status;
  if (command->argc < 2)
    return sbx_fail (_ ("which profile? `sandboxctl profile list` has them"));
  if (command->argc > 2 && strcmp (command->argv[2], "--") == 0)
    first = 3;
  groups = sbx_policy_options_to_variant (policy);
  if (groups)
    g_variant_builder_add (&dict, "{sv}", "policy", groups);
  if (app_id)
    g_variant_builder_add (&dict, "{sv}", "app-id", g_variant_new_string (app_id));
  service = sbx_service_open (&error);
  reply = service ? sbx_service_call (
              service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Explain",
              g_variant_new (
                  "(s@aay@a{sv})", command->argv[1],
                  g_variant_new_bytestring_array ((const char *const *) command->argv + MIN (first, command->argc), -1),
                  g_variant_builder_end (&dict)),
              NULL, &error)
                  : NULL;
  if (!reply)
    return sbx_fail_error (error);
  plan = g_variant_get_child_value (reply, 0);
  if (json)
    sbx_output_json (sbx_output_to_json (plan));
  else
    print_summary (plan);
  return 0;
}
