/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the shells' completions ask: `sandboxctl complete WHAT[=ABOUT]`: one word a line, nothing on errors. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/instances.h"
#include "cli/policy-options.h"
#include "cli/text/output.h"
#include "cli/verbs/functions.h"
#include "crashes/store.h"

static void
print_words (const char *words)
{
  g_auto (GStrv) list = g_strsplit (words ? words : "", " ", -1);

  for (char **word = list; *word; word++)
    if (**word)
      printf ("%s\n", *word);
}

static void
print_verbs (const SbxVerb *verbs, const char *unused)
{
  g_autofree const char **names = sbx_verb_names (verbs);

  for (const char **name = names; *name; name++)
    printf ("%s\n", *name);
}

static void
print_options (const SbxVerb *verbs, const char *name)
{
  g_autofree const char **policy = sbx_policy_options_names ();
  const SbxVerb *verb = sbx_verb_find (verbs, name);

  if (verb)
    print_words (verb->options);
  for (const char **option = policy; verb && verb->policy && *option; option++)
    printf ("--%s=\n", *option);
  puts ("--help");
}

static void
print_values (const SbxVerb *verbs, const char *option)
{
  static const struct {
    const char *option, *words;
  } rows[] = {
    { "sort", "cpu memory age" },                       /* top's */
    { "hidepid", "off noaccess invisible ptraceable" }, /* procfs's */
    { "subset", "all pid" },
  };
  g_autofree char *words = sbx_policy_options_words (option);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strcmp (option, rows[i].option) == 0)
      print_words (rows[i].words);
  print_words (words);
}

static void
print_profiles (const SbxVerb *verbs, const char *unused)
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
print_instances (const SbxVerb *verbs, const char *unused)
{
  g_autoptr (SbxService) service = sbx_service_open (NULL);
  g_autoptr (GPtrArray) instances = service ? sbx_instances_list_running (service, NULL) : NULL;

  for (guint i = 0; instances && i < instances->len; i++) {
    const SbxInstanceInfo *info = g_ptr_array_index (instances, i);
    g_autofree char *app = sbx_output_clean (sbx_instance_text (info, "AppId"));

    printf ("%s\n", info->id);
    if (*app)
      printf ("%s\n", app);
  }
}

static void
print_crashes (const SbxVerb *verbs, const char *unused)
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

static void
print_data (const SbxVerb *verbs, const char *unused)
{
  g_autofree char *base = g_build_filename (g_get_user_data_dir (), SBX_RUNTIME_SUBDIR, NULL);
  g_autoptr (GDir) dir = g_dir_open (base, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (*name != '.' && g_utf8_validate (name, -1, NULL) && !strpbrk (name, " \t\n"))
      printf ("%s\n", name);
}

int
sbx_cmd_complete (SbxCommand *command)
{
  static const struct {
    const char *name;
    void (*print) (const SbxVerb *verbs, const char *about);
  } rows[] = {
    { "verbs", print_verbs },       { "options", print_options },     { "values", print_values },
    { "profiles", print_profiles }, { "instances", print_instances }, { "crashes", print_crashes },
    { "data", print_data },
  };
  const char *what = command->argc == 2 ? command->argv[1] : "";
  gsize n = strcspn (what, "=");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strlen (rows[i].name) == n && strncmp (rows[i].name, what, n) == 0) {
      rows[i].print (command->verbs, what[n] ? what + n + 1 : "");
      return 0;
    }
  return SBX_EXIT_SANDBOX;
}
