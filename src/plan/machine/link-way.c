/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/machine/link-way.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/path.h"

#define MAX_STEPS 40 /* as many as the kernel takes: MAXSYMLINKS of include/linux/namei.h */

gboolean
sbx_link_is_of_system (const char *path)
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

  for (int i = 0; at && i < MAX_STEPS && sbx_link_is_of_system (at); i++) {
    char *next = take_step (at);

    g_free (at);
    at = next;
  }
  if (!at || sbx_link_is_of_system (at) || is_kept_back (at, home) || stat (at, &st) < 0
      || (for_root && !(st.st_mode & S_IROTH)))
    return NULL;
  return g_steal_pointer (&at);
}
