/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/machine/accounts.h"

#include <grp.h>
#include <string.h>

/* What is between two colons; text that is none cannot make a row of its own. */
static char *
clean (const char *text)
{
  return g_strdelimit (g_strdup (text ? text : ""), ":\n", ' ');
}

char *
sbx_accounts_user_row (const struct passwd *entry)
{
  g_autofree char *name = clean (entry->pw_name), *words = clean (entry->pw_gecos), *home = clean (entry->pw_dir);
  g_autofree char *shell = clean (entry->pw_shell);

  return g_strdup_printf ("%s:x:%u:%u:%s:%s:%s", name, entry->pw_uid, entry->pw_gid, words, home, shell);
}

char *
sbx_accounts_group_row (gid_t gid)
{
  struct group *entry = getgrgid (gid);
  g_autofree char *name = entry ? clean (entry->gr_name) : NULL;

  return name ? g_strdup_printf ("%s:x:%u:", name, gid) : NULL;
}

/* The third part of a row, or NULL. */
static char *
number_of (const char *row)
{
  g_auto (GStrv) parts = g_strsplit (row, ":", 4);

  return g_strv_length (parts) >= 3 ? g_strdup (parts[2]) : NULL;
}

char *
sbx_accounts_add (const char *path, const char *row)
{
  g_autofree char *content = NULL, *number = number_of (row);
  g_auto (GStrv) rows = NULL;

  if (!number || !g_file_get_contents (path, &content, NULL, NULL))
    return NULL;
  rows = g_strsplit (content, "\n", -1);
  for (char **at = rows; *at; at++) {
    g_autofree char *other = number_of (*at);

    if (g_strcmp0 (other, number) == 0)
      return NULL;
  }
  return g_strconcat (content, content[0] && !g_str_has_suffix (content, "\n") ? "\n" : "", row, "\n", NULL);
}
