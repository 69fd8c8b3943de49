/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Desktop entries: quoting both ways, wrapping and unwrapping, installing and bringing back, what goes round. */
#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "desktop/around.h"
#include "desktop/exec.h"
#include "desktop/files.h"
#include "desktop/install.h"
#include "desktop/known.h"

#define SANDBOXCTL "/usr/bin/sandboxctl"

static void
run_validator (const char *path, gboolean must, gboolean *accepted)
{
  const char *argv[] = { "desktop-file-validate", path, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_assert_true (
      g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status, &error));
  g_assert_no_error (error);
  *accepted = g_spawn_check_wait_status (status, NULL);
  if (must && !*accepted)
    g_error ("desktop-file-validate refuses %s: %s", path, output);
}

/* The specification's own examples and rules, both ways: value as in the file, arguments separated by "|". */
static void
test_exec (void)
{
  static const struct {
    const char *value, *argv, *canonical;
  } rows[] = {
    { "app", "app", NULL },
    { "app %u --x", "app|%u|--x", NULL },
    { "\"two words\" x", "two words|x", NULL },
    { "app \"\" end", "app||end", NULL },
    /* "the literal dollar sign in a quoted string is unambiguously represented as "\\$"" */
    { "app \"\\\\$HOME\"", "app|$HOME", NULL },
    /* "to unambiguously represent a literal backslash character in a quoted argument … "\\\\"" */
    { "app \"a\\\\\\\\b\"", "app|a\\b", NULL },
    { "app \"\\\\`id\\\\`\"", "app|`id`", NULL },
    { "app \"say \\\\\"hi\\\\\"\"", "app|say \"hi\"", NULL },
    { "app \"a;b&c|d\" \"(x)\" \"~\" \"#\"", "app|a;b&c|d|(x)|~|#", NULL },
    { "app \"$(rm -rf ~)\"", NULL, "backslash" },
    { "app 100%% %%u", "app|100%%|%%u", NULL },
    { "app \"%c x\"", "app|%c x", NULL },
    { "sh -c \"echo 'a b'\"", "sh|-c|echo 'a b'", NULL },
    /* Written otherwise than by the specification, and read the same by every desktop */
    { "app 'one arg' x", "app|one arg|x", "app \"one arg\" x" },
    { "app a\\\\ b", "app|a b", "app \"a b\"" },
    { "app \\sx", "app|x", "app x" },
    { "app \"a\\tb\"", "app|a\tb", NULL },
    { "  app   x  ", "app|x", "app x" },
    { "app pre\"fix\"", "app|prefix", "app prefix" },
    { "app \"a\\$b\"", "app|a$b", "app \"a\\\\$b\"" },
    /* Old field codes are taken out */
    { "app %d %D x%ny %N %v %m %u", "app|xy|%u", "app xy %u" },
    { "app -m %m", "app|-m", "app -m" },
    /* Refused */
    { "app ; rm", NULL, "outside of quotes" },
    { "app `id`", NULL, "outside of quotes" },
    { "app $HOME", NULL, "outside of quotes" },
    { "app a|b", NULL, "outside of quotes" },
    { "app x>y", NULL, "outside of quotes" },
    { "app &", NULL, "outside of quotes" },
    { "app \"`id`\"", NULL, "backslash" },
    { "app \"open", NULL, "not closed" },
    { "app 'open", NULL, "not closed" },
    { "app x\\nrm", NULL, "line end" },
    { "app \"x\\ny\"", NULL, "line end" },
    { "app \\r", NULL, "line end" },
    { "app %z", NULL, "field code" },
    { "app %", NULL, "field code" },
    { "app \\", NULL, "backslash" },
    { "", NULL, "no program" },
    { "   ", NULL, "no program" },
    { "\"\" x", NULL, "no program" },
    { "%n", NULL, "no program" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) argv = sbx_exec_split (rows[i].value, &error), wanted = NULL, again = NULL;
    g_autofree char *joined = NULL, *value = NULL;

    if (!rows[i].argv) {
      g_assert_null (argv);
      g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
      if (!strstr (error->message, rows[i].canonical))
        g_error ("%s: %s", rows[i].value, error->message);
      continue;
    }
    g_assert_no_error (error);
    joined = g_strjoinv ("|", argv);
    g_assert_cmpstr (joined, ==, rows[i].argv);
    value = sbx_exec_join ((const char *const *) argv);
    g_assert_cmpstr (value, ==, rows[i].canonical ? rows[i].canonical : rows[i].value);
    again = sbx_exec_split (value, &error);
    g_assert_no_error (error);
    g_assert_true (g_strv_equal ((const char *const *) argv, (const char *const *) again));
  }
}

/* Any arguments: what is written is read again, by us and by GLib. */
static void
test_exec_random (void)
{
  static const char alphabet[] = "ab \t\"'\\><~|&;$*?#()`%-=@[]{}!\xc3\xa9";

  for (int round = 0; round < 20000; round++) {
    g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) again = NULL, of_glib = NULL;
    g_autoptr (GKeyFile) file = g_key_file_new ();
    g_autofree char *value = NULL, *text = NULL, *line = NULL;

    g_ptr_array_add (argv, g_strdup ("app"));
    for (int n = g_test_rand_int_range (0, 5); n > 0; n--) {
      GString *word = g_string_new (NULL);

      for (int k = g_test_rand_int_range (0, 8); k > 0; k--) {
        char c = alphabet[g_test_rand_int_range (0, sizeof alphabet - 1)];

        if ((guchar) c >= 0x80)
          g_string_append (word, "\xc3\xa9");
        else
          g_string_append_c (word, c);
        if (c == '%')
          g_string_append_c (word, '%');
      }
      g_ptr_array_add (argv, g_string_free (word, FALSE));
    }
    g_ptr_array_add (argv, NULL);
    value = sbx_exec_join ((const char *const *) argv->pdata);
    again = sbx_exec_split (value, &error);
    g_assert_no_error (error);
    g_assert_true (g_strv_equal ((const char *const *) argv->pdata, (const char *const *) again));
    text = g_strdup_printf ("[Desktop Entry]\nExec=%s\n", value);
    g_assert_true (g_key_file_load_from_data (file, text, (gsize) -1, G_KEY_FILE_NONE, &error));
    line = g_key_file_get_string (file, "Desktop Entry", "Exec", &error);
    g_assert_no_error (error);
    g_assert_true (g_shell_parse_argv (line, NULL, &of_glib, &error));
    g_assert_true (g_strv_equal ((const char *const *) argv->pdata, (const char *const *) of_glib));
  }
}

static void
test_program (void)
{
  static const char *const rows[][2] = {
    { "firefox %u", "firefox" },
    { "env A=1 -u B C=2 mpv %U", "mpv" },
    { "/usr/bin/env X=y /usr/bin/gimp-2.10", "/usr/bin/gimp-2.10" },
    { "python3 /usr/share/x/x.py", "/usr/share/x/x.py" },
    { "sh -c \"foo bar\"", NULL },
    { "env", NULL },
    { "gapplication launch org.x.Y", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (GStrv) argv = sbx_exec_split (rows[i][0], NULL);

    g_assert_cmpstr (sbx_exec_program ((const char *const *) argv), ==, rows[i][1]);
  }
}

static SbxDesktopEntry *
parse (const char *text, gsize size, GError **error)
{
  return sbx_desktop_entry_parse (text, size, "x.desktop", SBX_DESKTOP_GROUP, error);
}

static void
test_broken (void)
{
  static const struct {
    const char *text;
    gsize size;
    const char *problem;
  } rows[] = {
#define ROW(text, problem) { text, sizeof text - 1, problem }
    ROW ("", "first group"),
    ROW ("[Other]\n", "first group"),
    ROW ("[Desktop Entry]\nExec=a\0b\n", "x.desktop:2: a NUL byte"),
    ROW ("[Desktop Entry]\r\nExec=a\r\n", "x.desktop:1: a carriage return"),
    ROW ("[Desktop Entry]\nName=\xff\n", "x.desktop:2: is not UTF-8"),
    ROW ("[Desktop Entry]\nName=\033[2J\n", "control character"),
    ROW ("[Desktop Entry]\n[Desktop Entry]\n", "x.desktop:2: the group [Desktop Entry] is there twice"),
    ROW ("[Desktop Entry]\nExec=a\nExec=b\n", "x.desktop:3: the key \"Exec\" is there twice"),
    ROW ("[Desktop Entry]\nExec =a\nExec=b\n", "is there twice"),
    ROW ("Exec=a\n[Desktop Entry]\n", "before the first"),
    ROW ("[Desktop Entry]\nnonsense\n", "neither"),
    ROW ("[Desktop Entry]\n Exec=a\n", "is no key"),
    ROW ("[Desktop Entry]\nEx ec=a\n", "is no key"),
    ROW ("[Desktop Entry]\nName[de]]=a\n", "is no key"),
    ROW ("[Desktop Entry]\n=a\n", "is no key"),
    ROW ("[Desktop Entry] x\n", "nothing after it"),
    ROW ("[Desktop Entry]\n[]\n", "nothing after it"),
    ROW ("[Desktop Entry]\n[a[b]\n", "brackets"),
    ROW ("\xef\xbb\xbf[Desktop Entry]\n", "neither"),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxDesktopEntry) entry = parse (rows[i].text, rows[i].size, &error);

    g_assert_null (entry);
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
    if (!strstr (error->message, rows[i].problem))
      g_error ("%s: %s", rows[i].problem, error->message);
  }
}

static void
test_huge (void)
{
  g_autofree char *text = g_malloc (SBX_DESKTOP_MAX + 1);
  g_autoptr (GError) error = NULL;
  const char *head = "[Desktop Entry]\n#";

  memset (text, 'x', SBX_DESKTOP_MAX + 1);
  memcpy (text, head, strlen (head));
  g_assert_null (parse (text, SBX_DESKTOP_MAX + 1, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_LIMITS);
  sbx_desktop_entry_free (parse (text, SBX_DESKTOP_MAX, NULL));
}

static const char sample[] = "# a comment\n"
                             "[Desktop Entry]\n"
                             "Version=1.0\n"
                             "Type=Application\n"
                             "Name=Sample\n"
                             "Name[de]=Beispiel\n"
                             "Icon=sample\n"
                             "TryExec=sh\n"
                             "Exec=sh -x %i --caption %c %k %U\n"
                             "DBusActivatable=true\n"
                             "StartupWMClass=Sample\n"
                             "MimeType=text/plain;x-scheme-handler/sample;\n"
                             "Categories=Utility;\n"
                             "Actions=new;gone;\n"
                             "X-Unknown=kept\n"
                             "\n"
                             "[Desktop Action new]\n"
                             "Name=New\n"
                             "Exec=sh --file=%f \"with space\"\n"
                             "\n"
                             "[Desktop Action gone]\n"
                             "Name=Only over D-Bus\n";
static const SbxWrap how = { .sandboxctl = SANDBOXCTL, .profile = "desktop", .app_id = "org.example.Sample" };

static void
test_wrap (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxDesktopEntry) entry = parse (sample, strlen (sample), &error), broken = NULL;
  g_autofree char *text = NULL, *same = NULL;

  g_assert_no_error (error);
  same = sbx_desktop_entry_to_text (entry);
  g_assert_cmpstr (same, ==, sample);
  g_assert_true (sbx_wrap_entry (entry, &how, &error));
  g_assert_no_error (error);
  g_assert_true (sbx_desktop_entry_is_wrapped (entry));
  text = sbx_desktop_entry_to_text (entry);
  g_assert_cmpstr (text, ==,
                   "# a comment\n"
                   "[Desktop Entry]\n"
                   "Version=1.0\n"
                   "Type=Application\n"
                   "Name=Sample\n"
                   "Name[de]=Beispiel\n"
                   "Icon=sample\n"
                   "TryExec=sh\n"
                   "Exec=" SANDBOXCTL " run --profile=desktop --app-id=org.example.Sample --file-forwarding -- "
                   "sh -x %i --caption %c %k @@u %U @@\n"
                   "DBusActivatable=false\n"
                   "StartupWMClass=Sample\n"
                   "MimeType=text/plain;x-scheme-handler/sample;\n"
                   "Categories=Utility;\n"
                   "Actions=new;\n"
                   "X-Unknown=kept\n"
                   "\n"
                   "[Desktop Action new]\n"
                   "Name=New\n"
                   "Exec=" SANDBOXCTL " run --profile=desktop --app-id=org.example.Sample --file-forwarding -- "
                   "sh @@ --file=%f @@ \"with space\"\n"
                   "\n");
  /* Not twice: the marks are in the way */
  g_assert_false (sbx_wrap_entry (entry, &how, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
}

static void
test_wrap_refused (void)
{
  static const char *const rows[][2] = {
    { "[Desktop Entry]\nType=Link\nURL=http://x\n", "Type=Link" },
    { "[Desktop Entry]\nType=Application\nHidden=true\nExec=a\n", "deleted" },
    { "[Desktop Entry]\nType=Application\nDBusActivatable=true\n", "no Exec" },
    { "[Desktop Entry]\nType=Application\nExec=a @@ %f @@\n", "marks files" },
    { "[Desktop Entry]\nType=Application\nExec=a\nActions=x;\n[Desktop Action x]\nExec=a;b\n", "[Desktop Action x]" },
    { "[Desktop Entry]\nType=Application\nExec=a\n[X Shortcut Group]\nExec=a $x\n", "[X Shortcut Group]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxDesktopEntry) entry = parse (rows[i][0], strlen (rows[i][0]), NULL);

    g_assert_false (sbx_wrap_entry (entry, &how, &error));
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
    if (!strstr (error->message, rows[i][1]))
      g_error ("%s: %s", rows[i][1], error->message);
  }
}

/* A profile's name or a path with anything in it stays one argument, and is no field code. */
static void
test_wrap_quotes (void)
{
  const SbxWrap odd = { .sandboxctl = "/opt/a b$c%u/sandboxctl", .profile = "a\"b`c %f", .app_id = "x'y" };
  const char *text = "[Desktop Entry]\nType=Application\nExec=a %f\n";
  g_autoptr (SbxDesktopEntry) entry = parse (text, strlen (text), NULL);
  g_auto (GStrv) argv = NULL;

  g_assert_true (sbx_wrap_entry (entry, &odd, NULL));
  argv = sbx_exec_split (sbx_desktop_entry_get (entry, SBX_DESKTOP_GROUP, "Exec"), NULL);
  g_assert_cmpstr (argv[0], ==, "/opt/a b$c%%u/sandboxctl");
  g_assert_cmpstr (argv[2], ==, "--profile=a\"b`c %%f");
  g_assert_cmpstr (argv[3], ==, "--app-id=x'y");
}

static void
test_service (void)
{
  static const struct {
    const char *text, *wrapped;
  } rows[] = {
    { "[D-BUS Service]\nName=org.x.Y\nExec=/usr/bin/y --gapplication-service\nSystemdService=y.service\n",
      "[D-BUS Service]\nName=org.x.Y\nExec=" SANDBOXCTL " run '--profile=desktop' '--app-id=org.example.Sample' "
      "--file-forwarding -- /usr/bin/y --gapplication-service\n" },
    { "[D-BUS Service]\nName=org.x.Y\n", NULL },
    { "[D-BUS Service]\nName=org.x.Y\nExec=a \"b\\\\\\\\c\"\n", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxDesktopEntry) entry =
        sbx_desktop_entry_parse (rows[i].text, strlen (rows[i].text), "x", SBX_DBUS_SERVICE_GROUP, NULL);
    g_autofree char *wrapped = sbx_wrap_service (entry, &how, &error);

    g_assert_cmpstr (wrapped, ==, rows[i].wrapped);
    g_assert_true ((wrapped != NULL) == (error == NULL));
  }
}

static void
test_known (void)
{
  static const char *const none[] = { NULL }, *const shell[] = { "System", "TerminalEmulator", NULL };

  g_assert_cmpstr (sbx_known_profile ("firefox-esr.desktop", "/usr/bin/firefox-esr", none), ==, "firefox");
  g_assert_cmpstr (sbx_known_profile ("userapp.desktop", "/usr/lib/firefox/firefox", none), ==, "firefox");
  g_assert_cmpstr (sbx_known_profile ("libreoffice-writer.desktop", "/usr/bin/libreoffice", none), ==, "libreoffice");
  g_assert_cmpstr (sbx_known_profile ("org.gnome.Evince.desktop", NULL, none), ==, "evince");
  g_assert_cmpstr (sbx_known_profile ("gimp.desktop", "/usr/bin/gimp-2.10", none), ==, "gimp");
  g_assert_cmpstr (sbx_known_profile ("other.desktop", "/usr/bin/other", shell), ==, "terminal");
  g_assert_cmpstr (sbx_known_profile ("other.desktop", NULL, none), ==, "desktop");
  g_assert_true (sbx_known_match ("evince", "org.gnome.Evince.desktop", "/usr/bin/evince"));
  g_assert_true (sbx_known_match ("firefox", "firefox-esr.desktop", "/usr/bin/firefox-esr"));
  g_assert_false (sbx_known_match ("firefox", "mpv.desktop", "/usr/bin/mpv"));
  g_assert_true (sbx_known_interpreter ("/usr/bin/python3.11"));
  g_assert_false (sbx_known_interpreter ("/usr/bin/mpv"));
}

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
  g_autoptr (GPtrArray) ways = sbx_desktop_look_around (fixture->places, sbx_desktop_store_find (store, id));
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < ways->len; i++) {
    const SbxWayAround *way = ways->pdata[i];
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
  gboolean accepted;
  guint left;

  g_assert_true (install (fixture, "app", "desktop", &error));
  g_assert_no_error (error);
  text = get (fixture, LAUNCHER);
  g_assert_nonnull (strstr (text, "\nExec=" SANDBOXCTL " run --profile=desktop --file-forwarding -- app @@u %U @@\n"));
  g_assert_nonnull (strstr (text, "\nDBusActivatable=false\n"));
  run_validator (launcher, TRUE, &accepted);
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

/* One file through and back: every key but Exec, DBusActivatable and Actions is the same, every command unwraps to
 * what it was, and the validator takes it if it took the original. Returns FALSE for what is not for us. */
static gboolean
through_and_back (const char *path, GError **error)
{
  g_autoptr (SbxDesktopEntry) before = sbx_desktop_entry_read (path, SBX_DESKTOP_GROUP, error), after = NULL,
                              again = NULL;
  g_autofree const char **groups = NULL;
  g_autofree char *text = NULL, *copy = NULL, *original = NULL, *same = NULL, *dir = NULL;
  gsize size;
  gboolean accepted;

  if (!before)
    return FALSE;
  original = sbx_desktop_read_file (path, SBX_DESKTOP_MAX, &size, NULL);
  same = sbx_desktop_entry_to_text (before);
  if (g_str_has_suffix (original, "\n"))
    g_assert_cmpstr (same, ==, original);
  after = sbx_desktop_entry_read (path, SBX_DESKTOP_GROUP, NULL);
  if (!sbx_wrap_entry (after, &how, error))
    return FALSE;
  text = sbx_desktop_entry_to_text (after);
  again = sbx_desktop_entry_parse (text, strlen (text), "again", SBX_DESKTOP_GROUP, error);
  g_assert_no_error (*error);
  g_assert_true (sbx_desktop_entry_is_wrapped (again));
  groups = sbx_desktop_entry_groups (again);
  for (gsize i = 0; groups[i]; i++) {
    const char *old = sbx_desktop_entry_get (before, groups[i], "Exec"),
               *new = sbx_desktop_entry_get (again, groups[i], "Exec");
    g_auto (GStrv) old_argv = NULL, new_argv = NULL, inner = NULL;

    g_assert_true ((old == NULL) == (new == NULL));
    if (!old)
      continue;
    old_argv = sbx_exec_split (old, NULL);
    new_argv = sbx_exec_split (new, NULL);
    inner = sbx_unwrap_argv ((const char *const *) new_argv);
    g_assert_true (g_strv_equal ((const char *const *) old_argv, (const char *const *) inner));
    sbx_desktop_entry_set (after, groups[i], "Exec", old);
  }
  dir = g_dir_make_tmp ("corpus-XXXXXX", NULL);
  copy = g_build_filename (dir, "org.example.Copy.desktop", NULL);
  g_assert_true (g_file_set_contents (copy, original, -1, NULL));
  run_validator (copy, FALSE, &accepted);
  g_assert_true (g_file_set_contents (copy, text, -1, NULL));
  run_validator (copy, accepted, &accepted);
  g_unlink (copy);
  g_rmdir (dir);
  if (!sbx_desktop_entry_get (before, SBX_DESKTOP_GROUP, "DBusActivatable")) {
    g_autofree char *back = sbx_desktop_entry_to_text (after);

    g_assert_cmpstr (back, ==, same);
  }
  return TRUE;
}

/* @dir and what is below it. */
static void
walk (const char *dir, guint *n, guint *refused)
{
  g_autoptr (GDir) names = g_dir_open (dir, 0, NULL);
  const char *name;

  while (names && (name = g_dir_read_name (names))) {
    g_autofree char *path = g_build_filename (dir, name, NULL);
    g_autoptr (GError) error = NULL;

    if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
      walk (path, n, refused);
    } else if (g_str_has_suffix (name, ".desktop")) {
      (*n)++;
      if (through_and_back (path, &error))
        continue;
      (*refused)++;
      g_test_message ("%s: %s", path, error->message);
    }
  }
}

/* Whatever this machine has. */
static void
test_machine (void)
{
  guint n = 0, refused = 0;

  walk ("/usr/share/applications", &n, &refused);
  g_test_message ("%u files, %u refused", n, refused);
}

/* Those of Debian's packages, which scripts/desktop-corpus fetches: each of them is an application and is taken. */
static void
test_debian (void)
{
  guint n = 0, refused = 0;

  walk (g_getenv ("SBX_TEST_DESKTOP_FILES"), &n, &refused);
  g_assert_cmpuint (n, >=, 200);
  g_assert_cmpuint (refused, ==, 0);
}

/* The @i-th of 200 entries with what such entries have, in all combinations. */
static char *
make_entry (guint i)
{
  static const char *const commands[] = { "app %U", "/usr/bin/app --file %f", "env LC_ALL=C app %F -- %i %c",
                                          "app \"two words\" \"\\\\$HOME\" %u", "sh -c \"exec app \\\"a b\\\"\"" };
  static const char *const types[] = { "", "MimeType=text/plain;\n", "MimeType=x-scheme-handler/http;text/html;\n" };
  GString *text = g_string_new (i % 2 ? "# Written by a packager\n\n" : "");

  g_string_append (text, "[Desktop Entry]\nVersion=1.0\nType=Application\nName=Application\n"
                         "Name[de]=Anwendung\nName[sr@latin]=Aplikacija\nComment=An "
                         "application\nComment[zh_CN]=\345\272\224\347\224\250\n");
  g_string_append_printf (text, "Exec=%s", commands[i % G_N_ELEMENTS (commands)]);
  g_string_append_printf (text, "\nTryExec=sh\nIcon=app-%u\nTerminal=%s\n%s", i, i % 7 == 0 ? "true" : "false",
                          types[i % G_N_ELEMENTS (types)]);
  g_string_append (text, "Categories=Utility;TextEditor;\nKeywords=a\\;b;c;\nStartupNotify=true\nStartupWMClass=App\n"
                         "OnlyShowIn=GNOME;XFCE;\nX-GNOME-UsesNotifications=true\n");
  if (i % 4 == 0)
    g_string_append (text, "DBusActivatable=true\n");
  if (i % 3 == 0)
    g_string_append_printf (
        text,
        "Actions=new;preferences;\n\n[Desktop Action new]\nName=New\nName[fr]=Nouveau\nExec=app-%u --new %%U\n"
        "\n[Desktop Action preferences]\nName=Preferences\nIcon=preferences\nExec=app-%u --preferences\n",
        i, i);
  return g_string_free (text, FALSE);
}

static void
test_generated (void)
{
  g_autofree char *dir = g_dir_make_tmp ("generated-XXXXXX", NULL);

  for (guint i = 0; i < 200; i++) {
    g_autofree char *text = make_entry (i), *name = g_strdup_printf ("org.example.App%u.desktop", i);
    g_autofree char *path = g_build_filename (dir, name, NULL);
    g_autoptr (GError) error = NULL;
    gboolean accepted;

    g_assert_true (g_file_set_contents (path, text, -1, NULL));
    run_validator (path, TRUE, &accepted);
    through_and_back (path, &error);
    g_assert_no_error (error);
    g_unlink (path);
  }
  g_rmdir (dir);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The fuzzer's seeds, each as it is and with one to three bytes changed, taken out or doubled, many times. */
static void
test_fuzz (void)
{
  g_autoptr (GDir) names = g_dir_open (SBX_SOURCE_ROOT "/tests/fuzz/corpus/desktop", 0, NULL);
  static const char bytes[] = "%\\\"'\n=[];$` @u";
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (names))) {
    g_autofree char *path = g_build_filename (SBX_SOURCE_ROOT "/tests/fuzz/corpus/desktop", name, NULL), *data = NULL;
    gsize size;

    g_assert_true (g_file_get_contents (path, &data, &size, NULL));
    LLVMFuzzerTestOneInput ((const uint8_t *) data, size);
    for (int round = 0; round < 3000; round++) {
      g_autoptr (GByteArray) bent = g_byte_array_new ();

      g_byte_array_append (bent, (const guint8 *) data, (guint) size);
      for (int k = g_test_rand_int_range (1, 4); k > 0 && bent->len > 0; k--) {
        guint at = (guint) g_test_rand_int_range (0, (gint32) bent->len);
        guint8 byte = (guint8) bytes[g_test_rand_int_range (0, sizeof bytes - 1)];

        if (g_test_rand_bit ())
          bent->data[at] = byte;
        else if (g_test_rand_bit ())
          g_byte_array_remove_index (bent, at);
        else {
          guint8 copy = bent->data[at]; /* the array may move */

          g_byte_array_append (bent, &copy, 1);
        }
      }
      LLVMFuzzerTestOneInput (bent->data, bent->len);
    }
    n++;
  }
  g_assert_cmpuint (n, >=, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desktop/exec/rules", test_exec);
  g_test_add_func ("/desktop/exec/random", test_exec_random);
  g_test_add_func ("/desktop/exec/program", test_program);
  g_test_add_func ("/desktop/entry/broken", test_broken);
  g_test_add_func ("/desktop/entry/huge", test_huge);
  g_test_add_func ("/desktop/wrap/all", test_wrap);
  g_test_add_func ("/desktop/wrap/refused", test_wrap_refused);
  g_test_add_func ("/desktop/wrap/quotes", test_wrap_quotes);
  g_test_add_func ("/desktop/wrap/service", test_service);
  g_test_add_func ("/desktop/fuzz", test_fuzz);
  g_test_add_func ("/desktop/known", test_known);
  g_test_add_func ("/desktop/corpus/machine", test_machine);
  g_test_add_func ("/desktop/corpus/generated", test_generated);
  if (g_getenv ("SBX_TEST_DESKTOP_FILES")) /* scripts/test sets it */
    g_test_add_func ("/desktop/corpus/debian", test_debian);
#define ADD(name, function) g_test_add ("/desktop/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("install/there-and-back", test_install);
  ADD ("install/restore", test_restore);
  ADD ("install/changed", test_changed);
  ADD ("install/all-or-nothing", test_all_or_nothing);
  ADD ("install/hostile-places", test_hostile_places);
  ADD ("install/around", test_around);
  ADD ("install/interrupted", test_interrupted);
  return g_test_run ();
}
