/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/crossed.h"
#include "cli/exposure.h"
#include "cli/instance-json.h"
#include "cli/instances.h"
#include "cli/refused.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/text/service-text.h"
#include "cli/verbs/functions.h"

static void
print_line (const char *title, const char *text)
{
  g_autofree char *clean = sbx_output_clean (text), *label = sbx_output_pad (title, 12);

  printf ("%s %s\n", label, clean);
}

/* The caller's, or NULL for 0. */
static char *
format_time (guint64 microseconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local ((gint64) (microseconds / G_USEC_PER_SEC));

  return microseconds && time ? g_date_time_format (time, "%F %T %Z") : NULL;
}

static void
print_time (const char *title, guint64 microseconds)
{
  g_autofree char *text = format_time (microseconds);

  if (text)
    print_line (title, text);
}

/* Groups, keys and values, as in a profile. */
static void
print_policy (GVariant *policy)
{
  GVariantIter groups, keys;
  const char *group, *key, *value;
  GVariant *pairs;

  g_variant_iter_init (&groups, policy);
  while (g_variant_iter_next (&groups, "{&sv}", &group, &pairs)) {
    if (g_variant_is_of_type (pairs, G_VARIANT_TYPE ("a{ss}"))) {
      g_variant_iter_init (&keys, pairs);
      while (g_variant_iter_next (&keys, "{&s&s}", &key, &value)) {
        g_autofree char *line = g_strdup_printf ("[%s] %s=%s", group, key, value);

        print_line ("", line);
      }
    }
    g_variant_unref (pairs);
  }
}

/* Whether the policy has a network of the sandbox's own. */
static gboolean
has_own_network (GVariant *policy)
{
  g_autoptr (GVariant) context = policy ? g_variant_lookup_value (policy, "Context", G_VARIANT_TYPE ("a{ss}")) : NULL;
  const char *shared = NULL;

  return context && g_variant_lookup (context, "shared", "&s", &shared) && strstr (shared, "private-network;");
}

static gboolean
is_on (GVariant *enforced, const char *key)
{
  gboolean on = FALSE;

  g_variant_lookup (enforced, key, "b", &on);
  return on;
}

static void
print_enforced (GVariant *enforced, gboolean filtered, gboolean networked)
{
  const gboolean known = is_on (enforced, "wayland-context"); /* most compositors cannot know it */
  const struct {
    const char *key, *text;
    gboolean absent; /* the policy has none */
  } rows[] = {
    { "inferiors-only", N_ ("/proc shows only the application's own processes") },
    { "private-procfs", N_ ("a /proc of its own") },
    { "instance-domain", N_ ("a Landlock domain around the sandbox") },
    { "app-domain", N_ ("a Landlock domain around the application") },
    { "scopes", N_ ("signals and abstract sockets stay inside") },
    { "seccomp", N_ ("system calls are filtered") },
    { "filtered-bus", N_ ("the message bus has a filter, which runs"), !filtered },
    { "private-network", N_ ("a network of its own, which runs"), !networked },
    { "wayland-context", N_ ("the Wayland compositor knows it as a sandboxed application"), !known },
  };
  g_auto (GStrv) warnings = NULL;
  const char *limits;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *line = NULL;

    if (rows[i].absent)
      continue;
    line = g_strdup_printf ("%s: %s (%s)", is_on (enforced, rows[i].key) ? _ ("yes") : _ ("NO"), _ (rows[i].text),
                            rows[i].key);
    print_line (i == 0 ? _ ("Enforced") : "", line);
  }
  if (g_variant_lookup (enforced, "limits", "&s", &limits))
    print_line (_ ("Limits by"), limits);
  g_variant_lookup (enforced, "warnings", "^as", &warnings);
  for (char **warning = warnings; warning && *warning; warning++) {
    g_autofree char *text = sbx_service_text (*warning);

    print_line (_ ("Warning"), text);
  }
}

typedef struct {
  GVariant *policy;
  const char *title;
} Refused;

static void
print_refusal (const SbxRefusal *row, gpointer data)
{
  Refused *self = data;
  g_autofree char *line = g_strdup_printf (ngettext ("%s of %s, %u time", "%s of %s, %u times", row->count),
                                           row->member, row->name, row->count);
  g_autofree char *rule = row->allow ? sbx_refused_rule (self->policy, row->allow, row->need) : NULL;

  print_line (self->title, line);
  if (rule)
    print_line ("", rule);
  self->title = "";
}

/* What the filter of the buses did not let through, and what would have allowed it. */
static void
print_refused (GVariant *refused, guint more, GVariant *policy)
{
  Refused self = { policy, _ ("Refused") };
  g_autofree char *rest =
      g_strdup_printf (ngettext ("%u more, of another kind", "%u more, of other kinds", more), more);

  sbx_refused_visit (refused, print_refusal, &self);
  if (more > 0)
    print_line (self.title, rest);
}

static void
print_result (GVariant *result)
{
  g_autofree char *problem = NULL, *line = NULL;
  const char *culprit = "", *text = "";
  guint64 time = 0;
  gboolean core = FALSE;
  int status = sbx_instance_exit_status (result, &problem);

  g_variant_lookup (result, "time", "t", &time);
  g_variant_lookup (result, "core", "b", &core);
  g_variant_lookup (result, "culprit", "&s", &culprit);
  g_variant_lookup (result, "text", "&s", &text);
  print_time (_ ("Ended"), time);
  if (status > SBX_EXIT_SIGNAL_BASE && !problem)
    line = g_strdup_printf (_ ("by signal %d (%s)%s"), status - SBX_EXIT_SIGNAL_BASE,
                            g_strsignal (status - SBX_EXIT_SIGNAL_BASE), core ? _ (", core dumped") : "");
  else
    line = problem ? g_strdup (problem) : g_strdup_printf (_ ("exit status %d"), status);
  print_line (_ ("Result"), line);
  if (*culprit)
    print_line (_ ("Ended by"), culprit);
  if (*text && !problem)
    print_line ("", text);
}

static void
print_exposure (GVariant *groups)
{
  g_autoptr (SbxPolicy) policy = sbx_exposure_policy (groups, NULL);
  g_autofree char *text = policy ? sbx_exposure_text (policy) : NULL;

  if (text)
    print_line (_ ("Exposure"), text);
}

/* When what was given for a time ends, or has ended. */
static void
print_until (GVariant *row)
{
  guint64 until = 0, ended = 0;
  g_autofree char *time = NULL, *line = NULL;

  if (!g_variant_lookup (row, "until", "t", &until))
    return;
  time = format_time (g_variant_lookup (row, "ended", "t", &ended) ? ended : until);
  if (time)
    line = g_strdup_printf (ended ? _ ("ended %s") : _ ("until %s"), time);
  if (line)
    print_line ("", line);
}

/* What was taken away or given while it ran: when, by whom, what. @key: of the lines of a row. */
static void
print_changes (GVariant *changes, const char *title, const char *key)
{
  GVariantIter iter;
  GVariant *row;

  g_variant_iter_init (&iter, changes);
  while ((row = g_variant_iter_next_value (&iter)) != NULL) {
    g_autofree const char **lines = NULL;
    g_autofree char *by = NULL;
    guint64 time = 0;
    guint32 pid = 0;

    g_variant_lookup (row, "time", "t", &time);
    g_variant_lookup (row, "pid", "u", &pid);
    g_variant_lookup (row, key, "^a&s", &lines);
    by = g_strdup_printf (_ ("by process %u"), pid);
    print_time (title, time);
    print_line ("", by);
    for (const char **line = lines; line && *line; line++)
      print_line ("", *line);
    print_until (row);
    g_variant_unref (row);
  }
}

/* @title with the first of @lines. */
static void
print_lines (const char *title, char **lines)
{
  for (char **line = lines; *line; line++)
    print_line (line == lines ? title : "", *line);
}

/* What has crossed the border of its own network, if anything has; what was refused there, and the names that it asked
 * for. */
static void
print_network (GVariant *properties)
{
  g_autofree char *crossed = sbx_crossed_text (properties);
  g_auto (GStrv) refused = sbx_crossed_refused (properties), names = sbx_crossed_names (properties, 0);

  if (crossed)
    print_line (_ ("Network"), crossed);
  print_lines (_ ("Refused"), refused);
  print_lines (_ ("Asked for"), names);
}

static void
print_text (const SbxInstanceInfo *info)
{
  guint64 pid = sbx_instance_number (info, "Pid");
  g_autofree char *command = sbx_instance_command (info), *label = sbx_output_pad (_ ("Command"), 12);
  g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, pid);
  g_autoptr (GVariant) enforced = g_variant_lookup_value (info->properties, "Enforced", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) result = g_variant_lookup_value (info->properties, "Result", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) policy = g_variant_lookup_value (info->properties, "Policy", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) restrictions =
      g_variant_lookup_value (info->properties, "Restrictions", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) grants = g_variant_lookup_value (info->properties, "Grants", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) refused = g_variant_lookup_value (info->properties, "Refused", G_VARIANT_TYPE ("a(sssu)"));

  print_line (_ ("Id"), info->id);
  print_line (_ ("Application"), sbx_instance_text (info, "AppId"));
  print_line (_ ("Profile"), sbx_instance_text (info, "Profile"));
  printf ("%s %s\n", label, command);
  print_line (_ ("State"), sbx_instance_state (info));
  if (pid)
    print_line (_ ("Pid"), number);
  print_time (_ ("Started"), sbx_instance_number (info, "StartTime"));
  if (enforced)
    print_enforced (enforced, sbx_refused_is_filtered (policy, "Session") || sbx_refused_is_filtered (policy, "System"),
                    has_own_network (policy));
  print_network (info->properties);
  if (refused)
    print_refused (refused, (guint) sbx_instance_number (info, "RefusedMore"), policy);
  if (restrictions)
    print_changes (restrictions, _ ("Restricted"), "taken");
  if (grants)
    print_changes (grants, _ ("Granted"), "given");
  if (result && g_variant_n_children (result) > 0)
    print_result (result);
  if (policy) {
    print_exposure (policy);
    print_line (_ ("Policy"), "");
    print_policy (policy);
  }
}

static void
print_json (const SbxInstanceInfo *info)
{
  JsonNode *node = sbx_instance_to_json (info);
  g_autoptr (GVariant) groups = g_variant_lookup_value (info->properties, "Policy", G_VARIANT_TYPE_VARDICT);
  g_autoptr (SbxPolicy) policy = groups ? sbx_exposure_policy (groups, NULL) : NULL;
  g_autoptr (GVariant) exposure = policy ? sbx_exposure_to_variant (policy) : NULL;

  if (exposure)
    json_object_set_member (json_node_get_object (node), "exposure", sbx_output_to_json (exposure));
  sbx_output_json (node);
}

int
sbx_cmd_show (SbxCommand *command)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL;
  g_autoptr (GError) error = NULL;
  const SbxInstanceInfo *info;
  int status;

  if (!sbx_parse (
          command, entries, NULL, _ ("SANDBOX"),
          _ ("Shows all about one sandbox. SANDBOX is an id, the beginning of one, an application id or a pid."),
          &status))
    return status;
  if (command->argc != 2)
    return sbx_fail (_ ("show takes one sandbox: an id, the beginning of one, an application id or a pid"));
  info = sbx_instances_open (command->argv[1], &service, &instances, &error);
  if (!info)
    return sbx_fail_error (error);
  if (json) {
    print_json (info);
  } else {
    setlocale (LC_TIME, "");
    print_text (info);
  }
  return 0;
}
