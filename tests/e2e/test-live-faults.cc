/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeper, its children, and the service, killed at each step of a change of what runs: the instance is as before or as
 * after, and show says which. */
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>

#include "fault-points.h"
#include "live-stage.h"

/* Something that is changed, seen from inside and in the policy. */
struct Change {
  const char *name;
  const char *options; /* of the start, HOME put in; two words at most */
  const char *verb;
  const char *argument;
  const char *probe;  /* of the shell: succeeds before (Restrict), or after (Grant) */
  const char *policy; /* in the policy that is shown, as long as the probe succeeds */
};

class LiveFaults : public Live, public ::testing::WithParamInterface<Change> {
protected:
  std::string
  fill (std::string text) const
  {
    for (size_t at; (at = text.find ("HOME")) != std::string::npos;)
      text.replace (at, 4, home ());
    return text;
  }
  void
  SetUp () override
  {
    set_env ("SANDBOX_DUMPABLE", "1"); /* the service is traced */
    Live::SetUp ();
    make_file (home () + "/given/file", "given");
    /* The service finds the one that is traced in the place of the keeper */
    fs::rename (libexec () + "/sandbox-keeper", libexec () + "/real-keeper");
    fs::copy_file (fs::path (places ().probe).parent_path () / "fault-keeper", libexec () + "/sandbox-keeper");
  }
  std::string
  start_one ()
  {
    return launch_detached ({ "--profile=default", fill (GetParam ().options) }, { "sleep", "1000" });
  }
  pid_t
  service ()
  {
    g_autoptr (GVariant) reply =
        g_dbus_connection_call_sync (connection (), "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
                                     "GetConnectionUnixProcessID", g_variant_new ("(s)", "org.example.Sandbox"),
                                     G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
    guint32 pid = 0;

    if (reply)
      g_variant_get (reply, "(u)", &pid);
    return static_cast<pid_t> (pid);
  }
  /* Has it changed, with the service killed at the step; whether there was such a step. */
  bool
  change (const std::string &id, pid_t victim, unsigned nth)
  {
    FaultPoint point (victim, nth);
    Process process (command ({ GetParam ().verb, id, fill (GetParam ().argument) }));

    while (process.running ()) {
      point.go_on ();
      std::this_thread::sleep_for (std::chrono::microseconds (100));
    }
    return point.has_hit ();
  }
  /* The same of the keeper, 'k', or a child of it, 'c'. */
  bool
  change (const std::string &id, char who, unsigned nth)
  {
    std::string keeper = std::to_string (record (id).keeper);

    std::ofstream (libexec () + "/fault.new") << keeper << ' ' << who << ' ' << nth << '\n';
    fs::remove (libexec () + "/hit");
    fs::rename (libexec () + "/fault.new", libexec () + "/fault");
    EXPECT_TRUE (eventually ([&] { return fs::exists (libexec () + "/armed"); }));
    (void) sandboxctl ({ GetParam ().verb, id, fill (GetParam ().argument) });
    fs::remove (libexec () + "/armed");
    EXPECT_TRUE (eventually ([&] { return fs::exists (libexec () + "/disarmed." + keeper); }));
    return fs::exists (libexec () + "/hit");
  }
  static std::string
  libexec ()
  {
    const char *value = getenv ("SANDBOX_LIBEXECDIR");

    return value ? value : "";
  }
  /* What is shown, and what is so, are the same. */
  void
  expect_one_of_both (const std::string &id, const std::string &where)
  {
    bool shown = false, is = true;

    EXPECT_TRUE (eventually ([&] { /* a keeper goes on without the service that has asked */
                                   std::string text = sandboxctl ({ "show", id }).out;

                                   shown = text.find (fill (GetParam ().policy), text.find ("\nPolicy"))
                                           != std::string::npos;
                                   is = works (id, fill (GetParam ().probe));
                                   return shown == is;
    })) << where
        << ": shown " << shown << ", is " << is;
  }
};

/* Of a keeper nothing is left, nor of its instance. */
TEST_P (LiveFaults, Keeper)
{
  unsigned n = 1;

  for (bool more = true; more && !HasFailure (); n++) {
    std::string id = start_one ();
    Record r = record (id);

    more = change (id, 'k', n);
    if (!more) {
      expect_one_of_both (id, "at the end");
      EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
      break;
    }
    EXPECT_TRUE (wait_for_state (id, "exited")) << n;
    EXPECT_TRUE (eventually ([&] { return !process_exists (r.pid); })) << n;
    EXPECT_EQ (sandboxctl ({ "show", id }).status, 0) << n; /* its record is one or the other, and can be read */
  }
  EXPECT_GT (n, 5u);
}

/* A child that is killed has a successor, which goes on. */
TEST_P (LiveFaults, Child)
{
  unsigned n = 1;

  for (bool more = true; more && !HasFailure (); n += 1 + n / 12) {
    std::string id = start_one ();

    more = change (id, 'c', n);
    ASSERT_EQ (record (id).state, "running") << n;
    expect_one_of_both (id, "child, step " + std::to_string (n));
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  }
  EXPECT_GT (n, 5u);
}

/* The keeper goes on, or has not been told yet. */
TEST_P (LiveFaults, Service)
{
  unsigned n = 1;

  for (bool more = true; more && !HasFailure (); n += 1 + n / 12) {
    std::string id = start_one ();
    pid_t pid = service ();

    ASSERT_GT (pid, 0);
    more = change (id, pid, n);
    expect_one_of_both (id, "service, step " + std::to_string (n));
    EXPECT_EQ (record (id).state, "running") << n;
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  }
  EXPECT_GT (n, 5u);
}

INSTANTIATE_TEST_SUITE_P (
    , LiveFaults,
    ::testing::Values (Change{ "files", "--filesystem=HOME/doc", "restrict", "--nofilesystem=HOME/doc",
                               "cat HOME/doc/file", "HOME/doc" },
                       Change{ "buses", "--talk-name=org.freedesktop.DBus.Here", "restrict",
                               "--no-talk-name=org.freedesktop.DBus.Here", "test -S /run/sandbox/bus/session",
                               "org.freedesktop.DBus.Here=talk" },
                       Change{ "limits", "--limit=nofile=500", "restrict", "--limit=nofile=100", "ulimit -n 400",
                               "nofile=500" },
                       Change{ "grant", "--filesystem=HOME/doc", "grant", "--filesystem=HOME/given:ro",
                               "cat HOME/given/file", "HOME/given:ro" }),
    [] (const ::testing::TestParamInfo<Change> &info) { return std::string (info.param.name); });
