/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/narrow.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/area.h"
#include "keeper/gather.h"
#include "keeper/kept.h"
#include "keeper/mounts.h"
#include "keeper/narrow-rows.h"
#include "keeper/pin.h"
#include "wire/sys.h"

#define UNDO_TRIES 64 /* while an application turns the way */

/* A place in the namespace that we are in. */
typedef struct {
  const SbxNarrowArea *area;
  const SbxMountRow *mount;
  char *path;
  bool covered;
} Place;

/* What was mounted, to be undone. */
typedef struct {
  int namespace;
  int mount; /* its id: names may be turned meanwhile */
} Cover;

typedef struct {
  SbxNarrowing *shared;
  int main, proc;
  int namespace; /* the one we are in */
  int root;      /* its root */
  SbxMountRows rows;
  Place *places;
  size_t n_places, room;
  Cover *covers;
  size_t n_covers, covers_room;
  SbxKept kept;
} Work;

int
sbx_narrow_fail (SbxNarrowing *self, SbxChangeFault fault, int error, const char *what)
{
  self->fault = fault;
  self->error = error;
  snprintf (self->what, sizeof self->what, "%s", what);
  errno = error;
  return -1;
}

static const char *
text_at (const SbxNarrowing *shared, size_t offset)
{
  return shared->text + offset;
}

/* Copies @text; false when there is no room. */
static bool
keep_text (SbxNarrowing *shared, const char *text, size_t *offset)
{
  size_t size = strlen (text) + 1;

  if (size > sizeof shared->text - shared->n_text)
    return false;
  *offset = shared->n_text;
  memcpy (shared->text + shared->n_text, text, size);
  shared->n_text += size;
  return true;
}

/* Goes into the namespace, and reads what is mounted there. */
static int
enter (Work *work, int namespace)
{
  if (work->root >= 0)
    close (work->root);
  sbx_mount_rows_clear (&work->rows);
  work->kept.n_laid = 0;
  work->namespace = namespace;
  work->root = setns (namespace, CLONE_NEWNS) < 0 ? -1 : open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (work->root < 0 || sbx_mount_rows_read (&work->rows, work->proc) < 0)
    return sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_ENTER, errno, "a mount namespace");
  return 0;
}

static int
add_area (Work *work, SbxNarrowKind kind, const SbxMountRow *mount, const char *root)
{
  SbxNarrowing *shared = work->shared;
  SbxNarrowArea *area = &shared->areas[shared->n_areas];

  if (shared->n_areas == SBX_NARROW_AREAS || !keep_text (shared, root, &area->root))
    return sbx_narrow_fail (shared, SBX_CHANGE_FAULT_MOUNT, ENOBUFS, root);
  area->kind = kind;
  area->major = mount->major;
  area->minor = mount->minor;
  shared->n_areas++;
  return 0;
}

static bool
is_kept (const SbxNarrow *rows, size_t n, const char *path)
{
  for (size_t i = 0; i < n; i++)
    if (rows[i].kind == SBX_NARROW_KEEP && sbx_narrow_is_below (path, rows[i].path))
      return true;
  return false;
}

/* What is mounted in @path goes with it. What is the sandbox's own there, a cover for example, stays as it is. */
static int
add_mounts_in (Work *work, const SbxNarrow *rows, size_t n, SbxNarrowKind kind, const char *path)
{
  const SbxMountRow *own = NULL;

  for (size_t i = 0; i < work->rows.n; i++)
    if (strcmp (work->rows.rows[i].point, "/") == 0)
      own = &work->rows.rows[i];
  for (size_t i = 0; i < work->rows.n; i++) {
    const SbxMountRow *mount = &work->rows.rows[i];

    if (kind == SBX_NARROW_KEEP || strcmp (mount->point, path) == 0 || !sbx_narrow_is_below (mount->point, path)
        || is_kept (rows, n, mount->point) || (own && own->major == mount->major && own->minor == mount->minor))
      continue;
    if (add_area (work, kind, mount, mount->root) < 0)
      return -1;
  }
  return 0;
}

/* For whoever looks for who is connected to it. */
static int
note_socket (Work *work, const SbxNarrow *row, const SbxMountRow *mount, int fd)
{
  SbxNarrowing *shared = work->shared;
  SbxNarrowSocket *noted = &shared->sockets[shared->n_sockets];
  struct stat st;

  if (row->kind != SBX_NARROW_GONE || fstat (fd, &st) < 0 || !S_ISSOCK (st.st_mode))
    return 0;
  if (shared->n_sockets == SBX_NARROW_SOCKETS || !keep_text (shared, row->path, &noted->path))
    return sbx_narrow_fail (shared, SBX_CHANGE_FAULT_MOUNT, ENOBUFS, row->path);
  noted->major = mount->major;
  noted->minor = mount->minor;
  noted->inode = st.st_ino;
  shared->n_sockets++;
  return 0;
}

/* The area of what is open as @fd. */
static int
add_area_of (Work *work, const SbxNarrow *rows, size_t n, const SbxNarrow *row, int fd)
{
  const SbxMountRow *mount = sbx_mount_rows_find (&work->rows, sbx_mount_id (work->proc, fd));
  char link[64], path[PATH_MAX], *root;
  ssize_t size;
  int rc;

  snprintf (link, sizeof link, "self/fd/%d", fd);
  size = readlinkat (work->proc, link, path, sizeof path - 1);
  if (!mount || size <= 0)
    return sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_ENTER, size < 0 ? errno : ESTALE, row->path);
  path[size] = '\0';
  if (!sbx_narrow_is_below (path, mount->point))
    return sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_MOVED, ESTALE, row->path);
  root = sbx_area_graft (mount->root, path, mount->point);
  rc = root ? add_area (work, row->kind, mount, root)
            : sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_MOUNT, ENOMEM, row->path);
  free (root);
  if (rc == 0)
    rc = note_socket (work, row, mount, fd);
  return rc < 0 ? -1 : add_mounts_in (work, rows, n, row->kind, path);
}

static int
find_areas (Work *work, const SbxNarrow *rows, size_t n)
{
  if (work->shared->found)
    return 0;
  work->shared->n_areas = work->shared->n_sockets = work->shared->n_text = 0;
  if (enter (work, work->main) < 0)
    return -1;
  for (size_t i = 0; i < n; i++) {
    int fd = sbx_open_inside (work->root, rows[i].path), rc;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && sbx_narrow_is_missed (work->root, &rows[i]))
      return sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_MOVED, ESTALE, rows[i].path);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) /* it is not shown, so there is nothing to be taken away */
      continue;
    if (fd < 0)
      return sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_ENTER, errno, rows[i].path);
    rc = sbx_narrow_is_meant (&rows[i], fd)
             ? add_area_of (work, rows, n, &rows[i], fd)
             : sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_MOVED, ESTALE, rows[i].path);
    close (fd);
    if (rc < 0)
      return -1;
  }
  work->shared->found = true;
  return 0;
}

/* Whether all of @mount lies in something that stays as it is, which itself lies in @area. */
static bool
is_mount_kept (const SbxNarrowing *shared, const SbxNarrowArea *area, const SbxMountRow *mount)
{
  for (size_t i = 0; i < shared->n_areas; i++) {
    const SbxNarrowArea *kept = &shared->areas[i];

    if (kept->kind == SBX_NARROW_KEEP && sbx_area_is_of (kept, mount)
        && sbx_narrow_is_below (mount->root, text_at (shared, kept->root))
        && sbx_narrow_is_below (text_at (shared, kept->root), text_at (shared, area->root)))
      return true;
  }
  return false;
}

static int
add_place (Work *work, const SbxNarrowArea *area, const SbxMountRow *mount, char *path)
{
  for (size_t i = 0; i < work->n_places; i++)
    if (work->places[i].mount == mount && strcmp (work->places[i].path, path) == 0) {
      if (area->kind < work->places[i].area->kind)
        work->places[i].area = area;
      free (path);
      return 0;
    }
  if (work->n_places == work->room) {
    size_t room = work->room ? work->room * 2 : 32;
    Place *places = realloc (work->places, room * sizeof *places);

    if (!places) {
      free (path);
      return sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_MOUNT, ENOMEM, mount->point);
    }
    work->places = places;
    work->room = room;
  }
  work->places[work->n_places++] = (Place){ area, mount, path, false };
  return 0;
}

/* What is in something comes before it: then the clone of that has its cover too. */
static int
compare_places (const void *a, const void *b)
{
  size_t one = strlen (((const Place *) a)->path), other = strlen (((const Place *) b)->path);

  return one > other ? -1 : one < other;
}

static void
forget_places (Work *work)
{
  for (size_t i = 0; i < work->n_places; i++)
    free (work->places[i].path);
  work->n_places = 0;
}

static int
find_places (Work *work)
{
  const SbxNarrowing *shared = work->shared;

  forget_places (work);
  for (size_t i = 0; i < shared->n_areas; i++)
    for (size_t j = 0; shared->areas[i].kind != SBX_NARROW_KEEP && j < work->rows.n; j++) {
      const SbxNarrowArea *area = &shared->areas[i];
      const SbxMountRow *mount = &work->rows.rows[j];
      char *path = is_mount_kept (shared, area, mount) ? NULL : sbx_area_place (shared, area, mount);

      if (path && add_place (work, area, mount, path) < 0)
        return -1;
    }
  qsort (work->places, work->n_places, sizeof *work->places, compare_places);
  return 0;
}

/* For whoever looks for what processes hold. */
static int
note_place (Work *work, const Place *place)
{
  SbxNarrowing *shared = work->shared;
  SbxNarrowPlace *noted = &shared->places[shared->n_places];

  if (shared->n_places == SBX_NARROW_PLACES || !keep_text (shared, place->path, &noted->point))
    return sbx_narrow_fail (shared, SBX_CHANGE_FAULT_MOUNT, ENOBUFS, place->path);
  noted->mount = place->mount->id;
  noted->read_only = place->area->kind == SBX_NARROW_READ_ONLY;
  shared->n_places++;
  return 0;
}

static int
note_cover (Work *work, int tree)
{
  if (work->n_covers == work->covers_room) {
    size_t room = work->covers_room ? work->covers_room * 2 : 32;
    Cover *covers = realloc (work->covers, room * sizeof *covers);

    if (!covers)
      return -1;
    work->covers = covers;
    work->covers_room = room;
  }
  work->covers[work->n_covers].namespace = work->namespace;
  work->covers[work->n_covers].mount = sbx_mount_id (work->proc, tree);
  return work->covers[work->n_covers].mount >= 0 ? (int) work->n_covers++ : -1;
}

/* /dev/null that cannot be opened, of the instance's own namespace: the one that we are in may have none. */
static int
make_no_file (const Work *work)
{
  int tree = -1;

  if (setns (work->main, CLONE_NEWNS) == 0)
    tree = sbx_sys_open_tree (AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
  tree = sbx_mount_set_attributes (tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  return setns (work->namespace, CLONE_NEWNS) < 0 ? -1 : tree;
}

static int
make_cover (const Work *work, const Place *place, int at)
{
  struct stat st;

  if (place->area->kind == SBX_NARROW_READ_ONLY) {
    int tree = sbx_mount_set_attributes (sbx_area_clone (at), MOUNT_ATTR_RDONLY);

    /* In a namespace of its own an application can forbid clones (MS_UNBINDABLE): then nothing is left there */
    if (tree >= 0 || work->namespace == work->main)
      return tree;
  }
  if (fstat (at, &st) < 0)
    return -1;
  return S_ISDIR (st.st_mode) ? sbx_mount_empty_directory () : make_no_file (work);
}

/* In what is gone nothing stays. */
static int
lift (Work *work, const Place *place)
{
  if (place->area->kind != SBX_NARROW_READ_ONLY)
    return 0;
  return sbx_kept_lift (&work->kept, work->shared, &work->rows, work->root, work->proc, place->path);
}

/* Covers what is open as @at. */
static int
cover (Work *work, const Place *place, int at)
{
  int rc = lift (work, place), saved, noted = -1;
  int tree = rc < 0 ? -1 : make_cover (work, place, at);

  if (tree >= 0)
    noted = note_cover (work, tree);
  work->shared->begun = true;
  rc = noted < 0 ? -1 : sbx_area_put (tree, at);
  if (noted >= 0 && rc < 0)
    work->n_covers--;
  saved = errno;
  if (sbx_kept_lay (&work->kept, work->root, work->proc) < 0 && rc == 0) /* with the cover it is taken away again */
    return sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_MOUNT, errno, place->path);
  return rc < 0 ? sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_MOUNT, saved, place->path) : 0;
}

/* A place that is hidden by another mount, or is read-only already, needs nothing. Elsewhere than in the instance's own
 * namespace it may have been the application that has made it read-only, and can undo it. */
static bool
needs_cover (const Work *work, const Place *place, int at)
{
  return sbx_mount_id (work->proc, at) == place->mount->id && strcmp (place->path, "/") != 0
         && !(place->area->kind == SBX_NARROW_READ_ONLY && place->mount->read_only && work->namespace == work->main);
}

/* The place as a descriptor; -1: nothing is to be done; -2: it has failed. */
static int
open_place (Work *work, const Place *place)
{
  int at = sbx_open_beneath (work->root, place->path);

  if (at < 0 && (work->namespace != work->main || errno == ENOENT || errno == ENOTDIR))
    return -1;
  if (at < 0)
    return sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_ENTER, errno, place->path) - 1;
  if (needs_cover (work, place, at))
    return at;
  close (at);
  return -1;
}

static int
note_pin (void *data, int tree)
{
  return note_cover (data, tree) < 0 ? -1 : 0;
}

/* Whether something is mounted at the place: the cover, unless the way to it has been renamed meanwhile. */
static bool
is_covered (const Work *work, const Place *place)
{
  int at = sbx_open_beneath (work->root, place->path);
  bool covered = at >= 0 && sbx_pin_is_mount (at);

  if (at >= 0)
    close (at);
  return covered;
}

/* Whether the place cannot be seen any more, since what it lies in is gone too. */
static bool
is_in_gone (const Work *work, const Place *place)
{
  for (size_t i = 0; i < work->n_places; i++) {
    const Place *other = &work->places[i];

    if (other != place && other->covered && other->area->kind == SBX_NARROW_GONE
        && sbx_narrow_is_below (place->path, other->path))
      return true;
  }
  return false;
}

/* A cover lies on an object, and its way there could be renamed by who may write above it, and another object made at
 * that path. So that is kept as it is too, once all covers are there: a pin has those with it. Elsewhere than in the
 * instance's own namespace an application can forbid clones, and may undo all of it. */
static int
pin_covers (Work *work)
{
  for (size_t i = 0; work->namespace == work->main && i < work->n_places; i++) {
    const Place *place = &work->places[i];

    if (!place->covered || is_in_gone (work, place))
      continue;
    if (sbx_pin_above (work->root, place->mount->point, place->path, note_pin, work) < 0)
      return sbx_narrow_fail (work->shared, errno == ENOENT ? SBX_CHANGE_FAULT_MOVED : SBX_CHANGE_FAULT_MOUNT, errno,
                              place->path);
    if (!is_covered (work, place))
      return sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_MOVED, ESTALE, place->path);
  }
  return 0;
}

/* The application may have given the path to another object while the one that was meant was covered, wherever it was.
 */
static int
look_again (Work *work, const SbxNarrow *rows, size_t n)
{
  for (size_t i = 0; work->namespace == work->main && i < n; i++)
    if (!sbx_narrow_is_done (work->root, &rows[i]))
      return sbx_narrow_fail (work->shared, SBX_CHANGE_FAULT_MOVED, ESTALE, rows[i].path);
  return 0;
}

static int
narrow_namespace (Work *work, int namespace, const SbxNarrow *rows, size_t n)
{
  if (enter (work, namespace) < 0 || find_places (work) < 0)
    return -1;
  for (size_t i = 0; i < work->n_places; i++) {
    Place *place = &work->places[i];
    int at = open_place (work, place), rc = at == -2 ? -1 : 0;

    if (rc == 0)
      rc = note_place (work, place);
    if (rc == 0 && at >= 0)
      rc = cover (work, place, at);
    if (at >= 0)
      close (at);
    if (rc < 0)
      return -1;
    place->covered = at >= 0;
  }
  return pin_covers (work) < 0 ? -1 : look_again (work, rows, n);
}

/* What is mounted at @path, if it is the mount @id. True when it has been taken off. */
static bool
take_off_at (const Work *work, int root, const char *path, int id)
{
  int at = sbx_open_beneath (root, path);
  char name[32];
  bool off;

  snprintf (name, sizeof name, "self/fd/%d", at);
  off = at >= 0 && sbx_mount_id (work->proc, at) == id && fchdir (work->proc) == 0
        && sbx_sys_umount (name, SBX_MNT_DETACH) == 0;
  if (at >= 0)
    close (at);
  return off;
}

/* A rename that had begun before takes a mount along, and others turn the way to it: so it is looked for by its id,
 * wherever it is by now. */
static bool
take_off (const Work *work, const Cover *cover)
{
  int root = setns (cover->namespace, CLONE_NEWNS) < 0 ? -1 : open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  bool off = false;

  for (int i = 0; root >= 0 && !off && i < UNDO_TRIES; i++) {
    SbxMountRows rows;
    const SbxMountRow *row;

    if (sbx_mount_rows_read (&rows, work->proc) < 0)
      break;
    row = sbx_mount_rows_find (&rows, cover->mount);
    off = !row || take_off_at (work, root, row->point, cover->mount);
    sbx_mount_rows_clear (&rows);
  }
  if (root >= 0)
    close (root);
  return off;
}

/* The last one first. */
static void
undo (Work *work)
{
  bool all = true;

  while (work->n_covers > 0)
    all = take_off (work, &work->covers[--work->n_covers]) && all;
  if (all)
    work->shared->begun = false;
}

int
sbx_narrow (SbxNarrowing *self, const SbxNarrow *rows, size_t n, int main, const int *namespaces, size_t n_namespaces,
            int proc)
{
  Work work = { .shared = self, .main = main, .proc = proc, .namespace = -1, .root = -1 };
  bool begun = self->begun;
  int rc = find_areas (&work, rows, n);

  for (size_t i = 0; rc == 0 && i < n_namespaces; i++)
    rc = narrow_namespace (&work, namespaces[i], rows, n);
  if (rc < 0 && work.n_covers > 0)
    undo (&work);
  else if (rc < 0)
    self->begun = begun;
  return rc;
}
