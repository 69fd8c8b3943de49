/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which sandbox a process is in: asked from outside and from inside, about everybody. */
#include <cmath>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <gio/gunixfdlist.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "facility.h"

using namespace e2e;

class Identify : public Facility {
protected:
  Identify () : Facility (Bus::SESSION)
  {
  }
  void
  SetUp () override
  {
    Facility::SetUp ();
    if (HasFatalFailure ())
      return;
    start_authority (true); /* handlers are asked for */
    add_profile ("nesting", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + programs ()
                                + ":ro;\n[Session Bus Policy]\norg.example.Sandbox=talk\n");
  }
  void
  TearDown () override
  {
    for (const Record &one : records ())
      if (one.state == "running")
        sandboxctl ({ "stop", "--grace=0", one.id });
    Facility::TearDown ();
  }
  static std::string
  programs ()
  {
    return std::filesystem::path (places ().sandboxctl).parent_path ();
  }
  /* What `identify @word` says outside: an id, or "0". */
  std::string
  of (const std::string &word)
  {
    Outcome outcome = sandboxctl ({ "identify", word });
    std::string answer = outcome.out.substr (0, outcome.out.find ('\n'));

    EXPECT_EQ (outcome.status, answer == "0" ? 1 : 0) << outcome.err;
    return answer;
  }
  std::string
  of (pid_t pid)
  {
    return of (std::to_string (pid));
  }
  /* For a shell inside. */
  std::string
  script (const std::string &text)
  {
    return "ctl () { " + places ().sandboxctl + " \"$@\"; }; " + text;
  }
  std::string
  nest (const std::string &text, const std::string &app = "org.example.Nesting")
  {
    return launch_detached ({ "--profile=nesting", "--app-id=" + app }, { "sh", "-c", script (text) });
  }
  /* Asks with the descriptor itself. The id, or the error's name. */
  std::string
  ask (int fd)
  {
    g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
    g_autoptr (GError) error = nullptr;
    g_autoptr (GVariant) value = nullptr;
    g_autofree char *name = nullptr;
    guint64 id = 0;
    const char *path;

    EXPECT_EQ (g_unix_fd_list_append (fds, fd, nullptr), 0);
    value = g_dbus_connection_call_with_unix_fd_list_sync (
        connection (), "org.example.Sandbox", "/org/example/Sandbox", "org.example.Sandbox", "Identify",
        g_variant_new ("(h)", 0), nullptr, G_DBUS_CALL_FLAGS_NONE, patience_ms (), fds, nullptr, nullptr, &error);
    if (!value) {
      name = g_dbus_error_get_remote_error (error);
      return name ? name : error->message;
    }
    g_variant_get (value, "(t&o)", &id, &path);
    return std::to_string (id) + " " + path;
  }
};

static Fd
pidfd_of (pid_t pid)
{
  return Fd (static_cast<int> (syscall (SYS_pidfd_open, pid, 0)));
}

/* The children of @record's application, as the host numbers them, when there are @n. */
static std::vector<ProcessInfo>
children_of (const Record &record, size_t n)
{
  std::vector<ProcessInfo> all;

  EXPECT_TRUE (eventually ([&] { return (all = descendants (record.pid)).size () == n; })) << describe (all);
  return all;
}

TEST_F (Identify, FromOutside)
{
  std::string one = launch_detached ({}, { "sh", "-c", "sleep 1000 & sleep 1001 & wait" }),
              two = launch_detached ({}, { "sleep", "1000" });

  EXPECT_EQ (of (record (one).pid), one);
  EXPECT_EQ (of (record (one).init), one);
  for (const ProcessInfo &child : children_of (record (one), 2))
    EXPECT_EQ (of (child.pid), one) << child.command;
  EXPECT_EQ (of (record (two).pid), two);
  /* What serves a sandbox and is outside, and everything else */
  EXPECT_EQ (of (record (one).keeper), "0");
  EXPECT_EQ (of (bwrap_of (record (one))), "0");
  EXPECT_EQ (of (getpid ()), "0");
  EXPECT_EQ (of ("1"), "0");
  EXPECT_EQ (of ("--self"), "0");
  for (pid_t service : services ())
    EXPECT_EQ (of (service), "0");
  Json answer = Json::parse (sandboxctl ({ "identify", "--json", std::to_string (record (one).pid) }).out);
  EXPECT_EQ (answer["id"].text (), one);
  EXPECT_EQ (answer["path"].text (), "/org/example/Sandbox/instances/" + one);
  EXPECT_EQ (Json::parse (sandboxctl ({ "identify", "--json", "--self" }).out)["path"].text (), "/");
}

/* exec's processes are the instance's, a handler's are its own, and the bus proxy is nobody's. */
TEST_F (Identify, ExecHandlerAndProxy)
{
  std::string id = nest ("sleep 1000");
  Process peer (command ({ "exec", id, "--", "sh", "-c", "echo there; exec sleep 1001" }));

  ASSERT_TRUE (peer.expect ("there"));
  for (const ProcessInfo &process : descendants (record (id).init))
    EXPECT_EQ (of (process.pid), id) << process.command;
  Process handler (command ({ "attach", id, "--profile=tracer", "--", "sh", "-c", "sleep 1002 & echo there; wait" }));
  ASSERT_TRUE (handler.expect ("there"));
  Record attached = new_instance ({ id });
  EXPECT_EQ (of (attached.pid), attached.id);
  EXPECT_EQ (of (attached.init), attached.id);
  for (const ProcessInfo &child : children_of (attached, 1))
    EXPECT_EQ (of (child.pid), attached.id) << child.command;
  bool seen = false;
  for (const ProcessInfo &process : descendants (record (id).keeper))
    if (process.name == "xdg-dbus-proxy") {
      EXPECT_EQ (of (process.pid), "0");
      seen = true;
    }
  EXPECT_TRUE (seen) << "there is a proxy to ask about";
  /* Across a restart of the service */
  kill_services ();
  EXPECT_EQ (of (attached.pid), attached.id);
  EXPECT_EQ (of (record (id).pid), id);
}

/* Namespaces that the application makes change nothing. */
TEST_F (Identify, NamespacesOfTheApplication)
{
  std::string id = launch_detached ({ "--profile=devel" }, { "unshare", "--user", "--map-root-user", "--mount", "--pid",
                                                             "--fork", "sh", "-c", "sleep 1000 & sleep 1001" });

  for (const ProcessInfo &process : children_of (record (id), 3))
    EXPECT_EQ (of (process.pid), id) << process.command;
}

/* With a descriptor that came from outside. */
static constexpr char ASK_ABOUT_7[] =
    "from gi.repository import Gio, GLib\n"
    "bus = Gio.bus_get_sync(Gio.BusType.SESSION)\n"
    "answer, _ = bus.call_with_unix_fd_list_sync('org.example.Sandbox', '/org/example/Sandbox', "
    "'org.example.Sandbox',\n"
    "    'Identify', GLib.Variant('(h)', (0,)), None, 0, -1, Gio.UnixFDList.new_from_array([7]), None)\n"
    "print('%016x' % answer.unpack()[0] if answer.unpack()[0] else 0)\n";

/* From inside: its own, those below it; nobody else. Each process that it is told nothing of is one that the user is
 * told of outside. */
TEST_F (Identify, FromInside)
{
  std::string fds = dir () + "/fds", sibling = nest ("sleep 1000", "org.example.Sibling");
  std::string parent = nest ("ctl run --detach --profile=nesting -- sleep 1000; sleep 1000");
  Record child = new_instance ({ sibling, parent });
  Process handler (command ({ "attach", parent, "--profile=tracer", "--", "sh", "-c", "echo there; exec sleep 1002" }));

  ASSERT_TRUE (handler.expect ("there"));
  Record attached = new_instance ({ sibling, parent, child.id });
  const struct {
    const char *who;
    pid_t pid;
    std::string outside, from_parent, from_child;
  } rows[] = {
    { "parent", record (parent).pid, parent, parent, "0" },
    { "its PID 1", record (parent).init, parent, parent, "0" },
    { "child", child.pid, child.id, child.id, child.id },
    { "sibling", record (sibling).pid, sibling, "0", "0" },
    { "handler", attached.pid, attached.id, "0", "0" },
    { "keeper", record (parent).keeper, "0", "0", "0" },
    { "host", getpid (), "0", "0", "0" },
  };
  for (const auto &row : rows) {
    Fd fd = pidfd_of (row.pid);

    EXPECT_EQ (of (row.pid), row.outside) << row.who;
    for (const std::string &asker : { parent, child.id }) {
      Command asking = command ({ "exec", asker, "--fd=7", "--", "python3", "-c", ASK_ABOUT_7 });

      asking.fds[7] = fd.get ();
      Outcome outcome = run (asking);
      EXPECT_EQ (outcome.out, (asker == parent ? row.from_parent : row.from_child) + "\n")
          << row.who << " asked by " << (asker == parent ? "parent" : "child") << ": " << outcome.err;
    }
  }
}

/* By the number, as a program inside has it. */
TEST_F (Identify, ByNumberFromInside)
{
  std::string id = nest ("sleep 1000");
  auto inside = [&] (const std::string &text) {
    return sandboxctl ({ "exec", id, "--", "sh", "-c", script (text) }).out;
  };

  EXPECT_EQ (inside ("ctl identify --self; ctl identify $$; ctl identify 1"), id + "\n" + id + "\n" + id + "\n");
  /* A handler has a number inside as well */
  Process handler (command ({ "attach", id, "--profile=tracer", "--", "sh", "-c", "echo $$; exec sleep 1002" }));
  ASSERT_TRUE (handler.expect ("\n"));
  EXPECT_EQ (inside ("ctl identify " + handler.out ().substr (0, handler.out ().find ('\n'))), "0\n");
}

TEST_F (Identify, WhatIsNoProcess)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });
  Fd pidfd = pidfd_of (record (id).pid), null (open ("/dev/null", O_RDONLY | O_CLOEXEC)),
     directory (open (("/proc/" + std::to_string (record (id).pid)).c_str (), O_RDONLY | O_DIRECTORY | O_CLOEXEC));

  EXPECT_EQ (ask (null.get ()), "org.example.Sandbox.Error.BadOption");
  EXPECT_EQ (ask (directory.get ()), "org.example.Sandbox.Error.BadOption");
  EXPECT_EQ (ask (pidfd.get ()).substr (0, 2) == "0 ", false);
  /* An ended one is in none */
  EXPECT_TRUE (succeeds (sandboxctl ({ "kill", "-s", "KILL", id })));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (ask (pidfd.get ()), "0 /");
  EXPECT_TRUE (fails_with (sandboxctl ({ "identify", "999999999" }), 125, { "process 999999999" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "identify", "one" }), 125, { "\"one\"" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "identify" }), 125, { "one process" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "identify", "--self", "1" }), 125, { "one process" }));
}

/* Ids are never used again, and say nothing of how many there were. */
TEST_F (Identify, IdsAcrossKilledServices)
{
  const int N = rounds (200), most = static_cast<int> (3 * std::sqrt (N)) + 1;
  std::set<std::string> ids;
  std::string before;
  int upwards = 0;

  for (int i = 0; i < N; i++) {
    std::string id = launch_detached ({}, { "true" });

    upwards += id > before;
    before = id;
    ASSERT_TRUE (ids.insert (id).second) << id << " for the second time";
    if (i % 10 == 9)
      kill_services ();
  }
  /* As often as not: half of them, with six standard deviations to each side */
  EXPECT_GT (upwards, N / 2 - most);
  EXPECT_LT (upwards, N / 2 + most);
}
