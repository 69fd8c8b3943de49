/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/instances.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cli/link/bus-error.h"
#include "cli/text/output.h"
#include "common/error.h"
#include "common/names.h"

#define ID_DIGITS 16

static void
info_free (gpointer data)
{
  SbxInstanceInfo *self = data;

  g_free (self->path);
  g_free (self->id);
  g_variant_unref (self->properties);
  g_free (self);
}

const char *
sbx_instance_id_of_path (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash ? slash + 1 : path;
}

static int
compare_start (gconstpointer a, gconstpointer b)
{
  const SbxInstanceInfo *first = *(SbxInstanceInfo *const *) a, *second = *(SbxInstanceInfo *const *) b;
  guint64 x = first->started, y = second->started;

  return x < y ? -1 : x > y ? 1 : strcmp (first->id, second->id);
}

/* Takes @properties, a{sv}. */
static void
add_info (GPtrArray *instances, const char *path, GVariant *properties)
{
  SbxInstanceInfo *info = g_new0 (SbxInstanceInfo, 1);

  *info = (SbxInstanceInfo){ g_strdup (path), g_strdup (sbx_instance_id_of_path (path)), properties, 0 };
  info->started = sbx_instance_number (info, "StartTime");
  g_ptr_array_add (instances, info);
}

static void
throw_other_version (GError **error)
{
  sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, _ ("the service answers in another version's way; update both"));
}

const char *
sbx_instance_state (const SbxInstanceInfo *self)
{
  static const char *const words[] = { N_ ("starting"), N_ ("running"), N_ ("exited") };
  const char *state = sbx_instance_text (self, "State");

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i], state) == 0)
      return _ (words[i]);
  return state;
}

GPtrArray *
sbx_instances_list (SbxService *service, GError **error)
{
  g_autoptr (GVariant) reply = sbx_service_ask (service, SBX_MANAGER_PATH, "org.freedesktop.DBus.ObjectManager",
                                                "GetManagedObjects", NULL, error);
  g_autoptr (GPtrArray) instances = g_ptr_array_new_with_free_func (info_free);
  g_autoptr (GVariant) objects = NULL;
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  if (!reply)
    return NULL;
  if (!g_variant_is_of_type (reply, G_VARIANT_TYPE ("(a{oa{sa{sv}}})"))) {
    throw_other_version (error);
    return NULL;
  }
  objects = g_variant_get_child_value (reply, 0);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
    GVariant *properties = g_variant_lookup_value (interfaces, SBX_INSTANCE_INTERFACE, G_VARIANT_TYPE_VARDICT);

    if (properties)
      add_info (instances, path, properties);
    g_variant_unref (interfaces);
  }
  g_ptr_array_sort (instances, compare_start);
  return g_steal_pointer (&instances);
}

/* A service that runs since before an update has no such method. */
static gboolean
is_older (const GError *error)
{
  return g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_UNKNOWN_METHOD);
}

static void
remove_ended (GPtrArray *instances)
{
  for (guint i = instances->len; i > 0; i--)
    if (sbx_instance_has_ended (g_ptr_array_index (instances, i - 1)))
      g_ptr_array_remove_index (instances, i - 1);
}

/* By @method of the manager. */
static GPtrArray *
list_by (SbxService *service, const char *method, GError **error)
{
  GError *problem = NULL;
  g_autoptr (GVariant) reply =
      sbx_service_ask (service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, method, NULL, &problem);
  g_autoptr (GPtrArray) instances = NULL;
  g_autoptr (GVariant) objects = NULL;
  GVariantIter iter;
  const char *path;
  GVariant *properties;

  if (!reply && is_older (problem)) {
    g_error_free (problem);
    instances = sbx_instances_list (service, error);
    if (instances)
      remove_ended (instances);
    return g_steal_pointer (&instances);
  }
  if (!reply) {
    g_propagate_error (error, problem);
    return NULL;
  }
  if (!g_variant_is_of_type (reply, G_VARIANT_TYPE ("(a{oa{sv}})"))) {
    throw_other_version (error);
    return NULL;
  }
  instances = g_ptr_array_new_with_free_func (info_free);
  objects = g_variant_get_child_value (reply, 0);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_next (&iter, "{&o@a{sv}}", &path, &properties))
    add_info (instances, path, properties);
  g_ptr_array_sort (instances, compare_start);
  return g_steal_pointer (&instances);
}

GPtrArray *
sbx_instances_list_running (SbxService *service, GError **error)
{
  return list_by (service, "ListRunning", error);
}

GPtrArray *
sbx_instances_list_brief (SbxService *service, GError **error)
{
  return list_by (service, "ListBrief", error);
}

const char *
sbx_instance_text (const SbxInstanceInfo *self, const char *property)
{
  const char *text = "";

  g_variant_lookup (self->properties, property, "&s", &text);
  return text;
}

guint64
sbx_instance_number (const SbxInstanceInfo *self, const char *property)
{
  guint64 wide = 0;
  guint32 narrow = 0;

  if (g_variant_lookup (self->properties, property, "t", &wide))
    return wide;
  g_variant_lookup (self->properties, property, "u", &narrow);
  return narrow;
}

gboolean
sbx_instance_has_ended (const SbxInstanceInfo *self)
{
  return g_str_equal (sbx_instance_text (self, "State"), "exited");
}

/* A word as a shell would need it, when it would. */
static void
append_word (GString *line, const char *word)
{
  gboolean plain = *word != '\0';

  for (const char *p = word; plain && *p; p++)
    plain = (guchar) *p >= 0x80 || g_ascii_isalnum (*p) || strchr ("_-+=./,:@%~^", *p);
  if (plain) {
    g_string_append (line, word);
  } else {
    g_autofree char *quoted = g_shell_quote (word);

    g_string_append (line, quoted);
  }
}

char *
sbx_instance_command (const SbxInstanceInfo *self)
{
  g_autoptr (GVariant) command = g_variant_lookup_value (self->properties, "Command", G_VARIANT_TYPE_BYTESTRING_ARRAY);
  g_autofree const char **words = command ? g_variant_get_bytestring_array (command, NULL) : NULL;
  g_autoptr (GString) line = g_string_new (NULL);

  for (gsize i = 0; words && words[i]; i++) {
    if (i > 0)
      g_string_append_c (line, ' ');
    append_word (line, words[i]);
  }
  return sbx_output_clean (line->str);
}

static gboolean
is_id (const SbxInstanceInfo *info, const char *word)
{
  return g_ascii_strcasecmp (info->id, word) == 0;
}

static gboolean
is_app_or_pid (const SbxInstanceInfo *info, const char *word)
{
  guint64 pid;

  if (g_str_equal (sbx_instance_text (info, "AppId"), word))
    return TRUE;
  return g_ascii_string_to_unsigned (word, 10, 1, G_MAXUINT32, &pid, NULL) && sbx_instance_number (info, "Pid") == pid;
}

static gboolean
is_prefix (const SbxInstanceInfo *info, const char *word)
{
  return *word && g_ascii_strncasecmp (info->id, word, strlen (word)) == 0;
}

static void
throw_several (GPtrArray *found, const char *word, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < found->len; i++) {
    const SbxInstanceInfo *info = g_ptr_array_index (found, i);

    g_string_append_printf (list, "%s%s (%s)", i ? ", " : "", info->id, sbx_instance_text (info, "AppId"));
  }
  sbx_throw (error, SBX_ERROR_NOT_FOUND, _ ("\"%s\" can be any of: %s; name one by its id"), word, list->str);
}

typedef gboolean (*Test) (const SbxInstanceInfo *, const char *);

/* The one that passes @test, those that run or those that have ended. NULL with @error for several, NULL without for
 * none. */
static const SbxInstanceInfo *
find_one (GPtrArray *instances, Test test, gboolean ended, const char *word, GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  for (guint i = 0; i < instances->len; i++) {
    SbxInstanceInfo *info = g_ptr_array_index (instances, i);

    if (sbx_instance_has_ended (info) == ended && test (info, word))
      g_ptr_array_add (found, info);
  }
  if (found->len > 1)
    throw_several (found, word, error);
  return found->len == 1 ? g_ptr_array_index (found, 0) : NULL;
}

const SbxInstanceInfo *
sbx_instances_find (GPtrArray *instances, const char *word, GError **error)
{
  static const Test tests[] = { is_id, is_app_or_pid, is_prefix };

  for (gsize t = 0; t < G_N_ELEMENTS (tests); t++)
    for (int ended = 0; ended < 2; ended++) {
      GError *problem = NULL;
      const SbxInstanceInfo *info = find_one (instances, tests[t], ended, word, &problem);

      if (problem)
        g_propagate_error (error, problem);
      if (info || problem)
        return info;
    }
  sbx_throw (error, SBX_ERROR_NOT_FOUND,
             _ ("there is no sandbox \"%s\"; `sandboxctl ps --all` lists them, also those that have ended"), word);
  return NULL;
}

int
sbx_instance_exit_status (GVariant *result, char **problem)
{
  static const char *const breakdowns[] = { "bwrap", "init", "keeper", "session", NULL };
  const char *culprit = "", *text = "";
  gint32 code = -1, signal = 0;

  *problem = NULL;
  g_variant_lookup (result, "code", "i", &code);
  g_variant_lookup (result, "signal", "i", &signal);
  g_variant_lookup (result, "culprit", "&s", &culprit);
  g_variant_lookup (result, "text", "&s", &text);
  if (g_strv_contains (breakdowns, culprit)) {
    *problem = g_strdup_printf (_ ("the sandbox broke down: its %s was killed or failed%s%s; the application was ended "
                                   "with it"),
                                culprit, *text ? ": " : "", text);
    return SBX_EXIT_SANDBOX;
  }
  return signal > 0 ? SBX_EXIT_SIGNAL_BASE + signal : code & 0xff;
}

static gboolean
looks_like_id (const char *word)
{
  return strlen (word) == ID_DIGITS && strspn (word, "0123456789abcdef") == ID_DIGITS;
}

/* A list of the one whose whole id is @word. NULL: the service does not know it, not yet or not at all. */
static GPtrArray *
ask_for_id (SbxService *service, const char *word)
{
  g_autofree char *path = g_strconcat (SBX_INSTANCES_PATH "/", word, NULL);
  g_autoptr (GVariant) reply = sbx_service_ask (service, path, "org.freedesktop.DBus.Properties", "GetAll",
                                                g_variant_new ("(s)", SBX_INSTANCE_INTERFACE), NULL);
  GPtrArray *instances;

  if (!reply || !g_variant_is_of_type (reply, G_VARIANT_TYPE ("(a{sv})")))
    return NULL;
  instances = g_ptr_array_new_with_free_func (info_free);
  add_info (instances, path, g_variant_get_child_value (reply, 0));
  return instances;
}

/* The list of all grows with what has ended, and most words can do without: nothing goes before a whole id, and only
 * that before the application or pid of one that runs. */
static const SbxInstanceInfo *
find_in_small (SbxService *service, const char *word, GPtrArray **instances, GError **error)
{
  if (looks_like_id (word)) {
    *instances = ask_for_id (service, word);
    return *instances ? g_ptr_array_index (*instances, 0) : NULL;
  }
  *instances = sbx_instances_list_running (service, error);
  return *instances ? find_one (*instances, is_app_or_pid, FALSE, word, error) : NULL;
}

const SbxInstanceInfo *
sbx_instances_open (const char *word, SbxService **service, GPtrArray **instances, GError **error)
{
  const SbxInstanceInfo *info;
  GError *problem = NULL;

  *service = sbx_service_open (error);
  if (!*service)
    return NULL;
  info = find_in_small (*service, word, instances, &problem);
  if (problem)
    g_propagate_error (error, problem);
  if (info || problem)
    return info;
  g_clear_pointer (instances, g_ptr_array_unref);
  *instances = sbx_instances_list (*service, error);
  return *instances ? sbx_instances_find (*instances, word, error) : NULL;
}

GPtrArray *
sbx_instances_open_all (char *const *words, SbxService **service, GPtrArray **instances, GError **error)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();

  *service = sbx_service_open (error);
  if (*service)
    *instances = sbx_instances_list (*service, error);
  if (!*instances)
    return NULL;
  for (; *words; words++) {
    const SbxInstanceInfo *info = sbx_instances_find (*instances, *words, error);

    if (!info)
      return NULL;
    g_ptr_array_add (chosen, (gpointer) info);
  }
  return g_steal_pointer (&chosen);
}
