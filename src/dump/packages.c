/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump/packages.h"

#include <string.h>

static char *
ask (const char *const *argv)
{
  char *output = NULL;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output,
                     NULL, NULL, NULL))
    return NULL;
  return output;
}

static char *
find_version (const char *package)
{
  const char *const argv[] = { "dpkg-query", "--show", "--showformat=${Version}", package, NULL };

  return ask (argv);
}

/* On a merged-/usr system the database may know /usr/lib/x as /lib/x. */
static char *
find_package (const char *path)
{
  const char *short_path = g_str_has_prefix (path, "/usr/") ? path + 4 : path;
  const char *const argv[] = { "dpkg-query", "--search", path, short_path, NULL };
  g_autofree char *output = ask (argv);
  char *end = output ? strstr (output, ": ") : NULL;

  if (!end || memchr (output, '\n', (gsize) (end - output)))
    return NULL;
  *end = '\0';
  return g_strdup (output);
}

JsonObject *
sbx_find_packages (GPtrArray *paths)
{
  JsonObject *packages = json_object_new ();

  for (guint i = 0; i < paths->len; i++) {
    const char *path = g_ptr_array_index (paths, i);
    g_autofree char *package = find_package (path);
    g_autofree char *version = package ? find_version (package) : NULL;
    g_autofree char *text = package ? g_strconcat (package, " ", version ? version : "", NULL) : NULL;
    g_autofree char *valid_path = g_utf8_make_valid (path, -1);
    g_autofree char *valid = text ? g_utf8_make_valid (g_strchomp (text), -1) : NULL;

    if (valid)
      json_object_set_string_member (packages, valid_path, valid);
  }
  return packages;
}
