/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sandboxctl prints. */
#include "cli/text/json.h"
#include "cli/text/output.h"

static void
test_clean (void)
{
  static const struct {
    const char *text, *clean;
  } rows[] = {
    { "plain", "plain" },
    { "", "" },
    { "caf\xc3\xa9", "caf\xc3\xa9" },
    { "\033[31mred", "\\x1b[31mred" },
    { "two\nlines\tand", "two lines and" },
    { "bell\a", "bell\\x07" },
    { "bad \xff\xfe", "bad \\xff\\xfe" },
    { "cut \xc3", "cut \\xc3" },
    { "c1 \xc2\x9b", "c1 \\x9b" },
    { "turned \xe2\x80\xae", "turned \\x202e" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *clean = sbx_output_clean (rows[i].text);

    g_assert_cmpstr (clean, ==, rows[i].clean);
  }
}

static void
test_pad (void)
{
  static const struct {
    const char *text, *padded;
    int columns;
  } rows[] = {
    { "abc", "abc  ", 5 },
    { "abc", "abc", 3 },
    { "abc", "abc", 2 },
    { "", "  ", 2 },
    { "se\xc3\xb1"
      "al",
      "se\xc3\xb1"
      "al ",
      6 },                                                          /* ñ: two bytes, one column */
    { "\xe7\x8a\xb6\xe6\x85\x8b", "\xe7\x8a\xb6\xe6\x85\x8b ", 5 }, /* 状態: six bytes, four columns */
    { "n\xcc\x83", "n\xcc\x83 ", 2 },                               /* n and a combining tilde */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *padded = sbx_output_pad (rows[i].text, rows[i].columns);

    g_assert_cmpstr (padded, ==, rows[i].padded);
  }
}

static void
test_wrap (void)
{
  static const struct {
    const char *text, *wrapped;
    int columns;
  } rows[] = {
    { "", "", 10 },
    { "one two three", "one two\nthree", 10 },
    { "one\ntwo three", "one two\nthree", 10 },
    { "one two", "one two", 7 },
    { "one two", "one\ntwo", 6 },
    { "incomprehensible it is", "incomprehensible\nit is", 10 },
    { "größe über", "größe über", 10 },
    { "一二三四五六", "一二三四\n五六", 10 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *wrapped = sbx_output_wrap (rows[i].text, rows[i].columns);

    g_assert_cmpstr (wrapped, ==, rows[i].wrapped);
  }
}

static void
test_kebab (void)
{
  static const char *const rows[][2] = {
    { "AppId", "app-id" }, { "Pid", "pid" }, { "StartTime", "start-time" }, { "already-so", "already-so" }, { "", "" }
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = sbx_output_kebab (rows[i][0]);

    g_assert_cmpstr (text, ==, rows[i][1]);
  }
}

static void
test_json (void)
{
  static const char *const rows[][2] = {
    { "{'a': <true>, 'b': <[1, 2]>}", "{\"a\":true,\"b\":[1,2]}" },
    { "[b'ls', b'-l']", "[\"ls\",\"-l\"]" },
    { "uint64 18446744073709551615", "-1" }, /* JSON-GLib has no unsigned; ids are printed as text */
    { "<'nested'>", "\"nested\"" },
    { "(1, 'x')", "[1,\"x\"]" },
    { "@a{sv} {}", "{}" },
  };
  const char bad[] = { 'n', (char) 0xff, '\0' };
  g_autoptr (GVariant) bytes = g_variant_ref_sink (g_variant_new_bytestring (bad));
  g_autoptr (JsonNode) text = sbx_output_to_json (bytes);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (rows[i][0]));
    g_autoptr (JsonNode) node = sbx_output_to_json (value);
    g_autofree char *json = json_to_string (node, FALSE);

    g_assert_cmpstr (json, ==, rows[i][1]);
  }
  g_assert_true (g_utf8_validate (json_node_get_string (text), -1, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/output/clean", test_clean);
  g_test_add_func ("/cli/output/pad", test_pad);
  g_test_add_func ("/cli/output/wrap", test_wrap);
  g_test_add_func ("/cli/output/kebab", test_kebab);
  g_test_add_func ("/cli/output/json", test_json);
  return g_test_run ();
}
