/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts of the service, found again by what they were made from and shown in another language. */
#include "cli/text/service-text.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "cli/text/service-messages.h"
#include "common/error.h"
#include "config.h"

#define LOCALE "xx_XX.UTF-8"

/* gettext() translates nothing in the locale C, to which C.UTF-8 belongs in Debian 13's glibc, and a bare machine has
 * no others: so the same under another name. */
static char *
make_locale (void)
{
  char *directory = g_dir_make_tmp ("locale-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, LOCALE, NULL);

  g_assert_cmpint (symlink ("/usr/lib/locale/C.utf8", path), ==, 0);
  g_setenv ("LOCPATH", directory, TRUE);
  return directory;
}

static void
remove_locale (char *directory)
{
  g_autofree char *path = g_build_filename (directory, LOCALE, NULL);

  unlink (path);
  rmdir (directory);
  g_free (directory);
}

/* gettext() remembers what it has found until the locale is set again. */
static void
speak (const char *language)
{
  g_setenv ("LANGUAGE", language, TRUE);
  setlocale (LC_MESSAGES, "C");
  g_assert_nonnull (setlocale (LC_MESSAGES, LOCALE));
}

static void
assert_shown (const char *text, const char *shown)
{
  g_autofree char *result = sbx_service_text (text);

  g_assert_cmpstr (result, ==, shown);
}

static void
test_languages (void)
{
  static const struct {
    const char *text, *german;
  } rows[] = {
    { "the instance has ended", "die Instanz ist beendet" },
    { "there is no profile \"fierfox\", did you mean \"firefox\"?",
      "es gibt kein Profil „fierfox“; war „firefox“ gemeint?" },
    { "unknown option \"joined\"", "unbekannte Option „joined“" },
    /* Several, one in the other */
    { "policy: [Context] shared: unknown option \"net\", did you mean \"network\"?",
      "Regeln: [Context] shared: unbekannte Option „net“; war „network“ gemeint?" },
    { "/etc/sandbox/profiles/a.profile:3:1: a value without a key",
      "/etc/sandbox/profiles/a.profile:3:1: ein Wert ohne Schlüssel" },
    { "/home/u/typo is not there and is left out", "/home/u/typo ist nicht da und wird weggelassen" },
    /* What nobody knows, or what only looks like one */
    { "a disk has said something: of its own", "a disk has said something: of its own" },
    { "the instance has ended well", "the instance has ended well" },
    { "", "" },
    { ": ", ": " },
    { "%s", "%s" },
  };

  speak ("de");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_shown (rows[i].text, rows[i].german);
}

/* As the functions of the service make it. */
static void
test_thrown (void)
{
  g_autoptr (GError) error = NULL, failed = NULL;
  g_autofree char *text = NULL, *failure = NULL;

  speak ("de");
  sbx_throw (&error, SBX_ERROR_NOT_FOUND, "there is no profile \"%.128s\"; there are: %s", "x: y; there are: z",
             "a, b");
  text = sbx_service_text (error->message);
  g_assert_cmpstr (text, ==, "es gibt kein Profil „x: y; there are: z“; es gibt: a, b");
  g_clear_pointer (&text, g_free);
  sbx_throw (&failed, SBX_ERROR_LIMITS, "the limit of %u instances is reached: %s; stop some of them first", 64u,
             "more of them would take most of the memory");
  failure = sbx_service_text (failed->message);
  g_assert_cmpstr (
      failure, ==,
      "Mehr als 64 Instanzen dürfen es nicht sein: mehr würden den größten Teil des Speichers brauchen; beenden "
      "Sie zuerst einige");
}

static void
test_untranslated (void)
{
  speak ("xx");
  assert_shown ("the instance has ended", "the instance has ended");
  assert_shown ("there is no profile \"a\", did you mean \"b\"?", "there is no profile \"a\", did you mean \"b\"?");
}

/* Each format as a text: nothing is lost, and nothing is added, in any language. */
static void
test_all (void)
{
  static const char *const languages[] = { "xx", "de", "es", "fr", "ja" };
  gsize n = 0;

  for (const char *const *format = sbx_service_messages; *format; format++, n++)
    for (gsize i = 0; i < G_N_ELEMENTS (languages); i++) {
      g_autoptr (GRegex) conversion = g_regex_new ("%[-+#0-9.]*(?:l|z|h)*[a-z]", 0, 0, NULL);
      g_autofree char *text = g_regex_replace_literal (conversion, *format, -1, 0, "4711", 0, NULL), *shown = NULL;
      g_auto (GStrv) before = g_strsplit (text, "4711", -1), after = NULL;

      speak (languages[i]);
      shown = sbx_service_text (text);
      after = g_strsplit (shown, "4711", -1);
      g_assert_cmpuint (g_strv_length (after), ==, g_strv_length (before));
      g_assert_null (strstr (shown, "%s"));
    }
  g_assert_cmpuint (n, >, 300);
}

int
main (int argc, char **argv)
{
  char *locales;
  int status;

  g_test_init (&argc, &argv, NULL);
  locales = make_locale ();
  bindtextdomain (GETTEXT_PACKAGE, g_getenv ("SBX_TEST_LOCALEDIR"));
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_test_add_func ("/service-text/languages", test_languages);
  g_test_add_func ("/service-text/thrown", test_thrown);
  g_test_add_func ("/service-text/untranslated", test_untranslated);
  g_test_add_func ("/service-text/all", test_all);
  status = g_test_run ();
  remove_locale (locales);
  return status;
}
