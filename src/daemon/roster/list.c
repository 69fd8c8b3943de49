/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/roster/list.h"

#include <string.h>

#include "common/key-file.h"
#include "daemon/bounds.h"
#include "policy/options.h"
#include "policy/vocabulary.h"

static const SbxKeyFileKind kind = { .what = "list of applications",
                                     .code = SBX_ERROR_BAD_OPTION,
                                     .max = SBX_MAX_LIST };
static const char *const restarts[] = {
  [SBX_RESTART_NEVER] = "never", [SBX_RESTART_FAILURE] = "failure", [SBX_RESTART_ALWAYS] = "always", NULL
};

static void
listed_free (gpointer data)
{
  SbxListed *listed = data;

  g_free (listed->app_id);
  g_free (listed->profile);
  g_strfreev (listed->command);
  g_free (listed);
}

static gboolean
take_profile (SbxListed *listed, const char *value, GError **error)
{
  if (!*value)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "Profile: the name of a profile is missing");
  listed->profile = g_strdup (value);
  return TRUE;
}

static gboolean
take_command (SbxListed *listed, const char *value, GError **error)
{
  g_autoptr (GError) problem = NULL;

  return g_shell_parse_argv (value, NULL, &listed->command, &problem)
         || sbx_throw (error, SBX_ERROR_BAD_OPTION, "Command: %s", problem->message);
}

static gboolean
take_restart (SbxListed *listed, const char *value, GError **error)
{
  for (guint i = 0; restarts[i]; i++)
    if (strcmp (restarts[i], value) == 0) {
      listed->restart = (SbxRestart) i;
      return TRUE;
    }
  return sbx_throw_unknown (error, "word of Restart", value, restarts);
}

static const struct {
  const char *key;
  gboolean (*take) (SbxListed *listed, const char *value, GError **error);
} keys[] = { { "Profile", take_profile }, { "Command", take_command }, { "Restart", take_restart } };

static gboolean
take_key (SbxListed *listed, const SbxKeyFileEntry *entry, GError **error)
{
  const char *names[G_N_ELEMENTS (keys) + 1] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (strcmp (keys[i].key, entry->key) == 0)
      return keys[i].take (listed, entry->value, error);
    names[i] = keys[i].key;
  }
  return sbx_throw_unknown (error, "key", entry->key, names);
}

static gboolean
begin_group (GPtrArray *list, const SbxKeyFileEntry *entry, GError **error)
{
  g_autoptr (GVariant) id = g_variant_ref_sink (g_variant_new_string (entry->group));
  SbxListed *listed;

  if (!sbx_option_check_app_id (entry->group, id, error))
    return FALSE;
  if (list->len == SBX_MAX_LISTED)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "a list may have %d applications at most", SBX_MAX_LISTED);
  listed = g_new0 (SbxListed, 1);
  listed->app_id = g_strdup (entry->group);
  listed->line = entry->line;
  g_ptr_array_add (list, listed);
  return TRUE;
}

static gboolean
visit (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  GPtrArray *list = data;

  if (!entry->key)
    return begin_group (list, entry, error);
  return take_key (g_ptr_array_index (list, list->len - 1), entry, error);
}

/* What each has to say. */
static gboolean
check (GPtrArray *list, const char *name, GError **error)
{
  for (guint i = 0; i < list->len; i++) {
    const SbxListed *listed = g_ptr_array_index (list, i);

    if (!listed->profile)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s:%u:1: [%s] has no Profile=", name, listed->line,
                        listed->app_id);
  }
  return TRUE;
}

GPtrArray *
sbx_list_read (const char *path, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (listed_free);

  return sbx_key_file_read (&kind, path, visit, list, error) && check (list, path, error) ? g_steal_pointer (&list)
                                                                                          : NULL;
}

GPtrArray *
sbx_list_parse (const char *data, gsize size, const char *name, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (listed_free);

  return sbx_key_file_parse (&kind, data, size, name, visit, list, error) && check (list, name, error)
             ? g_steal_pointer (&list)
             : NULL;
}
