/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers send: from D-Bus to values. */
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/bounds.h"
#include "daemon/launch/choice.h"

static SbxLaunchRequest *
make (const char *argv, const char *options, GUnixFDList *fds, GError **error)
{
  g_autoptr (GVariant) words = g_variant_parse (G_VARIANT_TYPE ("aay"), argv, NULL, NULL, error);
  g_autoptr (GVariant) dict = g_variant_parse (G_VARIANT_TYPE_VARDICT, options, NULL, NULL, error);

  g_assert_true (words && dict);
  return sbx_launch_request_new (words, dict, sbx_launch_options, fds, TRUE, error);
}

static void
assert_refused (const char *argv, const char *options, GUnixFDList *fds, const char *word)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (make (argv, options, fds, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  if (!strstr (error->message, word))
    g_error ("\"%s\" does not say \"%s\"", error->message, word);
}

static void
test_plain (void)
{
  static const char *const argv[] = { "prog", "\xff", "", NULL };
  static const char *const unset[] = { "LANG", NULL };
  g_autoptr (GError) error = NULL;
  /* With a NUL at the end, as GVariant has it, and without, as Python sends it */
  g_autoptr (SbxLaunchRequest) request =
      make ("[b'prog', [0xff], []]",
            "{'cwd': <b'/srv'>, 'env': <{'A': 'b=c'}>, 'unset-env': <['LANG']>, "
            "'app-id': <'org.example.A'>, 'activation-token': <'tok'>, 'cwd-optional': <true>}",
            NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstrv (request->argv, argv);
  g_assert_cmpstr (request->options.cwd, ==, "/srv");
  g_assert_cmpstrv (request->options.unset_env, unset);
  g_assert_cmpstr (request->options.app_id, ==, "org.example.A");
  g_assert_cmpstr (g_environ_getenv (request->env, "A"), ==, "b=c");
  g_assert_cmpstr (g_environ_getenv (request->env, "XDG_ACTIVATION_TOKEN"), ==, "tok");
  g_assert_true (request->options.cwd_optional);
  g_assert_false (request->options.tty);
  g_assert_cmpint (request->lifeline, ==, -1);
  g_assert_cmpuint (request->n_fds, ==, 0);
}

static void
test_descriptors (void)
{
  static const gint32 targets[] = { 0, 3, 7, 200 };
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxLaunchRequest) request = NULL;
  const int *all;
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_assert_cmpint (g_unix_fd_list_append (fds, pair[0], NULL), ==, 0);
  g_assert_cmpint (g_unix_fd_list_append (fds, pair[1], NULL), ==, 1);
  close (pair[0]);
  close (pair[1]);
  all = g_unix_fd_list_peek_fds (fds, NULL);
  request = make ("[b'x']",
                  "{'fds': <{uint32 7: handle 0, 3: handle 1, 200: handle 1, 0: handle 0}>, 'tty': <true>, "
                  "'lifeline': <handle 1>}",
                  fds, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (request->targets, request->n_fds * sizeof (gint32), targets, sizeof targets);
  g_assert_cmpint (request->fds[0], ==, all[0]);
  g_assert_cmpint (request->fds[1], ==, all[1]);
  g_assert_cmpint (request->fds[2], ==, all[0]);
  g_assert_cmpint (request->fds[3], ==, all[1]);
  g_assert_cmpint (request->lifeline, ==, all[1]);
}

static void
test_refused (void)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

  g_assert_cmpint (g_unix_fd_list_append (fds, null, NULL), ==, 0);
  close (null);
  assert_refused ("[[0x61, 0, 0x62]]", "{}", NULL, "NUL");
  assert_refused ("[[]]", "{}", NULL, "empty");
  assert_refused ("[b'x']", "{'fds': <{uint32 1: handle 0}>}", NULL, "descriptor 0");
  assert_refused ("[b'x']", "{'fds': <{uint32 1: handle 1}>}", fds, "descriptor 1");
  assert_refused ("[b'x']", "{'fds': <{uint32 1: handle 0, 1: handle 0}>}", fds, "twice");
  assert_refused ("[b'x']", "{'fds': <{uint32 1: handle 0}>, 'tty': <true>}", fds, "tty");
  assert_refused ("[b'x']", "{'lifeline': <handle 0>}", fds, "lifeline");
  assert_refused ("[b'x']", "{'forward': <[handle 3]>}", fds, "forward");
  assert_refused ("[b'x']", "{'cwdd': <b'/'>}", fds, "cwd");
}

static void
test_app_ids (void)
{
  static const struct {
    const char *command, *id;
  } rows[] = {
    { "ls", "ls" },     { "/usr/bin/org.gnome.Maps", "org.gnome.Maps" },
    { "a b", "a_b" },   { ".hidden", "_hidden" },
    { "-x", "_-x" },    { "trailing.", "trailing_" },
    { "a..b", "a._b" }, { "\xc3\xa4", "__" },
    { "/", "_" },       { "7z", "7z" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *id = sbx_app_id_from_command (rows[i].command);
    g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_string (id));

    g_assert_cmpstr (id, ==, rows[i].id);
    g_assert_true (sbx_option_check_app_id ("app-id", value, NULL));
  }
}

static void
test_long_command (void)
{
  g_autofree char *large = g_strnfill (SBX_COMMAND_SHOWN, 'x');
  const char *const argv[] = { "prog", "arg", large, "never", NULL };
  g_autoptr (GVariant) value = g_variant_ref_sink (sbx_command_to_variant (argv));
  g_autofree const char **shown = g_variant_get_bytestring_array (value, NULL);

  g_assert_cmpuint (g_strv_length ((char **) shown), ==, 3);
  g_assert_cmpstr (shown[1], ==, "arg");
  g_assert_cmpstr (shown[2], ==, "…");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/request/plain", test_plain);
  g_test_add_func ("/request/descriptors", test_descriptors);
  g_test_add_func ("/request/refused", test_refused);
  g_test_add_func ("/choice/app-ids", test_app_ids);
  g_test_add_func ("/choice/long-command", test_long_command);
  return g_test_run ();
}
