/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/compositor.h"
#include "cli/link/service.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/text/service-text.h"
#include "cli/verbs/functions.h"
#include "cli/verified.h"

#define LOOK_AGAIN_US 20000
#define LOOKS 500
#define WAYLAND "wayland-context"

/* In the order in which to read them: what nothing starts without comes first. Others follow as they come. */
static const struct {
  const char *key, *title;
} rows[] = {
  { "user-namespaces", N_ ("user namespaces") },
  { "bubblewrap", N_ ("bubblewrap") },
  { "landlock", N_ ("Landlock") },
  { "landlock-scopes", N_ ("Landlock scopes") },
  { "landlock-tcp", N_ ("Landlock TCP ports") },
  { "procfs-hidepid", N_ ("private /proc") },
  { "procfs-pidns", N_ ("/proc by namespace descriptor") },
  { "mount-attributes", N_ ("mount attributes") },
  { "seccomp", N_ ("system-call filter") },
  { "ptrace", N_ ("tracing and crash handlers") },
  { "bus-proxy", N_ ("filtered D-Bus") },
  { "bus-proxy-inside", N_ ("filtered D-Bus of programs inside") },
  { "nested-x11", N_ ("X11 displays of their own") },
  { WAYLAND, N_ ("Wayland sockets of their own") },
  { "prepared", N_ ("sandboxes kept ready") },
  { "instances", N_ ("sandboxes that run") },
};

/* The states that Features knows, how they are shown, and in which colour. */
static const struct {
  const char *state, *word, *colour;
} states[] = {
  { "works", N_ ("works"), "\033[32m" },
  { "limited", N_ ("limited"), "\033[33m" },
  { "missing", N_ ("missing"), "\033[31m" },
};

static void
print_feature (const char *title, GVariant *feature)
{
  const char *state = "", *detail = "", *remedy = "";
  g_autofree char *said = NULL;
  gboolean colours = sbx_output_colours ();
  g_autofree char *clean = NULL, *word = NULL, *label = sbx_output_pad (title, 30);
  gsize i = 0;

  g_variant_lookup (feature, "state", "&s", &state);
  g_variant_lookup (feature, "detail", "&s", &detail);
  g_variant_lookup (feature, "remedy", "&s", &remedy);
  while (i < G_N_ELEMENTS (states) - 1 && strcmp (states[i].state, state) != 0)
    i++;
  said = sbx_service_text (*detail ? _ (detail) : ""); /* the service's texts, or our own */
  clean = sbx_output_clean (said);
  word = sbx_output_pad (_ (states[i].word), 8);
  printf ("%s%s%s %s %s\n", colours ? states[i].colour : "", word, colours ? "\033[0m" : "", label, clean);
  if (*remedy) {
    g_autofree char *advice = sbx_service_text (_ (remedy)), *what = sbx_output_clean (advice);

    printf ("%-8s %-30s %s %s\n", "", "", _ ("→"), what);
  }
}

static gboolean
is_known (const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strcmp (rows[i].key, key) == 0)
      return TRUE;
  return FALSE;
}

/* When somebody has last looked whether the default profile's promises hold. */
static void
print_verified (void)
{
  SbxVerified last;
  g_autoptr (GDateTime) time = NULL;
  g_autofree char *date = NULL, *kernel = NULL;

  if (!sbx_verified_read ("default", &last)) {
    puts (_ ("Nobody has tried that yet; `sandboxctl verify` does."));
    return;
  }
  kernel = sbx_output_clean (last.kernel);
  time = g_date_time_new_from_unix_local (last.time);
  date = time ? g_date_time_format (time, "%F %R") : g_strdup ("?");
  printf (_ ("Last tried on %s under Linux %s: %u kept, %u broken, %u untested.\n"), date, kernel, last.kept,
          last.broken, last.untested);
  g_free (last.kernel);
}

static void
print_text (GVariant *features, const char *bus, gboolean promises)
{
  GVariantIter iter;
  const char *key, *authority = "";
  GVariant *value;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GVariant) feature = g_variant_lookup_value (features, rows[i].key, G_VARIANT_TYPE_VARDICT);

    if (feature)
      print_feature (_ (rows[i].title), feature);
  }
  g_variant_iter_init (&iter, features);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    if (!is_known (key) && g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
      print_feature (key, value);
    g_variant_unref (value);
  }
  g_variant_lookup (features, "authority", "&s", &authority);
  printf (_ ("\nService: %s\nAuthority: %s\n"), bus, *authority ? authority : _ ("none"));
  if (!*authority || strcmp (authority, "none") == 0)
    puts (_ ("Without an authority only root gets more than the profiles of the system allow; install polkit."));
  puts (promises ? _ ("The default profile keeps every promise here.")
                 : _ ("The default profile does not keep every promise here, see above."));
  print_verified ();
}

/* What the default profile stands for: it starts, and its /proc shows inferiors only, with signals kept inside. */
static gboolean
keeps_promises (GVariant *features)
{
  static const char *const needed[] = { "user-namespaces", "bubblewrap",     "landlock",
                                        "landlock-scopes", "procfs-hidepid", "seccomp" };
  gboolean inferiors = FALSE;

  g_variant_lookup (features, "inferiors-only", "b", &inferiors);
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++) {
    g_autoptr (GVariant) feature = g_variant_lookup_value (features, needed[i], G_VARIANT_TYPE_VARDICT);
    gboolean works = FALSE;

    if (feature)
      g_variant_lookup (feature, "works", "b", &works);
    inferiors = inferiors && works;
  }
  return inferiors;
}

static void
print_json (GVariant *features, const char *bus, gboolean promises)
{
  JsonNode *node = sbx_output_to_json (features);
  JsonObject *object = json_node_get_object (node);

  json_object_set_string_member (object, "service", bus);
  json_object_set_boolean_member (object, "keeps-promises", promises);
  sbx_output_json (node);
}

/* The manager's Features, or NULL. */
static GVariant *
get_features (SbxService *service, GError **error)
{
  GVariant *features = NULL;
  g_autoptr (GVariant) reply =
      sbx_service_call (service, SBX_MANAGER_PATH, "org.freedesktop.DBus.Properties", "Get",
                        g_variant_new ("(ss)", SBX_MANAGER_INTERFACE, "Features"), NULL, error);

  if (reply)
    g_variant_get (reply, "(v)", &features);
  return features;
}

/* A service that has just been started may still be looking for the authority. It takes no longer than the service
 * waits for it, and is then "silent". */
static GVariant *
get_settled_features (SbxService *service, GError **error)
{
  GVariant *features = get_features (service, error);
  const char *authority;

  for (int i = 0; features && i < LOOKS && g_variant_lookup (features, "authority", "&s", &authority)
                  && g_str_equal (authority, "unknown");
       i++) {
    g_usleep (LOOK_AGAIN_US);
    g_variant_unref (features);
    features = get_features (service, error);
  }
  return features;
}

/* Takes @features; the same with what the caller's compositor has, which the service does not ask. */
static GVariant *
add_compositor (GVariant *features)
{
  GVariant *feature = sbx_compositor_feature ();
  GVariantDict all;

  if (!feature)
    return features;
  g_variant_dict_init (&all, features);
  g_variant_unref (features);
  g_variant_dict_insert_value (&all, WAYLAND, feature);
  return g_variant_ref_sink (g_variant_dict_end (&all));
}

int
sbx_cmd_doctor (SbxCommand *command)
{
  gboolean json = FALSE, promises;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) features = NULL;
  const char *bus;
  int status;

  if (!sbx_parse (command, entries, NULL, "",
                  _ ("Says what works on this machine, what does not, and what to do about it. Exits with 0 only if "
                     "the default profile keeps every promise."),
                  &status))
    return status;
  if (command->argc > 1)
    return sbx_fail (_ ("doctor takes no argument, and \"%s\" is one"), command->argv[1]);
  service = sbx_service_open (&error);
  if (service)
    features = get_settled_features (service, &error);
  if (!features)
    return sbx_fail_error (error);
  promises = keeps_promises (features);
  features = add_compositor (features);
  bus = sbx_service_get_way (service);
  if (json)
    print_json (features, bus, promises);
  else
    print_text (features, bus, promises);
  return promises ? 0 : SBX_EXIT_SANDBOX;
}
