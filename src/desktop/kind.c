/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/kind.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHROMIUM "chromium-based"
#define ONLINE "online"
#define MAX_MAPPED (512 * 1024 * 1024)
#define MAX_SCRIPT (64 * 1024)

/* Files beside a program: those that Chromium's own build puts there, and what is built of it (Electron, CEF). */
static const char *const beside[] = { "chrome-sandbox",          "chrome_sandbox",      "chrome_100_percent.pak",
                                      "v8_context_snapshot.bin", "libcef.so",           "resources/app.asar",
                                      "resources/electron.asar", "libvk_swiftshader.so" };

/* Libraries that a program names. */
static const char *const libraries[] = { "libQt6WebEngineCore.so", "libQt5WebEngineCore.so", "libcef.so" };

/* Main categories and additional ones of the Desktop Menu Specification that are of no use without a network. */
static const char *const categories[] = {
  "Network",      "Email", "Chat", "InstantMessaging", "IRCClient", "FileTransfer",  "P2P",
  "RemoteAccess", "Feed",  "News", "VideoConference",  "Telephony", "WebDevelopment"
};

void
sbx_desktop_kind_clear (SbxDesktopKindFound *found)
{
  g_clear_pointer (&found->because, g_free);
  found->profile = NULL;
}

static gboolean
look_beside (const char *program, SbxDesktopKindFound *found)
{
  g_autofree char *directory = g_path_get_dirname (program);
  static const char *const shared[] = { "/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/usr/games", NULL };

  if (g_strv_contains (shared, directory))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (beside); i++) {
    g_autofree char *path = g_build_filename (directory, beside[i], NULL);

    if (g_file_test (path, G_FILE_TEST_EXISTS)) {
      *found = (SbxDesktopKindFound){ CHROMIUM, g_steal_pointer (&path) };
      return TRUE;
    }
  }
  return FALSE;
}

/* The first of @names in the file, or NULL; *@script: its text, if it begins with "#!". */
static const char *
search_file (const char *path, const char *const *names, gsize n, char **script)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;
  const char *found = NULL;
  void *map;

  *script = NULL;
  if (fd < 0)
    return NULL;
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode) || st.st_size < 2 || st.st_size > MAX_MAPPED) {
    close (fd);
    return NULL;
  }
  map = mmap (NULL, (gsize) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close (fd);
  if (map == MAP_FAILED)
    return NULL;
  if (memcmp (map, "#!", 2) == 0)
    *script = g_strndup (map, (gsize) MIN (st.st_size, MAX_SCRIPT));
  for (gsize i = 0; !*script && !found && i < n; i++)
    if (memmem (map, (gsize) st.st_size, names[i], strlen (names[i])))
      found = names[i];
  munmap (map, (gsize) st.st_size);
  return found;
}

static const char *const own_places[] = { "/opt/", "/usr/lib/", "/usr/share/", "/usr/lib64/", "/usr/libexec/" };

/* The directory of a script's name, whose path it puts together: /usr/bin/chromium says /usr/lib/$APPNAME. */
static gboolean
look_by_name (const char *program, SbxDesktopKindFound *found)
{
  g_autofree char *name = g_path_get_basename (program);

  for (gsize i = 0; i < G_N_ELEMENTS (own_places); i++) {
    g_autofree char *inside = g_build_filename (own_places[i], name, "-", NULL);

    if (look_beside (inside, found))
      return TRUE;
  }
  return FALSE;
}

/* Programs that a script names by their paths: /usr/bin/signal-desktop is one of three lines. */
static gboolean
look_into_script (const char *script, SbxDesktopKindFound *found)
{
  for (gsize i = 0; i < G_N_ELEMENTS (own_places); i++)
    for (const char *at = strstr (script, own_places[i]); at; at = strstr (at + 1, own_places[i])) {
      g_autofree char *path = g_strndup (at, strcspn (at, " \t\n\"'`;|&()<>${}"));
      g_autofree char *inside = g_build_filename (path, "-", NULL);

      if (look_beside (path, found) || look_beside (inside, found))
        return TRUE;
    }
  return FALSE;
}

gboolean
sbx_program_find_kind (const char *path, SbxDesktopKindFound *found)
{
  g_autofree char *real = realpath (path, NULL), *script = NULL;
  const char *library;

  *found = (SbxDesktopKindFound){ 0 };
  if (!real)
    return FALSE;
  if (look_beside (real, found))
    return TRUE;
  library = search_file (real, libraries, G_N_ELEMENTS (libraries), &script);
  if (library)
    *found = (SbxDesktopKindFound){ CHROMIUM, g_strdup (library) };
  return library || (script && (look_into_script (script, found) || look_by_name (real, found)));
}

gboolean
sbx_desktop_find_kind (const SbxDesktopPlaces *places, const SbxDesktopEntry *entry, SbxDesktopKindFound *found)
{
  g_autoptr (GPtrArray) programs = sbx_desktop_places_programs (places, entry, SBX_DESKTOP_GROUP);
  g_auto (GStrv) own = sbx_desktop_entry_get_list (entry, SBX_DESKTOP_GROUP, "Categories");

  for (guint i = 0; i < programs->len; i++)
    if (sbx_program_find_kind (programs->pdata[i], found))
      return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (categories); i++)
    if (own && g_strv_contains ((const char *const *) own, categories[i])) {
      *found = (SbxDesktopKindFound){ ONLINE, g_strdup_printf ("Categories=%s", categories[i]) };
      return TRUE;
    }
  return FALSE;
}
