/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/obstacles.h"

#include <fnmatch.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#include "common/path.h"
#include "desktop/exec.h"

typedef struct {
  const SbxDesktopPlaces *places;
  SbxDesktopShown is_shown;
  gpointer data;
  GPtrArray *found;
} Look;

#define RIGHTS N_ ("%s asks for an administrator's rights, which nothing in a sandbox can get")
#define OUTSIDE N_ ("%s only asks a program outside to start the application, which then would not be in the sandbox")
#define CONTAINER N_ ("%s starts it in a sandbox of its own kind, which cannot be inside of this one")

/* Programs in front of an application. */
static const struct {
  const char *pattern, *text;
} starters[] = {
  { "pkexec", RIGHTS },     { "sudo", RIGHTS },          { "gksu", RIGHTS },
  { "gksudo", RIGHTS },     { "kdesu", RIGHTS },         { "kdesudo", RIGHTS },
  { "su", RIGHTS },         { "su-to-root", RIGHTS },    { "run0", RIGHTS },
  { "doas", RIGHTS },       { "gapplication", OUTSIDE }, { "gtk-launch", OUTSIDE },
  { "dbus-send", OUTSIDE }, { "gdbus", OUTSIDE },        { "busctl", OUTSIDE },
  { "systemctl", OUTSIDE }, { "systemd-run", OUTSIDE },  { "kstart*", OUTSIDE },
  { "flatpak", CONTAINER }, { "snap", CONTAINER },       { "docker", CONTAINER },
  { "podman", CONTAINER },  { "distrobox*", CONTAINER }, { "toolbox", CONTAINER },
};

/* Where programs of other packagings lie, by the path before or after links are followed. */
static const struct {
  const char *directory, *text;
} packagings[] = {
  { "/snap", CONTAINER },
  { "/var/lib/snapd", CONTAINER },
  { "/var/lib/flatpak", CONTAINER },
};

void
sbx_obstacle_free (SbxObstacle *obstacle)
{
  g_free (obstacle->text);
  g_free (obstacle->show);
  g_free (obstacle);
}

/* Takes @text. */
static void
add (Look *look, gboolean hopeless, char *text, const char *show)
{
  SbxObstacle *obstacle = g_new0 (SbxObstacle, 1);

  *obstacle = (SbxObstacle){ hopeless, text, g_strdup (show) };
  g_ptr_array_add (look->found, obstacle);
}

static void
add_hopeless (Look *look, const char *format, const char *what)
{
  GString *text = g_string_new (_ (format));

  g_string_replace (text, "%s", what, 1);
  add (look, TRUE, g_string_free (text, FALSE), NULL);
}

static gboolean
is_starter (Look *look, const char *word)
{
  g_autofree char *name = g_path_get_basename (word);

  for (gsize i = 0; i < G_N_ELEMENTS (starters); i++)
    if (fnmatch (starters[i].pattern, name, 0) == 0) {
      add_hopeless (look, starters[i].text, name);
      return TRUE;
    }
  return FALSE;
}

static gboolean
is_of_other_packaging (Look *look, const char *path, const char *real)
{
  g_autofree char *name = g_path_get_basename (real);

  for (gsize i = 0; i < G_N_ELEMENTS (packagings); i++)
    if (sbx_path_is_below (path, packagings[i].directory) || sbx_path_is_below (real, packagings[i].directory)) {
      add_hopeless (look, packagings[i].text, path);
      return TRUE;
    }
  return is_starter (look, name); /* /snap/bin/vlc is a link to snap */
}

static gboolean
is_app_image (Look *look, const char *path)
{
  g_autofree char *lower = g_ascii_strdown (path, -1);

  if (!g_str_has_suffix (lower, ".appimage"))
    return FALSE;
  add (look, TRUE,
       g_strdup_printf (_ ("%s is an AppImage, which mounts itself, and nothing in a sandbox may mount; unpack it "
                           "(%s --appimage-extract) and make a launcher for squashfs-root/AppRun"),
                        path, path),
       NULL);
  return TRUE;
}

/* The directory of a program; the file alone where that would be the whole home. */
static char *
what_to_show (const Look *look, const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  return g_strdup (sbx_path_is_below (look->places->home, directory) ? path : directory);
}

/* A program, or a file that is one with its interpreter. */
static void
look_at_file (Look *look, const char *path)
{
  g_autofree char *real = realpath (path, NULL);
  const char *const both[] = { path, real };

  if (!real) {
    add (look, TRUE, g_strdup_printf (_ ("its program %s is not there"), path), NULL);
    return;
  }
  if (is_of_other_packaging (look, path, real) || is_app_image (look, real))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (both); i++)
    if (!look->is_shown (both[i], look->data)) {
      g_autofree char *show = what_to_show (look, both[i]);

      add (look, FALSE, g_strdup_printf (_ ("its program %s is not shown in the sandbox"), both[i]), show);
      return;
    }
}

/* A word of a command that is a program, or a file for one. */
static void
look_at_word (Look *look, const char *word)
{
  g_autofree char *path = sbx_desktop_places_find_program (look->places, word);

  if (path)
    look_at_file (look, path);
  else if (*word != '/' || !is_of_other_packaging (look, word, word))
    add (look, TRUE, g_strdup_printf (_ ("its program %s is not there"), word), NULL);
}

/* `env NAME=VALUE pkexec …`: every word up to the one that says which application it is may be a program that starts
 * the next one. */
static void
look_at_exec (Look *look, char **argv)
{
  const char *program = sbx_exec_program ((const char *const *) argv);

  if (!argv[0])
    return;
  for (char **word = argv; *word; word++) {
    if (is_starter (look, *word))
      return;
    if (program ? strcmp (*word, program) == 0 : word > argv && !strchr (*word, '=') && **word != '-')
      break;
  }
  look_at_word (look, argv[0]);
  if (look->found->len == 0 && program && strcmp (program, argv[0]) != 0)
    look_at_word (look, program);
}

static void
look_at_directory (Look *look, const SbxDesktopEntry *entry)
{
  const char *raw = sbx_desktop_entry_get (entry, SBX_DESKTOP_GROUP, "Path");
  g_autofree char *path = raw ? g_strcompress (raw) : NULL;

  if (path && *path == '/' && !look->is_shown (path, look->data))
    add (look, FALSE, g_strdup_printf (_ ("its directory %s (Path=) is not shown in the sandbox"), path), path);
}

GPtrArray *
sbx_desktop_find_obstacles (const SbxDesktopPlaces *places, const SbxDesktopEntry *entry, SbxDesktopShown is_shown,
                            gpointer data)
{
  Look look = { places, is_shown, data, g_ptr_array_new_with_free_func ((GDestroyNotify) sbx_obstacle_free) };
  const char *exec = sbx_desktop_entry_get (entry, SBX_DESKTOP_GROUP, "Exec");
  g_auto (GStrv) argv = exec ? sbx_exec_split (exec, NULL) : NULL;

  if (argv)
    look_at_exec (&look, argv);
  look_at_directory (&look, entry);
  return look.found;
}
