/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/instance-json.h"
#include "cli/instances.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/verbs/functions.h"

/* "12s", "5m", "3h", "2d" */
static char *
format_age (guint64 start)
{
  gint64 seconds = start ? (g_get_real_time () - (gint64) start) / G_USEC_PER_SEC : 0;

  if (seconds < 0)
    seconds = 0;
  if (seconds < 120)
    return g_strdup_printf ("%ds", (int) seconds);
  if (seconds < 2 * 3600)
    return g_strdup_printf ("%dm", (int) (seconds / 60));
  if (seconds < 48 * 3600)
    return g_strdup_printf ("%dh", (int) (seconds / 3600));
  return g_strdup_printf ("%" G_GINT64_FORMAT "d", seconds / 86400);
}

static char **
make_row (const SbxInstanceInfo *info, int depth)
{
  guint64 pid = sbx_instance_number (info, "Pid");
  g_autofree char *command = sbx_instance_command (info);
  GStrvBuilder *row = g_strv_builder_new ();
  g_autofree char *app = sbx_output_clean (sbx_instance_text (info, "AppId"));
  g_autofree char *profile = sbx_output_clean (sbx_instance_text (info, "Profile"));
  g_autofree char *number = pid ? g_strdup_printf ("%" G_GUINT64_FORMAT, pid) : g_strdup ("-");
  g_autofree char *age = format_age (info->started);
  g_autofree char *id = g_strdup_printf ("%*s%s", depth * 2, "", info->id);
  char **result;

  g_strv_builder_add_many (row, id, app, profile, number, sbx_instance_state (info), age, command, NULL);
  result = g_strv_builder_end (row);
  g_strv_builder_unref (row);
  return result;
}

static const SbxInstanceInfo *
find_path (GPtrArray *instances, const char *path)
{
  for (guint i = 0; i < instances->len; i++) {
    const SbxInstanceInfo *info = g_ptr_array_index (instances, i);

    if (strcmp (info->path, path) == 0)
      return info;
  }
  return NULL;
}

/* Those whose parent is @parent (NULL: that have none in the list), each followed by its own. */
static void
add_tree (GPtrArray *rows, GPtrArray *instances, const SbxInstanceInfo *parent, int depth)
{
  for (guint i = 0; i < instances->len && depth < 64; i++) {
    const SbxInstanceInfo *info = g_ptr_array_index (instances, i);
    const char *path = "/";

    g_variant_lookup (info->properties, "Parent", "&o", &path);
    if (find_path (instances, path) != parent)
      continue;
    g_ptr_array_add (rows, make_row (info, depth));
    add_tree (rows, instances, info, depth + 1);
  }
}

static void
print_table (GPtrArray *instances, gboolean tree)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  const char *heading[] = {
    _ ("ID"), _ ("APP"), _ ("PROFILE"), _ ("PID"), _ ("STATE"), _ ("AGE"), _ ("COMMAND"), NULL
  };

  g_ptr_array_add (rows, g_strdupv ((char **) heading));
  if (tree)
    add_tree (rows, instances, NULL, 0);
  else
    for (guint i = 0; i < instances->len; i++)
      g_ptr_array_add (rows, make_row (g_ptr_array_index (instances, i), 0));
  sbx_output_table (rows);
}

static void
print_json (GPtrArray *instances)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < instances->len; i++)
    json_array_add_element (array, sbx_instance_to_json (g_ptr_array_index (instances, i)));
  sbx_output_json (json_node_init_array (json_node_alloc (), array));
  json_array_unref (array);
}

int
sbx_cmd_ps (SbxCommand *command)
{
  gboolean all = FALSE, tree = FALSE, quiet = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "all", 'a', 0, G_OPTION_ARG_NONE, &all, N_ ("Also those that have ended"), NULL },
    { "tree", 0, 0, G_OPTION_ARG_NONE, &tree, N_ ("Each below the one that started it"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, N_ ("Print the ids and nothing else"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  if (!sbx_parse (command, entries, NULL, "", _ ("Lists the sandboxes."), &status))
    return status;
  if (command->argc > 1)
    return sbx_fail (_ ("ps takes no argument, and \"%s\" is one; `sandboxctl show` is for one sandbox"),
                     command->argv[1]);
  service = sbx_service_open (&error);
  if (service)
    instances = all    ? sbx_instances_list (service, &error)
                : json ? sbx_instances_list_running (service, &error)
                       : sbx_instances_list_brief (service, &error);
  if (!instances)
    return sbx_fail_error (error);
  if (json)
    print_json (instances);
  else if (quiet)
    for (guint i = 0; i < instances->len; i++)
      printf ("%s\n", ((const SbxInstanceInfo *) g_ptr_array_index (instances, i))->id);
  else
    print_table (instances, tree);
  return 0;
}
