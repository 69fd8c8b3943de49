/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/helper.h"

#include "common/names.h"
#include "config.h"

char *
sbx_helper_find (const char *name, const char *room)
{
  const char *named = g_getenv (SBX_ENV_LIBEXECDIR);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *dir = self ? g_path_get_dirname (self) : NULL;
  g_autofree char *built = dir ? g_build_filename (dir, "..", room, name, NULL) : NULL;

  if (named)
    return g_build_filename (named, name, NULL);
  if (built && g_file_test (built, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&built);
  return g_build_filename (SBX_LIBEXECDIR, name, NULL);
}
