/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Portals: of one bus name some interfaces, as src/policy/portals.c has them. xdg-dbus-proxy takes a call that one of a
 * name's rules matches (its manual page, --call), and matches interfaces as a whole; a call that names no interface
 * matches none. An --own or --talk of the same name, or of a wildcard above it, would let everything through. */
#include "plan/mounts/portals.h"

#include <string.h>

#include "policy/portals.h"

static const struct {
  const char *service, *path;
  gboolean requests; /* has objects for requests and sessions below it */
} objects[] = {
  { SBX_PORTAL_DESKTOP, "/org/freedesktop/portal/desktop", TRUE },
  { SBX_PORTAL_DOCUMENTS, "/org/freedesktop/portal/documents", FALSE },
};

/* Whether @rule is @name, or @name and what is below it, where a portal has nothing. */
static gboolean
is_about (const SbxBusRule *rule, const char *name)
{
  gsize n = strlen (name);

  return strncmp (rule->name, name, n) == 0 && (rule->name[n] == '\0' || strcmp (rule->name + n, ".*") == 0);
}

static gboolean
grants (const SbxBusRule *rules, gsize n, const SbxPortalRow *row)
{
  for (gsize i = 0; i < n; i++)
    if (rules[i].access >= SBX_BUS_TALK
        && (sbx_names_cover (rules[i].name, row->name) || (!row->apart && is_about (&rules[i], row->service))))
      return TRUE;
  return FALSE;
}

/* "--KIND=SERVICE=MEMBER@PATH", @member with its interface. */
G_GNUC_PRINTF (2, 3)
static void
add_rule (GPtrArray *argv, const char *format, ...)
{
  va_list words;

  va_start (words, format);
  g_ptr_array_add (argv, g_strdup_vprintf (format, words));
  va_end (words);
}

static void
add_interface (GPtrArray *argv, const SbxPortalRow *row)
{
  if (!row->path) {
    add_rule (argv, "--talk=%s", row->service);
    return;
  }
  add_rule (argv, "--call=%s=%s.*@%s", row->service, row->name, row->path);
  if (row->broadcasts)
    add_rule (argv, "--broadcast=%s=%s.*@%s", row->service, row->name, row->path);
}

/* What every interface of one object needs: its properties, and to take back what one has asked for oneself. The
 * answers to requests are sent to the asker, and need no rule; those of others are not for those inside. */
static void
add_object (GPtrArray *argv, gsize object)
{
  const char *service = objects[object].service, *path = objects[object].path;

  add_rule (argv, "--call=%s=org.freedesktop.DBus.Properties.*@%s", service, path);
  add_rule (argv, "--broadcast=%s=org.freedesktop.DBus.Properties.*@%s", service, path);
  add_rule (argv, "--call=%s=org.freedesktop.DBus.Introspectable.*@%s", service, path);
  add_rule (argv, "--call=%s=org.freedesktop.DBus.Peer.*", service);
  if (objects[object].requests) {
    add_rule (argv, "--call=%s=" SBX_PORTAL_PREFIX "Request.*@%s/request/*", service, path);
    add_rule (argv, "--call=%s=" SBX_PORTAL_PREFIX "Session.*@%s/session/*", service, path);
  }
}

/* A name that is not in the table: a bus name, or an interface of a portal that is newer than it. */
static char *
unknown_interface (const SbxBusRule *rule)
{
  const char *element;
  gsize n;

  if (rule->access != SBX_BUS_TALK || !g_str_has_prefix (rule->name, SBX_PORTAL_PREFIX))
    return NULL;
  element = rule->name + strlen (SBX_PORTAL_PREFIX);
  n = strcspn (element, ".*");
  if (n == 0 || (element[n] && strcmp (element + n, ".*") != 0))
    return NULL;
  g_autofree char *name = g_strdup_printf (SBX_PORTAL_PREFIX "%.*s", (int) n, element);
  return sbx_portal_find (name) || strcmp (name, SBX_PORTAL_DESKTOP) == 0 ? NULL : g_steal_pointer (&name);
}

gboolean
sbx_mounts_is_portal (const SbxBusRule *rule)
{
  if (rule->access != SBX_BUS_TALK)
    return FALSE;
  for (const SbxPortalRow *row = sbx_portals; row->name; row++)
    if (is_about (rule, row->name) || is_about (rule, row->service))
      return TRUE;
  return strcmp (rule->name, SBX_PORTAL_PREFIX "*") == 0;
}

gboolean
sbx_mounts_grants_files (const SbxBusRule *rules, gsize n)
{
  return grants (rules, n, sbx_portal_find (SBX_PORTAL_PREFIX "FileChooser"));
}

gboolean
sbx_mounts_grants_links (const SbxBusRule *rules, gsize n)
{
  return grants (rules, n, sbx_portal_find (SBX_PORTAL_PREFIX "OpenURI"));
}

/* A rule that reaches all interfaces, so that the others are of no use. */
static void
warn_of_all (SbxDraft *self, const SbxBusRule *rule)
{
  if (rule->access >= SBX_BUS_TALK && !sbx_mounts_is_portal (rule) && sbx_names_cover (rule->name, SBX_PORTAL_DESKTOP))
    sbx_draft_warn (self,
                    "%s=%s covers all of the desktop's portals, among them those that act outside of the sandbox; "
                    "name %s*=talk and what else is needed instead",
                    rule->name, rule->access == SBX_BUS_OWN ? "own" : "talk", SBX_PORTAL_PREFIX);
}

void
sbx_mounts_add_portals (SbxDraft *self, GPtrArray *argv, const SbxBusRule *rules, gsize n)
{
  gboolean used[G_N_ELEMENTS (objects)] = { FALSE };

  for (const SbxPortalRow *row = sbx_portals; row->name; row++)
    if (grants (rules, n, row)) {
      add_interface (argv, row);
      for (gsize i = 0; i < G_N_ELEMENTS (objects); i++)
        used[i] |= strcmp (objects[i].service, row->service) == 0;
    }
  for (gsize i = 0; i < n; i++) {
    g_autofree char *name = unknown_interface (&rules[i]);

    if (name)
      add_interface (argv, &(SbxPortalRow){ name, objects[0].service, objects[0].path, TRUE, TRUE });
    used[0] |= name != NULL;
    warn_of_all (self, &rules[i]);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (objects); i++)
    if (used[i])
      add_object (argv, i);
}
