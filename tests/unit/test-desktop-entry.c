/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written in desktop entries: quoting both ways, wrapping and unwrapping, which profile is for whom. */
#include <string.h>

#include "common/error.h"
#include "desktop/app-profiles.h"
#include "desktop/exec.h"
#include "desktop/wrap.h"

#define SANDBOXCTL "/usr/bin/sandboxctl"

/* The specification's own examples and rules, both ways: value as in the file, arguments separated by "|". */
static const struct {
  const char *value, *argv, *canonical;
} exec_rows[] = {
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

static void
test_exec (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (exec_rows); i++) {
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) argv = sbx_exec_split (exec_rows[i].value, &error), again = NULL;
    g_autofree char *joined = NULL, *value = NULL;

    if (!exec_rows[i].argv) {
      g_assert_null (argv);
      g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
      if (!strstr (error->message, exec_rows[i].canonical))
        g_error ("%s: %s", exec_rows[i].value, error->message);
      continue;
    }
    g_assert_no_error (error);
    joined = g_strjoinv ("|", argv);
    g_assert_cmpstr (joined, ==, exec_rows[i].argv);
    value = sbx_exec_join ((const char *const *) argv);
    g_assert_cmpstr (value, ==, exec_rows[i].canonical ? exec_rows[i].canonical : exec_rows[i].value);
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

/* Keys by which some desktop would start something else: each is gone or refused, and such an entry is none that is
 * wrapped. */
static void
test_wrap_odd_keys (void)
{
  static const char *const dropped[] = { "Exec[de]=evil",
                                         "Exec[de_DE@euro]=evil",
                                         "Exec[C]=evil",
                                         "TryExec[de]=evil",
                                         "DBusActivatable[de]=true",
                                         "Actions[de]=evil;",
                                         "Terminal[de]=true",
                                         "Type[de]=Link",
                                         "URL[de]=file:///evil",
                                         "Path[de]=/tmp/evil",
                                         "DBusActivatable = on",
                                         "DBusActivatable=yes",
                                         "DBusActivatable=1",
                                         "DBusActivatable[de]= true " };
  static const char *const refused[] = { "Exec[$e]=evil", "Exec[$i]=evil", "Exec[]=evil",    " Exec=evil",
                                         "Exec[de=evil",  "Exec=twice",    "Exec [de]=evil", "Ex\u00ebc=evil" };
  static const char wrapped[] = "[Desktop Entry]\nType=Application\nExec=" SANDBOXCTL " run --profile=p -- a\n";

  for (gsize i = 0; i < G_N_ELEMENTS (dropped); i++) {
    g_autofree char *text =
        g_strdup_printf ("[Desktop Entry]\nType=Application\nName[de]=Eins\nX-GNOME-FullName[de]=E\nExec=a\n%s\n"
                         "[X Group]\nExec=b\n%s\n",
                         dropped[i], dropped[i]);
    g_autofree char *mixed = g_strconcat (wrapped, dropped[i], "\n", NULL), *after = NULL;
    g_autoptr (SbxDesktopEntry) entry = parse (text, strlen (text), NULL), other = parse (mixed, strlen (mixed), NULL);

    g_assert_true (sbx_wrap_entry (entry, &how, NULL));
    after = sbx_desktop_entry_to_text (entry);
    g_assert_null (strstr (after, "evil"));
    g_assert_nonnull (strstr (after, "Name[de]=Eins\nX-GNOME-FullName[de]=E\n"));
    if (strstr (dropped[i], "DBus") || strchr (dropped[i], '['))
      g_assert_false (sbx_desktop_entry_is_wrapped (other));
    if (strchr (dropped[i], '['))
      g_assert_null (strstr (after, dropped[i]));
    g_assert_true (sbx_desktop_entry_is_wrapped (entry));
  }
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autofree char *text = g_strdup_printf ("[Desktop Entry]\nType=Application\nExec=a\n%s\n", refused[i]);

    g_assert_null (parse (text, strlen (text), NULL));
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

  g_assert_cmpstr (sbx_app_profile_find ("firefox-esr.desktop", "/usr/bin/firefox-esr", none), ==, "firefox");
  g_assert_cmpstr (sbx_app_profile_find ("userapp.desktop", "/usr/lib/firefox/firefox", none), ==, "firefox");
  g_assert_cmpstr (sbx_app_profile_find ("libreoffice-writer.desktop", "/usr/bin/libreoffice", none), ==,
                   "libreoffice");
  g_assert_cmpstr (sbx_app_profile_find ("org.gnome.Evince.desktop", NULL, none), ==, "evince");
  g_assert_cmpstr (sbx_app_profile_find ("gimp.desktop", "/usr/bin/gimp-2.10", none), ==, "gimp");
  g_assert_cmpstr (sbx_app_profile_find ("other.desktop", "/usr/bin/other", shell), ==, "terminal");
  g_assert_cmpstr (sbx_app_profile_find ("other.desktop", NULL, none), ==, "desktop");
  g_assert_true (sbx_app_profile_match ("evince", "org.gnome.Evince.desktop", "/usr/bin/evince"));
  g_assert_true (sbx_app_profile_match ("firefox", "firefox-esr.desktop", "/usr/bin/firefox-esr"));
  g_assert_false (sbx_app_profile_match ("firefox", "mpv.desktop", "/usr/bin/mpv"));
  g_assert_true (sbx_app_profile_is_interpreter ("/usr/bin/python3.11"));
  g_assert_false (sbx_app_profile_is_interpreter ("/usr/bin/mpv"));
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
  g_test_add_func ("/desktop/wrap/odd-keys", test_wrap_odd_keys);
  g_test_add_func ("/desktop/wrap/quotes", test_wrap_quotes);
  g_test_add_func ("/desktop/wrap/service", test_service);
  g_test_add_func ("/desktop/app-profiles", test_known);
  return g_test_run ();
}
