/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/instances.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "common/error.h"

static void
item_free (gpointer data)
{
  SbxItem *item = data;

  g_free (item->path);
  g_variant_unref (item->properties);
  g_free (item);
}

static int
compare_items (gconstpointer a, gconstpointer b)
{
  const SbxItem *x = *(SbxItem *const *) a, *y = *(SbxItem *const *) b;
  guint64 first = sbx_item_number (x, "StartTime"), second = sbx_item_number (y, "StartTime");

  return first != second ? (first > second) - (first < second) : strcmp (x->path, y->path);
}

GPtrArray *
sbx_instances_get (SbxService *service, GError **error)
{
  g_autoptr (GVariant) reply = sbx_service_call (service, SBX_MANAGER_PATH, "org.freedesktop.DBus.ObjectManager",
                                                 "GetManagedObjects", NULL, NULL, error);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (item_free);
  g_autoptr (GVariant) objects = NULL;
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  if (!reply)
    return NULL;
  objects = g_variant_get_child_value (reply, 0);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
    GVariant *properties = g_variant_lookup_value (interfaces, SBX_INSTANCE_INTERFACE, G_VARIANT_TYPE_VARDICT);

    if (properties && g_str_has_prefix (path, SBX_INSTANCES_PATH "/")) {
      SbxItem *item = g_new0 (SbxItem, 1);

      item->path = g_strdup (path);
      item->id = strrchr (item->path, '/') + 1;
      item->properties = g_variant_ref (properties);
      g_ptr_array_add (items, item);
    }
    g_clear_pointer (&properties, g_variant_unref);
    g_variant_unref (interfaces);
  }
  g_ptr_array_sort (items, compare_items);
  return g_steal_pointer (&items);
}

const char *
sbx_item_string (const SbxItem *item, const char *property)
{
  const char *value = "";

  g_variant_lookup (item->properties, property, "&s", &value);
  return value;
}

guint64
sbx_item_number (const SbxItem *item, const char *property)
{
  guint64 large = 0;
  guint32 small = 0;

  if (g_variant_lookup (item->properties, property, "u", &small))
    return small;
  g_variant_lookup (item->properties, property, "t", &large);
  return large;
}

gboolean
sbx_item_running (const SbxItem *item)
{
  return strcmp (sbx_item_string (item, "State"), "exited") != 0;
}

char *
sbx_item_command (const SbxItem *item)
{
  g_autoptr (GVariant) command = g_variant_lookup_value (item->properties, "Command", G_VARIANT_TYPE_BYTESTRING_ARRAY);
  g_autofree const char **words = command ? g_variant_get_bytestring_array (command, NULL) : NULL;
  GString *text = g_string_new (NULL);

  for (gsize i = 0; words && words[i]; i++) {
    g_autofree char *clean = sbx_output_clean (words[i]);
    gboolean plain = *clean && strpbrk (clean, " '\"\\$`*?[]{}()<>|&;#~") == NULL;
    g_autofree char *quoted = plain ? g_strdup (clean) : g_shell_quote (clean);

    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", quoted);
  }
  return g_string_free (text, FALSE);
}

typedef gboolean (*Match) (const SbxItem *item, const char *name);

static gboolean
match_id (const SbxItem *item, const char *name)
{
  return strcmp (item->id, name) == 0;
}

static gboolean
match_app (const SbxItem *item, const char *name)
{
  return sbx_item_running (item) && strcmp (sbx_item_string (item, "AppId"), name) == 0;
}

static gboolean
match_pid (const SbxItem *item, const char *name)
{
  guint64 pid;

  return g_ascii_string_to_unsigned (name, 10, 1, G_MAXINT32, &pid, NULL) && sbx_item_running (item)
         && sbx_item_number (item, "Pid") == pid;
}

static gboolean
match_prefix (const SbxItem *item, const char *name)
{
  return *name && g_str_has_prefix (item->id, name);
}

static gboolean
match_ended_app (const SbxItem *item, const char *name)
{
  return strcmp (sbx_item_string (item, "AppId"), name) == 0;
}

SbxItem *
sbx_instances_find (GPtrArray *items, const char *name, GError **error)
{
  static const Match matches[] = { match_id, match_app, match_pid, match_prefix, match_ended_app };

  for (gsize way = 0; way < G_N_ELEMENTS (matches); way++) {
    g_autoptr (GString) several = g_string_new (NULL);
    SbxItem *found = NULL;
    guint n = 0;

    for (guint i = 0; i < items->len; i++)
      if (matches[way](items->pdata[i], name)) {
        found = items->pdata[i];
        g_string_append_printf (several, "%s%s", n++ > 0 ? ", " : "", found->id);
      }
    if (n == 1)
      return found;
    if (n > 1) {
      sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("\"%s\" may be any of %s; say which by its id"), name, several->str);
      return NULL;
    }
  }
  sbx_throw (error, SBX_ERROR_NOT_FOUND, _ ("there is no sandbox \"%s\"; `sandboxctl ps` lists them"), name);
  return NULL;
}

char *
sbx_instances_resolve (SbxService *service, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = sbx_instances_get (service, &error);
  SbxItem *item = items ? sbx_instances_find (items, name, &error) : NULL;

  if (item)
    return g_strdup (item->path);
  sbx_fail_error (error);
  return NULL;
}

/* TRUE when it has ended; its state is then in @properties. Not there any more counts as an error. */
static gboolean
has_ended (SbxService *service, const char *path, GVariant **properties, GError **error)
{
  g_autoptr (GPtrArray) items = sbx_instances_get (service, error);

  for (guint i = 0; items && i < items->len; i++) {
    const SbxItem *item = items->pdata[i];

    if (strcmp (item->path, path) != 0)
      continue;
    if (sbx_item_running (item))
      return FALSE;
    *properties = g_variant_ref (item->properties);
    return TRUE;
  }
  if (items)
    sbx_throw (error, SBX_ERROR_NOT_FOUND, _ ("the sandbox %s is not known any more"), strrchr (path, '/') + 1);
  return FALSE;
}

typedef struct {
  GMainLoop *loop;
  gboolean timed_out;
} Waiting;

static void
on_news (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *signal,
         GVariant *parameters, gpointer user_data)
{
  g_main_loop_quit (((Waiting *) user_data)->loop);
}

static gboolean
on_look_again (gpointer user_data)
{
  g_main_loop_quit (((Waiting *) user_data)->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_timeout (gpointer user_data)
{
  Waiting *waiting = user_data;

  waiting->timed_out = TRUE;
  g_main_loop_quit (waiting->loop);
  return G_SOURCE_CONTINUE;
}

int
sbx_instances_wait (SbxService *service, const char *path, gint64 timeout_ms, GVariant **properties, GError **error)
{
  GDBusConnection *connection = sbx_service_get_connection (service);
  const char *name = sbx_service_get_name (service);
  Waiting waiting = { g_main_loop_new (NULL, FALSE), FALSE };
  guint exited, owner = 0, timeout = 0, look_again;
  int rc = 0;

  exited = g_dbus_connection_signal_subscribe (connection, name, SBX_INSTANCE_INTERFACE, "Exited", path, NULL,
                                               G_DBUS_SIGNAL_FLAGS_NONE, on_news, &waiting, NULL);
  if (name) /* a service that died: asking the next one makes it adopt the instance, and then it signals again */
    owner = g_dbus_connection_signal_subscribe (connection, "org.freedesktop.DBus", "org.freedesktop.DBus",
                                                "NameOwnerChanged", "/org/freedesktop/DBus", name,
                                                G_DBUS_SIGNAL_FLAGS_NONE, on_news, &waiting, NULL);
  if (timeout_ms >= 0)
    timeout = g_timeout_add ((guint) timeout_ms, on_timeout, &waiting);
  look_again = g_timeout_add_seconds (2, on_look_again, &waiting); /* whatever was lost between two services */
  while (rc == 0) {
    g_autoptr (GError) problem = NULL;

    if (has_ended (service, path, properties, &problem))
      rc = 1;
    else if (problem && g_error_matches (problem, SBX_ERROR, SBX_ERROR_NOT_FOUND)) {
      g_propagate_error (error, g_steal_pointer (&problem));
      rc = -1;
    } else if (waiting.timed_out)
      break;
    else
      g_main_loop_run (waiting.loop);
  }
  g_dbus_connection_signal_unsubscribe (connection, exited);
  if (owner)
    g_dbus_connection_signal_unsubscribe (connection, owner);
  g_clear_handle_id (&timeout, g_source_remove);
  g_source_remove (look_again);
  g_main_loop_unref (waiting.loop);
  return rc;
}

int
sbx_instances_exit_status (GVariant *properties)
{
  g_autoptr (GVariant) result = g_variant_lookup_value (properties, "Result", G_VARIANT_TYPE_VARDICT);
  gint32 code = -1, signo = 0;
  const char *culprit = "";

  if (!result)
    return sbx_fail (_ ("it ended, and nobody knows how"));
  g_variant_lookup (result, "code", "i", &code);
  g_variant_lookup (result, "signal", "i", &signo);
  g_variant_lookup (result, "culprit", "&s", &culprit);
  if (strcmp (culprit, "bwrap") == 0 || strcmp (culprit, "init") == 0 || strcmp (culprit, "keeper") == 0)
    return sbx_fail (_ ("the sandbox's own process %s was killed, and the application with it"), culprit);
  return signo > 0 ? SBX_EXIT_SIGNAL_BASE + signo : code;
}
