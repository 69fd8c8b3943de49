/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of applications of `sandboxd --session=LIST`. */
#include <gio/gio.h>
#include <string.h>

#include "common/error.h"
#include "daemon/bounds.h"
#include "daemon/roster/list.h"

static void
test_entries (void)
{
  static const char text[] = "# a remark\n[org.example.One]\nProfile=p\nCommand=sh -c 'a b'\nRestart=failure\n\n"
                             "[two]\nRestart=always\nProfile=q\n[three]\nProfile=r\nRestart=never\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = sbx_list_parse (text, strlen (text), "x", &error);
  const SbxListed *one, *two, *three;

  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 3);
  one = list->pdata[0];
  two = list->pdata[1];
  three = list->pdata[2];
  g_assert_cmpstr (one->app_id, ==, "org.example.One");
  g_assert_cmpstr (one->profile, ==, "p");
  g_assert_cmpuint (g_strv_length (one->command), ==, 3);
  g_assert_cmpstr (one->command[2], ==, "a b");
  g_assert_cmpint (one->restart, ==, SBX_RESTART_FAILURE);
  g_assert_cmpuint (one->line, ==, 2);
  g_assert_cmpstr (two->app_id, ==, "two");
  g_assert_null (two->command);
  g_assert_cmpint (two->restart, ==, SBX_RESTART_ALWAYS);
  g_assert_cmpint (three->restart, ==, SBX_RESTART_NEVER);
}

static void
test_empty (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = sbx_list_parse ("", 0, "x", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 0);
}

static void
test_errors (void)
{
  static const struct {
    const char *text, *error;
  } rows[] = {
    { "[One]\nProfile=p\n[One]\nProfile=p\n", "x:3:1: the group [One] is there twice; put its keys together" },
    { "[One]\n[Two]\nProfile=p\n", "x:1:1: [One] has no Profile=" },
    { "[One]\nProfile=\n", "x:2:9: Profile: the name of a profile is missing" },
    { "[One]\nProfil=p\n", "x:2:1: unknown key \"Profil\", did you mean \"Profile\"?" },
    { "[One]\nRestart=Always\n", "x:2:9: unknown word of Restart \"Always\", did you mean \"always\"?" },
    { "[One]\nRestart=\n", "x:2:9: unknown word of Restart \"\"; known: never, failure, always" },
    { "Profile=p\n", "x:1:1: \"Profile\" stands before the first [Group]" },
  };
  static const char *const bad[] = { "[../One]\nProfile=p\n", "[a b]\nProfile=p\n", "[One]\nProfile=p\nCommand=\n",
                                     "[One]\nProfile=p\nCommand='\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (sbx_list_parse (rows[i].text, strlen (rows[i].text), "x", &error));
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
    g_assert_cmpstr (error->message, ==, rows[i].error);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (sbx_list_parse (bad[i], strlen (bad[i]), "x", &error));
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
    g_assert_true (g_str_has_prefix (error->message, "x:"));
  }
}

/* As many as there may be, and one more. */
static void
test_bounds (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;

  for (guint i = 0; i < SBX_MAX_LISTED; i++)
    g_string_append_printf (text, "[a%u]\nProfile=p\n", i);
  list = sbx_list_parse (text->str, text->len, "x", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, SBX_MAX_LISTED);
  g_string_append (text, "[more]\nProfile=p\n");
  g_assert_null (sbx_list_parse (text->str, text->len, "x", &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
}

static void
test_none (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sbx_list_read ("/nonexistent/list", &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/list/entries", test_entries);
  g_test_add_func ("/list/empty", test_empty);
  g_test_add_func ("/list/errors", test_errors);
  g_test_add_func ("/list/bounds", test_bounds);
  g_test_add_func ("/list/none", test_none);
  return g_test_run ();
}
