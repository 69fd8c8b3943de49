/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The strict reader of key files. What profiles make of it is in test-profile.c. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "common/key-file.h"

static const SbxKeyFileKind kind = { "list", SBX_ERROR_BAD_OPTION, 100, TRUE };

static gboolean
note (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  if (g_strcmp0 (entry->key, "bad") == 0)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "not good");
  g_string_append_printf (data, "%u:%s|%s|%s|%s\n", entry->line, entry->group,
                          entry->condition ? entry->condition : "-", entry->key ? entry->key : "-",
                          entry->value ? entry->value : "-");
  return TRUE;
}

static void
test_entries (void)
{
  static const char text[] = "# a comment\n\n[A]\nkey = a value  \n  # another\n[B if=x]\nkey=\n";
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (sbx_key_file_parse (&kind, text, strlen (text), "x", note, seen, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (seen->str, ==, "3:A|-|-|-\n4:A|-|key|a value\n6:B|x|-|-\n7:B|x|key|\n");
}

static void
test_errors (void)
{
  static const struct {
    const char *text, *error;
    gsize size; /* or 0: all of it */
  } rows[] = {
    { "key=value\n", "x:1:1: \"key\" stands before the first [Group]", 0 },
    { "[A]\n[A]\n", "x:2:1: the group [A] is there twice; put its keys together", 0 },
    { "[A]\na=1\na=2\n", "x:3:1: the key \"a\" is there twice in [A]", 0 },
    { "[A]\n a=1\n", "x:2:1: a line must not begin with a blank", 0 },
    { "[A]\nwords\n", "x:2:1: neither [Group] nor key=value nor # comment: \"words\"", 0 },
    { "[A]\nbad=1\n", "x:2:5: not good", 0 },
    { "[A]\na=\x01\n", "x:2:3: a control character", 0 },
    { "[A]\na=\xff\n", "x:2:3: is not UTF-8 text", 0 },
    { "[A]\na=\0b", "x:2:3: a NUL byte: this is not a text file", 8 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GString) seen = g_string_new (NULL);
    g_autoptr (GError) error = NULL;

    g_assert_false (sbx_key_file_parse (&kind, rows[i].text, rows[i].size ? rows[i].size : strlen (rows[i].text), "x",
                                        note, seen, &error));
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
    g_assert_cmpstr (error->message, ==, rows[i].error);
  }
}

/* Each kind has its own bound, and its own word in the errors. */
static void
test_files (void)
{
  g_autofree char *directory = g_dir_make_tmp ("key-file-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "file", NULL), *large = g_strnfill (101, '#');
  g_autofree char *wanted = g_strconcat (path, ":1:1: 101 bytes, and a list has at most 100", NULL);
  g_autoptr (GString) seen = g_string_new (NULL);
  GError *error = NULL;

  g_assert_false (sbx_key_file_read (&kind, path, note, seen, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (sbx_key_file_read (&kind, directory, note, seen, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (path, large, -1, NULL));
  g_assert_false (sbx_key_file_read (&kind, path, note, seen, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  g_assert_cmpstr (error->message, ==, wanted);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (path, "[A]\na=1\n", -1, NULL));
  g_assert_true (sbx_key_file_read (&kind, path, note, seen, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (seen->str, ==, "1:A|-|-|-\n2:A|-|a|1\n");
  (void) g_unlink (path);
  (void) g_rmdir (directory);
}

static void
test_unescape (void)
{
  g_autofree char *text = sbx_key_file_unescape ("a\\nb\\tc\\\\n\\x\\");

  g_assert_cmpstr (text, ==, "a\nb\tc\\n\\x\\");
}

static void
test_split (void)
{
  static const struct {
    const char *value;
    const char *const items[4];
  } rows[] = {
    { "", { NULL } },
    { ";", { "", NULL } },
    { "a;b;", { "a", "b", NULL } },
    { "a;b", { "a", "b", NULL } },
    { "a\\;b;;\\sc;", { "a;b", "", " c", NULL } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (GStrv) items = sbx_key_file_split (rows[i].value);

    g_assert_cmpstrv (items, rows[i].items);
  }
}

static gboolean
keep_value (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  char **value = data;

  g_free (*value);
  *value = g_strdup (entry->value);
  return TRUE;
}

static void
test_append (void)
{
  static const char *const items[] = { " a b ", "", ";\\;", "line\nline\ttab\r", "\xc3\xa4", NULL };
  g_autoptr (GString) text = g_string_new ("[A]\n");
  g_autofree char *value = NULL, *again = NULL;
  g_auto (GStrv) list = NULL;

  for (gsize i = 0; items[i]; i++) {
    g_string_truncate (text, 4);
    sbx_key_file_append (text, "key", items[i]);
    g_assert_true (sbx_key_file_parse (&kind, text->str, text->len, "x", keep_value, &value, NULL));
    g_free (again);
    again = sbx_key_file_unescape (value);
    g_assert_cmpstr (again, ==, items[i]);
  }
  g_string_truncate (text, 4);
  sbx_key_file_append_list (text, "key", items);
  g_assert_true (sbx_key_file_parse (&kind, text->str, text->len, "x", keep_value, &value, NULL));
  list = sbx_key_file_split (value);
  g_assert_cmpstrv (list, items);
  g_string_truncate (text, 4);
  sbx_key_file_append (text, "key", "a\x01\xff");
  g_assert_cmpstr (text->str, ==, "[A]\nkey=a?\xef\xbf\xbd\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/key-file/entries", test_entries);
  g_test_add_func ("/key-file/errors", test_errors);
  g_test_add_func ("/key-file/files", test_files);
  g_test_add_func ("/key-file/unescape", test_unescape);
  g_test_add_func ("/key-file/split", test_split);
  g_test_add_func ("/key-file/append", test_append);
  return g_test_run ();
}
