/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/to-allow.h"

#include <glib/gi18n.h>
#include <string.h>

#include "policy/portals.h"
#include "wire/destination.h"

char *
sbx_name_to_allow (const char *name, const char *member)
{
  const char *method = strrchr (member, '.');
  g_autofree char *interface = method ? g_strndup (member, (gsize) (method - member)) : NULL;
  const SbxPortalRow *portal = interface ? sbx_portal_find (interface) : NULL;

  if (name[0] == ':') /* a unique name */
    return NULL;
  if ((portal && strcmp (portal->service, name) == 0)
      || (interface && strcmp (name, SBX_PORTAL_DESKTOP) == 0 && g_str_has_prefix (interface, SBX_PORTAL_PREFIX)))
    return g_steal_pointer (&interface);
  return g_strdup (name);
}

char *
sbx_destination_to_allow (const char *object, const char *action, const char *need)
{
  g_auto (GStrv) words = g_strsplit (action, ":", 2);
  gboolean bracket = strchr (object, ':') != NULL;

  if (!words[0] || g_str_equal (need, "nowhere"))
    return NULL;
  if (g_str_equal (need, "dns"))
    return g_strdup (sbx_name_is_valid (object) ? object : "dns");
  if (g_str_equal (need, "host"))
    return g_strconcat ("host", words[1] ? ":" : "", words[1] ? words[1] : "", "/", words[0], NULL);
  return g_strconcat (bracket ? "[" : "", object, bracket ? "]" : "", words[1] ? ":" : "", words[1] ? words[1] : "",
                      "/", words[0], NULL);
}

const char *
sbx_destination_risk (const char *need)
{
  static const struct {
    const char *need, *risk;
  } rows[] = {
    { "lan", N_ ("can talk to a device of your local network") },
    { "host", N_ ("can talk to a service of this machine") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].need, need))
      return rows[i].risk;
  return NULL;
}
