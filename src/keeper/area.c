/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/area.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wire/sys.h"

char *
sbx_area_graft (const char *top, const char *path, const char *above)
{
  const char *rest = above[1] ? path + strlen (above) : path;
  char *result;

  if (rest[0] == '/' && rest[1] == '\0')
    rest = "";
  if (asprintf (&result, "%s%s", top[1] || !*rest ? top : "", rest) < 0)
    return NULL;
  return result;
}

bool
sbx_area_is_of (const SbxNarrowArea *area, const SbxMountRow *mount)
{
  return area->major == mount->major && area->minor == mount->minor;
}

char *
sbx_area_place (const SbxNarrowing *shared, const SbxNarrowArea *area, const SbxMountRow *mount)
{
  const char *root = shared->text + area->root;

  errno = 0;
  if (!sbx_area_is_of (area, mount))
    return NULL;
  if (sbx_narrow_is_below (mount->root, root))
    return strdup (mount->point);
  return sbx_narrow_is_below (root, mount->root) ? sbx_area_graft (mount->point, root, mount->root) : NULL;
}

int
sbx_area_clone (int at)
{
  return sbx_sys_open_tree (at, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
}

int
sbx_area_put (int tree, int at)
{
  int rc = sbx_sys_move_mount (tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), saved = errno;

  close (tree);
  errno = saved;
  return rc;
}
