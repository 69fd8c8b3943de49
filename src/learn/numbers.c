/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/numbers.h"

#include <string.h>

#include "policy/score.h"

#define PART_ITS_OWN 2 /* elements before it, at least: those are a domain (dbus-daemon(1)) */
#define LONG_NUMBER 3  /* digits: shorter ones behind a letter are versions, as in login1 and MediaPlayer2 */

/* Domains of many programs: what is below is theirs together. */
static const char *const shared[] = {
  "ca.desrt", "com.canonical", "com.github", "com.gitlab", "io.github",       "io.gitlab",
  "org.a11y", "org.ayatana",   "org.bluez",  "org.fcitx",  "org.freedesktop", "org.gnome",
  "org.gtk",  "org.kde",       "org.mate",   "org.mpris",  "org.xfce",
};

/* Whether it ends with a number that is no version: "tool_7", "tool-1234-1", "instance1234". */
static gboolean
has_number (const char *element)
{
  gsize n = strlen (element), digits = 0;

  while (digits < n && g_ascii_isdigit (element[n - digits - 1]))
    digits++;
  return digits > 0 && digits < n
         && (digits >= LONG_NUMBER || element[n - digits - 1] == '_' || element[n - digits - 1] == '-');
}

static gboolean
is_shared (const char *domain)
{
  for (gsize i = 0; i < G_N_ELEMENTS (shared); i++)
    if (strcmp (domain, shared[i]) == 0)
      return TRUE;
  return FALSE;
}

char *
sbx_numbers_pattern (const char *name)
{
  g_auto (GStrv) elements = g_strsplit (name, ".", -1);
  g_autofree char *above = NULL, *pattern = NULL;
  guint at = 0;

  while (elements[at] && !has_number (elements[at]))
    at++;
  if (name[0] == ':' || !elements[at] || at < PART_ITS_OWN)
    return NULL;
  g_clear_pointer (&elements[at], g_free);
  above = g_strjoinv (".", elements);
  for (guint i = at + 1; elements[i]; i++) /* which g_strfreev () does not get to */
    g_clear_pointer (&elements[i], g_free);
  pattern = g_strconcat (above, ".*", NULL);
  return is_shared (above) || (sbx_score_name_risk (pattern) && !sbx_score_name_risk (name))
             ? NULL
             : g_steal_pointer (&pattern);
}
