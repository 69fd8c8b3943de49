/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/instances.h"
#include "cli/output.h"

static JsonNode *
item_to_json (const SbxItem *item)
{
  JsonObject *object = json_object_new ();
  GVariantIter iter;
  const char *key;
  GVariant *value;

  json_object_set_string_member (object, "id", item->id);
  g_variant_iter_init (&iter, item->properties);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    g_autofree char *name = sbx_output_kebab (key);

    if (strcmp (name, "id") != 0) /* as text: a 64-bit number does not survive most JSON readers */
      json_object_set_member (object, name, sbx_output_to_json (value));
    g_variant_unref (value);
  }
  return json_node_init_object (json_node_alloc (), object);
}

/* "3 s", "12 min", "5 h", "8 d" */
static char *
format_age (guint64 start)
{
  gint64 seconds = start ? (g_get_real_time () - (gint64) start) / G_USEC_PER_SEC : 0;

  if (seconds < 120)
    return g_strdup_printf (_ ("%d s"), (int) MAX (seconds, 0));
  if (seconds < 120 * 60)
    return g_strdup_printf (_ ("%d min"), (int) (seconds / 60));
  if (seconds < 48 * 3600)
    return g_strdup_printf (_ ("%d h"), (int) (seconds / 3600));
  return g_strdup_printf (_ ("%d d"), (int) (seconds / 86400));
}

static void
add_row (GPtrArray *rows, const SbxItem *item, const char *indent)
{
  char **row = g_new0 (char *, 8);

  row[0] = g_strconcat (indent, item->id, NULL);
  row[1] = sbx_output_clean (sbx_item_string (item, "AppId"));
  row[2] = sbx_output_clean (sbx_item_string (item, "Profile"));
  row[3] = g_strdup_printf ("%" G_GUINT64_FORMAT, sbx_item_number (item, "Pid"));
  row[4] = g_strdup (sbx_item_string (item, "State"));
  row[5] = format_age (sbx_item_number (item, "StartTime"));
  row[6] = sbx_item_command (item);
  g_ptr_array_add (rows, row);
}

static const char *
parent_of (const SbxItem *item)
{
  const char *parent = "/";

  g_variant_lookup (item->properties, "Parent", "&o", &parent);
  return parent;
}

/* @parent's children, each followed by its own. */
static void
add_tree (GPtrArray *rows, GPtrArray *items, const char *parent, guint depth)
{
  g_autofree char *indent = g_strnfill (depth * 2, ' ');

  for (guint i = 0; depth < 32 && i < items->len; i++) {
    const SbxItem *item = items->pdata[i];

    if (strcmp (parent_of (item), parent) != 0)
      continue;
    add_row (rows, item, indent);
    add_tree (rows, items, item->path, depth + 1);
  }
}

static void
print_table (GPtrArray *items, gboolean tree)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  const char *const heading[] = { _ ("ID"),    _ ("APP"), _ ("PROFILE"), _ ("PID"),
                                  _ ("STATE"), _ ("AGE"), _ ("COMMAND"), NULL };

  g_ptr_array_add (rows, g_strdupv ((char **) heading));
  if (tree)
    add_tree (rows, items, "/", 0);
  for (guint i = 0; !tree && i < items->len; i++)
    add_row (rows, items->pdata[i], "");
  sbx_output_table (rows);
}

int
sbx_cmd_ps (SbxCommand *command)
{
  gboolean json = FALSE, all = FALSE, tree = FALSE;
  const GOptionEntry entries[] = {
    { "all", 'a', 0, G_OPTION_ARG_NONE, &all, N_ ("Also those that have ended a while ago"), NULL },
    { "tree", 0, 0, G_OPTION_ARG_NONE, &tree, N_ ("Handlers and nested sandboxes below their parents"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  if (!sbx_parse (command, entries, NULL, NULL, _ ("Lists the sandboxes."), &status))
    return status;
  if (command->argc > 1)
    return sbx_fail (_ ("\"%s\": ps takes no argument; `sandboxctl show` is about one sandbox"), command->argv[1]);
  service = sbx_service_open (&error);
  items = service ? sbx_instances_get (service, &error) : NULL;
  if (!items)
    return sbx_fail_error (error);
  for (guint i = items->len; !all && i > 0; i--)
    if (!sbx_item_running (items->pdata[i - 1]))
      g_ptr_array_remove_index (items, i - 1);
  if (json) {
    JsonArray *array = json_array_new ();

    for (guint i = 0; i < items->len; i++)
      json_array_add_element (array, item_to_json (items->pdata[i]));
    sbx_output_json (json_node_init_array (json_node_alloc (), array));
  } else {
    print_table (items, tree);
  }
  return 0;
}

/* "result": { "code": 0, … } as "result  code 0, …" */
static char *
describe (JsonNode *node)
{
  g_autofree char *text = json_to_string (node, FALSE);
  g_autofree char *clean = sbx_output_clean (text);

  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return sbx_output_clean (json_node_get_string (node));
  return g_steal_pointer (&clean);
}

static void
print_item (const SbxItem *item)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (JsonNode) node = item_to_json (item);
  JsonObject *object = json_node_get_object (node);
  g_autoptr (GList) names = json_object_get_members (object);

  for (GList *name = names; name; name = name->next) {
    char **row = g_new0 (char *, 3);

    row[0] = g_strdup (name->data);
    row[1] = strcmp (name->data, "command") == 0 ? sbx_item_command (item)
                                                 : describe (json_object_get_member (object, name->data));
    g_ptr_array_add (rows, row);
  }
  sbx_output_table (rows);
}

int
sbx_cmd_show (SbxCommand *command)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GError) error = NULL;
  SbxItem *item;
  int status;

  if (!sbx_parse (command, entries, NULL, _ ("SANDBOX"),
                  _ ("Shows all about one sandbox, named by its id, the beginning of it, its application's id or pid."),
                  &status))
    return status;
  if (command->argc != 2)
    return sbx_fail (_ ("which sandbox? `sandboxctl ps` lists them"));
  service = sbx_service_open (&error);
  items = service ? sbx_instances_get (service, &error) : NULL;
  item = items ? sbx_instances_find (items, command->argv[1], &error) : NULL;
  if (!item)
    return sbx_fail_error (error);
  if (json)
    sbx_output_json (item_to_json (item));
  else
    print_item (item);
  return 0;
}
