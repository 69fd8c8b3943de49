/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of mountinfo: "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": id, parent's id, device, the
 * directory of the file system that is mounted, where it is mounted, and what is of no interest here. Spaces, tabs,
 * line ends and backslashes are octal escapes. */
#include "sources/mount-table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/path.h"
#include "common/read-file.h"

#define MAX_TABLE (16u << 20)
#define FIELDS 6

typedef struct {
  guint64 id, parent;
  char *device, *root, *point;
} Mount;

struct _SbxMountTable {
  GArray *mounts;
};

static void
clear_mount (gpointer data)
{
  Mount *mount = data;

  g_free (mount->device);
  g_free (mount->root);
  g_free (mount->point);
}

void
sbx_mount_table_free (SbxMountTable *self)
{
  g_array_unref (self->mounts);
  g_free (self);
}

static gboolean
is_octal (const char *digits)
{
  for (int i = 0; i < 3; i++)
    if (digits[i] < '0' || digits[i] > '7')
      return FALSE;
  return TRUE;
}

static char *
unescape (const char *text)
{
  GString *result = g_string_new (NULL);

  for (; *text; text++)
    if (*text == '\\' && is_octal (text + 1)) {
      g_string_append_c (result, (char) ((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0')));
      text += 3;
    } else {
      g_string_append_c (result, *text);
    }
  return g_string_free (result, FALSE);
}

/* FALSE for what is no such line. What is no part of a file system (a namespace that somebody has mounted) is passed
 * over: nothing lies below it. */
static gboolean
parse_line (GArray *mounts, const char *line)
{
  g_auto (GStrv) fields = g_strsplit (line, " ", FIELDS + 1);
  Mount mount = { 0 };

  if (g_strv_length (fields) < FIELDS || !g_ascii_string_to_unsigned (fields[0], 10, 0, G_MAXINT64, &mount.id, NULL)
      || !g_ascii_string_to_unsigned (fields[1], 10, 0, G_MAXINT64, &mount.parent, NULL) || fields[4][0] != '/')
    return FALSE;
  if (fields[3][0] != '/')
    return TRUE;
  mount.device = g_strdup (fields[2]);
  mount.root = unescape (fields[3]);
  mount.point = unescape (fields[4]);
  g_array_append_val (mounts, mount);
  return TRUE;
}

SbxMountTable *
sbx_mount_table_parse (const char *text, GError **error)
{
  g_autoptr (SbxMountTable) self = g_new0 (SbxMountTable, 1);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  self->mounts = g_array_new (FALSE, FALSE, sizeof (Mount));
  g_array_set_clear_func (self->mounts, clear_mount);
  for (char **line = lines; *line; line++)
    if (**line && !parse_line (self->mounts, *line)) {
      sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
                 "files: the kernel's table of mounts has a line that makes no sense: %s", *line);
      return NULL;
    }
  return g_steal_pointer (&self);
}

SbxMountTable *
sbx_mount_table_read (GError **error)
{
  gsize size;
  g_autofree char *text = sbx_read_file (AT_FDCWD, "/proc/self/mountinfo", MAX_TABLE, SBX_READ_PLAIN, &size);

  if (!text) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "files: read the kernel's table of mounts");
    return NULL;
  }
  return sbx_mount_table_parse (text, error);
}

static const Mount *
get (const SbxMountTable *self, guint i)
{
  return &g_array_index (self->mounts, Mount, i);
}

static gboolean
has_mount (const SbxMountTable *self, guint64 id)
{
  for (guint i = 0; i < self->mounts->len; i++)
    if (get (self, i)->id == id)
      return TRUE;
  return FALSE;
}

/* The mount whose parent is not in the table: that of the root directory. */
static const Mount *
find_top (const SbxMountTable *self)
{
  for (guint i = 0; i < self->mounts->len; i++)
    if (strcmp (get (self, i)->point, "/") == 0
        && (get (self, i)->parent == get (self, i)->id || !has_mount (self, get (self, i)->parent)))
      return get (self, i);
  return NULL;
}

/* The next mount that one comes to who walks from @mount to @path: of those on it, the one that is nearest. One that
 * lies on another one's root has the same point. */
static const Mount *
enter (const SbxMountTable *self, const Mount *mount, const char *path)
{
  const Mount *next = NULL;

  for (guint i = 0; i < self->mounts->len; i++) {
    const Mount *other = get (self, i);

    if (other != mount && other->parent == mount->id && sbx_path_is_below (path, other->point)
        && (!next || strlen (other->point) < strlen (next->point)))
      next = other;
  }
  return next;
}

/* The mount that shows what is at @path. Bounded, since a table is read while it changes and may have a circle. */
static const Mount *
locate (const SbxMountTable *self, const char *path)
{
  const Mount *mount = find_top (self), *next;

  for (guint i = 0; mount && i < self->mounts->len && (next = enter (self, mount, path)) != NULL; i++)
    mount = next;
  return mount;
}

/* @path, which is below @from, with @to in the place of @from. */
static char *
replace_top (const char *path, const char *from, const char *to)
{
  const char *rest = path + (strcmp (from, "/") == 0 ? 0 : strlen (from));

  while (*rest == '/')
    rest++;
  return *rest ? g_build_filename (to, rest, NULL) : g_strdup (to);
}

GPtrArray *
sbx_mount_table_aliases (const SbxMountTable *self, const char *path)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const Mount *own = locate (self, path);
  g_autofree char *inner = own ? replace_top (path, own->point, own->root) : NULL;

  g_ptr_array_add (paths, g_strdup (path));
  for (guint i = 0; own && i < self->mounts->len; i++) {
    const Mount *other = get (self, i);
    g_autofree char *alias = NULL;

    if (strcmp (other->device, own->device) != 0 || !sbx_path_is_below (inner, other->root))
      continue;
    alias = replace_top (inner, other->root, other->point);
    if (strcmp (alias, path) != 0 && locate (self, alias) == other)
      g_ptr_array_add (paths, g_steal_pointer (&alias));
  }
  return paths;
}

GPtrArray *
sbx_mount_table_parts (const SbxMountTable *self, const char *path)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const Mount *own = locate (self, path);
  g_autofree char *inner = own ? replace_top (path, own->point, own->root) : NULL;

  for (guint i = 0; own && i < self->mounts->len; i++) {
    const Mount *other = get (self, i);

    if (strcmp (other->device, own->device) == 0 && strcmp (other->root, inner) != 0
        && sbx_path_is_below (other->root, inner) && !sbx_path_is_below (other->point, path)
        && locate (self, other->point) == other)
      g_ptr_array_add (paths, g_strdup (other->point));
  }
  return paths;
}

GPtrArray *
sbx_mount_table_below (const SbxMountTable *self, const char *path)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->mounts->len; i++) {
    const Mount *mount = get (self, i);

    if (strcmp (mount->point, path) != 0 && sbx_path_is_below (mount->point, path)
        && locate (self, mount->point) == mount)
      g_ptr_array_add (paths, g_strdup (mount->point));
  }
  return paths;
}

int
sbx_mount_table_note (const SbxMountTable *self, SbxObjectSet *set, int fd, const char *path, const char *words)
{
  g_autoptr (GPtrArray) parts = self ? sbx_mount_table_parts (self, path) : NULL;
  int rc = sbx_object_set_add (set, fd, words);

  for (guint i = 0; rc == 0 && parts && i < parts->len; i++) {
    int part = open (parts->pdata[i], O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (part < 0)
      continue; /* it is gone again, or another file system's own affair */
    rc = sbx_object_set_add (set, part, words);
    close (part);
  }
  return rc;
}
