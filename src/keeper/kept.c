/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper/area.h"
#include "keeper/gather.h"

static bool
is_laid (const SbxKept *self, int mount)
{
  for (size_t i = 0; i < self->n_laid; i++)
    if (self->laid[i] == mount)
      return true;
  return false;
}

static bool
is_lifted (const SbxKept *self, const char *path)
{
  for (size_t i = 0; i < self->n; i++)
    if (strcmp (self->lifted[i].path, path) == 0)
      return true;
  return false;
}

/* What is to be seen at @path, if that is @mount or has been laid there; takes the path. */
static int
lift (SbxKept *self, int root, int proc, char *path, int mount)
{
  int at = is_lifted (self, path) || self->n == SBX_NARROW_AREAS ? -1 : sbx_open_beneath (root, path);
  int id = at < 0 ? -1 : sbx_mount_id (proc, at), rc = 0;

  if (id >= 0 && (id == mount || is_laid (self, id))) {
    self->lifted[self->n].path = path;
    self->lifted[self->n].tree = sbx_area_clone (at);
    rc = self->lifted[self->n++].tree < 0 ? -1 : 0;
  } else {
    free (path);
  }
  if (at >= 0)
    close (at);
  return rc;
}

int
sbx_kept_lift (SbxKept *self, const SbxNarrowing *shared, const SbxMountRows *rows, int root, int proc,
               const char *place)
{
  for (size_t i = 0; i < shared->n_areas; i++)
    for (size_t j = 0; shared->areas[i].kind == SBX_NARROW_KEEP && j < rows->n; j++) {
      char *path = sbx_area_place (shared, &shared->areas[i], &rows->rows[j]);

      if (!path || strcmp (path, place) == 0 || !sbx_narrow_is_below (path, place))
        free (path);
      else if (lift (self, root, proc, path, rows->rows[j].id) < 0)
        return -1;
    }
  return 0;
}

static void
note_laid (SbxKept *self, int root, int proc, const char *path)
{
  int at = self->n_laid == SBX_NARROW_AREAS ? -1 : sbx_open_beneath (root, path);

  if (at >= 0) {
    self->laid[self->n_laid++] = sbx_mount_id (proc, at);
    close (at);
  }
}

int
sbx_kept_lay (SbxKept *self, int root, int proc)
{
  int rc = 0, saved = errno;

  for (size_t i = 0; i < self->n; i++) {
    int at = rc == 0 ? sbx_open_beneath (root, self->lifted[i].path) : -1;

    if (at >= 0 && self->lifted[i].tree >= 0) {
      rc = sbx_area_put (self->lifted[i].tree, at);
      note_laid (self, root, proc, self->lifted[i].path);
    } else {
      rc = -1;
      if (self->lifted[i].tree >= 0)
        close (self->lifted[i].tree);
    }
    saved = rc < 0 ? errno : saved;
    if (at >= 0)
      close (at);
    free (self->lifted[i].path);
  }
  self->n = 0;
  errno = saved;
  return rc;
}
