/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the shells' completions ask: `sandboxctl complete WHAT`, one word a line, nothing on errors. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/instances.h"
#include "cli/output.h"
#include "cli/policy-options.h"

static void
print_words (const char *const *words, const char *before)
{
  for (; *words; words++)
    printf ("%s%s\n", before, *words);
}

static void
print_verbs (void)
{
  static const char *const words[] = { "run",  "exec",    "ps",      "show",   "stop", "kill",
                                       "wait", "explain", "profile", "doctor", NULL };

  print_words (words, "");
}

static void
print_policy_options (void)
{
  g_autofree const char **names = sbx_policy_options_names ();

  print_words (names, "--");
}

static void
print_profiles (void)
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
print_instances (void)
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

int
sbx_cmd_complete (SbxCommand *command)
{
  static const struct {
    const char *name;
    void (*print) (void);
  } rows[] = {
    { "verbs", print_verbs },
    { "policy-options", print_policy_options },
    { "profiles", print_profiles },
    { "instances", print_instances },
  };

  for (gsize i = 0; command->argc == 2 && i < G_N_ELEMENTS (rows); i++)
    if (strcmp (rows[i].name, command->argv[1]) == 0) {
      rows[i].print ();
      return 0;
    }
  return SBX_EXIT_SANDBOX;
}
