/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "wire/status.h"

static const char good_status[] =
    "[Status]\nState=exited\nPid=12\nInitPid=11\nKeeperPid=10\nStartTime=1700000000000000\n"
    "ExitTime=1700000001000000\nWaitStatus=256\nCulprit=bwrap\nCulpritStatus=9\n"
    "Enforced=127\nText=it died\n\n\n\n";

static void
test_status (void)
{
  const char *wrong;
  SbxStatus status;

  g_assert_cmpint (sbx_status_read (&status, good_status, strlen (good_status), &wrong), ==, 0);
  g_assert_cmpint (status.state, ==, SBX_STATUS_EXITED);
  g_assert_cmpint (status.pid, ==, 12);
  g_assert_cmpint (status.start_time, ==, 1700000000000000);
  g_assert_cmpint (status.exit_time, ==, 1700000001000000);
  g_assert_cmpint (status.wait_status, ==, 256);
  g_assert_cmpint (status.culprit, ==, SBX_CULPRIT_BWRAP);
  g_assert_cmpint (status.culprit_status, ==, 9);
  g_assert_cmpuint (status.enforced, ==, 127);
  g_assert_cmpstr (status.text, ==, "it died");
  /* As the keeper makes it, before it has anything to say */
  g_assert_cmpint (sbx_status_read (&status, "\n\n\n\n", 4, &wrong), ==, 0);
  g_assert_cmpint (status.state, ==, SBX_STATUS_PREPARED);
}

static void
test_status_refused (void)
{
  static const struct {
    const char *from, *to;
  } changes[] = {
    { "State=exited", "State=eaten" },
    { "State=exited\n", "" },
    { "Pid=12", "Pid=-12" },
    { "Pid=12", "Pid=99999999999" },
    { "Pid=12", "Pid=1 2" },
    { "WaitStatus=256", "WaitStatus=65536" },
    { "WaitStatus=256", "WaitStatus=0x100" },
    { "Culprit=bwrap", "Culprit=butler" },
    { "Enforced=127", "Enforced=-1" },
    { "ExitTime=1700000001000000\n", "" },
    { "[Status]", "[Statue]" },
    { "[Status]", "Status" },
    { "[Status]\n", "[Status]\n#\n" },
    { "Pid=12", "Pid=012" },
    { "Pid=12", "Pid=+12" },
    { "Pid=12", "Pid= 12" },
    { "Pid=12", "Pid=" },
    { "Pid=12", "Pid" },
    { "Pid=12\nInitPid=11", "InitPid=11\nPid=12" },
    { "Pid=12\n", "Pid=12\nPid=12\n" },
    { "StartTime=1700000000000000", "StartTime=-1" },
    { "StartTime=1700000000000000", "StartTime=9223372036854775808" },
    { "CulpritStatus=9", "CulpritStatus=-0" },
    { "CulpritStatus=9", "CulpritStatus=2147483648" },
    { "Culprit=bwrap", "Culprit=" },
    { "State=exited", "State=running" }, /* which has no culprit */
    { "Enforced=127", "Enforced=4294967296" },
    { "it died\n\n", "it died\nMore=1\n" },
    { "it died\n\n\n\n", "it died" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_auto (GStrv) parts = g_strsplit (good_status, changes[i].from, 2);
    g_autofree char *text = g_strjoinv (changes[i].to, parts);
    const char *wrong;
    SbxStatus status;

    g_test_message ("%s", changes[i].to);
    g_assert_cmpint (sbx_status_read (&status, text, strlen (text), &wrong), ==, -1);
    g_assert_cmpint (errno, ==, EBADMSG);
    g_assert_nonnull (strstr (good_status, wrong));
  }
}

/* What is written is read as the same, whatever the numbers are. */
static void
test_round_trip (void)
{
  static const SbxStatus cases[] = {
    { .state = SBX_STATUS_PREPARED },
    { .state = SBX_STATUS_RUNNING, .pid = 12, .init_pid = 11, .keeper_pid = 10, .start_time = 5, .enforced = 0x1ff },
    { .state = SBX_STATUS_EXITED, .wait_status = 9, .culprit = SBX_CULPRIT_KEEPER, .text = "killed" },
    { .state = SBX_STATUS_EXITED,
      .pid = INT32_MAX,
      .init_pid = INT32_MAX,
      .keeper_pid = INT32_MAX,
      .start_time = INT64_MAX,
      .exit_time = INT64_MAX,
      .wait_status = 0xffff,
      .culprit = SBX_N_CULPRITS - 1,
      .culprit_status = INT32_MIN,
      .enforced = UINT32_MAX },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *longest = g_strnfill (SBX_STATUS_TEXT - 1, 'x');
    char file[SBX_STATUS_SIZE];
    SbxStatus status = cases[i], again;
    const char *wrong;

    if (status.text[0] == '\0')
      sbx_status_set_text (&status, longest);
    sbx_status_write (&status, file);
    g_assert_cmpint (file[sizeof file - 1], ==, '\n');
    g_assert_cmpint (sbx_status_read (&again, file, sizeof file, &wrong), ==, 0);
    g_assert_cmpmem (&again, sizeof again, &status, sizeof status);
  }
}

static void
test_culprits (void)
{
  for (unsigned i = 0; i < SBX_N_CULPRITS; i++) {
    SbxStatus status = { .state = SBX_STATUS_EXITED, .culprit = (SbxCulprit) i }, again;
    char file[SBX_STATUS_SIZE];
    const char *wrong;

    sbx_status_write (&status, file);
    g_assert_cmpint (sbx_status_read (&again, file, sizeof file, &wrong), ==, 0);
    g_assert_cmpint (again.culprit, ==, i);
  }
}

/* Texts come from bwrap, and from people's file names. */
static void
test_text (void)
{
  static const struct {
    const char *text, *kept;
  } cases[] = {
    { "", "" },
    { " \n\t\177 ", "" },
    { "  two words\n", "two words" },
    { "two\nlines\r\nPid=1", "two lines  Pid=1" },
    { "h\303\251 \342\202\254 \360\237\230\200", "h\303\251 \342\202\254 \360\237\230\200" },
    { "cut \377 here", "cut" },
    { "overlong \300\257", "overlong" },
    { "overlong \340\200\257", "overlong" },
    { "surrogate \355\240\200", "surrogate" },
    { "too great \364\220\200\200", "too great" },
    { "half \342\202", "half" },
  };
  g_autofree char *longer = g_strnfill (SBX_STATUS_TEXT * 2, 'x');
  SbxStatus status;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    sbx_status_set_text (&status, cases[i].text);
    g_assert_cmpstr (status.text, ==, cases[i].kept);
    g_assert_true (g_utf8_validate (status.text, -1, NULL));
    sbx_status_set_text (&status, cases[i].kept);
    g_assert_cmpstr (status.text, ==, cases[i].kept);
  }
  sbx_status_set_text (&status, longer);
  g_assert_cmpuint (strlen (status.text), ==, SBX_STATUS_TEXT - 1);
  memcpy (longer + SBX_STATUS_TEXT - 2, "\303\251", 2); /* a letter of which half would fit */
  sbx_status_set_text (&status, longer);
  g_assert_cmpuint (strlen (status.text), ==, SBX_STATUS_TEXT - 2);
}

/* Each byte changed, and the file cut at each: an answer or an error. */
static void
test_damaged (void)
{
  gsize size = strlen (good_status);
  g_autofree char *text = g_strdup (good_status);

  for (gsize i = 0; i < size; i++) {
    SbxStatus status;
    const char *wrong;

    text[i] ^= 0x55;
    (void) sbx_status_read (&status, text, size, &wrong);
    g_assert_true (g_utf8_validate (status.text, -1, NULL));
    text[i] ^= 0x55;
    if (sbx_status_read (&status, text, i, &wrong) == 0)
      g_assert_true (i == 0 || i >= size - 3); /* nothing yet, or all of it */
  }
}

static void
test_too_large (void)
{
  g_autofree char *text = g_strnfill (SBX_STATUS_SIZE + 1, '\n');
  const char *wrong;
  SbxStatus status;

  g_assert_cmpint (sbx_status_read (&status, text, SBX_STATUS_SIZE, &wrong), ==, 0);
  g_assert_cmpint (sbx_status_read (&status, text, SBX_STATUS_SIZE + 1, &wrong), ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/status/good", test_status);
  g_test_add_func ("/status/refused", test_status_refused);
  g_test_add_func ("/status/round-trip", test_round_trip);
  g_test_add_func ("/status/culprits", test_culprits);
  g_test_add_func ("/status/text", test_text);
  g_test_add_func ("/status/damaged", test_damaged);
  g_test_add_func ("/status/too-large", test_too_large);
  return g_test_run ();
}
