/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/place.h"

#include <stddef.h>
#include <string.h>

bool
sbx_is_place (const char *path)
{
  if (*path != '/')
    return false;
  while (*path == '/') {
    size_t n = strcspn (++path, "/");

    if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
      return false;
    path += n;
  }
  return true;
}
