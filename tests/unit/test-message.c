/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages over a socket: what a channel lets through, and what it does not. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/block.h"
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
  sent.denial = (SbxDenial){ .source = SBX_DENIAL_BUS,
                             .need = SBX_BUS_NEEDS_OWN,
                             .count = 7,
                             .from = 1,
                             .to = G_MAXINT64,
                             .process = "sh",
                             .object = "org.example.A",
                             .action = "org.example.I.M" };
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
  g_assert_cmpint (got.denial.from, ==, 1);
  g_assert_cmpint (got.denial.to, ==, G_MAXINT64);
  g_assert_cmpstr (got.denial.process, ==, "sh");
  g_assert_cmpstr (got.denial.object, ==, "org.example.A");
  g_assert_cmpstr (got.denial.action, ==, "org.example.I.M");

  sent.type = SBX_MSG_STARTED;
  g_assert_cmpint (sbx_message_send (pair[0], &sent, NULL, 0), ==, 0);
  g_assert_cmpint (receive (pair[1], SBX_CHANNEL_KEEPER_TO_DAEMON, &got, &n), ==, 1);
  g_assert_cmpint (got.start_time, ==, 5);
  close (pair[0]);
  close (pair[1]);
}

#define DENIAL(of, word, times, name, member)                                                                          \
  {                                                                                                                    \
    .source = (of), .need = (word), .count = (times), .process = "sh", .object = (name), .action = (member)            \
  }

/* A refused call, with further fields. */
#define CALL(...)                                                                                                      \
  {                                                                                                                    \
    .source = SBX_DENIAL_CALL, .need = 1, .count = 1, .object = "setns", .action = "any", __VA_ARGS__                  \
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
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_PREPARE }, 1 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_FURNISH }, 1 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_FURNISH }, 3 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_START }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_EXITED }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_STOP, .value = -1 }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_GET_PROCFS, .value = SBX_PROCFS_PRIVATE }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_GET_PROCFS, .value = SBX_PROCFS_NO_WRITING }, 0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER,
      { .type = SBX_MSG_GET_PROCFS, .value = SBX_PROCFS_PTRACEABLE | SBX_PROCFS_NO_ACCESS },
      0 },
    { SBX_CHANNEL_DAEMON_TO_KEEPER, { .type = SBX_MSG_GET_PROCFS }, 1 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_PROCFS, .job = 1 }, 0 },
    { SBX_CHANNEL_INIT_TO_KEEPER, { .type = SBX_MSG_READY }, 1 },
    { SBX_CHANNEL_INIT_TO_KEEPER, { .type = 99 }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_ENDED, .value = SBX_N_CULPRITS }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_ENDED, .leftovers = -1 }, 0 },
    { SBX_CHANNEL_INIT_TO_KEEPER, { .type = SBX_MSG_LEFTOVERS }, 0 },
    { SBX_CHANNEL_INIT_TO_KEEPER, { .type = SBX_MSG_LEFTOVERS, .value = 1, .job = 1 }, 0 },
    { SBX_CHANNEL_KEEPER_TO_INIT, { .type = SBX_MSG_LEFTOVERS, .value = 1 }, 0 },
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
      { .type = SBX_MSG_DENIED, .slot = SBX_DENIALS, .denial = DENIAL (SBX_DENIAL_BUS, 2, 1, "a.b", "c.d") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_N_DENIAL_SOURCES, 2, 1, "a.b", "c.d") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_BUS, 4, 1, "a.b", "c.d") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_BUS, 0, 1, "a.b", "c.d") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_BUS, 2, 0, "a.b", "c.d") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_BUS, 2, 1, "a b", "c.d") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_BUS, 2, 1, "a.b", "") }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_CALL, 1, 1, "a.b", "any") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_CALL, 2, 1, "setns", "any") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_CALL, 1, 1, "setns", "0=\033") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_NETWORK, 5, 1, "fd77::1", "tcp:443") },
      1 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_NETWORK, 2, 1, "10.0.0.1 ", "tcp:443") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON,
      { .type = SBX_MSG_DENIED, .denial = DENIAL (SBX_DENIAL_NETWORK, 2, 1, "10.0.0.1", "tcp:\n") },
      0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_DENIED, .denial = CALL (.process = "\033[31m") }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_DENIED, .denial = CALL (.process = "sixteen of them.") }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_DENIED, .denial = CALL (.from = -1) }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_ASKED, .slot = SBX_ASKED_NAMES, .value = 1, .text = "a" }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_ASKED, .text = "a" }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_ASKED, .value = 1 }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_ASKED, .value = 1, .text = "A" }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_ASKED, .value = 1, .text = "a\033[2J" }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_ASKED, .value = 1, .start_time = -1, .text = "a" }, 0 },
    { SBX_CHANNEL_KEEPER_TO_DAEMON, { .type = SBX_MSG_ASKED, .value = 1, .text = "a" }, 1 },
    { SBX_CHANNEL_KEEPER_TO_INIT, { .type = SBX_MSG_ASKED, .value = 1, .text = "a" }, 0 },
    { SBX_CHANNEL_INIT_TO_KEEPER, { .type = SBX_MSG_ASKS }, 0 },
    { SBX_CHANNEL_INIT_TO_KEEPER, { .type = SBX_MSG_STARTED }, 1 },
    { SBX_CHANNEL_KEEPER_TO_INIT, { .type = SBX_MSG_ASKS }, 1 },
  };
  int spare[SBX_MESSAGE_FDS] = { STDIN_FILENO }; /* as are all: it is 0 */

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
  return g_test_run ();
}
