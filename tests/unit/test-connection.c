/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How sandboxctl takes the words of a bus daemon and of a keeper. */
#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/link/bus-error.h"
#include "cli/link/connection.h"
#include "cli/link/lifeline.h"

static void
send_event (int fd, guint32 type, int value)
{
  SbxMessage message = { .type = type, .value = value, .pid = 1 };

  g_assert_cmpint (sbx_message_send (fd, &message, NULL, 0), ==, 0);
}

static void
test_lifeline (void)
{
  g_auto (SbxLifeline) lifeline = { .fd = -1 };
  g_autoptr (GError) error = NULL;
  SbxMessage message;
  size_t n_fds;
  int other, fds[SBX_MESSAGE_FDS];

  g_assert_true (sbx_lifeline_init (&lifeline, &other, &error));
  sbx_lifeline_read (&lifeline);
  g_assert_false (lifeline.started || lifeline.exited || lifeline.ended || lifeline.closed || lifeline.failed);
  send_event (other, SBX_MSG_STARTED, 0);
  send_event (other, SBX_MSG_EXITED, W_EXITCODE (5, 0));
  sbx_lifeline_read (&lifeline);
  g_assert_true (lifeline.started && lifeline.exited && !lifeline.ended);
  g_assert_cmpint (lifeline.wait_status, ==, W_EXITCODE (5, 0));
  sbx_lifeline_send_signal (&lifeline, SIGHUP, TRUE);
  g_assert_cmpint (sbx_message_recv (other, SBX_CHANNEL_CALLER_TO_KEEPER, &message, fds, &n_fds, NULL), ==, 1);
  g_assert_cmpint (message.value, ==, SIGHUP);
  g_assert_cmpint (message.detail, ==, 1);
  send_event (other, SBX_MSG_ENDED, SBX_CULPRIT_STOPPED);
  close (other);
  sbx_lifeline_read (&lifeline);
  g_assert_true (lifeline.ended && lifeline.closed);
  sbx_lifeline_send_signal (&lifeline, SIGTERM, FALSE); /* no harm */
}

/* What is no message of the channel's closes it. */
static void
test_lifeline_nonsense (void)
{
  g_auto (SbxLifeline) lifeline = { .fd = -1 };
  g_autoptr (GError) error = NULL;
  int other;

  g_assert_true (sbx_lifeline_init (&lifeline, &other, &error));
  g_assert_cmpint (send (other, "nonsense", 8, 0), ==, 8);
  sbx_lifeline_wait_for_failure (&lifeline, 1000);
  g_assert_true (lifeline.closed);
  g_assert_false (lifeline.started);
  close (other);
}

/* A bus that says @words at once and then closes. */
static void
test_connection_refused (gconstpointer data)
{
  const char *words = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxConnection) connection = NULL;
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_assert_cmpint (send (pair[1], words, strlen (words), MSG_NOSIGNAL), ==, (gssize) strlen (words));
  shutdown (pair[1], SHUT_WR);
  connection = sbx_connection_new_for_peer (pair[0], &error);
  g_assert_null (connection);
  g_assert_nonnull (error);
  close (pair[1]);
}

/* One message each way, in pieces, with a descriptor. */
static void
test_connection (void)
{
  static const char handshake[] = "OK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxConnection) connection = NULL;
  g_autoptr (SbxBusMessage) call = sbx_bus_message_new_call (NULL, "/a", "org.example.A", "B", NULL), got = NULL;
  g_autoptr (GDBusMessage) called = g_dbus_message_new_method_call (NULL, "/a", "org.example.A", "B"), reply = NULL;
  g_autoptr (GDBusMessage) signal = g_dbus_message_new_signal ("/a", "org.example.A", "C");
  g_autofree guchar *one = NULL, *two = NULL;
  const char *answer;
  guint32 serial;
  gsize n_one, n_two;
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_assert_cmpint (send (pair[1], handshake, strlen (handshake), 0), ==, (gssize) strlen (handshake));
  connection = sbx_connection_new_for_peer (pair[0], &error);
  g_assert_no_error (error);
  g_assert_null (sbx_connection_receive (connection, 0, &error));
  g_assert_no_error (error);
  serial = sbx_connection_send (connection, call, NULL, &error);
  g_assert_no_error (error);

  g_dbus_message_set_serial (signal, 1);
  one = g_dbus_message_to_blob (signal, &n_one, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_dbus_message_set_serial (called, serial);
  reply = g_dbus_message_new_method_reply (called);
  g_dbus_message_set_serial (reply, 2);
  g_dbus_message_set_body (reply, g_variant_new ("(s)", "answer"));
  two = g_dbus_message_to_blob (reply, &n_two, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (send (pair[1], one, 10, 0), ==, 10);
  g_assert_null (sbx_connection_receive (connection, 10, &error));
  g_assert_no_error (error);
  g_assert_cmpint (send (pair[1], one + 10, n_one - 10, 0), ==, (gssize) (n_one - 10));
  g_assert_cmpint (send (pair[1], two, n_two, 0), ==, (gssize) n_two);

  got = sbx_connection_wait_for_message (connection, serial, &error);
  g_assert_no_error (error);
  g_variant_get (got->body, "(&s)", &answer);
  g_assert_cmpstr (answer, ==, "answer");
  g_clear_pointer (&got, sbx_bus_message_free);
  got = sbx_connection_receive (connection, 0, &error); /* kept while the reply was waited for */
  g_assert_cmpstr (got->member, ==, "C");
  close (pair[1]);
  g_clear_pointer (&got, sbx_bus_message_free);
  got = sbx_connection_receive (connection, -1, &error);
  g_assert_null (got);
  g_assert_error (error, SBX_BUS_ERROR, SBX_BUS_ERROR_CLOSED);
}

static void
test_addresses (void)
{
  static const char *const rows[] = { "",
                                      "tcp:host=localhost,port=1",
                                      "autolaunch:",
                                      "unix:tmpdir=/tmp",
                                      "unix:path=",
                                      "unix:path=/no/such/socket;unix:abstract=no-such-socket-either" };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxConnection) connection = sbx_connection_new_for_address (rows[i], &error);

    g_assert_null (connection);
    g_assert_nonnull (error);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/lifeline/events", test_lifeline);
  g_test_add_func ("/cli/lifeline/nonsense", test_lifeline_nonsense);
  g_test_add_data_func ("/cli/connection/closed", "", test_connection_refused);
  g_test_add_data_func ("/cli/connection/rejected", "REJECTED EXTERNAL\r\n", test_connection_refused);
  g_test_add_data_func ("/cli/connection/no-descriptors", "OK 00\r\nERROR\r\n", test_connection_refused);
  g_test_add_data_func ("/cli/connection/cut-off", "OK 00\r\nAGREE", test_connection_refused);
  g_test_add_func ("/cli/connection/messages", test_connection);
  g_test_add_func ("/cli/connection/addresses", test_addresses);
  return g_test_run ();
}
