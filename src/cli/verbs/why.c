/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxctl why: what a sandbox was refused, and what would allow it. */
#include <locale.h>
#include <stdio.h>

#include "cli/crossed.h"
#include "cli/denied.h"
#include "cli/instances.h"
#include "cli/learned-missed.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/verbs/functions.h"
#include "common/error.h"

#define INDENT "    "
#define WIDTH 100

static void
print_wrapped (const char *before, const char *text)
{
  g_autofree char *clean = sbx_output_clean (text), *wrapped = sbx_output_wrap (clean, WIDTH);
  g_auto (GStrv) lines = g_strsplit (wrapped, "\n", -1);

  for (char **line = lines; *line; line++)
    printf ("%s%s\n", before, *line);
}

static void
print_row (const SbxDenied *row, GVariant *policy)
{
  g_autofree char *title = sbx_denied_title (row), *often = sbx_denied_often (row);
  g_autofree char *line = g_strdup_printf ("%s (%s)", title, often);
  g_autoptr (GPtrArray) remedies = sbx_denied_remedies (row, policy);
  g_auto (GStrv) notes = sbx_denied_notes (row);

  print_wrapped ("", line);
  for (char **note = notes; *note; note++)
    print_wrapped (INDENT, *note);
  for (guint i = 0; i < remedies->len; i++) {
    g_autofree char *text = sbx_remedy_text (remedies->pdata[i]);

    print_wrapped (INDENT, text);
  }
}

typedef struct {
  GVariant *properties, *policy, *denied;
  guint more;
  gboolean counted, ended;
} Answer;

static void
answer_clear (Answer *self)
{
  g_clear_pointer (&self->properties, g_variant_unref);
  g_clear_pointer (&self->policy, g_variant_unref);
  g_clear_pointer (&self->denied, g_variant_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

/* Takes @properties. FALSE when what was refused is not for us to know. */
static gboolean
read_answer (Answer *self, GVariant *properties, GError **error)
{
  g_autoptr (GVariant) enforced = g_variant_lookup_value (properties, "Enforced", G_VARIANT_TYPE_VARDICT);
  const char *state = "";

  *self = (Answer){ .properties = properties };
  self->policy = g_variant_lookup_value (properties, "Policy", G_VARIANT_TYPE_VARDICT);
  self->denied = g_variant_lookup_value (properties, "Denied", G_VARIANT_TYPE ("aa{sv}"));
  g_variant_lookup (properties, "RefusedMore", "u", &self->more);
  g_variant_lookup (properties, "State", "&s", &state);
  self->ended = g_str_equal (state, "exited");
  if (enforced)
    g_variant_lookup (enforced, "refusals-counted", "b", &self->counted);
  return self->denied != NULL
         || sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                       _ ("what another client's sandbox was refused takes the polkit action %s"), SBX_ACTION_OBSERVE);
}

static gboolean
ask (Answer *self, SbxService *service, const char *path, GError **error)
{
  g_autoptr (GVariant) reply = sbx_service_ask (service, path, "org.freedesktop.DBus.Properties", "GetAll",
                                                g_variant_new ("(s)", SBX_INSTANCE_INTERFACE), error);

  *self = (Answer){ .properties = NULL };
  return reply && read_answer (self, g_variant_get_child_value (reply, 0), error);
}

/* Whether @row is in @before with the same count. */
static gboolean
is_known (const SbxDenied *row, GVariant *before)
{
  for (gsize i = 0; before && i < g_variant_n_children (before); i++) {
    g_autoptr (GVariant) child = g_variant_get_child_value (before, i);
    SbxDenied other;

    if (sbx_denied_read (&other, child) && sbx_denied_is_same (row, &other))
      return other.count == row->count;
  }
  return FALSE;
}

/* Those rows that are not in @before, which may be NULL. Returns how many. */
static gsize
print_rows (const Answer *self, GVariant *before)
{
  gsize n = 0;

  for (gsize i = 0; i < g_variant_n_children (self->denied); i++) {
    g_autoptr (GVariant) child = g_variant_get_child_value (self->denied, i);
    SbxDenied row;

    if (!sbx_denied_read (&row, child) || is_known (&row, before))
      continue;
    print_row (&row, self->policy);
    n++;
  }
  return n;
}

/* What a learning run of it has found. Returns how many. */
static guint
print_files (const SbxInstanceInfo *info)
{
  g_autoptr (GPtrArray) files = sbx_learned_missed_read (info->id);

  for (guint i = 0; files && i < files->len; i++) {
    const SbxMissed *row = files->pdata[i];

    printf (_ ("%s (\"%s\"): not in this sandbox; %s"), row->call, row->path, row->option);
    putchar ('\n');
  }
  return files ? files->len : 0;
}

/* What it did get of its own network. */
static void
print_crossed (GVariant *properties)
{
  g_autofree char *crossed = sbx_crossed_text (properties);
  g_auto (GStrv) names = sbx_crossed_names (properties, 0);

  if (crossed) {
    printf (_ ("Over its network: %s"), crossed);
    putchar ('\n');
  }
  if (*names)
    puts (_ ("The last names that it asked for:"));
  for (char **line = names; *line; line++)
    print_wrapped (INDENT, *line);
}

static void
print_text (const Answer *self, const SbxInstanceInfo *info)
{
  g_auto (GStrv) unheard = sbx_denied_unheard (self->policy, self->counted);
  gsize n = print_rows (self, NULL) + print_files (info);

  if (self->more > 0) {
    printf (ngettext ("%u more, of another kind", "%u more, of other kinds", self->more), self->more);
    putchar ('\n');
  }
  if (n == 0)
    puts (_ ("Nothing that anybody heard of was refused."));
  else
    puts (_ ("This counts from the next start on; a sandbox that runs can be granted files: `sandboxctl grant`."));
  print_crossed (self->properties);
  puts (_ ("Not counted here:"));
  for (char **line = unheard; *line; line++)
    print_wrapped (INDENT, *line);
}

static void
add_strings (JsonObject *object, const char *name, char **strings)
{
  JsonArray *array = json_array_new ();

  for (; *strings; strings++)
    json_array_add_string_element (array, *strings);
  json_object_set_array_member (object, name, array);
}

static void
add_text (JsonObject *object, const char *name, const char *text)
{
  if (text)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

static JsonArray *
remedies_to_json (GPtrArray *remedies)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < remedies->len; i++) {
    const SbxRemedy *remedy = remedies->pdata[i];
    JsonObject *object = json_object_new ();

    add_text (object, "group", remedy->group);
    add_text (object, "line", remedy->line);
    add_text (object, "option", remedy->option);
    add_text (object, "risk", remedy->risk);
    json_array_add_object_element (array, object);
  }
  return array;
}

static JsonArray *
files_to_json (const SbxInstanceInfo *info)
{
  g_autoptr (GPtrArray) files = sbx_learned_missed_read (info->id);
  JsonArray *array = json_array_new ();

  for (guint i = 0; files && i < files->len; i++) {
    const SbxMissed *row = files->pdata[i];
    JsonObject *object = json_object_new ();

    add_text (object, "call", row->call);
    add_text (object, "path", row->path);
    add_text (object, "option", row->option);
    json_array_add_object_element (array, object);
  }
  return array;
}

static JsonNode *
row_to_json (GVariant *child, GVariant *policy)
{
  JsonNode *node = sbx_output_to_json (child);
  JsonObject *object = json_node_get_object (node);
  SbxDenied row;

  if (sbx_denied_read (&row, child)) {
    g_autoptr (GPtrArray) remedies = sbx_denied_remedies (&row, policy);
    g_auto (GStrv) notes = sbx_denied_notes (&row);

    json_object_set_array_member (object, "remedies", remedies_to_json (remedies));
    add_strings (object, "notes", notes);
  }
  return node;
}

/* @property as it comes, if it is told. */
static void
add_property (JsonObject *object, const char *name, GVariant *properties, const char *property)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, property, NULL);

  if (value)
    json_object_set_member (object, name, sbx_output_to_json (value));
}

static void
print_json (const Answer *self, const SbxInstanceInfo *info)
{
  g_auto (GStrv) unheard = sbx_denied_unheard (self->policy, self->counted);
  JsonObject *object = json_object_new ();
  JsonArray *rows = json_array_new ();
  JsonNode *node = json_node_alloc ();

  for (gsize i = 0; i < g_variant_n_children (self->denied); i++) {
    g_autoptr (GVariant) child = g_variant_get_child_value (self->denied, i);

    json_array_add_element (rows, row_to_json (child, self->policy));
  }
  json_object_set_string_member (object, "id", info->id);
  json_object_set_string_member (object, "app-id", sbx_instance_text (info, "AppId"));
  json_object_set_string_member (object, "state", self->ended ? "exited" : "running");
  json_object_set_boolean_member (object, "system-calls-counted", self->counted);
  json_object_set_array_member (object, "denied", rows);
  json_object_set_array_member (object, "files", files_to_json (info));
  json_object_set_int_member (object, "more", self->more);
  add_strings (object, "not-counted", unheard);
  add_property (object, "traffic", self->properties, "Traffic");
  add_property (object, "asked-names", self->properties, "AskedNames");
  json_node_init_object (node, object);
  json_object_unref (object);
  sbx_output_json (node);
}

/* Prints what is new until the sandbox has ended. */
static int
follow (SbxService *service, const SbxInstanceInfo *info)
{
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GError) error = NULL;

  if (!sbx_service_watch (service, info->path, &error))
    return sbx_fail_error (error);
  for (;;) {
    g_auto (Answer) answer = { .properties = NULL };

    if (!ask (&answer, service, info->path, &error))
      return sbx_fail_error (error);
    print_rows (&answer, before);
    fflush (stdout);
    if (answer.ended)
      return 0;
    g_clear_pointer (&before, g_variant_unref);
    before = g_variant_ref (answer.denied);
    if (!sbx_service_wait_for_signal (service, -1, &error))
      return error ? sbx_fail_error (error) : 0;
  }
}

int
sbx_cmd_why (SbxCommand *command)
{
  gboolean json = FALSE, following = FALSE;
  const GOptionEntry entries[] = {
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &following, N_ ("Go on with what is new, until it ends"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Answer) answer = { .properties = NULL };
  const SbxInstanceInfo *info;
  int status;

  if (!sbx_parse (command, entries, NULL, _ ("SANDBOX"),
                  _ ("Says what a sandbox was refused, how often, by whom, and what would allow it. Also of one that "
                     "has ended."),
                  &status))
    return status;
  if (command->argc != 2)
    return sbx_fail (_ ("why takes one sandbox: an id, the beginning of one, an application id or a pid"));
  if (json && following)
    return sbx_fail (_ ("--follow prints text, and --json all at once: one of them"));
  info = sbx_instances_open (command->argv[1], &service, &instances, &error);
  if (!info)
    return sbx_fail_error (error);
  setlocale (LC_TIME, "");
  if (following)
    return follow (service, info);
  if (!read_answer (&answer, g_variant_ref (info->properties), &error))
    return sbx_fail_error (error);
  if (json)
    print_json (&answer, info);
  else
    print_text (&answer, info);
  return 0;
}
