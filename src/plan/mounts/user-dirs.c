/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/mounts/user-dirs.h"

#include <string.h>

#include "common/path.h"

/* user-dirs.dirs(5) */
static const char *const keys[G_USER_N_DIRECTORIES] = {
  [G_USER_DIRECTORY_DESKTOP] = "DESKTOP",     [G_USER_DIRECTORY_DOCUMENTS] = "DOCUMENTS",
  [G_USER_DIRECTORY_DOWNLOAD] = "DOWNLOAD",   [G_USER_DIRECTORY_MUSIC] = "MUSIC",
  [G_USER_DIRECTORY_PICTURES] = "PICTURES",   [G_USER_DIRECTORY_PUBLIC_SHARE] = "PUBLICSHARE",
  [G_USER_DIRECTORY_TEMPLATES] = "TEMPLATES", [G_USER_DIRECTORY_VIDEOS] = "VIDEOS",
};

/* As a shell reads it between double quotes, below $HOME where it is there. */
static void
append_row (GString *text, const char *key, const char *path, const char *home)
{
  gboolean in_home = sbx_path_is_below (path, home) && strcmp (path, home) != 0;

  g_string_append_printf (text, "XDG_%s_DIR=\"%s", key, in_home ? "$HOME" : "");
  for (const char *at = path + (in_home ? strlen (home) : 0); *at; at++) {
    if (strchr ("\"$`\\", *at))
      g_string_append_c (text, '\\');
    g_string_append_c (text, *at);
  }
  g_string_append (text, "\"\n");
}

/* The home itself stands for a directory that there is none of. */
static char *
make_content (SbxDraft *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < G_USER_N_DIRECTORIES; i++) {
    const char *path = self->machine->user_dirs[i];

    if (path && path[0] == '/' && !strchr (path, '\n') && strcmp (path, self->machine->home) != 0
        && sbx_policy_get_access (self->policy, path) != SBX_ACCESS_NONE)
      append_row (text, keys[i], path, self->box->home);
  }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

void
sbx_mounts_add_user_dirs (SbxDraft *self)
{
  const char *config = sbx_offers_get (self->box->offers, "XDG_CONFIG_HOME");
  g_autofree char *usual = g_build_filename (self->box->home, ".config", NULL), *content = make_content (self);
  g_autofree char *dirs = g_build_filename (config ? config : usual, "user-dirs.dirs", NULL);
  g_autofree char *locale = g_build_filename (config ? config : usual, "user-dirs.locale", NULL);
  g_autofree char *outside = g_build_filename (self->machine->config_home, "user-dirs.locale", NULL);

  if (!content || sbx_policy_get_access (self->policy, dirs) != SBX_ACCESS_NONE)
    return;
  sbx_draft_file (self, SBX_BY_POLICY, "user-dirs", content, dirs);
  if (sbx_draft_exists (self, outside))
    sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, outside, locale);
}
