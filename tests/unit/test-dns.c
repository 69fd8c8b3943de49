/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions and answers of DNS, as the border of a private network reads them, and what it keeps of them. */
#include <glib.h>
#include <string.h>

#include "keeper/asking.h"
#include "keeper/dns.h"
#include "keeper/known-names.h"
#include "wire/asked-name.h"

#define ASKED "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define ANSWERED "\x12\x34\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00"
#define NAME                                                                                                           \
  "\x03"                                                                                                               \
  "wWw"                                                                                                                \
  "\x07"                                                                                                               \
  "example"                                                                                                            \
  "\x03"                                                                                                               \
  "org"                                                                                                                \
  "\x00"
#define TYPE_A "\x00\x01\x00\x01"
#define TYPE_AAAA "\x00\x1c\x00\x01"
#define CNAME                                                                                                          \
  "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04"                                                                   \
  "\x01"                                                                                                               \
  "a"                                                                                                                  \
  "\xc0\x10"
#define ADDRESS                                                                                                        \
  "\xc0\x0c" TYPE_A "\x00\x01\x00\x02\x00\x04"                                                                         \
  "\xc6\x33\x64\x0a"
#define ADDRESS6                                                                                                       \
  "\x01"                                                                                                               \
  "a"                                                                                                                  \
  "\xc0\x10" TYPE_AAAA "\x00\x00\x00\x05\x00\x10"                                                                      \
  "0123456789abcdef"
#define BYTES(text) (const guint8 *) (text), sizeof (text) - 1

static gboolean
reads (const guint8 *bytes, gsize n, gboolean answer)
{
  g_autofree guint8 *copy = g_memdup2 (bytes, n); /* so that a byte too far is found */
  SbxDnsQuestion question;

  return sbx_dns_read (copy, n, answer, &question);
}

static void
test_question (void)
{
  SbxDnsQuestion question;

  g_assert_true (sbx_dns_read (BYTES (ASKED NAME TYPE_A), false, &question));
  g_assert_cmpstr (question.name, ==, "www.example.org");
  g_assert_cmpuint (question.end, ==, 12 + 17 + 4);
  g_assert_true (reads (BYTES (ASKED NAME TYPE_AAAA), FALSE));
  g_assert_false (reads (BYTES (ASKED NAME TYPE_A), TRUE));
  for (gsize n = 0; n < sizeof (ASKED NAME TYPE_A) - 1; n++)
    g_assert_false (reads ((const guint8 *) ASKED NAME TYPE_A, n, FALSE));
}

static void
test_odd (void)
{
  g_assert_false (
      reads (BYTES ("\x12\x34\x29\x00\x00\x01\x00\x00\x00\x00\x00\x00" NAME TYPE_A), FALSE)); /* an update */
  g_assert_false (reads (BYTES ("\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00" NAME TYPE_A), FALSE)); /* two */
  g_assert_false (reads (BYTES ("\x12\x34\x01\x00\x00\x01\x00\x01\x00\x00\x00\x00" NAME TYPE_A), FALSE));
  g_assert_false (reads (BYTES (ASKED "\xc0\x0c" TYPE_A), FALSE)); /* a pointer, to itself */
  g_assert_false (reads (BYTES (ASKED "\x03"
                                      "a.b"
                                      "\x03"
                                      "org"
                                      "\x00" TYPE_A),
                         FALSE)); /* a dot in a label */
  g_assert_false (reads (BYTES (ASKED "\x01*\x03"
                                      "org"
                                      "\x00" TYPE_A),
                         FALSE));
  g_assert_false (reads (BYTES (ASKED "\x00" TYPE_A), FALSE)); /* the root */
}

static void
test_long (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, BYTES (ASKED));
  for (guint i = 0; i < 8; i++)
    g_byte_array_append (bytes, BYTES ("\x1f"
                                       "0123456789012345678901234567890"));
  g_byte_array_append (bytes, BYTES ("\x00" TYPE_A));
  g_assert_false (reads (bytes->data, bytes->len, FALSE)); /* 255 letters and dots */
  g_byte_array_remove_range (bytes, 12, 32);
  g_assert_true (reads (bytes->data, bytes->len, FALSE));
}

static void
test_answer (void)
{
  static const char answer[] = ANSWERED NAME TYPE_A CNAME ADDRESS ADDRESS6;
  SbxDnsQuestion question;
  SbxDnsAddress found[4] = { { .seconds = 0 } };

  g_assert_true (sbx_dns_read (BYTES (answer), true, &question));
  g_assert_cmpuint (sbx_dns_addresses (BYTES (answer), &question, found, 4), ==, 2);
  g_assert_cmpmem (found[0].bytes, 4, "\xc6\x33\x64\x0a", 4);
  g_assert_true (!found[0].is_ipv6 && found[1].is_ipv6);
  g_assert_cmpuint (found[0].seconds, ==, 0x10002);
  g_assert_cmpmem (found[1].bytes, 16, "0123456789abcdef", 16);
  g_assert_cmpuint (sbx_dns_addresses (BYTES (answer), &question, found, 1), ==, 1);
  for (gsize n = question.end; n < sizeof answer - 1; n++) {
    g_autofree guint8 *copy = g_memdup2 (answer, n);

    g_assert_cmpuint (sbx_dns_addresses (copy, n, &question, found, 4), ==, 0);
  }
}

static void
test_refusal (void)
{
  guint8 bytes[] = ASKED NAME TYPE_A;
  SbxDnsQuestion question;

  g_assert_true (sbx_dns_read (bytes, sizeof bytes - 1, false, &question));
  sbx_dns_refuse (bytes);
  g_assert_cmpmem (bytes, 12, "\x12\x34\x81\x05\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  g_assert_true (reads (bytes, question.end, TRUE));
}

static SbxDnsAddress
address (guint number, guint32 seconds)
{
  SbxDnsAddress result = { .bytes = { 198, 51, (guint8) (number >> 8), (guint8) number }, .seconds = seconds };

  return result;
}

/* As long as it holds, a minute at least and a day at most; and while it is used. */
static void
test_known (void)
{
  g_autofree SbxKnownNames *names = g_new0 (SbxKnownNames, 1);
  SbxDnsAddress one = address (1, 5), other = address (2, G_MAXUINT32);
  SbxKnownName *row;

  names->now = 1000;
  g_assert_null (sbx_known_names_next (names, NULL, one.bytes, false));
  sbx_known_names_add (names, "a.org", &one);
  sbx_known_names_add (names, "b.org", &one);
  sbx_known_names_add (names, "c.org", &other);
  row = sbx_known_names_next (names, NULL, one.bytes, false);
  g_assert_cmpstr (row->name, ==, "a.org");
  row = sbx_known_names_next (names, row, one.bytes, false);
  g_assert_cmpstr (row->name, ==, "b.org");
  g_assert_null (sbx_known_names_next (names, row, one.bytes, false));
  g_assert_null (sbx_known_names_next (names, NULL, one.bytes, true));
  names->now += SBX_KNOWN_LEAST_S - 1;
  sbx_known_names_use (names, row);
  names->now += 1;
  row = sbx_known_names_next (names, NULL, one.bytes, false);
  g_assert_cmpstr (row->name, ==, "b.org");
  names->now += SBX_KNOWN_IN_USE_S;
  g_assert_null (sbx_known_names_next (names, NULL, one.bytes, false));
  g_assert_nonnull (sbx_known_names_next (names, NULL, other.bytes, false));
  names->now = 1000 + SBX_KNOWN_MOST_S;
  g_assert_null (sbx_known_names_next (names, NULL, other.bytes, false));
}

/* What is answered last has a place, whatever was answered before. */
static void
test_flood (void)
{
  g_autofree SbxKnownNames *names = g_new0 (SbxKnownNames, 1);

  names->now = 1;
  for (guint i = 0; i < 10 * SBX_KNOWN_NAMES; i++) {
    g_autofree char *name = g_strdup_printf ("x%u.example.org", i);
    SbxDnsAddress one = address (i, 3600);

    sbx_known_names_add (names, name, &one);
    g_assert_nonnull (sbx_known_names_next (names, NULL, one.bytes, false));
    one = address (i > SBX_KNOWN_NAMES / 2 ? i - SBX_KNOWN_NAMES / 2 : 0, 0);
    g_assert_nonnull (sbx_known_names_next (names, NULL, one.bytes, false)); /* nor what was a while ago */
  }
}

/* Which rows there are: names, in the order in which they were asked for. */
static char *
list_asked (const SbxAskedNames *names)
{
  GString *text = g_string_new (NULL);

  for (guint64 order = 1; order <= names->n_asked; order++)
    for (gsize i = 0; i < SBX_ASKED_NAMES; i++)
      if (names->rows[i].count > 0 && names->rows[i].order == order)
        g_string_append_printf (text, "%s %u;", names->rows[i].name, names->rows[i].count);
  return g_string_free (text, FALSE);
}

static void
test_asked (void)
{
  SbxAskedNames names = { 0 }, more = { 0 };
  g_autofree char *first = NULL, *last = NULL, *joined = NULL;
  g_autofree char *longest = g_strnfill (SBX_NAME_SIZE - 1, 'a'), *longer = g_strnfill (SBX_NAME_SIZE, 'a');
  static const char *const odd[] = { "", "A.org", "a b", "a\033[2J", "a\n", "caf\xc3\xa9", "a/b", "\x7f", "a\"" };

  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_assert_false (sbx_asked_name_is_valid (odd[i]));
    sbx_asked_names_add (&names, odd[i], 1, 1);
  }
  g_assert_true (sbx_asked_name_is_valid (longest) && !sbx_asked_name_is_valid (longer));
  sbx_asked_names_add (&names, longer, 1, 1);
  sbx_asked_names_add (&names, "a.org", 0, 1);
  sbx_asked_names_add (&names, "a.org", 1, -1);
  g_assert_cmpuint (names.n_asked, ==, 0);
  sbx_asked_names_add (&names, "a.org", 1, 5);
  sbx_asked_names_add (&names, "_b.org", 1, 6);
  sbx_asked_names_add (&names, "a.org", 2, 7);
  first = list_asked (&names);
  g_assert_cmpstr (first, ==, "_b.org 1;a.org 3;");
  /* A flood takes the places of those that were asked for longest ago */
  for (guint i = 0; i < 1000; i++) {
    g_autofree char *name = g_strdup_printf ("x%u", i);

    sbx_asked_names_add (&names, name, 1, 8);
    if (i % 8 == 0)
      sbx_asked_names_add (&names, "a.org", 1, 9);
  }
  last = list_asked (&names);
  g_assert_nonnull (strstr (last, "a.org 128;"));
  g_assert_nonnull (strstr (last, "x999 1;"));
  g_assert_null (strstr (last, "_b.org"));
  sbx_asked_names_add (&names, "a.org", G_MAXINT32, 9);
  g_assert_nonnull (strstr ((g_free (last), last = list_asked (&names)), "a.org 2147483647;"));
  /* The rows of a report come in any order, and from a process that may have been taken over */
  memset (&names, 0, sizeof names);
  sbx_asked_names_add (&more, "one", 1, 1);
  sbx_asked_names_add (&more, "two", 2, 2);
  sbx_asked_names_add (&more, "one", 1, 3);
  memset (more.rows[3].name, 'a', sizeof more.rows[3].name);
  more.rows[3].count = 1;
  sbx_asked_names_join (&names, &more);
  joined = list_asked (&names);
  g_assert_cmpstr (joined, ==, "two 2;one 2;");
}

#define ETHERNET "\0\1\2\3\4\5\6\7\x8\x9\xa\xb"
#define QUESTION ASKED NAME TYPE_A
#define UDP_HEADER "\x12\x34\x00\x35\x00\x29\x00\x00"
G_STATIC_ASSERT (sizeof UDP_HEADER - 1 + sizeof (QUESTION) - 1 == 0x29);
#define FRAME4(version, protocol, address)                                                                             \
  ETHERNET "\x08\x00" version "\0\0\x3d\0\0\0\0\x40" protocol "\0\0\x0a\0\x02\x64" address UDP_HEADER QUESTION
#define FRAME6(address)                                                                                                \
  ETHERNET "\x86\xdd\x60\0\0\0\0\x29\x11\x40\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0" address UDP_HEADER QUESTION
#define RESOLVER6 "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3"

static gboolean
asks (const guint8 *frame, gsize n)
{
  g_autofree guint8 *copy = g_memdup2 (frame, n); /* so that a byte too far is found */
  SbxDnsQuestion question;
  gboolean asks = sbx_asking_read (copy, n, &question);

  if (asks)
    g_assert_cmpstr (question.name, ==, "www.example.org");
  return asks;
}

static void
test_asking (void)
{
  static const char good[] = FRAME4 ("\x45", "\x11", "\x0a\0\x02\x03"), good6[] = FRAME6 (RESOLVER6);
  g_autofree guint8 *frame = g_memdup2 (good, sizeof good - 1);

  g_assert_true (asks ((const guint8 *) good, sizeof good - 1));
  g_assert_true (asks ((const guint8 *) good6, sizeof good6 - 1));
  for (gsize n = 0; n < sizeof good - 1; n++)
    g_assert_false (asks ((const guint8 *) good, n));
  for (gsize n = 0; n < sizeof good6 - 1; n++)
    g_assert_false (asks ((const guint8 *) good6, n));
  g_assert_false (asks (BYTES (FRAME4 ("\x46", "\x11", "\x0a\0\x02\x03")))); /* options */
  g_assert_false (asks (BYTES (FRAME4 ("\x45", "\x06", "\x0a\0\x02\x03")))); /* TCP */
  g_assert_false (asks (BYTES (FRAME4 ("\x45", "\x11", "\x0a\0\x02\x02")))); /* somebody else */
  frame[14 + 20 + 3] = 54;                                                   /* another port */
  g_assert_false (asks (frame, sizeof good - 1));
  frame[14 + 20 + 3] = 53;
  frame[14 + 20 + 5]++; /* it says that it is longer than it is */
  g_assert_false (asks (frame, sizeof good - 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dns/question", test_question);
  g_test_add_func ("/dns/odd", test_odd);
  g_test_add_func ("/dns/long", test_long);
  g_test_add_func ("/dns/answer", test_answer);
  g_test_add_func ("/dns/refusal", test_refusal);
  g_test_add_func ("/dns/known", test_known);
  g_test_add_func ("/dns/flood", test_flood);
  g_test_add_func ("/dns/asked", test_asked);
  g_test_add_func ("/dns/asking", test_asking);
  return g_test_run ();
}
