/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/machine/links.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/path.h"

#define MAX_STEPS 40

/* In which such links are, on the distributions that were looked at. A directory is looked through again when it has
 * changed; those with ALWAYS each time, since links of theirs have further steps, which change by themselves. */
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

typedef struct {
  struct timespec changed;
  GArray *rows; /* SbxLinkOut */
} Seen;

struct _SbxLinksOut {
  Seen seen[G_N_ELEMENTS (directories)];
  GArray *all; /* SbxLinkOut, borrowed */
};

static gboolean
is_of_system (const char *path)
{
  static const char *const trees[] = { "/usr", "/etc", "/opt", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };

  for (gsize i = 0; i < G_N_ELEMENTS (trees); i++)
    if (sbx_path_is_below (path, trees[i]))
      return TRUE;
  return FALSE;
}

/* What a sandbox has of its own, or is too much to be shown because of a link. */
static gboolean
is_kept_back (const char *place, const char *home)
{
  static const char *const own[] = { "/proc", "/dev", "/sys", "/tmp", "/var/tmp", "/run/user", "/root", "/boot" };
  static const char *const whole[] = { "/home",     "/mnt",       "/media",       "/run",
                                       "/srv",      "/var",       "/var/lib",     "/var/log",
                                       "/var/run",  "/var/cache", "/var/spool",   "/var/mail",
                                       "/var/lock", "/var/home",  "/var/backups", "/var/spool/mail" };

  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    if (sbx_path_is_below (place, own[i]))
      return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (whole); i++)
    if (strcmp (place, whole[i]) == 0)
      return TRUE;
  return sbx_path_is_below (place, home) || sbx_path_is_below (home, place);
}

/* What the link at @path says, as an absolute path; NULL when it is no link, or not root's. */
static char *
read_link (const char *path)
{
  struct stat st;
  char text[PATH_MAX];
  ssize_t n;

  if (lstat (path, &st) < 0 || !S_ISLNK (st.st_mode) || st.st_uid != 0)
    return NULL;
  n = readlink (path, text, sizeof text - 1);
  if (n <= 0)
    return NULL;
  text[n] = '\0';
  g_autofree char *directory = g_path_get_dirname (path);
  return g_canonicalize_filename (text, directory);
}

/* @path with its first link replaced by what that says; NULL when there is no link in it. */
static char *
take_step (const char *path)
{
  for (const char *slash = strchr (path + 1, '/');; slash = strchr (slash + 1, '/')) {
    g_autofree char *part = slash ? g_strndup (path, (gsize) (slash - path)) : g_strdup (path);
    g_autofree char *target = read_link (part);

    if (target)
      return slash ? g_canonicalize_filename (slash + 1, target) : g_steal_pointer (&target);
    if (!slash)
      return NULL;
  }
}

char *
sbx_link_out (const char *path, const char *home, gboolean for_root)
{
  g_autofree char *at = read_link (path);
  struct stat st;

  for (int i = 0; at && i < MAX_STEPS && is_of_system (at); i++) {
    char *next = take_step (at);

    g_free (at);
    at = next;
  }
  if (!at || is_of_system (at) || is_kept_back (at, home) || stat (at, &st) < 0
      || (for_root && !(st.st_mode & S_IROTH)))
    return NULL;
  return g_steal_pointer (&at);
}

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
  return is_of_system (end);
}

static void
clear_row (gpointer data)
{
  SbxLinkOut *row = data;

  g_free (row->link);
  g_free (row->place);
}

static void
look_through (Seen *seen, const char *path, const char *home, gboolean for_root)
{
  DIR *dir = opendir (path);
  struct dirent *entry;

  g_array_set_size (seen->rows, 0);
  while (dir && (entry = readdir (dir))) {
    g_autofree char *link = NULL;
    SbxLinkOut row;

    if ((entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) || ends_in_system (dirfd (dir), entry->d_name))
      continue;
    link = g_build_filename (path, entry->d_name, NULL);
    row = (SbxLinkOut){ link, sbx_link_out (link, home, for_root) };
    if (!row.place)
      continue;
    link = NULL;
    g_array_append_val (seen->rows, row);
  }
  if (dir)
    closedir (dir);
}

SbxLinksOut *
sbx_links_out_new (void)
{
  SbxLinksOut *self = g_new0 (SbxLinksOut, 1);

  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++) {
    self->seen[i].rows = g_array_new (FALSE, TRUE, sizeof (SbxLinkOut));
    g_array_set_clear_func (self->seen[i].rows, clear_row);
  }
  self->all = g_array_new (FALSE, TRUE, sizeof (SbxLinkOut));
  return self;
}

void
sbx_links_out_free (SbxLinksOut *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    g_array_unref (self->seen[i].rows);
  g_array_unref (self->all);
  g_free (self);
}

const GArray *
sbx_links_out_look (SbxLinksOut *self, const char *home, gboolean for_root)
{
  g_array_set_size (self->all, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++) {
    Seen *seen = &self->seen[i];
    struct stat st = { 0 };

    if (stat (directories[i].path, &st) < 0)
      st = (struct stat){ 0 };
    if (directories[i].always || memcmp (&st.st_mtim, &seen->changed, sizeof seen->changed) != 0)
      look_through (seen, directories[i].path, home, for_root);
    seen->changed = st.st_mtim;
    if (seen->rows->len > 0)
      g_array_append_vals (self->all, seen->rows->data, seen->rows->len);
  }
  return self->all;
}
