/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many desktop entries, those of this machine and of Debian among them, wrapped and unwrapped. */
#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>

#include "desktop/exec.h"
#include "desktop/files.h"
#include "desktop/wrap.h"
#include "validator.h"

#define SANDBOXCTL "/usr/bin/sandboxctl"

static const SbxWrap how = { .sandboxctl = SANDBOXCTL, .profile = "desktop", .app_id = "org.example.Sample" };

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
  accepted = run_validator (copy, FALSE);
  g_assert_true (g_file_set_contents (copy, text, -1, NULL));
  run_validator (copy, accepted);
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

    g_assert_true (g_file_set_contents (path, text, -1, NULL));
    run_validator (path, TRUE);
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
  g_test_add_func ("/desktop/fuzz", test_fuzz);
  g_test_add_func ("/desktop/corpus/machine", test_machine);
  g_test_add_func ("/desktop/corpus/generated", test_generated);
  if (g_getenv ("SBX_TEST_DESKTOP_FILES")) /* scripts/test sets it */
    g_test_add_func ("/desktop/corpus/debian", test_debian);
  return g_test_run ();
}
