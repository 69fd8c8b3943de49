/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static bool
is_itself (const char *name)
{
  return strcmp (name, ".") == 0 || strcmp (name, "..") == 0;
}

void
sbx_sweep_directory (int parent, const char *name)
{
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *directory = fd < 0 ? NULL : fdopendir (fd);
  const struct dirent *entry;

  while (directory && (entry = readdir (directory)) != NULL)
    if (!is_itself (entry->d_name) && unlinkat (fd, entry->d_name, 0) < 0)
      (void) unlinkat (fd, entry->d_name, AT_REMOVEDIR);
  if (directory)
    closedir (directory);
  else if (fd >= 0)
    close (fd);
  (void) unlinkat (parent, name, AT_REMOVEDIR);
}
