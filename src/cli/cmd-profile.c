/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* profile list | show NAME | check FILE | diff A B */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/service.h"
#include "policy/profile-set.h"

static GVariant *
ask (SbxService *service, const char *method, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;
  GVariant *reply =
      sbx_service_call (service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, method, parameters, NULL, &error);

  if (!reply)
    sbx_fail_error (error);
  return reply;
}

static int
list (SbxService *service, gboolean json)
{
  g_autoptr (GVariant) reply = ask (service, "ListProfiles", NULL);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (GVariant) profiles = NULL;
  const char *const heading[] = { _ ("PROFILE"), _ ("FROM"), _ ("DESCRIPTION"), NULL };
  const char *name, *description, *place, *problem;
  JsonArray *array = json_array_new ();
  GVariantIter iter;

  if (!reply) {
    json_array_unref (array);
    return SBX_EXIT_SANDBOX;
  }
  profiles = g_variant_get_child_value (reply, 0);
  g_ptr_array_add (rows, g_strdupv ((char **) heading));
  g_variant_iter_init (&iter, profiles);
  while (g_variant_iter_next (&iter, "(&s&s&s&s)", &name, &description, &place, &problem)) {
    JsonObject *object = json_object_new ();
    char **row = g_new0 (char *, 4);

    json_object_set_string_member (object, "name", name);
    json_object_set_string_member (object, "description", description);
    json_object_set_string_member (object, "place", place);
    json_object_set_string_member (object, "problem", problem);
    json_array_add_object_element (array, object);
    row[0] = sbx_output_clean (name);
    row[1] = sbx_output_clean (place);
    row[2] = sbx_output_clean (*problem ? problem : description);
    g_ptr_array_add (rows, row);
  }
  if (json)
    sbx_output_json (json_node_init_array (json_node_alloc (), json_array_ref (array)));
  else
    sbx_output_table (rows);
  json_array_unref (array);
  return 0;
}

static int
show (SbxService *service, const char *name, gboolean json)
{
  g_autoptr (GVariant) reply = ask (service, "GetProfile", g_variant_new ("(s)", name));
  g_autoptr (GVariant) policy = NULL, origins = NULL, details = NULL;
  const char *group, *key, *value, *file, *last = "";
  GVariantIter iter;
  guint32 number;

  if (!reply)
    return SBX_EXIT_SANDBOX;
  g_variant_get (reply, "(@a{sv}@a(ssssu)@a{sv})", &policy, &origins, &details);
  if (json) {
    sbx_output_json (sbx_output_to_json (reply));
    return 0;
  }
  g_variant_iter_init (&iter, origins);
  while (g_variant_iter_next (&iter, "(&s&s&s&su)", &group, &key, &value, &file, &number)) {
    g_autofree char *clean = sbx_output_clean (value);

    if (strcmp (group, last) != 0)
      printf ("%s[%s]\n", *last ? "\n" : "", group);
    last = group;
    printf ("%s=%s  # %s:%u\n", key, clean, file, number);
  }
  return 0;
}

static SbxPolicy *
get_policy (SbxService *service, const char *name)
{
  g_autoptr (GVariant) reply = ask (service, "GetProfile", g_variant_new ("(s)", name));
  g_autoptr (GVariant) policy = reply ? g_variant_get_child_value (reply, 0) : NULL;
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();
  g_autoptr (GError) error = NULL;
  const SbxPlaces places = { .home = g_get_home_dir () };
  SbxPolicy *result = policy ? sbx_policy_merge_variant (empty, policy, &places, &error) : NULL;

  if (policy && !result)
    sbx_fail_error (error);
  return result;
}

static int
diff (SbxService *service, const char *from, const char *to)
{
  g_autoptr (SbxPolicy) old = get_policy (service, from);
  g_autoptr (SbxPolicy) new = old ? get_policy (service, to) : NULL;
  g_autofree char *text = NULL;

  if (!new)
    return SBX_EXIT_SANDBOX;
  text = sbx_policy_diff (old, new);
  fputs (text, stdout);
  return 0;
}

/* Without the service: a file need not be anywhere in particular to be checked. */
static int
check (const char *path)
{
  g_auto (GStrv) dirs = sbx_profile_set_default_dirs ();
  const char *xdg_dirs[G_USER_N_DIRECTORIES] = { NULL };
  SbxPlaces places = { g_get_home_dir (),         xdg_dirs,
                       g_get_user_runtime_dir (), g_get_user_data_dir (),
                       g_get_user_config_dir (),  g_get_user_cache_dir () };
  const SbxConditions conditions = { .landlock_abi = 0 };
  g_autoptr (SbxProfileSet) set = NULL;
  g_autoptr (SbxProfile) profile = NULL;
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < G_USER_N_DIRECTORIES; i++)
    xdg_dirs[i] = g_get_user_special_dir ((GUserDirectory) i);
  set = sbx_profile_set_new ((const char *const *) dirs, &places, &conditions);
  profile = sbx_profile_set_load_file (set, path, &error);
  if (!profile)
    return sbx_fail_error (error);
  printf (_ ("%s is in order\n"), path);
  return 0;
}

int
sbx_cmd_profile (SbxCommand *command)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON (list, show)"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GError) error = NULL;
  const char *what;
  int status;

  if (!sbx_parse (command, entries, NULL, _ ("list | show NAME | check FILE | diff A B"),
                  _ ("Profiles say what a sandbox may reach; sandbox-profile(5) has their language."), &status))
    return status;
  what = command->argc > 1 ? command->argv[1] : "";
  if (command->argc > 2 && strcmp (command->argv[2], "--json") == 0) { /* also after the word */
    json = TRUE;
    command->argv++;
    command->argc--;
  }
  if (strcmp (what, "check") == 0 && command->argc == 3)
    return check (command->argv[2]);
  service = sbx_service_open (&error);
  if (!service)
    return sbx_fail_error (error);
  if (strcmp (what, "list") == 0)
    return list (service, json);
  if (strcmp (what, "show") == 0 && command->argc == 3)
    return show (service, command->argv[2], json);
  if (strcmp (what, "diff") == 0 && command->argc == 4)
    return diff (service, command->argv[2], command->argv[3]);
  return sbx_fail (_ ("say list, show NAME, check FILE, or diff A B"));
}
