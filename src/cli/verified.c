/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/verified.h"

#include <glib/gstdio.h>
#include <sys/utsname.h>

#include "common/names.h"

static char *
find_file (void)
{
  return g_build_filename (g_get_user_state_dir (), SBX_RUNTIME_SUBDIR, "verified", NULL);
}

void
sbx_verified_write (const char *profile, guint kept, guint broken, guint untested)
{
  g_autofree char *path = find_file (), *directory = g_path_get_dirname (path);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  struct utsname name;

  (void) g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL);
  (void) uname (&name);
  g_key_file_set_int64 (file, profile, "Time", g_get_real_time () / G_USEC_PER_SEC);
  g_key_file_set_string (file, profile, "Kernel", name.release);
  g_key_file_set_integer (file, profile, "Kept", (gint) kept);
  g_key_file_set_integer (file, profile, "Broken", (gint) broken);
  g_key_file_set_integer (file, profile, "Untested", (gint) untested);
  (void) g_mkdir_with_parents (directory, 0700);
  (void) g_key_file_save_to_file (file, path, NULL);
}

gboolean
sbx_verified_read (const char *profile, SbxVerified *self)
{
  g_autofree char *path = find_file ();
  g_autoptr (GKeyFile) file = g_key_file_new ();

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL) || !g_key_file_has_group (file, profile))
    return FALSE;
  *self = (SbxVerified){ g_key_file_get_int64 (file, profile, "Time", NULL),
                         g_key_file_get_string (file, profile, "Kernel", NULL),
                         (guint) MAX (0, g_key_file_get_integer (file, profile, "Kept", NULL)),
                         (guint) MAX (0, g_key_file_get_integer (file, profile, "Broken", NULL)),
                         (guint) MAX (0, g_key_file_get_integer (file, profile, "Untested", NULL)) };
  return self->kernel != NULL;
}
