/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log of xdg-dbus-proxy, and the table of denials that it fills. */
#include <glib.h>
#include <string.h>

#include "wire/bus-log.h"

/* A log and the table that it fills. */
typedef struct {
  SbxBusLog lines;
  SbxDenials denials;
} Log;

static void
feed (Log *log, const char *text)
{
  sbx_bus_log_feed (&log->lines, &log->denials, text, strlen (text));
}

static guint32
refused (const Log *log, const char *name, const char *member, SbxBusNeed need)
{
  for (size_t i = 0; i < log->denials.n_rows; i++) {
    const SbxDenial *one = &log->denials.rows[i].denial;

    if (one->source == SBX_DENIAL_BUS && g_str_equal (one->object, name) && g_str_equal (one->action, member)
        && one->need == need)
      return one->count;
  }
  return 0;
}

/* As xdg-dbus-proxy 0.1.4 prints it. */
static void
test_bus_log_refusals (void)
{
  g_autofree Log *log = g_new0 (Log, 1);

  feed (log, "C1: -> org.freedesktop.DBus call org.freedesktop.DBus.Hello at /org/freedesktop/DBus\n"
             "C2: -> org.freedesktop.DBus fake AddMatch for org.example.Allowed\n"
             "B1: <- org.freedesktop.DBus return from C1\n*SKIPPED*\n"
             "C6: -> org.example.Hidden call org.example.I.Look at /\n*HIDDEN* (ping)\n"
             "B8: <- (no sender) return from C7\n*REWRITTEN*\n"
             "C7: -> org.example.Hidden call org.example.I.Look at /\n*HIDDEN*\n"
             "C8: -> org.example.Seen call org.example.I.Look at /\n*DENIED* (ping)\n"
             "C9: -> org.example.Allowed call org.example.I.Look at /\nB9: <- (no sender) return from C9\n");
  feed (log, "C7: -> org.freedesktop.DBus call org.freedesktop.DBus.RequestName at /\nFiltering message due to arg0 "
             "org.example.Other, policy: 0 (required 3)\n*HIDDEN* (ping)\n"
             "C7: -> org.freedesktop.DBus call org.freedesktop.DBus.GetNameOwner at /\nFiltering mess");
  g_assert_cmpuint (log->denials.n_rows, ==, 3);
  feed (log, "age due to arg0 org.example.Hidden, policy: 0 (required 1)\nB8: <- (no sender) return from C7\n");
  g_assert_cmpuint (log->denials.n_rows, ==, 4);
  g_assert_cmpuint (refused (log, "org.example.Hidden", "org.example.I.Look", SBX_BUS_NEEDS_TALK), ==, 2);
  g_assert_cmpuint (refused (log, "org.example.Seen", "org.example.I.Look", SBX_BUS_NEEDS_TALK), ==, 1);
  g_assert_cmpuint (refused (log, "org.example.Other", "org.freedesktop.DBus.RequestName", SBX_BUS_NEEDS_OWN), ==, 1);
  g_assert_cmpuint (refused (log, "org.example.Hidden", "org.freedesktop.DBus.GetNameOwner", SBX_BUS_NEEDS_SEE), ==, 1);
}

/* What an application can have printed by the names that it sends. */
static void
test_bus_log_hostile (void)
{
  g_autofree Log *log = g_new0 (Log, 1);
  g_autofree char *name = g_strnfill (256, 'a'), *line = g_strnfill (SBX_BUS_LOG_LINE * 3, 'x');
  g_autofree char *long_name = g_strdup_printf ("C1: -> %s call a.b at /\n*HIDDEN*\n", name);

  feed (log, "C1: -> a\033[2J call a.b at /\n*HIDDEN*\n");
  feed (log, "C1: -> a b call a.b at /\n*HIDDEN*\n");
  feed (log, "C1: ->  call a.b at /\n*HIDDEN*\n");
  feed (log, "C1: -> a call b/../c at /\n*HIDDEN*\n");
  feed (log, "*HIDDEN*\n*DENIED*\nFiltering message due to arg0 a, policy: 0 (required 3)\n");
  feed (log, "C1: -> a call a.b at /\nFiltering message due to arg0 b, policy: 0 (required 4)\n");
  feed (log, "C1: -> a call a.b at /\nFiltering message due to arg0 b, policy: 0 (required 3\n");
  feed (log, long_name);
  sbx_bus_log_feed (&log->lines, &log->denials, "C1: -> a call a.b at /\0\n*HIDDEN*\n", 33);
  feed (log, "C1: -> a call a.b at /");
  feed (log, line);
  feed (log, "\n*HIDDEN*\n");
  g_assert_cmpuint (log->denials.n_rows, ==, 0);
  feed (log, "C1: -> a call a.b at /\n*HIDDEN*\n"); /* and it goes on */
  g_assert_cmpuint (log->denials.n_rows, ==, 1);

  for (guint i = 0; i < 100; i++) {
    g_autofree char *other = g_strdup_printf ("C1: -> n%u call a.b at /\n*HIDDEN*\n", i);

    feed (log, other);
  }
  g_assert_cmpuint (log->denials.n_rows, ==, SBX_DENIALS);
}

static void
refuse (Log *log, const char *name, guint number, guint times)
{
  g_autofree char *line = g_strdup_printf ("C1: -> %s%u call a.b at /\n*HIDDEN*\n", name, number);

  while (times-- > 0)
    feed (log, line);
}

static guint64
all_refused (const Log *log)
{
  guint64 sum = log->denials.dropped;

  for (size_t i = 0; i < log->denials.n_rows; i++)
    sum += log->denials.rows[i].denial.count;
  return sum;
}

/* Names without end hide neither what comes again nor what came last, and none is lost from the sum. */
static void
test_bus_log_full (void)
{
  g_autofree Log *log = g_new0 (Log, 1);
  guint junk = 0;

  for (guint i = 0; i < 1000; i++)
    refuse (log, "junk.n", junk++, 1);
  g_assert_cmpuint (log->denials.dropped, ==, 1000 - SBX_DENIALS);
  g_assert_cmpuint (refused (log, "junk.n0", "a.b", SBX_BUS_NEEDS_TALK), ==, 1); /* the first are as frequent */
  refuse (log, "real.often", 0, 3);
  refuse (log, "real.twice", 0, 1);
  for (guint i = 0; i < SBX_DENIALS / 2 - 1; i++)
    refuse (log, "junk.n", junk++, 1);
  refuse (log, "real.twice", 0, 1);
  for (guint i = 0; i < 1000; i++)
    refuse (log, "junk.n", junk++, 1);
  refuse (log, "real.late", 0, 1);
  for (guint i = 0; i < SBX_DENIALS / 2 - 1; i++)
    refuse (log, "junk.n", junk++, 1);
  g_assert_cmpuint (refused (log, "real.often0", "a.b", SBX_BUS_NEEDS_TALK), ==, 3);
  g_assert_cmpuint (refused (log, "real.twice0", "a.b", SBX_BUS_NEEDS_TALK), ==, 2);
  g_assert_cmpuint (refused (log, "real.late0", "a.b", SBX_BUS_NEEDS_TALK), ==, 1);
  g_assert_cmpuint (log->denials.n_rows, ==, SBX_DENIALS);
  g_assert_cmpuint (all_refused (log), ==, junk + 6);
  /* Names that come often do not hide those that came last */
  for (guint i = 0; i < SBX_DENIALS * 2; i++)
    refuse (log, "loud.n", i, 1000);
  refuse (log, "real.later", 0, 1);
  refuse (log, "loud.n", 0, 1000);
  g_assert_cmpuint (refused (log, "real.later0", "a.b", SBX_BUS_NEEDS_TALK), ==, 1);
  g_assert_cmpuint (all_refused (log), ==, junk + 7 + 1000 * (SBX_DENIALS * 2 + 1));
  log->denials.dropped = INT32_MAX - 1;
  refuse (log, "junk.n", junk, 1);
  g_assert_cmpuint (log->denials.dropped, ==, INT32_MAX);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/bus-log/refusals", test_bus_log_refusals);
  g_test_add_func ("/wire/bus-log/hostile", test_bus_log_hostile);
  g_test_add_func ("/wire/bus-log/full", test_bus_log_full);
  return g_test_run ();
}
