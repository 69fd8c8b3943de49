/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What crash handlers have left. The files are partly a handler's: whatever they say is checked and cleaned. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/verbs/functions.h"
#include "crashes/store.h"

#define MAX_DEPTH 32 /* of a file's JSON; the parser calls itself for each level */

/* Nor has it comments, in which a bracket would not count. */
static gboolean
is_shallow (const char *text)
{
  gboolean string = FALSE;
  int depth = 0;

  for (; *text && depth >= 0 && depth <= MAX_DEPTH; text++)
    if (*text == '"')
      string = !string;
    else if (string)
      text += *text == '\\' && text[1];
    else if (!g_ascii_isalnum (*text) && !strchr (" \t\r\n[]{}:,+-.", *text))
      return FALSE;
    else
      depth += (*text == '[' || *text == '{') - (*text == ']' || *text == '}');
  return depth == 0;
}

static JsonObject *
read_object (int store, const char *id, const char *name)
{
  gsize size;
  g_autofree char *text = sbx_crash_store_read (store, id, name, &size, NULL);
  g_autoptr (JsonNode) node = text && is_shallow (text) ? json_from_string (text, NULL) : NULL;

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_dup_object (node) : NULL;
}

/* A string member, made fit for a terminal; "" when it is no string. */
static char *
member (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  if (node && json_node_get_value_type (node) == G_TYPE_STRING)
    return sbx_output_clean (json_node_get_string (node));
  return g_strdup ("");
}

static int
number (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && json_node_get_value_type (node) == G_TYPE_INT64 ? (int) json_node_get_int (node) : 0;
}

static JsonArray *
array (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static char *
join_command (JsonObject *about)
{
  JsonArray *words = array (about, "command");
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; words && i < json_array_get_length (words); i++) {
    JsonNode *word = json_array_get_element (words, i);

    if (json_node_get_value_type (word) == G_TYPE_STRING)
      g_string_append_printf (text, "%s%s", i > 0 ? " " : "", json_node_get_string (word));
  }
  return sbx_output_clean (text->str);
}

static char **
make_row (int store, const SbxCrashEntry *entry)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_local (entry->time);
  JsonObject *about = read_object (store, entry->id, SBX_CRASH_FILE);
  g_autofree char *size = g_format_size (entry->bytes), *command = join_command (about);
  g_autofree char *app = member (about, "app-id"), *signo = member (about, "signal-name");
  g_autofree char *time = when ? g_date_time_format (when, "%F %T") : g_strdup ("");
  const char *row[] = { entry->id, time, app, signo, size, command, NULL };

  g_clear_pointer (&about, json_object_unref);
  return g_strdupv ((char **) row);
}

static int
list (int store, gboolean json)
{
  g_autoptr (GPtrArray) entries = sbx_crash_store_list (store);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  const char *heading[] = { _ ("ID"), _ ("TIME"), _ ("APP"), _ ("SIGNAL"), _ ("SIZE"), _ ("COMMAND"), NULL };
  JsonArray *all = json_array_new ();

  g_ptr_array_add (rows, g_strdupv ((char **) heading));
  for (guint i = 0; i < entries->len; i++) {
    const SbxCrashEntry *entry = g_ptr_array_index (entries, i);
    JsonObject *about = json ? read_object (store, entry->id, SBX_CRASH_FILE) : NULL;

    if (!json) {
      g_ptr_array_add (rows, make_row (store, entry));
      continue;
    }
    if (!about)
      about = json_object_new ();
    json_object_set_string_member (about, "id", entry->id);
    json_object_set_int_member (about, "bytes", (gint64) entry->bytes);
    json_array_add_object_element (all, about);
  }
  if (json)
    sbx_output_json (json_node_init_array (json_node_alloc (), all));
  else if (entries->len > 0)
    sbx_output_table (rows);
  else
    fprintf (stderr, "%s", _ ("There are no crashes; sandboxes with OnCrash= or --on-crash leave them here.\n"));
  json_array_unref (all);
  return 0;
}

static void
print_line (const char *label, const char *value)
{
  g_autofree char *padded = sbx_output_pad (label, 10);

  if (value[0])
    printf ("%s %s\n", padded, value);
}

static void
print_frame (guint number, JsonObject *frame)
{
  g_autofree char *symbol = member (frame, "symbol"), *module = member (frame, "module");
  g_autofree char *offset = member (frame, "offset"), *pc = member (frame, "pc");

  printf ("  #%-3u %s  %s", number, pc, symbol[0] ? symbol : "?");
  if (module[0])
    printf ("  %s+%s", module, offset);
  printf ("\n");
}

static void
print_thread (JsonObject *thread)
{
  JsonArray *frames = array (thread, "frames");
  g_autofree char *name = member (thread, "name");

  printf (_ ("Thread %d %s\n"), number (thread, "tid"), name);
  for (guint i = 0; frames && i < json_array_get_length (frames); i++)
    if (JSON_NODE_HOLDS_OBJECT (json_array_get_element (frames, i)))
      print_frame (i, json_array_get_object_element (frames, i));
}

static void
print_crash (const char *path, const char *id, JsonObject *about, JsonObject *report)
{
  g_autofree char *app = member (about, "app-id"), *profile = member (about, "profile"), *time = member (about, "time");
  g_autofree char *signo = member (about, "signal-name"), *address = member (about, "address");
  g_autofree char *command = join_command (about), *directory = g_build_filename (path, id, NULL);
  g_autofree char *note = NULL, *core = member (report, "core");
  JsonNode *handler = json_object_get_member (about, "handler");
  JsonArray *threads = array (report, "threads");

  print_line (_ ("Crash"), id);
  print_line (_ ("App"), app);
  print_line (_ ("Profile"), profile);
  print_line (_ ("Command"), command);
  print_line (_ ("Time"), time);
  print_line (_ ("Signal"), signo);
  print_line (_ ("Address"), address);
  if (handler && JSON_NODE_HOLDS_OBJECT (handler))
    note = member (json_node_get_object (handler), "note");
  print_line (_ ("Handler"), note ? note : "");
  print_line (_ ("Core"), core);
  print_line (_ ("Files"), directory);
  for (guint i = 0; threads && i < json_array_get_length (threads); i++)
    if (JSON_NODE_HOLDS_OBJECT (json_array_get_element (threads, i)))
      print_thread (json_array_get_object_element (threads, i));
}

static int
show (int store, const char *path, const char *id, gboolean json)
{
  JsonObject *about = read_object (store, id, SBX_CRASH_FILE), *report;

  if (!about)
    return sbx_fail (_ ("there is no crash \"%s\"; `sandboxctl crashes list` has them all"), id);
  report = read_object (store, id, SBX_REPORT_FILE);
  if (json) {
    if (report)
      json_object_set_object_member (about, "report", json_object_ref (report));
    sbx_output_json (json_node_init_object (json_node_alloc (), about));
  } else {
    print_crash (path, id, about, report);
  }
  g_clear_pointer (&report, json_object_unref);
  json_object_unref (about);
  return 0;
}

static int
remove_some (int store, char **ids, gboolean all)
{
  g_autoptr (GPtrArray) entries = all ? sbx_crash_store_list (store) : NULL;
  int status = 0;

  for (guint i = 0; entries && i < entries->len; i++) {
    const SbxCrashEntry *entry = g_ptr_array_index (entries, i);
    g_autoptr (GError) error = NULL;

    if (!sbx_crash_store_remove (store, entry->id, &error))
      status = sbx_fail_error (error);
  }
  for (; *ids; ids++) {
    g_autoptr (GError) error = NULL;

    if (!sbx_crash_store_remove (store, *ids, &error))
      status = sbx_fail_error (error);
  }
  return status;
}

static int
run (const char *word, char **rest, gboolean json, gboolean all)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree char *path = sbx_crash_store_path ((const char *const *) environment);
  g_autoptr (GError) error = NULL;
  int store = sbx_crash_store_open (path, TRUE, &error), status;

  if (store < 0)
    return sbx_fail_error (error);
  if (g_str_equal (word, "list") && !rest[0])
    status = list (store, json);
  else if (g_str_equal (word, "show") && rest[0] && !rest[1])
    status = show (store, path, rest[0], json);
  else if (g_str_equal (word, "remove") && (rest[0] || all))
    status = remove_some (store, rest, all);
  else
    status = sbx_fail (_ ("crashes takes `list`, `show CRASH`, `remove CRASH…` or `remove --all`"));
  close (store);
  return status;
}

int
sbx_cmd_crashes (SbxCommand *command)
{
  gboolean json = FALSE, all = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    { "all", 'a', 0, G_OPTION_ARG_NONE, &all, N_ ("With remove: every one"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  int status;

  if (!sbx_parse (command, entries, NULL, _ ("list | show CRASH | remove CRASH…"),
                  _ ("Shows and removes what crash handlers have written down."), &status))
    return status;
  return run (command->argc > 1 ? command->argv[1] : "list", command->argv + MIN (command->argc, 2), json, all);
}
