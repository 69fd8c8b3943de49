/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of D-Bus methods: what comes from a client is believed only as far as the table says. */
#include <limits.h>
#include <string.h>

#include "common/error.h"
#include "policy/options.h"

static void
expect_bad (GVariant *floating, const SbxOptionSpec *table, const char *says)
{
  g_autoptr (GVariant) options = g_variant_ref_sink (floating);
  g_autoptr (GError) error = NULL;

  g_assert_false (sbx_options_check (options, table, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  if (!strstr (error->message, says))
    g_error ("\"%s\" does not say \"%s\"", error->message, says);
}

static void
expect_good (GVariant *floating, const SbxOptionSpec *table)
{
  g_autoptr (GVariant) options = g_variant_ref_sink (floating);
  g_autoptr (GError) error = NULL;
  gboolean ok = sbx_options_check (options, table, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *options = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return options;
}

static GVariant *
one (const char *key, GVariant *value)
{
  GVariantBuilder dict;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&dict, "{sv}", key, value);
  return g_variant_builder_end (&dict);
}

static void
test_good (void)
{
  static const char *const cases[] = {
    "{}",
    "{'cwd': <b'/srv'>, 'cwd-optional': <true>, 'tty': <false>}",
    "{'cwd': <[byte 0x2f, 0xff]>}", /* not UTF-8, and without the NUL of GLib's bytestrings */
    "{'env': <{'A': '1', 'B': 'x=y', 'C': ''}>, 'unset-env': <['D']>}",
    "{'env': <@a{ss} {}>, 'unset-env': <@as []>, 'fds': <@a{uh} {}>}",
    "{'display-env': <['LANG=C', 'X=']>}",
    "{'fds': <{uint32 3: handle 0, uint32 65535: handle 0, uint32 0: handle 2}>}", /* one handle may be used twice */
    "{'lifeline': <handle 0>}",
    "{'inherit': <@a{sv} {}>}",
    "{'inherit': <{'umask': <uint32 511>, 'nice': <-20>, 'oom-score-adj': <1000>, 'scheduler': <uint32 5>}>}",
    "{'inherit': <{'ignored-signals': <[uint32 1, 64]>, 'cpus': <[uint32 0, 8191]>, 'io-priority': <uint32 24576>}>}",
    "{'inherit': <{'rlimits': <[(uint32 7, uint64 1, uint64 1), (15, 0, 18446744073709551615)]>}>}",
  };
  static const char *const of_launch[] = {
    "{'app-id': <'org.example.App'>}", "{'app-id': <'vim'>}",
    "{'app-id': <'a-b_c.9'>}",         "{'policy': <{'Context': <{'shared': 'network;'}>}>}",
    "{'forward': <[handle 0, 1]>}",    "{'on-crash': <'dumper'>, 'activation-token': <'x'>}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    expect_good (parse (cases[i]), sbx_launch_options);
    expect_good (parse (cases[i]), sbx_exec_options);
    expect_good (parse (cases[i]), sbx_attach_options);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (of_launch); i++) {
    expect_good (parse (of_launch[i]), sbx_launch_options);
    expect_bad (parse (of_launch[i]), sbx_exec_options, "unknown option");
  }
}

static void
test_bad (void)
{
  static const struct {
    const char *options, *says;
  } cases[] = {
    { "{'cwdd': <b'/'>}", "unknown option \"cwdd\", did you mean \"cwd\"?" },
    { "{'something-else': <1>}", "unknown option \"something-else\"" },
    { "{'': <1>}", "unknown option \"\"" },
    { "{'cwd': <'/'>}", "option \"cwd\" has type s, not ay" },
    { "{'tty': <1>}", "option \"tty\" has type i, not b" },
    { "{'tty': <<true>>}", "option \"tty\" has type v, not b" },
    { "{'fds': <{3: handle 0}>}", "option \"fds\" has type a{ih}, not a{uh}" },
    { "{'env': <{'A': <'1'>}>}", "option \"env\" has type a{sv}, not a{ss}" },
    { "{'cwd': <b'/'>, 'tty': <true>, 'cwd': <b'/'>}", "option \"cwd\" is there twice" },
    { "{'cwd': <@ay []>}", "option \"cwd\" is not an absolute path" },
    { "{'cwd': <b''>}", "option \"cwd\" is not an absolute path" },
    { "{'cwd': <b'srv'>}", "option \"cwd\" is not an absolute path" },
    { "{'cwd': <[byte 0x2f, 0, 0x61]>}", "option \"cwd\" has a NUL in its path" },
    { "{'cwd': <[byte 0x2f, 0x61, 0, 0]>}", "option \"cwd\" has a NUL in its path" },
    { "{'env': <{'': 'x'}>}", "option \"env\": \"\" is not the name of a variable" },
    { "{'env': <{'A=B': 'x'}>}", "option \"env\": \"A=B\" is not the name of a variable" },
    { "{'unset-env': <['A=']>}", "option \"unset-env\": \"A=\" is not the name of a variable" },
    { "{'display-env': <['LANG']>}", "option \"display-env\": \"LANG\" is not NAME=value" },
    { "{'display-env': <['=x']>}", "option \"display-env\": \"=x\" is not NAME=value" },
    { "{'inherit': <{'umaks': <uint32 0>}>}", "option \"inherit\": unknown key \"umaks\", did you mean \"umask\"?" },
    { "{'inherit': <{'something': <1>}>}", "option \"inherit\": unknown key \"something\"" },
    { "{'inherit': <{'umask': <1>}>}", "option \"inherit\": umask has type i, not u" },
    { "{'inherit': <{'umask': <uint32 0>, 'umask': <uint32 0>}>}", "option \"inherit\": umask is there twice" },
    { "{'inherit': <{'umask': <uint32 512>}>}", "the value of umask" },
    { "{'inherit': <{'umask': <uint32 4294967295>}>}", "the value of umask" },
    { "{'inherit': <{'nice': <20>}>}", "the value of nice" },
    { "{'inherit': <{'nice': <-21>}>}", "the value of nice" },
    { "{'inherit': <{'oom-score-adj': <1001>}>}", "the value of oom-score-adj" },
    { "{'inherit': <{'scheduler': <uint32 1>}>}", "the value of scheduler" }, /* SCHED_FIFO */
    { "{'inherit': <{'ignored-signals': <[uint32 0]>}>}", "the value of ignored-signals" },
    { "{'inherit': <{'ignored-signals': <[uint32 9]>}>}", "the value of ignored-signals" },
    { "{'inherit': <{'ignored-signals': <[uint32 65]>}>}", "the value of ignored-signals" },
    { "{'inherit': <{'cpus': <@au []>}>}", "the value of cpus" },
    { "{'inherit': <{'cpus': <[uint32 8192]>}>}", "the value of cpus" },
    { "{'inherit': <{'rlimits': <[(uint32 16, uint64 0, uint64 0)]>}>}", "the value of rlimits" },
    { "{'inherit': <{'rlimits': <[(uint32 7, uint64 2, uint64 1)]>}>}", "the value of rlimits" },
    { "{'inherit': <{'rlimits': <[(uint32 7, uint64 1, uint64 1), (7, 1, 1)]>}>}", "the value of rlimits" },
    { "{'fds': <{uint32 65536: handle 0}>}", "descriptor number 65536 is above 65535" },
    { "{'fds': <{uint32 4294967295: handle 0}>}", "descriptor number 4294967295 is above 65535" },
    { "{'fds': <{uint32 3: handle -1}>}", "option \"fds\": a negative handle for number 3" },
    { "{'fds': <{uint32 3: handle 0, uint32 3: handle 1}>}", "option \"fds\": number 3 is there twice" },
    { "{'lifeline': <handle -1>}", "option \"lifeline\": a negative handle" },
    { "{'forward': <[handle 0, -1]>}", "option \"forward\": a negative handle" },
    { "{'app-id': <''>}", "option \"app-id\"" },
    { "{'app-id': <'../x'>}", "option \"app-id\"" },
    { "{'app-id': <'a..b'>}", "option \"app-id\"" },
    { "{'app-id': <'.a'>}", "option \"app-id\"" },
    { "{'app-id': <'-a'>}", "option \"app-id\"" },
    { "{'app-id': <'a.'>}", "option \"app-id\"" },
    { "{'app-id': <'a/b'>}", "option \"app-id\"" },
    { "{'app-id': <':1.5'>}", "option \"app-id\"" },
    { "{'app-id': <'ä'>}", "option \"app-id\"" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    expect_bad (parse (cases[i].options), sbx_launch_options, cases[i].says);
}

static GVariant *
path_of (gsize n)
{
  g_autofree char *path = g_strnfill (n, 'x');

  path[0] = '/';
  return one ("cwd", g_variant_new_bytestring (path));
}

static GVariant *
descriptors (guint n)
{
  GVariantBuilder map;

  g_variant_builder_init (&map, G_VARIANT_TYPE ("a{uh}"));
  for (guint i = 0; i < n; i++)
    g_variant_builder_add (&map, "{uh}", i, (gint32) i);
  return one ("fds", g_variant_builder_end (&map));
}

static GVariant *
files (guint n)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("ah"));
  for (guint i = 0; i < n; i++)
    g_variant_builder_add (&list, "h", (gint32) i);
  return one ("forward", g_variant_builder_end (&list));
}

static GVariant *
token_of (gsize n)
{
  g_autofree char *token = g_strnfill (n, 'x');

  return one ("activation-token", g_variant_new_string (token));
}

static GVariant *
id_of (gsize n)
{
  g_autofree char *id = g_strnfill (n, 'x');

  return one ("app-id", g_variant_new_string (id));
}

/* On each side of every limit. */
static void
test_sizes (void)
{
  expect_good (path_of (PATH_MAX - 1), sbx_launch_options);
  expect_bad (path_of (PATH_MAX), sbx_launch_options, "option \"cwd\" is a path of more than 4095 bytes");
  expect_bad (path_of (3 * PATH_MAX), sbx_launch_options, "bytes, at most 8192 are allowed");
  expect_good (descriptors (200), sbx_launch_options);
  expect_bad (descriptors (201), sbx_launch_options, "option \"fds\" has more than 200 descriptors");
  expect_good (files (200), sbx_launch_options);
  expect_bad (files (201), sbx_launch_options, "option \"forward\" has more than 200 files");
  expect_good (token_of (4095), sbx_launch_options);
  expect_bad (token_of (4096), sbx_launch_options, "option \"activation-token\" has 4097 bytes, at most 4096");
  expect_good (id_of (255), sbx_launch_options);
  expect_bad (id_of (256), sbx_launch_options, "option \"app-id\" has 257 bytes, at most 256");
}

/* A key of a client's is quoted, however long it is, but not in full. */
static void
test_long_key (void)
{
  g_autofree char *key = g_strnfill (1 << 20, 'k');
  g_autoptr (GVariant) options = g_variant_ref_sink (one (key, g_variant_new_boolean (TRUE)));
  g_autoptr (GError) error = NULL;

  g_assert_false (sbx_options_check (options, sbx_launch_options, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  g_assert_cmpuint (strlen (error->message), <, 200);
}

static void
test_nearest (void)
{
  static const char *const words[] = { "network", "sockets", "x11", "ipc", NULL };
  static const struct {
    const char *word, *nearest;
  } cases[] = {
    { "network", "network" },  { "Network", "network" },
    { "netwrok", "network" },  { "ntwork", "network" },
    { "networks", "network" }, { "socket", "sockets" },
    { "x12", "x11" },          { "ipx", "ipc" },
    { "something", NULL },     { "", NULL },
    { "xyz", NULL },           { "ne", "network" },
    { "so", "sockets" },       { "n", NULL },
  };
  g_autofree char *endless = g_strnfill (100000, 'n');

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (sbx_nearest_word (cases[i].word, words), ==, cases[i].nearest);
  g_assert_null (sbx_nearest_word (endless, words));
}

/* Every row is of a type that there is, can be met, and is there once. */
static void
test_tables (void)
{
  const SbxOptionSpec *const tables[] = { sbx_launch_options, sbx_exec_options, sbx_attach_options };

  for (gsize i = 0; i < G_N_ELEMENTS (tables); i++) {
    g_autoptr (GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);

    for (const SbxOptionSpec *row = tables[i]; row->key; row++) {
      g_assert_true (g_variant_type_string_is_valid (row->type));
      g_assert_true (g_variant_type_is_definite (G_VARIANT_TYPE (row->type)));
      g_assert_cmpuint (row->max_size, >, 0);
      g_assert_true (g_hash_table_add (keys, (gpointer) row->key));
    }
    g_assert_cmpuint (g_hash_table_size (keys), >, 5);
  }
}

/* A text is cut off within its own memory (which a sanitizer watches), and what is left is UTF-8. */
static void
test_long_errors (void)
{
  for (int n = 3990; n < 4010; n++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *word = g_strnfill ((gsize) n, 'x');

    sbx_throw (&error, SBX_ERROR_BAD_OPTION, "%s\xc3\xa4", word);
    g_assert_cmpuint (strlen (error->message), <=, 4000 + strlen ("\xef\xbf\xbd"));
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
    g_assert_true (g_str_has_suffix (error->message, n + 2 > 4000 ? "..." : "\xc3\xa4"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/options/good", test_good);
  g_test_add_func ("/options/bad", test_bad);
  g_test_add_func ("/options/sizes", test_sizes);
  g_test_add_func ("/options/long-key", test_long_key);
  g_test_add_func ("/options/nearest", test_nearest);
  g_test_add_func ("/options/tables", test_tables);
  g_test_add_func ("/options/long-errors", test_long_errors);
  return g_test_run ();
}
