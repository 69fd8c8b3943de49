/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way is walked by descriptors: each component is opened in the directory that was opened before it, without
 * following links, so what is swapped meanwhile is either what we have opened already or not on our way at all.
 *
 *   at ──openat(name)──▶ directory, file: the next `at`, and its name is added to the path
 *                    ├─▶ link: refused below a tainted directory; else its text comes before what is left to walk,
 *                    │         from here, or from the root if it is absolute
 *                    └─▶ missing: made, or an error, or the end of a partial way
 *
 * ".." begins again at the root with the path so far, less its last component: what is above a directory may change
 * while we stand in it, and the walk has to know whether that is tainted. The bounds hold for all beginnings
 * together. */
#include "sources/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"

typedef struct {
  const SbxSourceWay *way;
  const char *asked;
  SbxSource *found; /* its fd, path and the rest are those of where we stand */
  GString *rest;    /* what is left to walk, without a slash in front */
  guint steps;
  struct stat st;            /* of found->fd */
  GArray *trail;             /* SbxObject: all that we stood on since the root */
  const char *tainted_below; /* what is below here is tainted, in these words; or NULL */
} Walk;

static void
clear_link (gpointer data)
{
  SbxSourceLink *link = data;

  g_free (link->path);
  g_free (link->target);
}

void
sbx_source_free (SbxSource *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_array_unref (self->links);
  g_free (self);
}

static gboolean
fail (const Walk *walk, int errnum, const char *what, const char *path, GError **error)
{
  if (errnum == ENOENT)
    return sbx_throw (error, SBX_ERROR_NOT_FOUND, "files: %s is not there", path);
  return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errnum, "files: %s %s, on the way to %s", what, path,
                          walk->asked);
}

static const char *
find (const SbxObjectSet *set, const SbxObject *object)
{
  return set ? sbx_object_set_find (set, object) : NULL;
}

/* Makes @fd, which it takes, the current directory of the walk, and notes what it is. */
static gboolean
stand_on (Walk *walk, int fd, GError **error)
{
  SbxSource *found = walk->found;
  const char *words = walk->tainted_below;
  SbxObject object;

  if (found->fd >= 0)
    close (found->fd);
  found->fd = fd;
  if (fstat (fd, &walk->st) < 0)
    return fail (walk, errno, "look at", found->path, error);
  object = sbx_object_of (&walk->st);
  g_array_append_val (walk->trail, object);
  if (!words)
    words = find (walk->way->tainted, &object);
  if (words)
    found->tainted = words;
  walk->tainted_below = find (walk->way->parents_tainted, &object);
  words = find (walk->way->closed, &object);
  if (words)
    found->closed = words;
  return TRUE;
}

static gboolean
begin (Walk *walk, GError **error)
{
  int fd = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

  g_free (walk->found->path);
  walk->found->path = g_strdup ("/");
  walk->found->tainted = walk->found->closed = walk->tainted_below = NULL;
  g_array_set_size (walk->trail, 0);
  if (fd < 0)
    return fail (walk, errno, "open", "/", error);
  return stand_on (walk, fd, error);
}

/* Puts @text before what is left, with a bound on both. */
static gboolean
put_before (Walk *walk, const char *text, GError **error)
{
  while (*text == '/')
    text++;
  g_string_prepend_c (walk->rest, '/');
  g_string_prepend (walk->rest, text);
  if (walk->rest->len + strlen (walk->found->path) >= 2 * PATH_MAX)
    return sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
                      "files: the links on the way to %s make a path of more than %d bytes", walk->asked, PATH_MAX);
  return TRUE;
}

static gboolean
go_up (Walk *walk, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (walk->found->path);

  return put_before (walk, parent, error) && begin (walk, error);
}

/* Takes the next component from what is left; NULL when nothing is. */
static char *
take_name (Walk *walk)
{
  gsize slashes = strspn (walk->rest->str, "/"), n;
  char *name;

  g_string_erase (walk->rest, 0, (gssize) slashes);
  n = strcspn (walk->rest->str, "/");
  if (n == 0)
    return NULL;
  name = g_strndup (walk->rest->str, n);
  g_string_erase (walk->rest, 0, (gssize) n);
  return name;
}

/* As a directory first, which is also what mounts an automount. */
static int
open_name (int at, const char *name)
{
  int fd = openat (at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  return fd < 0 && (errno == ENOTDIR || errno == ELOOP) ? openat (at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC) : fd;
}

/* Makes the directory @name, at @path, and opens it; -1 with @error. */
static int
make (const Walk *walk, const char *name, const char *path, GError **error)
{
  int at = walk->found->fd, fd = -1;

  if (walk->found->closed) {
    sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
               "files: %s is not there, and is not made in %s, which is not opened to any application for writing",
               path, walk->found->closed);
    return -1;
  }
  if (mkdirat (at, name, walk->way->mode) == 0 || errno == EEXIST)
    fd = open_name (at, name);
  if (fd < 0)
    fail (walk, errno, "make", path, error);
  return fd;
}

static char *
read_link (int fd)
{
  char text[PATH_MAX];
  ssize_t n = readlinkat (fd, "", text, sizeof text);

  if (n == (ssize_t) sizeof text) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  return n < 0 ? NULL : g_strndup (text, (gsize) n);
}

/* The tainted directory that the walk is in; NULL: none. */
static const char *
is_tainted (Walk *walk)
{
  const SbxSourceWay *way = walk->way;
  const SbxObjectSet *more = NULL;
  const char *words = walk->found->tainted;

  if (!words && way->more_tainted)
    more = way->more_tainted (way->data);
  for (guint i = walk->trail->len; more && !words && i > 0; i--)
    words = find (more, &g_array_index (walk->trail, SbxObject, i - 1));
  return words;
}

/* The link @fd at @path, which is not stood on. */
static gboolean
follow (Walk *walk, int fd, const char *path, GError **error)
{
  g_autofree char *target = read_link (fd);
  const char *tainted;
  SbxSourceLink link;

  if (!target)
    return fail (walk, errno, "read the link", path, error);
  tainted = is_tainted (walk);
  if (tainted && walk->way->planted)
    *walk->way->planted = TRUE;
  if (tainted)
    return sbx_throw (
        error, SBX_ERROR_SPAWN_FAILED,
        "files: %s is a link to %s that an application may have made: it lies in %s; name what it leads to "
        "instead, if that is meant",
        path, target, tainted);
  if (walk->found->links->len == SBX_SOURCE_MAX_LINKS)
    return sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "files: more than %d links on the way to %s", SBX_SOURCE_MAX_LINKS,
                      walk->asked);
  link = (SbxSourceLink){ g_strdup (path), g_strdup (target) };
  g_array_append_val (walk->found->links, link);
  return put_before (walk, target, error) && (target[0] != '/' || begin (walk, error));
}

static gboolean
step (Walk *walk, const char *name, GError **error)
{
  gboolean at_root = walk->found->path[1] == '\0';
  g_autofree char *path = g_strconcat (at_root ? "" : walk->found->path, "/", name, NULL);
  struct stat st;
  int fd;

  if (strlen (path) >= PATH_MAX)
    return sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "files: %s leads to a path of more than %d bytes", walk->asked,
                      PATH_MAX);
  fd = open_name (walk->found->fd, name);
  if (fd < 0 && errno == ENOENT && walk->way->partial) {
    walk->found->missing = TRUE;
    return TRUE;
  }
  if (fd < 0 && errno == ENOENT && walk->way->create)
    fd = make (walk, name, path, error);
  else if (fd < 0)
    fail (walk, errno, "open", path, error);
  if (fd < 0)
    return FALSE;
  if (fstat (fd, &st) == 0 && S_ISLNK (st.st_mode)) {
    gboolean followed = follow (walk, fd, path, error);

    close (fd);
    return followed;
  }
  g_free (walk->found->path);
  walk->found->path = g_steal_pointer (&path);
  return stand_on (walk, fd, error);
}

static SbxSourceKind
kind_of (mode_t mode)
{
  switch (mode & S_IFMT) {
  case S_IFREG:
    return SBX_SOURCE_FILE;
  case S_IFDIR:
    return SBX_SOURCE_DIRECTORY;
  case S_IFSOCK:
    return SBX_SOURCE_SOCKET;
  case S_IFCHR:
  case S_IFBLK:
    return SBX_SOURCE_DEVICE;
  default:
    return SBX_SOURCE_OTHER;
  }
}

static gboolean
walk_all (Walk *walk, GError **error)
{
  gboolean ok = begin (walk, error);
  char *name;

  while (ok && !walk->found->missing && (name = take_name (walk)) != NULL) {
    if (++walk->steps > SBX_SOURCE_MAX_STEPS)
      ok = sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "files: more than %d components on the way to %s",
                      SBX_SOURCE_MAX_STEPS, walk->asked);
    else if (strcmp (name, "..") == 0)
      ok = go_up (walk, error);
    else if (strcmp (name, ".") != 0)
      ok = step (walk, name, error);
    g_free (name);
  }
  return ok;
}

SbxSource *
sbx_source_open (const char *path, const SbxSourceWay *way, GError **error)
{
  g_autoptr (SbxSource) found = g_new0 (SbxSource, 1);
  Walk walk = { .way = way, .asked = path, .found = found };
  gboolean ok;

  found->fd = -1;
  found->links = g_array_new (FALSE, FALSE, sizeof (SbxSourceLink));
  g_array_set_clear_func (found->links, clear_link);
  if (path[0] != '/') {
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "files: %s is not an absolute path", path);
    return NULL;
  }
  walk.rest = g_string_new (path);
  walk.trail = g_array_new (FALSE, FALSE, sizeof (SbxObject));
  ok = walk_all (&walk, error);
  g_string_free (walk.rest, TRUE);
  g_array_unref (walk.trail);
  if (!ok)
    return NULL;
  found->kind = kind_of (walk.st.st_mode);
  found->object = sbx_object_of (&walk.st);
  return g_steal_pointer (&found);
}
