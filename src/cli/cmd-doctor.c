/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor: what works on this machine. complete: the words that a shell offers. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/instances.h"
#include "cli/output.h"
#include "cli/service.h"

static GVariant *
get_features (GError **error)
{
  g_autoptr (SbxService) service = sbx_service_open (error);
  g_autoptr (GVariant) reply = NULL, boxed = NULL;

  if (!service)
    return NULL;
  reply = sbx_service_call (service, SBX_MANAGER_PATH, "org.freedesktop.DBus.Properties", "Get",
                            g_variant_new ("(ss)", SBX_MANAGER_INTERFACE, "Features"), NULL, error);
  if (!reply)
    return NULL;
  g_variant_get (reply, "(v)", &boxed);
  return g_steal_pointer (&boxed);
}

static void
print_feature (const char *name, GVariant *row)
{
  const char *detail = "", *remedy = NULL;
  gboolean works = FALSE;

  if (!g_variant_lookup (row, "works", "b", &works))
    return;
  g_variant_lookup (row, "detail", "&s", &detail);
  printf ("%-7s  %-16s  %s\n", works ? _ ("works") : _ ("missing"), name, detail);
  if (g_variant_lookup (row, "remedy", "&s", &remedy))
    printf ("%-7s  %-16s  → %s\n", "", "", remedy);
}

int
sbx_cmd_doctor (SbxCommand *command)
{
  gboolean json = FALSE, promise = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print JSON"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (GVariant) features = NULL;
  g_autoptr (GError) error = NULL;
  GVariantIter iter;
  const char *name;
  GVariant *row;
  int status;

  if (!sbx_parse (command, entries, NULL, NULL,
                  _ ("Says what works on this machine, what does not, and what to do. Exits with 0 when the default\n"
                     "profile can keep every promise, with 1 when it cannot."),
                  &status))
    return status;
  features = get_features (&error);
  if (!features)
    return sbx_fail_error (error);
  g_variant_lookup (features, "inferiors-only", "b", &promise);
  if (json) {
    sbx_output_json (sbx_output_to_json (features));
    return promise ? 0 : 1;
  }
  g_variant_iter_init (&iter, features);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &row)) {
    if (g_variant_is_of_type (row, G_VARIANT_TYPE_VARDICT))
      print_feature (name, row);
    g_variant_unref (row);
  }
  puts (promise ? _ ("\nThe default profile keeps every promise here.")
                : _ ("\nThe default profile cannot keep every promise here."));
  return promise ? 0 : 1;
}

/* complete instances | profiles */
int
sbx_cmd_complete (SbxCommand *command)
{
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GVariant) reply = NULL, profiles = NULL;
  const char *name;
  GVariantIter iter;

  service = command->argc == 2 ? sbx_service_open (NULL) : NULL;
  if (!service)
    return SBX_EXIT_SANDBOX;
  if (strcmp (command->argv[1], "instances") == 0) {
    items = sbx_instances_get (service, NULL);
    for (guint i = 0; items && i < items->len; i++)
      puts (((SbxItem *) items->pdata[i])->id);
    return 0;
  }
  reply = sbx_service_call (service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "ListProfiles", NULL, NULL, NULL);
  profiles = reply ? g_variant_get_child_value (reply, 0) : NULL;
  if (!profiles)
    return SBX_EXIT_SANDBOX;
  g_variant_iter_init (&iter, profiles);
  while (g_variant_iter_next (&iter, "(&s&s&s&s)", &name, NULL, NULL, NULL))
    puts (name);
  return 0;
}
