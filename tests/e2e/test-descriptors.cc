/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* More descriptors than a bus takes in one message. */
#include <array>
#include <gio/gunixfdlist.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

/* The bus of these tests takes 16 descriptors in a message, as Debian's does. */
class ManyDescriptors : public OnBus {
protected:
  Argv
  files (int n)
  {
    Argv all;

    for (int i = 0; i < n; i++) {
      all.push_back (home () + "/f" + std::to_string (i));
      write_file (all.back (), std::to_string (i) + "\n");
    }
    return all;
  }
  Outcome
  count (int n)
  {
    Argv words = { "sh", "-c", "cat \"$@\" | wc -l", "sh", "@@" }, all = files (n);

    words.insert (words.end (), all.begin (), all.end ());
    words.push_back ("@@");
    return run_in ({ "--profile=mpv", "--file-forwarding" }, words);
  }
};

TEST_F (ManyDescriptors, TwoHundredFilesAreOpened)
{
  for (int n : { 1, 12, 13, 40, 200 }) {
    Outcome outcome = count (n);

    EXPECT_TRUE (succeeds (outcome)) << n;
    EXPECT_EQ (outcome.out, std::to_string (n) + "\n");
  }
}

TEST_F (ManyDescriptors, MoreIsRefusedByItsName)
{
  EXPECT_TRUE (fails_with (count (201), 125, { "more than 200 files" }));
}

/* The control: the bus ends a connection over which they come in one message. */
TEST_F (ManyDescriptors, OneMessageTakesFewer)
{
  auto call = [&] (int n) {
    g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
    g_autoptr (GError) error = nullptr;
    g_autoptr (GVariant) reply = nullptr;

    for (int i = 0; i < n; i++)
      g_unix_fd_list_append (list, 0, nullptr);
    reply = g_dbus_connection_call_with_unix_fd_list_sync (connection (), "org.freedesktop.DBus", "/",
                                                           "org.freedesktop.DBus", "GetId", nullptr, nullptr,
                                                           G_DBUS_CALL_FLAGS_NONE, -1, list, nullptr, nullptr, &error);
    return reply != nullptr;
  };

  EXPECT_TRUE (call (16));
  EXPECT_FALSE (call (17));
  disconnect ();
}

TEST_F (ManyDescriptors, InheritedOnesTooAlsoByExec)
{
  std::string script = "for i in $(seq 10 40); do eval \"exec $i</dev/null\"; done; exec \"$@\"";
  Argv count = { "sh", "-c", "n=0; for i in $(seq 10 40); do [ -e /proc/self/fd/$i ] && n=$((n + 1)); done; echo $n" };
  auto with_many = [&] (Argv verb) {
    Argv all = { "bash", "-c", script, "bash" }, words = ctl (verb);

    all.insert (all.end (), words.begin (), words.end ());
    all.push_back ("--");
    all.insert (all.end (), count.begin (), count.end ());
    Command command (all);
    command.cwd = home ();
    return run (command);
  };
  Outcome outcome = with_many ({ "run" });

  EXPECT_EQ (outcome.out, "31\n") << outcome.err;
  std::string id = launch_detached ({}, { "sleep", "1000" });
  outcome = with_many ({ "exec", id });
  EXPECT_EQ (outcome.out, "31\n") << outcome.err;
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* What comes over such a socket is looked at like everything else. */
TEST_F (ManyDescriptors, BadSocketsAreRefused)
{
  auto launch = [&] (int sock) {
    g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
    g_autoptr (GError) error = nullptr;
    g_autoptr (GVariant) reply = nullptr;
    GVariantBuilder options;

    g_unix_fd_list_append (list, sock, nullptr);
    g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&options, "{sv}", "descriptors", g_variant_new_handle (0));
    reply = g_dbus_connection_call_with_unix_fd_list_sync (
        connection (), "org.example.Sandbox", "/org/example/Sandbox", "org.example.Sandbox", "Launch",
        g_variant_new ("(s@aaya{sv})", "default", g_variant_new_bytestring_array (std::array{ "true" }.data (), 1),
                       &options),
        nullptr, G_DBUS_CALL_FLAGS_NONE, -1, list, nullptr, nullptr, &error);
    return std::string (reply ? "no error" : error->message);
  };
  int pair[2];

  EXPECT_NE (launch (0).find ("SOCK_SEQPACKET"), std::string::npos);
  ASSERT_EQ (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  EXPECT_NE (launch (pair[0]).find ("close your end"), std::string::npos);
  close (pair[1]);
  EXPECT_NE (launch (pair[0]).find ("carries 0"), std::string::npos);
  close (pair[0]);
}
