/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/block.h"
#include "wire/bus-log.h"
#include "wire/fdmap.h"
#include "wire/landlock.h"
#include "wire/log-lines.h"
#include "wire/message.h"

static void make_pair (int pair[2]);

/* Last words of a peer that ended without reading ours. */
static void
test_message_last_words (void)
{
  SbxMessage question = { .type = SBX_MSG_STOP, .value = 1 }, answer = { .type = SBX_MSG_FAILED, .value = ENOENT }, got;
  int pair[2], fds[SBX_MESSAGE_FDS];
  size_t n;

  make_pair (pair);
  g_assert_cmpint (sbx_message_send (pair[0], &question, NULL, 0), ==, 0);
  g_assert_cmpint (sbx_message_send (pair[1], &answer, NULL, 0), ==, 0);
  close (pair[1]);
  g_assert_cmpint (sbx_message_recv_now (pair[0], SBX_CHANNEL_KEEPER_TO_DAEMON, &got, fds, &n, NULL), ==, 1);
  g_assert_cmpint (got.value, ==, ENOENT);
  g_assert_cmpint (sbx_message_recv_now (pair[0], SBX_CHANNEL_KEEPER_TO_DAEMON, &got, fds, &n, NULL), ==, 0);
  close (pair[0]);
}

static void
make_pair (int pair[2])
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
}

static int
receive (int sock, SbxChannel channel, SbxMessage *message, size_t *n)
{
  int fds[SBX_MESSAGE_FDS];
  int rc = sbx_message_recv_now (sock, channel, message, fds, n, NULL);

  for (size_t i = 0; i < *n; i++)
    close (fds[i]);
  return rc;
}

static void
test_message_round_trip (void)
{
  SbxMessage sent = { .type = SBX_MSG_FAILED, .job = 7, .pid = 42, .value = ENOENT, .detail = SBX_STEP_EXEC };
  SbxMessage got;
  int pair[2];
  size_t n;

  g_strlcpy (sent.text, "no such command", sizeof sent.text);
  make_pair (pair);
  g_assert_cmpint (sbx_message_send (pair[0], &sent, NULL, 0), ==, 0);
  g_assert_cmpint (receive (pair[1], SBX_CHANNEL_INIT_TO_KEEPER, &got, &n), ==, 1);
  g_assert_cmpuint (got.type, ==, sent.type);
  g_assert_cmpuint (got.job, ==, 7);
  g_assert_cmpint (got.pid, ==, 42);
  g_assert_cmpint (got.value, ==, ENOENT);
  g_assert_cmpint (got.detail, ==, SBX_STEP_EXEC);
  g_assert_cmpstr (got.text, ==, sent.text);
  g_assert_cmpint (receive (pair[1], SBX_CHANNEL_INIT_TO_KEEPER, &got, &n), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  close (pair[0]);
  g_assert_cmpint (receive (pair[1], SBX_CHANNEL_INIT_TO_KEEPER, &got, &n), ==, 0);
  close (pair[1]);
}

/* Each type has its own fields, and what others say in theirs stays behind. */
static void
test_message_fields (void)
{
  SbxMessage sent = { .type = SBX_MSG_CRASHED, .pid = 42, .value = 11, .detail = -6, .crash = 3, .slot = 4 }, got;
  int pair[2];
  size_t n;

  sent.start_time = 5;
  sent.crashed = (SbxCrashed){ 0xfedcba9876543210, 1700000000000000, 43, 2, 3, 0 };
  sent.denial = (SbxDenial){ SBX_DENIAL_BUS, SBX_BUS_NEEDS_OWN, 7, "org.example.A", "org.example.I.M" };
  make_pair (pair);
  g_assert_cmpint (sbx_message_send (pair[0], &sent, NULL, 0), ==, 0);
  g_assert_cmpint (receive (pair[1], SBX_CHANNEL_KEEPER_TO_DAEMON, &got, &n), ==, 1);
  g_assert_cmpuint (got.crash, ==, 3);
  g_assert_cmpint (got.detail, ==, -6);
  g_assert_cmpint (got.crashed.tid, ==, 43);
  g_assert_cmpint (got.crashed.inner_pid, ==, 2);
  g_assert_cmpint (got.crashed.inner_tid, ==, 3);
  g_assert_cmphex (got.crashed.address, ==, 0xfedcba9876543210);
  g_assert_cmpint (got.crashed.time, ==, 1700000000000000);
  g_assert_cmpuint (got.slot, ==, 0);
  g_assert_cmpint (got.start_time, ==, 0);
  g_assert_cmpuint (got.denial.count, ==, 0);

  sent.type = SBX_MSG_DENIED;
  sent.value = sent.detail = 0;
  g_assert_cmpint (sbx_message_send (pair[0], &sent, NULL, 0), ==, 0);
  g_assert_cmpint (receive (pair[1], SBX_CHANNEL_KEEPER_TO_DAEMON, &got, &n), ==, 1);
  g_assert_cmpuint (got.slot, ==, 4);
  g_assert_cmpuint (got.crash, ==, 0);
  g_assert_cmpuint (got.denial.count, ==, 7);
  g_assert_cmpuint (got.denial.need, ==, SBX_BUS_NEEDS_OWN);
  g_assert_cmpstr (got.denial.object, ==, "org.example.A");
  g_assert_cmpstr (got.denial.action, ==, "org.example.I.M");

  sent.type = SBX_MSG_STARTED;
  g_assert_cmpint (sbx_message_send (pair[0], &sent, NULL, 0), ==, 0);
  g_assert_cmpint (receive (pair[1], SBX_CHANNEL_KEEPER_TO_DAEMON, &got, &n), ==, 1);
  g_assert_cmpint (got.start_time, ==, 5);
  close (pair[0]);
  close (pair[1]);
}

/* What a channel's table does not name is refused, and no descriptor that came with it stays open. */
static void
test_message_refused (void)
{
  static const struct {
    SbxChannel channel;
    SbxMessage message;
    size_t n_fds;
  } cases[] = {
    { SBX_CHANNEL_CALLER_TO_KEEPER, { .type = SBX_MSG_STOP }, 0 },
    { SBX_CHANNEL_CALLER_TO_KEEPER, { .type = SBX_MSG_SIGNAL, .value = 0 }, 0 },
    { SBX_CHANNEL_CALLER_TO_KEEPER, { .type = SBX_MSG_SIGNAL, .value = 65 }, 0 },
    { SBX_CHANNEL_CALLER_TO_KEEPER, { .type = SBX_MSG_SIGNAL, .value = 9 }, 1 },
    { SBX_CHANNEL_CALLER_TO_KEEPER, { .type = SBX_MSG_SIGNAL, .value = 9, .text = "x" }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_PREPARE }, 2 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_START }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_EXITED }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_STOP, .value = -1 }, 0 },
    { SBX_CHANNEL_INIT_TO_KEEPER, { .type = SBX_MSG_READY }, 1 },
    { SBX_CHANNEL_INIT_TO_KEEPER, { .type = 99 }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_ENDED, .value = SBX_N_CULPRITS }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_STOP, .job = 1 }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_RELEASE }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_SIGNAL, .value = 9, .detail = 2 }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_STARTED, .start_time = -1 }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_STARTED, .detail = SBX_ENFORCED_ALL + 1 }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_FAILED, .detail = SBX_N_STEPS }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_EXITED, .value = 0x10000 }, 0 },
    { SBX_CHANNEL_INIT_TO_KEEPER, { .type = SBX_MSG_STARTED, .start_time = 1 }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_CRASHED, .pid = 1, .value = 11, .crashed = { .tid = 1 } }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_CRASHED, .pid = 1, .value = 11, .crash = 1 }, 0 },
    { SBX_CHANNEL_TRACER_TO_KEEPER,
      { .type = SBX_MSG_CRASHED, .pid = 1, .value = 11, .crash = 1, .crashed = { .tid = 1 } },
      1 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .slot = SBX_DENIALS, .denial = { SBX_DENIAL_BUS, 2, 1, "a.b", "c.d" } },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = { SBX_N_DENIAL_SOURCES, 2, 1, "a.b", "c.d" } },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_DENIED, .denial = { SBX_DENIAL_BUS, 4, 1, "a.b", "c.d" } }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_DENIED, .denial = { SBX_DENIAL_BUS, 0, 1, "a.b", "c.d" } }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_DENIED, .denial = { SBX_DENIAL_BUS, 2, 0, "a.b", "c.d" } }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_DENIED, .denial = { SBX_DENIAL_BUS, 2, 1, "a b", "c.d" } }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_DENIED, .denial = { SBX_DENIAL_BUS, 2, 1, "a.b", "" } }, 0 },
  };
  int spare[2] = { STDIN_FILENO, STDIN_FILENO };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    int pair[2], before, after;
    SbxMessage got;
    size_t n;

    make_pair (pair);
    before = dup (0);
    close (before);
    g_assert_cmpint (sbx_message_send (pair[0], &cases[i].message, spare, cases[i].n_fds), ==, 0);
    g_assert_cmpint (receive (pair[1], cases[i].channel, &got, &n), ==, -1);
    g_assert_cmpint (errno, ==, EBADMSG);
    g_assert_cmpuint (n, ==, 0);
    after = dup (0);
    close (after);
    g_assert_cmpint (after, ==, before);
    close (pair[0]);
    close (pair[1]);
  }
}

/* A packet of another version, or with more than one string in it, is none of ours. */
static void
test_message_damaged (void)
{
  const SbxMessage sent = { .type = SBX_MSG_FAILED, .value = ENOENT, .text = "no such command" };
  char good[sizeof (SbxMessage)], bad[sizeof (SbxMessage)];
  enum { NOTHING, VERSION, TEXT };
  SbxMessage got;
  ssize_t size;
  int pair[2];
  size_t n;

  make_pair (pair);
  g_assert_cmpint (sbx_message_send (pair[0], &sent, NULL, 0), ==, 0);
  size = recv (pair[1], good, sizeof good, 0);
  g_assert_cmpint (size, >, (ssize_t) strlen (sent.text));
  for (int what = NOTHING; what <= TEXT; what++) {
    memcpy (bad, good, sizeof bad);
    if (what == VERSION)
      bad[0]++;
    else if (what == TEXT)
      bad[size - 5] = '\0';
    g_assert_cmpint (send (pair[0], bad, (size_t) size, 0), ==, size);
    g_assert_cmpint (receive (pair[1], SBX_CHANNEL_INIT_TO_KEEPER, &got, &n), ==, what == NOTHING ? 1 : -1);
  }
  close (pair[0]);
  close (pair[1]);
}

/* Descriptors come with close-on-exec; a packet of which some do not fit into our table is refused, the rest closed. */
static void
test_message_descriptors (void)
{
  const SbxMessage start = { .type = SBX_MSG_START };
  const int spare[] = { STDIN_FILENO, STDIN_FILENO, STDIN_FILENO, STDIN_FILENO };
  int pair[2], fds[SBX_MESSAGE_FDS], before, after;
  struct rlimit limit, low;
  SbxMessage got;
  size_t n;

  make_pair (pair);
  g_assert_cmpint (sbx_message_send (pair[0], &start, spare, 4), ==, 0);
  g_assert_cmpint (sbx_message_recv_now (pair[1], SBX_CHANNEL_DAEMON_TO_KEEPER, &got, fds, &n, NULL), ==, 1);
  g_assert_cmpuint (n, ==, 4);
  for (size_t i = 0; i < n; i++) {
    g_assert_cmpint (fcntl (fds[i], F_GETFD), ==, FD_CLOEXEC);
    close (fds[i]);
  }

  before = dup (STDIN_FILENO);
  close (before);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  low = (struct rlimit){ (rlim_t) before + 2, limit.rlim_max };
  g_assert_cmpint (sbx_message_send (pair[0], &start, spare, 4), ==, 0);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  g_assert_cmpint (receive (pair[1], SBX_CHANNEL_DAEMON_TO_KEEPER, &got, &n), ==, -1);
  g_assert_cmpint (errno, ==, EBADMSG);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  after = dup (STDIN_FILENO);
  close (after);
  g_assert_cmpint (after, ==, before);
  close (pair[0]);
  close (pair[1]);
}

/* Well-formed packets with a few random bytes changed, on every channel. */
static void
test_message_garbage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint accepted = 0;

  for (guint32 round = 0; round < 20000; round++) {
    guint32 size = 24 + (guint32) g_rand_int_range (rand, 0, 40);
    guint8 packet[64] = { SBX_MESSAGE_VERSION, 0, (guint8) g_rand_int_range (rand, 1, 13) };
    SbxMessage got;
    int pair[2];
    size_t n;

    memset (packet + 24, 'x', sizeof packet - 24);
    packet[20] = (guint8) (size - 24);
    for (int changes = g_rand_int_range (rand, 0, 3); changes > 0; changes--)
      packet[g_rand_int_range (rand, 0, (gint32) size)] = (guint8) g_rand_int (rand);
    make_pair (pair);
    g_assert_cmpint (send (pair[0], packet, size, 0), ==, (gssize) size);
    if (receive (pair[1], (SbxChannel) (round % 6), &got, &n) == 1) {
      accepted++;
      g_assert_cmpuint (strlen (got.text), ==, size - 24);
    }
    close (pair[0]);
    close (pair[1]);
  }
  g_assert_cmpuint (accepted, >, 100);
  g_assert_cmpuint (accepted, <, 19000);
}

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

static void
add_prepare (SbxBlockWriter *writer, const char *id)
{
  static const char *const bwrap[] = { "/usr/bin/bwrap", "--", "x", NULL };

  sbx_block_add_string (writer, SBX_TAG_ID, id);
  sbx_block_add_strv (writer, SBX_TAG_BWRAP, bwrap);
  sbx_block_add (writer, SBX_TAG_FDMAP, NULL, 0);
}

static void
test_block_round_trip (void)
{
  static const char *const argv[] = { "prog", "", "\xff\xfe", NULL };
  SbxBlockWriter writer = { 0 };
  SbxRecord record = { 0 };
  gint32 targets[] = { 0, 1, 2, 17 };
  SbxBlock block;
  size_t n;
  int fd;

  sbx_block_add (&writer, SBX_TAG_FDMAP, targets, sizeof targets);
  sbx_block_add (&writer, SBX_TAG_INFO, "x", 1);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
  sbx_block_add_u32 (&writer, SBX_TAG_FLAGS, SBX_START_TTY);
  sbx_block_add_path_rule (&writer, 3, "/usr");
  sbx_block_add_path_rule (&writer, 5, "/tmp");
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_START), ==, 0);
  g_assert_cmpuint (sbx_block_u32 (&block, SBX_TAG_FLAGS, 0), ==, SBX_START_TTY);
  g_autofree char **strings = sbx_block_strv (&block, SBX_TAG_ARGV, &n);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpstr (strings[2], ==, "\xff\xfe");
  g_assert_null (strings[3]);
  g_assert_true (sbx_block_next (&block, SBX_TAG_PATH_RULE, &record));
  g_assert_cmpstr ((const char *) record.value + 8, ==, "/usr");
  g_assert_true (sbx_block_next (&block, SBX_TAG_PATH_RULE, &record));
  g_assert_cmpstr ((const char *) record.value + 8, ==, "/tmp");
  g_assert_false (sbx_block_next (&block, SBX_TAG_PATH_RULE, &record));
  sbx_block_close (&block);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_PREPARE), ==, -1);
  g_assert_cmpint (errno, ==, EBADMSG);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_EXEC), ==, -1);
  g_assert_cmpint (errno, ==, EBADMSG);
  g_assert_cmpint (write (fd, "x", 1), ==, -1); /* sealed */
  close (fd);
}

/* EXEC brings a process and nothing that confines it or tells of the instance; a box nothing of the command. */
static void
test_block_kinds (void)
{
  static const char *const argv[] = { "prog", NULL };
  static const guint64 attr[3] = { 1, 0, 0 };
  static const struct {
    SbxTag tag;
    const void *value;
    gsize size;
    gboolean in_start, in_exec;
  } rows[] = {
    { SBX_TAG_HOME, "/h", 3, TRUE, TRUE },     { SBX_TAG_RLIMIT, attr, sizeof attr, TRUE, TRUE },
    { SBX_TAG_INFO, "x", 1, TRUE, FALSE },     { SBX_TAG_LANDLOCK, attr, sizeof attr, TRUE, FALSE },
    { SBX_TAG_SECCOMP, attr, 8, TRUE, FALSE }, { SBX_TAG_PORT_RULE, attr, 16, TRUE, FALSE },
    { SBX_TAG_PROCFS, attr, 4, FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (SbxBlockKind kind = SBX_BLOCK_PREPARE; kind <= SBX_BLOCK_EXEC; kind++) {
      gboolean fits = kind == SBX_BLOCK_START ? rows[i].in_start : kind == SBX_BLOCK_EXEC && rows[i].in_exec;
      SbxBlockWriter writer = { 0 };
      SbxBlock block;

      sbx_block_add (&writer, SBX_TAG_FDMAP, NULL, 0);
      sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
      if (kind == SBX_BLOCK_START && rows[i].tag != SBX_TAG_INFO)
        sbx_block_add (&writer, SBX_TAG_INFO, "x", 1);
      sbx_block_add (&writer, rows[i].tag, rows[i].value, rows[i].size);
      g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, kind), ==, fits ? 0 : -1);
      g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, (SbxBlockKind) 3), ==, -1);
      sbx_block_writer_clear (&writer);
    }
}

/* A START that does not say what the next service has to know is none. */
static void
test_block_info_required (void)
{
  static const char *const argv[] = { "prog", NULL };
  SbxBlockWriter writer = { 0 };
  SbxBlock block;

  sbx_block_add (&writer, SBX_TAG_FDMAP, NULL, 0);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
  g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_EXEC), ==, 0);
  g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_START), ==, -1);
  sbx_block_writer_clear (&writer);
}

static void
test_block_refused (void)
{
  static const char *const argv[] = { "prog", NULL };
  g_autofree char *path = NULL;
  SbxBlockWriter writer = { 0 };
  SbxBlock block;
  int fd = memfd_create ("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (write (fd, "12345678", 8), ==, 8);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_START), ==, -1);
  g_assert_cmpint (errno, ==, EPERM);
  close (fd);
  fd = g_file_open_tmp (NULL, &path, NULL);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_START), ==, -1);
  g_assert_cmpint (errno, ==, EPERM);
  close (fd);
  g_assert_cmpint (unlink (path), ==, 0);

  add_prepare (&writer, "0123456789abcdef0"); /* an id that is too long */
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_PREPARE), ==, -1);
  close (fd);
  add_prepare (&writer, "0123456789abcdef");
  add_prepare (&writer, "0123456789abcdef"); /* twice */
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_PREPARE), ==, -1);
  close (fd);
  sbx_block_add_string (&writer, SBX_TAG_ID, "0123456789abcdef"); /* the rest is missing */
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_PREPARE), ==, -1);
  close (fd);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
  sbx_block_add (&writer, SBX_TAG_FDMAP, "123456", 6); /* one number and a half */
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_START), ==, -1);
  close (fd);
  add_prepare (&writer, "0123456789abcdef");
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv); /* of the other kind */
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_PREPARE), ==, -1);
  close (fd);
}

static void
add_sidecar (SbxBlockWriter *writer, SbxSidecarKind kind, const char *program)
{
  const char *const argv[] = { "/usr/bin/bwrap", program, NULL };

  sbx_block_add_u32 (writer, SBX_TAG_SIDECAR, kind);
  sbx_block_add_strv (writer, SBX_TAG_SIDECAR_COMMAND, argv);
  sbx_block_add (writer, SBX_TAG_SIDECAR_FILTER, "12345678", 8);
}

static void
assert_command (const SbxSidecarGroup *group, const char *program)
{
  g_autofree char **argv = NULL;
  size_t n;

  argv = sbx_block_strv (&group->records, SBX_TAG_SIDECAR_COMMAND, &n);
  g_assert_nonnull (argv);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpstr (argv[1], ==, program);
}

/* Each sidecar has its own records, and none of another. */
static void
test_block_sidecars (void)
{
  SbxBlockWriter writer = { 0 };
  SbxSidecarGroup group = { 0 };
  SbxRecord record = { 0 };
  guint64 memory = 1 << 20;
  SbxBlock block;
  int fd;

  add_sidecar (&writer, SBX_SIDECAR_DISPLAY, "Xvfb");
  sbx_block_add (&writer, SBX_TAG_SIDECAR_FILE, "cookie", 6);
  add_prepare (&writer, "0123456789abcdef");
  add_sidecar (&writer, SBX_SIDECAR_BUS, "proxy");
  sbx_block_add (&writer, SBX_TAG_SIDECAR_MEMORY, &memory, sizeof memory);
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_block_open (&block, fd, SBX_BLOCK_PREPARE), ==, 0);
  close (fd);
  g_assert_true (sbx_block_next_sidecar (&block, &group));
  g_assert_cmpint (group.kind, ==, SBX_SIDECAR_DISPLAY);
  assert_command (&group, "Xvfb");
  g_assert_true (sbx_block_next (&group.records, SBX_TAG_SIDECAR_FILE, &record));
  g_assert_cmpmem (record.value, record.length, "cookie", 6);
  record = (SbxRecord){ 0 };
  g_assert_false (sbx_block_next (&group.records, SBX_TAG_SIDECAR_MEMORY, &record));
  g_assert_false (sbx_block_next (&group.records, SBX_TAG_ID, &record));
  g_assert_true (sbx_block_next_sidecar (&block, &group));
  g_assert_cmpint (group.kind, ==, SBX_SIDECAR_BUS);
  assert_command (&group, "proxy");
  g_assert_false (sbx_block_next (&group.records, SBX_TAG_SIDECAR_FILE, &record));
  g_assert_true (sbx_block_next (&group.records, SBX_TAG_SIDECAR_MEMORY, &record));
  g_assert_cmpmem (record.value, record.length, &memory, sizeof memory);
  g_assert_false (sbx_block_next_sidecar (&block, &group));
  sbx_block_close (&block);
}

static void
test_block_no_sidecars (void)
{
  SbxBlockWriter writer = { 0 };
  SbxSidecarGroup group = { 0 };
  SbxBlock block;

  add_prepare (&writer, "0123456789abcdef");
  g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_PREPARE), ==, 0);
  g_assert_false (sbx_block_next_sidecar (&block, &group));
  sbx_block_writer_clear (&writer);
}

static void
test_block_sidecars_refused (void)
{
  static const struct {
    const char *what;
    guint32 tags[8];
  } cases[] = {
    { "a record without a group", { SBX_TAG_SIDECAR_MEMORY } },
    { "without a command", { SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_FILTER } },
    { "without a filter", { SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_COMMAND } },
    { "without anything", { SBX_TAG_SIDECAR } },
    { "a record twice", { SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_COMMAND, SBX_TAG_SIDECAR_FILTER, SBX_TAG_SIDECAR_FILTER } },
    { "behind another record",
      { SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_COMMAND, SBX_TAG_SIDECAR_FILTER, SBX_TAG_PROCFS, SBX_TAG_SIDECAR_MEMORY } },
    { "a group of the same kind again",
      { SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_COMMAND, SBX_TAG_SIDECAR_FILTER, SBX_TAG_SIDECAR, SBX_TAG_SIDECAR_COMMAND,
        SBX_TAG_SIDECAR_FILTER } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    SbxBlockWriter writer = { 0 };
    SbxBlock block;

    g_test_message ("%s", cases[i].what);
    add_prepare (&writer, "0123456789abcdef");
    for (const guint32 *tag = cases[i].tags; *tag != 0; tag++)
      sbx_block_add (&writer, *tag, "\0\0\0\0\0\0\0\0", *tag == SBX_TAG_SIDECAR || *tag == SBX_TAG_PROCFS ? 4 : 8);
    g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_PREPARE), ==, -1);
    g_assert_cmpint (errno, ==, EBADMSG);
    sbx_block_writer_clear (&writer);
  }
}

/* Numbers and bits that nobody knows. */
static void
test_block_numbers_refused (void)
{
  static const struct {
    guint32 tag, value;
  } cases[] = {
    { SBX_TAG_SIDECAR, SBX_N_SIDECARS },
    { SBX_TAG_SIDECAR, G_MAXUINT32 },
    { SBX_TAG_PROCFS, SBX_PROCFS_READ_ONLY << 1 },
    { SBX_TAG_DOMAIN, SBX_DOMAIN_REQUIRED << 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    SbxBlockWriter writer = { 0 };
    SbxBlock block;

    add_prepare (&writer, "0123456789abcdef");
    sbx_block_add_u32 (&writer, cases[i].tag, cases[i].value);
    g_assert_cmpint (sbx_block_check (&block, writer.data, writer.size, SBX_BLOCK_PREPARE), ==, -1);
    g_assert_cmpint (errno, ==, EBADMSG);
    sbx_block_writer_clear (&writer);
  }
}

/* Every single bit of a good block flipped: refused or still consistent, never out of bounds (run under ASan in CI). */
static void
test_block_flips (void)
{
  static const char *const argv[] = { "prog", "arg", NULL };
  gint32 targets[] = { 0, 1, 2 };
  SbxBlockWriter writer = { 0 };

  sbx_block_add (&writer, SBX_TAG_FDMAP, targets, sizeof targets);
  sbx_block_add (&writer, SBX_TAG_INFO, "x", 1);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
  sbx_block_add_path_rule (&writer, 3, "/usr");
  for (gsize bit = 0; bit < writer.size * 8; bit++) {
    g_autofree guint8 *copy = g_memdup2 (writer.data, writer.size);
    SbxBlock block;

    copy[bit / 8] ^= (guint8) (1u << bit % 8);
    if (sbx_block_check (&block, copy, writer.size, SBX_BLOCK_START) < 0)
      continue;
    for (guint32 tag = 0; tag < SBX_N_TAGS; tag++) {
      SbxRecord record = { 0 };

      while (sbx_block_next (&block, tag, &record))
        g_assert_true ((const guint8 *) record.value + record.length <= copy + writer.size);
    }
  }
  sbx_block_writer_clear (&writer);
}

/* In a child: whether @fd is the file that @expected says (a device and inode), -1 = closed. */
static gboolean
is_file (int fd, const struct stat *expected)
{
  struct stat st;

  if (fstat (fd, &st) < 0)
    return expected == NULL;
  return expected && st.st_dev == expected->st_dev && st.st_ino == expected->st_ino;
}

static void
test_fdmap (void)
{
  int pipes[2], status;
  struct stat a, b, null;
  pid_t pid;

  g_assert_cmpint (pipe2 (pipes, O_CLOEXEC), ==, 0);
  fstat (pipes[0], &a);
  fstat (pipes[1], &b);
  stat ("/dev/null", &null);
  pid = fork ();
  if (pid == 0) {
    /* Sources on each other's targets, one of them twice, a hole at 4, nothing for 1 */
    int fds[] = { pipes[1], pipes[0], pipes[0], pipes[1] };
    gint32 targets[] = { pipes[0], pipes[1], 0, 2 };
    gboolean ok = sbx_fdmap_apply (fds, targets, 4, -1) == 0;

    ok = ok && is_file (pipes[0], &b) && is_file (pipes[1], &a) && is_file (0, &a) && is_file (2, &b);
    ok = ok && is_file (1, &null) && fcntl (pipes[0], F_GETFD) == 0;
    for (int fd = 3; ok && fd < 64; fd++)
      if (fd != pipes[0] && fd != pipes[1])
        ok = fcntl (fd, F_GETFD) != 0; /* closed, or close-on-exec */
    _exit (ok ? 0 : 1);
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  gint32 high = SBX_FDMAP_MAX_TARGET + 1;
  g_assert_cmpint (sbx_fdmap_apply (pipes, &high, 1, -1), ==, -1);
  high = -1;
  g_assert_cmpint (sbx_fdmap_apply (pipes, &high, 1, -1), ==, -1);
  close (pipes[0]);
  close (pipes[1]);
}

static void
test_landlock_rights (void)
{
  g_assert_cmphex (sbx_landlock_fs_rights (0), ==, 0);
  g_assert_cmphex (sbx_landlock_fs_rights (1), ==, 0x1fff);
  g_assert_cmphex (sbx_landlock_fs_rights (2), ==, 0x3fff);
  g_assert_cmphex (sbx_landlock_fs_rights (4), ==, 0x7fff);
  g_assert_cmphex (sbx_landlock_fs_rights (7), ==, 0xffff);
}

static void
test_names (void)
{
  for (unsigned i = 0; i < SBX_N_STEPS; i++)
    g_assert_nonnull (sbx_step_name (i));
  for (unsigned i = 0; i < SBX_N_CULPRITS; i++)
    g_assert_nonnull (sbx_culprit_name (i));
  g_assert_null (sbx_step_name (SBX_N_STEPS));
  g_assert_null (sbx_culprit_name (SBX_N_CULPRITS));
}

/* What was put, and how often. */
typedef struct {
  GString *text;
  guint n;
} Written;

static void
write_down (void *data, const char *line, size_t size)
{
  Written *written = data;

  g_string_append_len (written->text, line, (gssize) size);
  written->n++;
  g_assert_cmpuint (size, <=, SBX_LOG_LINE);
  g_assert_cmpuint (size, <=, PIPE_BUF);
  g_assert_cmpint (line[size - 1], ==, '\n');
  for (size_t i = 0; i + 1 < size; i++)
    g_assert_true (line[i] >= ' ' && line[i] <= '~');
}

static void
test_log_lines (void)
{
  static const char said[] = "one\n\ntwo\r\033[2J\0x\nsandboxd: a \\ of its own \xc2\x9b\nrest";
  SbxLogLines lines;
  Written written = { g_string_new (NULL), 0 };

  sbx_log_lines_begin (&lines, "keeper: a\nb: ");
  for (gsize i = 0; i < sizeof said - 1; i++) /* byte by byte, as a pipe may give them */
    sbx_log_lines_feed (&lines, said + i, 1, write_down, &written);
  g_assert_cmpuint (written.n, ==, 3);
  sbx_log_lines_end (&lines, write_down, &written);
  sbx_log_lines_end (&lines, write_down, &written);
  g_assert_cmpstr (written.text->str, ==,
                   "keeper: a?b: one\nkeeper: a?b: two\\x0d\\x1b[2J\\x00x\n"
                   "keeper: a?b: sandboxd: a \\\\ of its own \\xc2\\x9b\nkeeper: a?b: rest\n");
  g_string_free (written.text, TRUE);
}

static void
test_log_lines_bounds (void)
{
  g_autofree char *flood = g_strnfill (100000, 'x'), *binary = g_strnfill (100000, '\1');
  g_autofree char *beginning = g_strnfill (1000, 'b');
  SbxLogLines lines;
  Written written = { g_string_new (NULL), 0 };

  sbx_log_lines_begin (&lines, beginning);
  sbx_log_lines_feed (&lines, flood, 100000, write_down, &written);
  g_assert_cmpuint (written.n, ==, 0);
  sbx_log_lines_feed (&lines, "\n", 1, write_down, &written);
  g_assert_true (g_str_has_suffix (written.text->str, "xx...\n"));
  g_assert_cmpuint (written.text->len, ==, SBX_LOG_LINE);
  sbx_log_lines_feed (&lines, binary, 100000, write_down, &written);
  sbx_log_lines_feed (&lines, "\n", 1, write_down, &written);
  g_assert_true (g_str_has_suffix (written.text->str, "\\x01...\n"));
  for (guint i = 0; i < 1000; i++)
    sbx_log_lines_feed (&lines, "again\n", 6, write_down, &written);
  g_assert_cmpuint (written.n, ==, SBX_LOG_LINES + 1);
  g_assert_true (g_str_has_suffix (written.text->str, "(more is not shown)\n"));
  g_string_free (written.text, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/message/round-trip", test_message_round_trip);
  g_test_add_func ("/wire/message/last-words", test_message_last_words);
  g_test_add_func ("/wire/message/fields", test_message_fields);
  g_test_add_func ("/wire/message/refused", test_message_refused);
  g_test_add_func ("/wire/message/damaged", test_message_damaged);
  g_test_add_func ("/wire/message/descriptors", test_message_descriptors);
  g_test_add_func ("/wire/message/garbage", test_message_garbage);
  g_test_add_func ("/wire/block/round-trip", test_block_round_trip);
  g_test_add_func ("/wire/block/refused", test_block_refused);
  g_test_add_func ("/wire/block/kinds", test_block_kinds);
  g_test_add_func ("/wire/block/info-required", test_block_info_required);
  g_test_add_func ("/wire/block/sidecars", test_block_sidecars);
  g_test_add_func ("/wire/block/no-sidecars", test_block_no_sidecars);
  g_test_add_func ("/wire/block/sidecars-refused", test_block_sidecars_refused);
  g_test_add_func ("/wire/block/numbers-refused", test_block_numbers_refused);
  g_test_add_func ("/wire/block/flips", test_block_flips);
  g_test_add_func ("/wire/bus-log/refusals", test_bus_log_refusals);
  g_test_add_func ("/wire/bus-log/hostile", test_bus_log_hostile);
  g_test_add_func ("/wire/bus-log/full", test_bus_log_full);
  g_test_add_func ("/wire/log-lines/plain", test_log_lines);
  g_test_add_func ("/wire/log-lines/bounds", test_log_lines_bounds);
  g_test_add_func ("/wire/fdmap", test_fdmap);
  g_test_add_func ("/wire/landlock/rights", test_landlock_rights);
  g_test_add_func ("/wire/names", test_names);
  return g_test_run ();
}
