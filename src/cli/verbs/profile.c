/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/exposure.h"
#include "cli/link/service.h"
#include "cli/profile-file.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/verbs/functions.h"
#include "common/error.h"

typedef struct {
  SbxService *service;
  gboolean json;
  char **words; /* what follows the sub-verb */
} Profile;

static GVariant *
ask (Profile *self, const char *method, GVariant *parameters, GError **error)
{
  g_autoptr (GVariant) kept = parameters ? g_variant_ref_sink (parameters) : NULL;

  if (!self->service)
    self->service = sbx_service_open (error);
  if (!self->service)
    return NULL;
  return sbx_service_call (self->service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, method, kept, NULL, error);
}

/* (a{sv} policy, a(ssssu) origins, a{sv} details) */
static GVariant *
get_profile (Profile *self, const char *name, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);

  return ask (self, "GetProfile", g_variant_new ("(s)", valid), error);
}

static int
list (gpointer data)
{
  Profile *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = ask (self, "ListProfiles", NULL, &error), profiles = NULL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (JsonArray) array = json_array_new ();
  const char *heading[] = { _ ("NAME"), _ ("PLACE"), _ ("DESCRIPTION"), NULL }, *name, *description, *place, *problem;
  GVariantIter iter;

  if (!reply)
    return sbx_fail_error (error);
  profiles = g_variant_get_child_value (reply, 0);
  g_ptr_array_add (rows, g_strdupv ((char **) heading));
  g_variant_iter_init (&iter, profiles);
  while (g_variant_iter_next (&iter, "(&s&s&s&s)", &name, &description, &place, &problem)) {
    g_autofree char *text = *problem ? g_strdup_printf (_ ("cannot be used: %s"), problem) : g_strdup (description);
    char *row[] = { sbx_output_clean (name), g_strdup (*place ? place : "-"), sbx_output_clean (text), NULL };
    JsonObject *object = json_object_new ();

    g_ptr_array_add (rows, g_memdup2 (row, sizeof row));
    json_object_set_string_member (object, "name", name);
    json_object_set_string_member (object, "description", description);
    json_object_set_string_member (object, "place", place);
    json_object_set_string_member (object, "problem", problem);
    json_array_add_object_element (array, object);
  }
  if (self->json)
    sbx_output_json (json_node_init_array (json_node_alloc (), array));
  else
    sbx_output_table (rows);
  return 0;
}

/* Each value with the place that it comes from. */
static void
print_origins (GVariant *origins)
{
  g_autofree char *before = NULL;
  const char *group, *key, *value, *file;
  guint32 line;
  GVariantIter iter;

  g_variant_iter_init (&iter, origins);
  while (g_variant_iter_next (&iter, "(&s&s&s&su)", &group, &key, &value, &file, &line)) {
    g_autofree char *shown = sbx_output_clean (value), *from = sbx_output_clean (file);

    if (!before || strcmp (before, group) != 0) {
      printf ("%s[%s]\n", before ? "\n" : "", group);
      g_free (before);
      before = g_strdup (group);
    }
    printf ("%s=%s\n    # %s:%u\n", key, shown, from, line);
  }
}

static JsonNode *
origins_to_json (GVariant *origins)
{
  g_autoptr (JsonArray) array = json_array_new ();
  const char *group, *key, *value, *file;
  guint32 line;
  GVariantIter iter;

  g_variant_iter_init (&iter, origins);
  while (g_variant_iter_next (&iter, "(&s&s&s&su)", &group, &key, &value, &file, &line)) {
    JsonObject *row = json_object_new ();

    json_object_set_string_member (row, "group", group);
    json_object_set_string_member (row, "key", key);
    json_object_set_string_member (row, "value", value);
    json_object_set_string_member (row, "file", file);
    json_object_set_int_member (row, "line", line);
    json_array_add_object_element (array, row);
  }
  return json_node_init_array (json_node_alloc (), array);
}

static int
show (gpointer data)
{
  Profile *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = get_profile (self, self->words[0], &error);
  g_autoptr (GVariant) policy = NULL, origins = NULL, details = NULL;
  const char *description = "";

  if (!reply)
    return sbx_fail_error (error);
  g_variant_get (reply, "(@a{sv}@a(ssssu)@a{sv})", &policy, &origins, &details);
  if (self->json) {
    JsonNode *node = sbx_output_to_json (details);

    json_object_set_string_member (json_node_get_object (node), "name", self->words[0]);
    json_object_set_member (json_node_get_object (node), "policy", sbx_output_to_json (policy));
    json_object_set_member (json_node_get_object (node), "origins", origins_to_json (origins));
    sbx_output_json (node);
    return 0;
  }
  if (g_variant_lookup (details, "description", "&s", &description)) {
    g_autofree char *clean = sbx_output_clean (description);

    printf ("# %s: %s\n\n", self->words[0], clean);
  }
  print_origins (origins);
  return 0;
}

/* Tells every error of the file; 0 when there is none. */
static int
check_file (const char *path)
{
  g_autoptr (GPtrArray) errors = sbx_profile_file_check (path);

  for (guint i = 0; i < errors->len; i++)
    (void) sbx_fail ("%s", (const char *) errors->pdata[i]);
  return errors->len > 0 ? SBX_EXIT_SANDBOX : 0;
}

/* The service has complained of the profile with that error: all that is wrong with the file that it names. */
static int
check_named (const GError *error)
{
  g_autoptr (GError) plain = g_error_copy (error);
  g_autofree char *path = NULL;
  const char *colon;

  g_dbus_error_strip_remote_error (plain);
  colon = plain->message[0] == '/' ? strchr (plain->message, ':') : NULL;
  path = colon ? g_strndup (plain->message, (gsize) (colon - plain->message)) : NULL;
  if (path && g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
    int status = check_file (path);

    if (status != 0)
      return status;
  }
  return sbx_fail_error (error);
}

/* What a profile that can be read comes to on the disk as it is. */
static gboolean
check_installed (Profile *self, const char *name, GError **error)
{
  g_autoptr (GVariant) profile = get_profile (self, name, error), reply = NULL, plan = NULL;
  const char *reason;

  if (profile)
    reply = ask (self, "Explain",
                 g_variant_new ("(s@aay@a{sv})", name, g_variant_new_bytestring_array (NULL, 0),
                                g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0)),
                 error);
  if (!reply)
    return FALSE;
  plan = g_variant_get_child_value (reply, 0);
  return !g_variant_lookup (plan, "refused", "&s", &reason)
         || sbx_throw (error, SBX_ERROR_SPAWN_FAILED, _ ("%s can be read, but with it nothing would start: %s"), name,
                       reason);
}

static int
check (gpointer data)
{
  Profile *self = data;
  int status = 0;

  for (char **word = self->words; *word; word++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *clean = sbx_output_clean (*word);
    int one = 0;

    if (sbx_is_profile_file (*word))
      one = check_file (*word);
    else if (!check_installed (self, *word, &error))
      one = check_named (error);
    if (one == 0)
      printf (_ ("%s: good\n"), clean);
    else
      status = one;
  }
  return status;
}

static SbxPolicy *
get_policy (Profile *self, const char *name, GError **error)
{
  g_autoptr (GVariant) reply = NULL, groups = NULL;

  if (sbx_is_profile_file (name)) {
    g_autoptr (SbxProfileFile) file = sbx_profile_file_read (name, error);

    return file ? sbx_policy_ref (sbx_profile_get_policy (file->profile)) : NULL;
  }
  reply = get_profile (self, name, error);
  if (!reply)
    return NULL;
  groups = g_variant_get_child_value (reply, 0);
  return sbx_exposure_policy (groups, error);
}

static int
diff (gpointer data)
{
  Profile *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) first = get_policy (self, self->words[0], &error), second = NULL;
  g_autofree char *text = NULL;

  if (first)
    second = get_policy (self, self->words[1], &error);
  if (!second)
    return sbx_fail_error (error);
  text = sbx_policy_diff (first, second);
  if (self->json) {
    g_autoptr (JsonArray) array = json_array_new ();
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

    for (char **line = lines; *line; line++)
      if (**line)
        json_array_add_string_element (array, *line);
    sbx_output_json (json_node_init_array (json_node_alloc (), array));
  } else {
    fputs (text, stdout);
    if (*text && !g_str_has_suffix (text, "\n"))
      putchar ('\n');
  }
  return 0;
}

/* The names of all that can be used. */
static char **
all_names (Profile *self, GError **error)
{
  g_autoptr (GVariant) reply = ask (self, "ListProfiles", NULL, error), profiles = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *name, *problem;
  GVariantIter iter;

  if (!reply)
    return NULL;
  profiles = g_variant_get_child_value (reply, 0);
  g_variant_iter_init (&iter, profiles);
  while (g_variant_iter_next (&iter, "(&s&s&s&s)", &name, NULL, NULL, &problem))
    if (!*problem)
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

/* One after the other in full, or all of them in a table. */
static int
score (gpointer data)
{
  Profile *self = data;
  g_autoptr (GError) error = NULL;
  gboolean named = self->words[0] != NULL;
  g_auto (GStrv) names = named ? g_strdupv (self->words) : all_names (self, &error);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (JsonArray) array = json_array_new ();
  const char *heading[] = { _ ("PROFILE"), _ ("EXPOSURE"), "", _ ("MOST OF ALL IT"), NULL };

  g_ptr_array_add (rows, g_strdupv ((char **) heading));
  for (char **name = names; name && *name; name++) {
    g_autoptr (SbxPolicy) policy = get_policy (self, *name, &error);

    if (!policy)
      break;
    if (self->json) {
      g_autoptr (GVariant) exposure = sbx_exposure_to_variant (policy);
      JsonNode *node = sbx_output_to_json (exposure);

      json_object_set_string_member (json_node_get_object (node), "profile", *name);
      json_array_add_element (array, node);
    } else if (named) {
      sbx_exposure_print (*name, policy);
    } else {
      g_ptr_array_add (rows, sbx_exposure_row (*name, policy));
    }
  }
  if (error)
    return sbx_fail_error (error);
  if (self->json)
    sbx_output_json (json_node_init_array (json_node_alloc (), array));
  else if (!named)
    sbx_output_table (rows);
  return 0;
}

static const SbxSubVerb verbs[] = {
  { "list", list, 0, 0, "profile list" },
  { "show", show, 1, 1, "profile show PROFILE" },
  { "check", check, 1, G_MAXUINT, "profile check PROFILE|FILE…" },
  { "diff", diff, 2, 2, "profile diff PROFILE|FILE PROFILE|FILE" },
  { "score", score, 0, G_MAXUINT, "profile score [PROFILE|FILE…]" },
};

int
sbx_cmd_profile (SbxCommand *command)
{
  Profile self = { 0 };
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &self.json, N_ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  int status;

  if (!sbx_parse (
          command, entries, NULL, _ ("list|show|check|diff|score [PROFILE…|FILE…]"),
          _ ("Lists profiles, shows where each value comes from, checks files, compares, and says how much each "
             "lays open."),
          &status))
    return status;
  if (command->argc < 2)
    return sbx_fail (_ ("profile takes one of list, show, check, diff and score"));
  self.words = command->argv + 2;
  status = sbx_sub_verb_run (verbs, G_N_ELEMENTS (verbs), command->argv[1], g_strv_length (self.words), &self);
  if (status < 0)
    status = sbx_fail (_ ("profile takes one of list, show, check, diff and score, not \"%s\""), command->argv[1]);
  g_clear_pointer (&self.service, sbx_service_free);
  return status;
}
