/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Desktop entries installed and brought back, and what goes round them. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "desktop/bypasses.h"
#include "desktop/files.h"
#include "desktop/install.h"
#include "validator.h"

#define SANDBOXCTL "/usr/bin/sandboxctl"

/* A home and a system of its own. */
typedef struct {
  char *dir;
  SbxDesktopPlaces *places;
} Fixture;

static char *
at (Fixture *fixture, const char *path)
{
  return g_build_filename (fixture->dir, path, NULL);
}

static void
put (Fixture *fixture, const char *path, const char *content, int mode)
{
  g_autofree char *full = at (fixture, path), *dir = g_path_get_dirname (full);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (dir, 0755), ==, 0);
  g_file_set_contents (full, content, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (full, mode), ==, 0);
}

static char *
get (Fixture *fixture, const char *path)
{
  g_autofree char *full = at (fixture, path);
  char *content = NULL;

  g_file_get_contents (full, &content, NULL, NULL);
  return content;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  SbxDesktopPlaces *places = fixture->places = g_new0 (SbxDesktopPlaces, 1);

  fixture->dir = g_dir_make_tmp ("desktop-XXXXXX", NULL);
  places->home = at (fixture, "home");
  places->data_home = at (fixture, "home/.local/share");
  places->config_home = at (fixture, "home/.config");
  places->state_home = at (fixture, "home/.local/state");
  places->bin_dir = at (fixture, "home/.local/bin");
  places->bin_dir_first = TRUE;
  places->data_dirs = g_new0 (char *, 2);
  places->data_dirs[0] = at (fixture, "usr/share");
  places->config_dirs = g_new0 (char *, 2);
  places->config_dirs[0] = at (fixture, "etc/xdg");
  places->path = g_new0 (char *, 2);
  places->path[0] = at (fixture, "usr/bin");
  put (fixture, "usr/bin/app", "#!/bin/sh\n", 0755);
  put (fixture, "usr/share/applications/org.example.App.desktop",
       "[Desktop Entry]\nType=Application\nName=App\nExec=app %U\nDBusActivatable=true\n"
       "MimeType=text/plain;\nCategories=Utility;\n",
       0644);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", fixture->dir, NULL };
  const char *chmod_argv[] = { "chmod", "-R", "u+w", "--", fixture->dir, NULL };

  sbx_desktop_places_free (fixture->places);
  g_spawn_sync (NULL, (char **) chmod_argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free (fixture->dir);
}

static gboolean
install (Fixture *fixture, const char *name, const char *profile, GError **error)
{
  g_autoptr (SbxDesktopStore) store = sbx_desktop_store_open (fixture->places, TRUE, error);
  g_autoptr (GHashTable) all = store ? sbx_desktop_store_view (store, NULL) : NULL;
  g_autoptr (SbxDesktopFile) file = store ? sbx_desktop_find (fixture->places, all, name, error) : NULL;
  g_autoptr (GHashTable) view = file ? sbx_desktop_store_view (store, file->id) : NULL;
  const SbxWrap wrap = { .sandboxctl = SANDBOXCTL, .profile = profile };
  g_autoptr (SbxDesktopRecord) record = file ? sbx_desktop_plan (fixture->places, view, file, &wrap, error) : NULL;

  return record && sbx_desktop_store_install (store, record, error);
}

static gboolean
remove_it (Fixture *fixture, const char *id, gboolean force, guint *n_left)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxDesktopStore) store = sbx_desktop_store_open (fixture->places, TRUE, &error);
  g_auto (GStrv) left = NULL;

  g_assert_no_error (error);
  if (!sbx_desktop_store_remove (store, id, force, &left, &error))
    return FALSE;
  *n_left = g_strv_length (left);
  return TRUE;
}

/* The kinds of what goes round, in order, with blanks between. */
static char *
around (Fixture *fixture, const char *id)
{
  g_autoptr (SbxDesktopStore) store = sbx_desktop_store_open (fixture->places, FALSE, NULL);
  g_autoptr (GPtrArray) ways = sbx_desktop_find_bypasses (fixture->places, sbx_desktop_store_find (store, id));
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < ways->len; i++) {
    const SbxBypass *way = ways->pdata[i];
    g_autofree char *name = g_path_get_basename (way->path);

    g_string_append_printf (text, "%s%s:%s", i > 0 ? " " : "", way->kind, name);
  }
  return g_string_free (text, FALSE);
}

#define ID "org.example.App.desktop"
#define LAUNCHER "home/.local/share/applications/" ID
#define SCRIPT "home/.local/bin/app"

static void
test_install (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *script = NULL, *ways = NULL, *launcher = at (fixture, LAUNCHER), *gone = NULL;
  g_autofree char *state = at (fixture, "home/.local/state/sandbox/desktop/before");
  g_autoptr (GDir) before = NULL;
  guint left;

  g_assert_true (install (fixture, "app", "desktop", &error));
  g_assert_no_error (error);
  text = get (fixture, LAUNCHER);
  g_assert_nonnull (strstr (text, "\nExec=" SANDBOXCTL " run --profile=desktop --file-forwarding -- app @@u %U @@\n"));
  g_assert_nonnull (strstr (text, "\nDBusActivatable=false\n"));
  run_validator (launcher, TRUE);
  script = get (fixture, SCRIPT);
  g_assert_nonnull (strstr (script, "-- /"));
  g_assert_nonnull (strstr (script, "/usr/bin/app @@ \"$@\" @@\n"));
  ways = around (fixture, ID);
  g_assert_cmpstr (ways, ==, "");
  g_assert_true (remove_it (fixture, ID, FALSE, &left));
  g_assert_cmpuint (left, ==, 0);
  gone = get (fixture, LAUNCHER);
  g_assert_null (gone);
  before = g_dir_open (state, 0, NULL);
  g_assert_null (g_dir_read_name (before));
  g_assert_false (remove_it (fixture, ID, FALSE, &left));
}

/* The user's own override comes back to the byte, also after a second installation under another profile. */
static void
test_restore (Fixture *fixture, gconstpointer data)
{
  static const char own[] = "[Desktop Entry]\nType=Application\nName=Mine\nExec=app --mine %f\n";
  g_autoptr (GError) error = NULL;
  g_autofree char *first = NULL, *second = NULL, *restored = NULL, *script = NULL, *path = at (fixture, LAUNCHER);
  g_autofree char *link = at (fixture, SCRIPT), *target = NULL;
  struct stat st;
  guint left;

  put (fixture, LAUNCHER, own, 0600);
  put (fixture, "home/.local/bin/other", "#!/bin/sh\n", 0755);
  g_assert_cmpint (symlink ("other", link), ==, 0);
  g_assert_true (install (fixture, ID, "desktop", &error));
  g_assert_no_error (error);
  first = get (fixture, LAUNCHER);
  g_assert_nonnull (strstr (first, "--profile=desktop --file-forwarding -- app --mine @@ %f @@\n"));
  g_assert_true (install (fixture, path, "browser", &error));
  g_assert_no_error (error);
  second = get (fixture, LAUNCHER);
  g_assert_nonnull (strstr (second, "--profile=browser --file-forwarding -- app --mine @@ %f @@\n"));
  script = get (fixture, "home/.local/bin/other");
  g_assert_cmpstr (script, ==, "#!/bin/sh\n"); /* the link was replaced and not followed */
  g_assert_true (remove_it (fixture, ID, FALSE, &left));
  restored = get (fixture, LAUNCHER);
  g_assert_cmpstr (restored, ==, own);
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);
  target = g_file_read_link (link, NULL);
  g_assert_cmpstr (target, ==, "other");
}

/* What somebody has changed is not thrown away unasked. */
static void
test_changed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL, *gone = NULL, *ways = NULL;
  guint left;

  g_assert_true (install (fixture, ID, "desktop", NULL));
  put (fixture, LAUNCHER, "[Desktop Entry]\nType=Application\nName=Changed\nExec=app\n", 0644);
  ways = around (fixture, ID);
  g_assert_cmpstr (ways, ==, "gone:" ID " launcher:" ID);
  g_assert_true (remove_it (fixture, ID, FALSE, &left));
  g_assert_cmpuint (left, ==, 1);
  text = get (fixture, LAUNCHER);
  g_assert_nonnull (strstr (text, "Changed"));
  g_assert_true (remove_it (fixture, ID, TRUE, &left));
  gone = get (fixture, LAUNCHER);
  g_assert_null (gone);
}

static void
expect_refused (Fixture *fixture, const char *name, const char *problem)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (install (fixture, name, "desktop", &error));
  g_assert_nonnull (error);
  if (!strstr (error->message, problem))
    g_error ("%s: %s", problem, error->message);
}

static guint
count_files (const char *dir)
{
  g_autoptr (GDir) names = g_dir_open (dir, 0, NULL);
  const char *name;
  guint n = 0;

  while (names && (name = g_dir_read_name (names)))
    n++;
  return n;
}

/* All or nothing: a place that cannot be written to leaves every other one as it was. */
static void
test_all_or_nothing (Fixture *fixture, gconstpointer data)
{
  g_autofree char *bin = at (fixture, "home/.local/bin"), *apps = at (fixture, "home/.local/share/applications");
  g_autofree char *record = at (fixture, "home/.local/state/sandbox/desktop/" ID ".record"),
                  *script = at (fixture, SCRIPT);

  g_assert_cmpint (g_mkdir_with_parents (bin, 0777), ==, 0);
  g_assert_cmpint (g_chmod (bin, 0777), ==, 0);
  expect_refused (fixture, ID, "not yours alone");
  g_assert_cmpuint (count_files (apps), ==, 0);
  g_assert_false (g_file_test (record, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_chmod (bin, 0755), ==, 0);
  g_assert_cmpint (g_mkdir (script, 0755), ==, 0);
  expect_refused (fixture, ID, "is no file");
  g_assert_cmpuint (count_files (apps), ==, 0);
  g_assert_cmpint (g_rmdir (script), ==, 0);
  g_assert_cmpint (g_rmdir (bin), ==, 0);
  put (fixture, "home/.local/bin", "a file", 0644);
  expect_refused (fixture, ID, "home/.local/bin");
  g_assert_cmpuint (count_files (apps), ==, 0);
}

static void
test_hostile_places (Fixture *fixture, gconstpointer data)
{
  g_autofree char *launcher = at (fixture, LAUNCHER), *dir = g_path_get_dirname (launcher),
                  *victim = at (fixture, "victim");
  g_autofree char *fifo = at (fixture, "usr/share/applications/fifo.desktop"), *text = NULL;
  g_autofree char *odd = at (fixture, "a`b.desktop"), *own = NULL;
  guint left;

  put (fixture, "victim", "untouched", 0644);
  g_assert_cmpint (g_mkdir_with_parents (dir, 0755), ==, 0);
  g_assert_cmpint (symlink (victim, launcher), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0644), ==, 0);
  /* The link is the user's override, and what it points to is no desktop entry */
  expect_refused (fixture, ID, "neither");
  put (fixture, "victim", "[Desktop Entry]\nType=Application\nName=V\nExec=app\n", 0644);
  g_assert_true (install (fixture, ID, "desktop", NULL));
  text = get (fixture, "victim");
  g_assert_nonnull (strstr (text, "\nExec=app\n"));
  g_assert_true (remove_it (fixture, ID, FALSE, &left));
  own = g_file_read_link (launcher, NULL);
  g_assert_cmpstr (own, ==, victim);
  expect_refused (fixture, "fifo", "not a regular file");
  expect_refused (fixture, odd, "no name of a desktop entry");
  expect_refused (fixture, "missing", "no desktop entry");
}

/* Everything that can go round is found, and what can be wrapped is. */
static void
test_around (Fixture *fixture, gconstpointer data)
{
  g_autofree char *ways = NULL, *after = NULL, *service = NULL, *autostart = NULL, *handler = NULL;
  g_autofree char *link = at (fixture, "usr/bin/x-app"), *unit = NULL;
  g_autoptr (GError) error = NULL;
  guint left;

  g_assert_cmpint (symlink ("app", link), ==, 0);
  put (fixture, "usr/share/applications/other.desktop",
       "[Desktop Entry]\nType=Application\nName=O\nExec=env A=b app -o\n", 0644);
  put (fixture, "usr/share/applications/urls.desktop",
       "[Desktop Entry]\nType=Application\nName=U\nNoDisplay=true\nExec=app %u\nMimeType=x-scheme-handler/app;\n",
       0644);
  put (fixture, "usr/share/applications/sub/deep.desktop", "[Desktop Entry]\nType=Application\nName=D\nExec=x-app\n",
       0644);
  put (fixture, "usr/share/applications/unrelated.desktop", "[Desktop Entry]\nType=Application\nName=N\nExec=true\n",
       0644);
  put (fixture, "etc/xdg/autostart/app.desktop", "[Desktop Entry]\nType=Application\nName=A\nExec=app --daemon\n",
       0644);
  put (fixture, "etc/xdg/autostart/bad.desktop", "[Desktop Entry]\nType=Application\nName=A\nExec=app @@\n", 0644);
  put (fixture, "usr/share/dbus-1/services/file.service", "[D-BUS Service]\nName=org.example.App\nExec=/nowhere/app\n",
       0644);
  put (fixture, "usr/share/dbus-1/services/bad.service", "[D-BUS Service]\nName=org.example.Bad\nExec=app \"it's\"\n",
       0644);
  put (fixture, "home/.config/mimeapps.list", "[Default Applications]\ntext/html=other.desktop;\ntext/plain=" ID ";\n",
       0644);
  unit = g_strdup_printf ("[Service]\nExecStart=-%s/usr/bin/app --x\n", fixture->dir);
  put (fixture, "home/.config/systemd/user/app.service", unit, 0644);
  g_assert_true (install (fixture, "app", "desktop", &error) || error);
  g_clear_error (&error);
  g_assert_true (install (fixture, ID, "desktop", &error));
  g_assert_no_error (error);
  ways = around (fixture, ID);
  g_assert_cmpstr (ways, ==,
                   "launcher:other.desktop launcher:deep.desktop autostart:bad.desktop dbus:bad.service "
                   "mime-default:mimeapps.list command:x-app systemd:app.service");
  service = get (fixture, "home/.local/share/dbus-1/services/org.example.App.service");
  g_assert_nonnull (strstr (service, "Exec=" SANDBOXCTL " run"));
  autostart = get (fixture, "home/.config/autostart/app.desktop");
  g_assert_nonnull (strstr (autostart, "Exec=" SANDBOXCTL " run"));
  handler = get (fixture, "home/.local/share/applications/urls.desktop");
  g_assert_nonnull (strstr (handler, "NoDisplay=true\nExec=" SANDBOXCTL " run"));
  g_assert_true (remove_it (fixture, ID, FALSE, &left));
  after = get (fixture, "home/.config/autostart/app.desktop");
  g_assert_null (after);
}

/* An entry from elsewhere may call itself and its program anything: what is another's of that name stays so. */
static void
test_foreign (Fixture *fixture, gconstpointer data)
{
  g_autofree char *entry = g_strdup_printf ("[Desktop Entry]\nType=Application\nName=S\nExec=%s/home/dl/tool %%u\n",
                                            fixture->dir),
                  *path = at (fixture, "home/dl/org.example.Secrets.desktop"), *service = NULL, *command = NULL;
  g_autoptr (GError) error = NULL;

  put (fixture, "usr/share/dbus-1/services/s.service", "[D-BUS Service]\nName=org.example.Secrets\nExec=/nowhere/s\n",
       0644);
  put (fixture, "usr/bin/tool", "#!/bin/sh\n", 0755);
  put (fixture, "home/dl/tool", "#!/bin/sh\n", 0755);
  put (fixture, "home/dl/org.example.Secrets.desktop", entry, 0644);
  g_assert_true (install (fixture, path, "desktop", &error));
  g_assert_no_error (error);
  service = get (fixture, "home/.local/share/dbus-1/services/org.example.Secrets.service");
  g_assert_null (service);
  command = get (fixture, "home/.local/bin/tool");
  g_assert_null (command);
}

/* A process that was killed between two renames: the record is there, and a part of the files. */
static void
test_interrupted (Fixture *fixture, gconstpointer data)
{
  static const char own[] = "[Desktop Entry]\nType=Application\nName=Mine\nExec=app\n";
  g_autofree char *text = NULL, *script = at (fixture, SCRIPT);
  guint left;

  put (fixture, LAUNCHER, own, 0644);
  g_assert_true (install (fixture, ID, "desktop", NULL));
  put (fixture, LAUNCHER, own, 0644);
  g_assert_cmpint (g_unlink (script), ==, 0);
  g_assert_true (remove_it (fixture, ID, FALSE, &left));
  g_assert_cmpuint (left, ==, 0);
  text = get (fixture, LAUNCHER);
  g_assert_cmpstr (text, ==, own);
}

static char *
find_id (Fixture *fixture, const char *name, GError **error)
{
  g_autoptr (SbxDesktopFile) file = sbx_desktop_find (fixture->places, NULL, name, error);

  return file ? g_strdup (file->id) : NULL;
}

/* Of several entries that start one program, the one whose own name it is. */
static void
test_named (Fixture *fixture, gconstpointer data)
{
  static const char entry[] = "[Desktop Entry]\nType=Application\nName=App\nExec=app --preferences\n";
  g_autoptr (GError) error = NULL;
  g_autofree char *alone = NULL, *named = NULL, *exact = NULL, *none = NULL;

  alone = find_id (fixture, "app", &error);
  g_assert_cmpstr (alone, ==, ID);
  put (fixture, "usr/share/applications/org.example.App-settings.desktop", entry, 0644);
  named = find_id (fixture, "app", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (named, ==, ID);
  exact = find_id (fixture, "org.example.App-settings", &error);
  g_assert_cmpstr (exact, ==, "org.example.App-settings.desktop");

  put (fixture, "usr/share/applications/com.example.app.desktop", entry, 0644);
  none = find_id (fixture, "app", &error);
  g_assert_null (none);
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/desktop/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("install/there-and-back", test_install);
  ADD ("install/restore", test_restore);
  ADD ("install/changed", test_changed);
  ADD ("install/all-or-nothing", test_all_or_nothing);
  ADD ("install/hostile-places", test_hostile_places);
  ADD ("install/around", test_around);
  ADD ("install/foreign", test_foreign);
  ADD ("install/interrupted", test_interrupted);
  ADD ("named", test_named);
  return g_test_run ();
}
