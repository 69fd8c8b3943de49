/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/machine/links.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/read-file.h"
#include "common/write-file.h"
#include "plan/machine/link-way.h"

/* What a service saw, for the next of this session: looking through everything takes as long as starting bwrap. It lies
 * in the runtime directory, which no sandbox has, and goes with the session. What it says is never shown for that
 * alone: it names links, and each is followed anew. */
#define CACHE_NAME "links"
#define CACHE_HEAD "links 2"
#define CACHE_END "."
#define CACHE_MAX (64 * 1024)

/* In which such links are, on the distributions that were looked at. Those with ALWAYS have links with further steps,
 * which change by themselves: each of their links is followed each time. */
typedef struct {
  const char *path;
  gboolean always;
} Directory;

static const Directory directories[] = {
  { "/etc", TRUE },
  { "/etc/ssl", TRUE },
  { "/usr", TRUE },
  { "/usr/local", TRUE },
  { "/opt", TRUE },
  { "/etc/ssl/certs", FALSE },
  { "/etc/pki", FALSE },
  { "/etc/pki/tls", FALSE },
  { "/etc/pki/tls/certs", FALSE },
  { "/etc/alternatives", FALSE },
  { "/etc/fonts", FALSE },
  { "/etc/fonts/conf.d", FALSE },
  { "/etc/sgml", FALSE },
  { "/etc/xml", FALSE },
  { "/etc/xdg", FALSE },
  { "/etc/profile.d", FALSE },
  { "/usr/bin", FALSE },
  { "/usr/games", FALSE },
  { "/usr/lib", FALSE },
  { "/usr/share", FALSE },
  { "/usr/share/fonts", FALSE },
  { "/usr/share/icons", FALSE },
  { "/usr/share/themes", FALSE },
  { "/usr/share/zoneinfo", FALSE },
  { "/usr/lib/locale", FALSE },
  { "/usr/local/bin", FALSE },
  { "/usr/local/lib", FALSE },
  { "/usr/local/share", FALSE },
};

/* A directory as it was when it was looked through. Not only by its time: on OSTree everything in /usr is of 1970, and
 * an image of an extension is mounted over it. */
typedef struct {
  gboolean known;
  dev_t device;
  ino_t inode;
  struct timespec changed;
  GPtrArray *names; /* of its links that have to be followed: all of them, or those that led out */
} Seen;

struct _SbxLinksOut {
  Seen seen[G_N_ELEMENTS (directories)];
  GArray *all; /* SbxLinkOut */
  char *cache; /* "/run/user/1000/sandbox", or NULL */
};

/* Whether the kernel finds the end of the way in the system's trees: nothing is to be done then, and most links are so.
 */
static gboolean
ends_in_system (int dir, const char *name)
{
  char path[64], end[PATH_MAX];
  int fd = openat (dir, name, O_PATH | O_CLOEXEC);
  ssize_t n;

  if (fd < 0)
    return TRUE; /* it leads nowhere outside either */
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  n = readlink (path, end, sizeof end - 1);
  close (fd);
  if (n <= 0)
    return FALSE;
  end[n] = '\0';
  return sbx_link_is_of_system (end);
}

static void
clear_row (gpointer data)
{
  SbxLinkOut *row = data;

  g_free (row->link);
  g_free (row->place);
}

/* Where the directory is that a link's text names. */
typedef enum {
  PARENT_OUTSIDE,  /* or nowhere: the whole way has to be looked at */
  PARENT_SYSTEM,   /* in the system's trees */
  PARENT_SEARCHED, /* one of those that are looked through: what is in it is found there */
} Parent;

static Parent
find_parent (int dir, const char *name)
{
  char path[64], end[PATH_MAX];
  int fd = openat (dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  ssize_t n;

  if (fd < 0)
    return PARENT_OUTSIDE;
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  n = readlink (path, end, sizeof end - 1);
  close (fd);
  if (n <= 0)
    return PARENT_OUTSIDE;
  end[n] = '\0';
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    if (strcmp (end, directories[i].path) == 0)
      return PARENT_SEARCHED;
  return sbx_link_is_of_system (end) ? PARENT_SYSTEM : PARENT_OUTSIDE;
}

/* Whether the link @name of @dir needs no look at its whole way, which is the case for nearly all: what it names is no
 * link itself, or is found where it is. @parents: what find_parent () said of directories that links of @dir name. */
static gboolean
stays (int dir, const char *name, GHashTable *parents)
{
  char text[PATH_MAX];
  ssize_t n = readlinkat (dir, name, text, sizeof text - 1);
  g_autofree char *parent = NULL;
  const char *slash, *last;
  gpointer found;
  struct stat st;

  if (n <= 0)
    return n < 0; /* no link */
  text[n] = '\0';
  slash = strrchr (text, '/');
  last = slash ? slash + 1 : text;
  if (strcmp (last, "") == 0 || strcmp (last, ".") == 0 || strcmp (last, "..") == 0)
    return FALSE;
  parent = !slash ? g_strdup (".") : slash == text ? g_strdup ("/") : g_strndup (text, (gsize) (slash - text));
  if (!g_hash_table_lookup_extended (parents, parent, NULL, &found)) {
    found = GINT_TO_POINTER (find_parent (dir, parent));
    g_hash_table_insert (parents, g_steal_pointer (&parent), found);
  }
  switch ((Parent) GPOINTER_TO_INT (found)) {
  case PARENT_SEARCHED:
    return TRUE;
  case PARENT_SYSTEM:
    return fstatat (dir, text, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK (st.st_mode);
  case PARENT_OUTSIDE:
    return FALSE;
  }
  return FALSE;
}

/* Finds the links of @directory that have to be followed at each look. */
static void
look_through (Seen *seen, const Directory *directory)
{
  g_autoptr (GHashTable) parents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  DIR *dir = opendir (directory->path);
  struct dirent *entry;

  g_ptr_array_set_size (seen->names, 0);
  while (dir && (entry = readdir (dir)))
    if ((entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN)
        && (directory->always
            || (!stays (dirfd (dir), entry->d_name, parents) && !ends_in_system (dirfd (dir), entry->d_name))))
      g_ptr_array_add (seen->names, g_strdup (entry->d_name));
  if (dir)
    closedir (dir);
}

static void
follow (SbxLinksOut *self, const char *directory, const char *name, const char *home, gboolean for_root)
{
  char *link = g_build_filename (directory, name, NULL);
  SbxLinkOut row = { link, ends_in_system (AT_FDCWD, link) ? NULL : sbx_link_out (link, home, for_root) };

  if (row.place)
    g_array_append_val (self->all, row);
  else
    clear_row (&row);
}

static Seen *
find_seen (SbxLinksOut *self, const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    if (strcmp (path, directories[i].path) == 0)
      return &self->seen[i];
  return NULL;
}

/* One row of what was remembered: "D/etc/ssl 64769 131 1700000000 123456789", then "Lname" for each of its links. */
static gboolean
take_row (SbxLinksOut *self, const char *row, Seen **at)
{
  char path[64];
  unsigned long long device, inode;
  long long seconds;
  long parts;
  int end = 0;

  if (*row == 'L' && *at && row[1] && !strchr (row, '/')) {
    g_ptr_array_add ((*at)->names, g_strdup (row + 1));
    return TRUE;
  }
  if (sscanf (row, "D%63s %llu %llu %lld %ld%n", path, &device, &inode, &seconds, &parts, &end) != 5 || row[end]
      || seconds < 0 || parts < 0 || parts >= 1000000000)
    return FALSE;
  *at = find_seen (self, path);
  if (!*at || (*at)->known)
    return FALSE;
  (*at)->known = TRUE;
  (*at)->device = device;
  (*at)->inode = inode;
  (*at)->changed = (struct timespec){ .tv_sec = (time_t) seconds, .tv_nsec = parts };
  return TRUE;
}

static void
forget (SbxLinksOut *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++) {
    self->seen[i].known = FALSE;
    g_ptr_array_set_size (self->seen[i].names, 0);
  }
}

static void
recall (SbxLinksOut *self)
{
  g_autofree char *path = g_build_filename (self->cache, CACHE_NAME, NULL);
  gsize size = 0;
  g_autofree char *text = sbx_read_file (AT_FDCWD, path, CACHE_MAX, SBX_READ_NO_LINK | SBX_READ_OWN, &size);
  g_auto (GStrv) rows = text ? g_strsplit (text, "\n", -1) : NULL;
  Seen *at = NULL;
  gsize i;

  if (!rows || strlen (text) != size || g_strcmp0 (rows[0], CACHE_HEAD) != 0)
    return;
  for (i = 1; rows[i] && strcmp (rows[i], CACHE_END) != 0; i++)
    if (!take_row (self, rows[i], &at)) {
      forget (self);
      return;
    }
  if (!rows[i] || !rows[i + 1] || *rows[i + 1] || rows[i + 2]) /* half of one, or more than one */
    forget (self);
}

static void
remember (SbxLinksOut *self)
{
  g_autoptr (GString) text = g_string_new (CACHE_HEAD "\n");
  int dir = open (self->cache, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++) {
    const Seen *seen = &self->seen[i];

    if (!seen->known)
      continue;
    g_string_append_printf (text, "D%s %llu %llu %lld %ld\n", directories[i].path, (unsigned long long) seen->device,
                            (unsigned long long) seen->inode, (long long) seen->changed.tv_sec, seen->changed.tv_nsec);
    for (guint k = 0; k < seen->names->len; k++)
      g_string_append_printf (text, "L%s\n", (const char *) g_ptr_array_index (seen->names, k));
  }
  g_string_append (text, CACHE_END "\n");
  /* Without it, the next one looks by itself */
  if (dir >= 0 && text->len <= CACHE_MAX)
    (void) !sbx_replace_file (dir, CACHE_NAME, text->str, text->len);
  if (dir >= 0)
    close (dir);
}

SbxLinksOut *
sbx_links_out_new (const char *cache)
{
  SbxLinksOut *self = g_new0 (SbxLinksOut, 1);

  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    self->seen[i].names = g_ptr_array_new_with_free_func (g_free);
  self->all = g_array_new (FALSE, TRUE, sizeof (SbxLinkOut));
  g_array_set_clear_func (self->all, clear_row);
  self->cache = g_strdup (cache);
  if (cache)
    recall (self);
  return self;
}

void
sbx_links_out_free (SbxLinksOut *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    g_ptr_array_unref (self->seen[i].names);
  g_array_unref (self->all);
  g_free (self->cache);
  g_free (self);
}

static gboolean
is_as_seen (const Seen *seen, const struct stat *st)
{
  return seen->known && seen->device == st->st_dev && seen->inode == st->st_ino
         && seen->changed.tv_sec == st->st_mtim.tv_sec && seen->changed.tv_nsec == st->st_mtim.tv_nsec;
}

const GArray *
sbx_links_out_look (SbxLinksOut *self, const char *home, gboolean for_root)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gboolean changed = FALSE;

  g_array_set_size (self->all, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++) {
    Seen *seen = &self->seen[i];
    struct stat st;

    if (stat (directories[i].path, &st) < 0)
      st = (struct stat){ 0 };
    if (!is_as_seen (seen, &st)) {
      look_through (seen, &directories[i]);
      /* What changes twice within the clock's step has one time for both */
      seen->known = ABS (now - st.st_mtim.tv_sec) > 1;
      seen->device = st.st_dev;
      seen->inode = st.st_ino;
      seen->changed = st.st_mtim;
      changed = TRUE;
    }
    for (guint k = 0; k < seen->names->len; k++)
      follow (self, directories[i].path, g_ptr_array_index (seen->names, k), home, for_root);
  }
  if (changed && self->cache)
    remember (self);
  return self->all;
}
