/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/path.h"

#include <string.h>

gboolean
sbx_path_is_below (const char *path, const char *directory)
{
  gsize n = strlen (directory);

  if (n == 1 && directory[0] == '/')
    return path[0] == '/';
  return strncmp (path, directory, n) == 0 && (path[n] == '\0' || path[n] == '/');
}
