/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the shells' completions ask: `sandboxctl complete WHAT[=ABOUT]`: one word a line, nothing on errors. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/instances.h"
#include "cli/policy-options.h"
#include "cli/text/output.h"
#include "cli/verbs/verbs.h"
#include "crashes/store.h"

#define REQUEST_OPTIONS "--cwd= --env= --unset-env= --tty --fd= --no-inherit-fds"

/* The verbs and their own options. */
static const struct {
  const char *name, *options;
  gboolean policy; /* the policy options too */
} verbs[] = {
  { "run", "--profile= --app-id= --detach --file-forwarding --on-crash= --json " REQUEST_OPTIONS, TRUE },
  { "exec", REQUEST_OPTIONS, FALSE },
  { "attach", "--profile= --hold " REQUEST_OPTIONS, TRUE },
  { "ps", "--all --tree --json", FALSE },
  { "top", "--once --json --sort= --delay=", FALSE },
  { "show", "--json", FALSE },
  { "stop", "--grace=", FALSE },
  { "kill", "--signal=", FALSE },
  { "wait", "--timeout=", FALSE },
  { "explain", "--json --app-id=", TRUE },
  { "profile", "--json", FALSE },
  { "desktop", "--profile= --no-portal --force --json", FALSE },
  { "crashes", "--json --all", FALSE },
  { "doctor", "--json", FALSE },
};

static void
print_words (const char *words)
{
  g_auto (GStrv) list = g_strsplit (words ? words : "", " ", -1);

  for (char **word = list; *word; word++)
    if (**word)
      printf ("%s\n", *word);
}

static void
print_verbs (const char *unused)
{
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    printf ("%s\n", verbs[i].name);
}

static void
print_options (const char *verb)
{
  g_autofree const char **names = sbx_policy_options_names ();

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++) {
    if (strcmp (verbs[i].name, verb) != 0)
      continue;
    print_words (verbs[i].options);
    for (const char **name = names; verbs[i].policy && *name; name++)
      printf ("--%s=\n", *name);
  }
  puts ("--help");
}

static void
print_values (const char *option)
{
  g_autofree char *words = sbx_policy_options_words (option);

  print_words (strcmp (option, "sort") == 0 ? "cpu memory age" : words);
}

static void
print_profiles (const char *unused)
{
  g_autoptr (SbxService) service = sbx_service_open (NULL);
  g_autoptr (GVariant) reply = NULL, profiles = NULL;
  GVariantIter iter;
  const char *name;

  if (service)
    reply = sbx_service_call (service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "ListProfiles", NULL, NULL, NULL);
  if (!reply)
    return;
  profiles = g_variant_get_child_value (reply, 0);
  g_variant_iter_init (&iter, profiles);
  while (g_variant_iter_next (&iter, "(&sss&s)", &name, NULL, NULL, NULL))
    printf ("%s\n", name);
}

static void
print_instances (const char *unused)
{
  g_autoptr (SbxService) service = sbx_service_open (NULL);
  g_autoptr (GPtrArray) instances = service ? sbx_instances_list (service, NULL) : NULL;

  for (guint i = 0; instances && i < instances->len; i++) {
    const SbxInstanceInfo *info = g_ptr_array_index (instances, i);
    g_autofree char *app = sbx_output_clean (sbx_instance_text (info, "AppId"));

    if (sbx_instance_has_ended (info))
      continue;
    printf ("%s\n", info->id);
    if (*app)
      printf ("%s\n", app);
  }
}

static void
print_crashes (const char *unused)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree char *path = sbx_crash_store_path ((const char *const *) environment);
  int store = sbx_crash_store_open (path, FALSE, NULL);
  g_autoptr (GPtrArray) entries = store >= 0 ? sbx_crash_store_list (store) : NULL;

  for (guint i = 0; entries && i < entries->len; i++)
    printf ("%s\n", ((const SbxCrashEntry *) g_ptr_array_index (entries, i))->id);
  if (store >= 0)
    close (store);
}

int
sbx_cmd_complete (SbxCommand *command)
{
  static const struct {
    const char *name;
    void (*print) (const char *about);
  } rows[] = {
    { "verbs", print_verbs },       { "options", print_options },     { "values", print_values },
    { "profiles", print_profiles }, { "instances", print_instances }, { "crashes", print_crashes },
  };
  const char *what = command->argc == 2 ? command->argv[1] : "";
  gsize n = strcspn (what, "=");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strlen (rows[i].name) == n && strncmp (rows[i].name, what, n) == 0) {
      rows[i].print (what[n] ? what + n + 1 : "");
      return 0;
    }
  return SBX_EXIT_SANDBOX;
}
