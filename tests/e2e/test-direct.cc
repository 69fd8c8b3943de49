/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's own socket beside the bus: the same answers, through the same gates, and for nobody else. */
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <gio/gunixfdlist.h>
#include <memory>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

static constexpr char NAME[] = "org.example.Sandbox";
static constexpr char PATH[] = "/org/example/Sandbox";
static constexpr char INSTANCE[] = "org.example.Sandbox.Instance";
static constexpr char PROPERTIES[] = "org.freedesktop.DBus.Properties";

using Connection = std::unique_ptr<GDBusConnection, decltype (&g_object_unref)>;

class Direct : public OnBus {
protected:
  std::vector<std::string>
  sockets () const
  {
    std::vector<std::string> found;

    for (const auto &entry : fs::directory_iterator (instances ()))
      if (entry.path ().filename ().string ().rfind ("bus-", 0) == 0)
        found.push_back (entry.path ());
    return found;
  }
  /* The only one; starts a service if there is none. */
  std::string
  place ()
  {
    EXPECT_TRUE (succeeds (sandboxctl ({ "ps" })));
    EXPECT_TRUE (eventually ([&] { return sockets ().size () == 1; }));
    return sockets ().empty () ? "" : sockets ()[0];
  }
  Connection
  join (const std::string &path)
  {
    g_autoptr (GError) error = nullptr;
    GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
        ("unix:path=" + path).c_str (), G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, nullptr, nullptr, &error);

    if (!connection)
      throw std::runtime_error (error->message);
    g_dbus_connection_set_exit_on_close (connection, FALSE);
    return { connection, g_object_unref };
  }
  /* A connected socket that says nothing. */
  static Fd
  knock (const std::string &path)
  {
    struct sockaddr_un address = {};
    Fd fd (socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

    address.sun_family = AF_UNIX;
    path.copy (address.sun_path, sizeof address.sun_path - 1);
    if (connect (fd.get (), reinterpret_cast<struct sockaddr *> (&address), sizeof address) < 0)
      fd.reset ();
    return fd;
  }
  pid_t
  bus_daemon ()
  {
    for (const auto &p : descendants (getpid ()))
      if (p.name == "dbus-daemon")
        return p.pid;
    return -1;
  }
  /* Prints what the socket says to a client's first words: OK and more, if it is let in. */
  static Argv
  ask (const std::string &path)
  {
    static const std::string script =
        "import socket, sys\ns = socket.socket (socket.AF_UNIX)\ns.connect (sys.argv[1])\n"
        "s.sendall (b'\\0AUTH EXTERNAL ' + sys.argv[2].encode ().hex ().encode () + b'\\r\\n')\n"
        "print (s.recv (100).decode ())";

    return { "python3", "-c", script, path, std::to_string (getuid ()) };
  }
};

TEST_F (Direct, IsClosedToOthers)
{
  struct stat st;

  ASSERT_EQ (stat (place ().c_str (), &st), 0);
  EXPECT_TRUE (S_ISSOCK (st.st_mode));
  EXPECT_EQ (st.st_mode & 07777, 0600u);
  EXPECT_EQ (st.st_uid, getuid ());
  ASSERT_EQ (stat (instances ().c_str (), &st), 0);
  EXPECT_EQ (st.st_mode & 07777, 0700u);
}

/* With a bus daemon that does nothing, only what needs none is answered. */
TEST_F (Direct, SandboxctlDoesWithoutTheBus)
{
  std::string path = place ();
  pid_t bus = bus_daemon ();

  ASSERT_GT (bus, 0);
  ASSERT_EQ (kill (bus, SIGSTOP), 0);
  Outcome outcome = sandboxctl ({ "ps", "--quiet" });
  fs::rename (path, path + "-aside");
  Process other (command ({ "ps", "--quiet" }));
  Process pause (Command ({ "sleep", "1" }));
  pause.wait ();
  bool waits = other.running ();
  ASSERT_EQ (kill (bus, SIGCONT), 0);
  EXPECT_TRUE (succeeds (outcome));
  EXPECT_TRUE (waits);
  EXPECT_EQ (other.wait ().status, 0);
  fs::rename (path + "-aside", path);
}

/* A method with arguments that lead as far as its gate at least. */
struct Call {
  const char *interface, *method;
  std::function<GVariant *(GUnixFDList *)> arguments;
};

static std::string
say (GDBusConnection *connection, bool bus, const std::string &path, const Call &call)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GVariant) value = g_dbus_connection_call_with_unix_fd_list_sync (
      connection, bus ? NAME : nullptr, path.c_str (), call.interface, call.method,
      call.arguments ? call.arguments (fds) : nullptr, nullptr, G_DBUS_CALL_FLAGS_NONE, patience_ms (), fds, nullptr,
      nullptr, &error);

  return value ? g_variant_get_type_string (value) : error->message;
}

static int
hold (GUnixFDList *fds, int fd)
{
  int handle = g_unix_fd_list_append (fds, fd, nullptr);

  close (fd);
  return handle;
}

/* One for each method of the two interfaces and those of the specification; those that end the instance come last. */
static std::vector<Call>
every_call ()
{
  static const char *const words[] = { "true", nullptr };
  auto nothing = [] { return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), nullptr, 0); };
  auto launch = [=] (const char *profile) {
    return [=] (GUnixFDList *) { return g_variant_new ("(s^aay@a{sv})", profile, words, nothing ()); };
  };

  return {
    { NAME, "Launch", launch ("default") },
    { NAME, "Explain", launch ("default") },
    { NAME, "ListProfiles", nullptr },
    { NAME, "GetProfile", [] (GUnixFDList *) { return g_variant_new ("(s)", "default"); } },
    { NAME, "Identify",
      [] (GUnixFDList *fds) {
        return g_variant_new ("(h)", hold (fds, static_cast<int> (syscall (SYS_pidfd_open, getpid (), 0))));
      } },
    { NAME, "ListRunning", nullptr },
    { NAME, "ListBrief", nullptr },
    { "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", nullptr },
    { INSTANCE, "Exec", [=] (GUnixFDList *) { return g_variant_new ("(^aay@a{sv})", words, nothing ()); } },
    { INSTANCE, "Attach", launch ("default") },
    { INSTANCE, "Grant",
      [=] (GUnixFDList *fds) {
        return g_variant_new ("(h^ay@a{sv})", hold (fds, open ("/usr/share", O_PATH | O_CLOEXEC)), "/mnt", nothing ());
      } },
    { INSTANCE, "GrantNetwork",
      [=] (GUnixFDList *) {
        static const char *const destinations[] = { "internet", nullptr };
        return g_variant_new ("(^as@a{sv})", destinations, nothing ());
      } },
    { INSTANCE, "GrantFacilities",
      [=] (GUnixFDList *) { return g_variant_new ("(@a{sv}@a{sv})", nothing (), nothing ()); } },
    { INSTANCE, "GetProcfs", [=] (GUnixFDList *) { return g_variant_new ("(@a{sv})", nothing ()); } },
    { INSTANCE, "Restrict", [=] (GUnixFDList *) { return g_variant_new ("(@a{sv})", nothing ()); } },
    { INSTANCE, "Signal", [] (GUnixFDList *) { return g_variant_new ("(i)", SIGCONT); } },
    { INSTANCE, "Stop", [] (GUnixFDList *) { return g_variant_new ("(u)", 0u); } },
  };
}

class DirectGates : public Direct, public ::testing::WithParamInterface<const char *> {
protected:
  GDBusNodeInfo *
  introspect (const std::string &path)
  {
    g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
        connection (), NAME, path.c_str (), "org.freedesktop.DBus.Introspectable", "Introspect", nullptr,
        G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NONE, patience_ms (), nullptr, nullptr);
    const char *xml = nullptr;

    if (!reply)
      throw std::runtime_error (path + " does not describe itself");
    g_variant_get (reply, "(&s)", &xml);
    return g_dbus_node_info_new_for_xml (xml, nullptr);
  }
  /* Both answer the same. */
  void
  compare (GDBusConnection *own, const std::string &path, const Call &call)
  {
    std::string over_bus = say (connection (), true, path, call), over_own = say (own, false, path, call);

    EXPECT_EQ (over_own, over_bus) << call.interface << "." << call.method << " at " << path;
    hear_out ();
  }
};

/* Whatever the authority says, it is the same over the socket as over the bus, for each method and property that there
 * is. The instance is another client's, so that each gate has its question. */
TEST_P (DirectGates, AnswerAsOnTheBus)
{
  if (std::string (GetParam ()) != "none")
    start_authority_that_says (GetParam () == std::string ("yes") ? "yes" : "launch");
  Connection own = join (place ());
  std::string id = launch_detached ({}, { "sleep", "1000" }), path = std::string (PATH) + "/instances/" + id;

  for (const std::string &at : { std::string (PATH), path }) {
    g_autoptr (GDBusNodeInfo) node = introspect (at);
    std::set<std::string> called;
    const char *interface = at == PATH ? NAME : INSTANCE;
    const GDBusInterfaceInfo *info = g_dbus_node_info_lookup_interface (node, interface);

    ASSERT_NE (info, nullptr) << at;
    for (GDBusPropertyInfo **p = info->properties; p && *p; p++) {
      const char *name = (*p)->name;

      compare (own.get (), at,
               { PROPERTIES, "Get", [=] (GUnixFDList *) { return g_variant_new ("(ss)", interface, name); } });
    }
    compare (own.get (), at,
             { PROPERTIES, "GetAll", [=] (GUnixFDList *) { return g_variant_new ("(s)", interface); } });
    compare (own.get (), at, { interface, "NoSuchMethod", nullptr });
    for (const Call &call : every_call ()) {
      bool here = (at == PATH) == (std::string (call.interface) != INSTANCE);

      if (here && std::string (call.method) != "Stop")
        compare (own.get (), at, call);
      if (here)
        called.insert (call.method);
    }
    for (GDBusMethodInfo **m = info->methods; m && *m; m++)
      EXPECT_TRUE (called.count ((*m)->name)) << (*m)->name << " is not tried";
  }
  compare (own.get (), std::string (PATH) + "/instances/0123456789abcdef", every_call ()[9]);
  /* Stop ends it where it may */
  std::string stopped = say (own.get (), false, path, every_call ().back ());
  bool may = std::string (GetParam ()) == "yes" || std::string (GetParam ()) == "none";
  EXPECT_EQ (stopped == "()", may) << stopped;
  if (may) {
    EXPECT_TRUE (wait_for_state (id, "exited"));
  } else {
    EXPECT_NE (stopped.find ("org.example.Sandbox.control"), std::string::npos) << stopped;
    EXPECT_EQ (kill (record (id).init, SIGKILL), 0);
  }
}
INSTANTIATE_TEST_SUITE_P (, DirectGates, ::testing::Values ("none", "yes", "launch"),
                          [] (const auto &info) { return std::string (info.param); });

/* A process in another user namespace, which any sandbox is, is not let in, whatever path to it there is. */
TEST_F (Direct, LetsNobodyInFromASandbox)
{
  std::string path = place ();
  Argv outside = ask (path), inside = { "unshare", "--user", "--map-root-user" };

  Outcome control = Process (Command (outside)).wait ();
  EXPECT_EQ (control.out.rfind ("OK ", 0), 0u) << control.out << control.err;
  inside.insert (inside.end (), outside.begin (), outside.end ());
  Outcome outcome = Process (Command (inside)).wait ();
  EXPECT_TRUE (outcome.out == "\n" || outcome.err.find ("ConnectionReset") != std::string::npos
               || outcome.err.find ("BrokenPipe") != std::string::npos)
      << outcome.out << outcome.err;
}

/* An application finds no socket there, however much of the runtime directory it is given. */
TEST_F (Direct, IsNotReachableFromInside)
{
  std::string path = place ();

  EXPECT_EQ (Process (Command (ask (path))).wait ().out.rfind ("OK ", 0), 0u);
  for (const Argv &options : std::vector<Argv>{ {},
                                                { "--filesystem=" + runtime () },
                                                { "--filesystem=" + instances () },
                                                { "--filesystem=" + path },
                                                { "--filesystem=" + dir (), "--socket=session-bus" } }) {
    Outcome outcome = run_in (options, ask (path));

    EXPECT_EQ (outcome.out, "") << (options.empty () ? "default" : options[0]);
    EXPECT_TRUE (outcome.err.find ("FileNotFoundError") != std::string::npos
                 || outcome.err.find ("PermissionError") != std::string::npos
                 || (outcome.status == 125 && outcome.err.find ("sandboxctl:") == 0))
        << (options.empty () ? "default" : options[0]) << ": " << outcome.err;
  }
}

/* What a killed service leaves there is no obstacle to anybody, and the next one takes the place. */
TEST_F (Direct, SurvivesAKilledService)
{
  std::string path = place ();
  struct stat before, after;

  ASSERT_EQ (stat (path.c_str (), &before), 0);
  kill_services ();
  EXPECT_EQ (stat (path.c_str (), &after), 0) << "the control: it is left behind";
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 7" }).status, 7);
  EXPECT_EQ (sockets (), std::vector<std::string>{ path });
  ASSERT_EQ (stat (path.c_str (), &after), 0);
  EXPECT_FALSE (before.st_ino == after.st_ino && before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
  EXPECT_TRUE (knock (path).get () >= 0);
}

/* One that leaves takes it away, and not while a client of it is there. */
TEST_F (Direct, GoesWithTheService)
{
  set_service_options ("--idle-timeout=1");
  Connection own = join (place ());
  std::vector<pid_t> before = services ();
  Call call = every_call ()[2];

  EXPECT_EQ (say (own.get (), false, PATH, call), "(a(ssss))");
  Process pause (Command ({ "sleep", "3" }));
  pause.wait ();
  EXPECT_EQ (say (own.get (), false, PATH, call), "(a(ssss))");
  EXPECT_EQ (services (), before);
  own.reset ();
  EXPECT_TRUE (eventually ([&] { return services ().empty (); }));
  EXPECT_EQ (sockets ().size (), 0u);
  EXPECT_TRUE (succeeds (sandboxctl ({ "ps" })));
}

/* Launches of a client that leaves are given up, and an instance without a lifeline stays, as on the bus. */
TEST_F (Direct, AClientThatLeaves)
{
  Connection own = join (place ());
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  static const char *const words[] = { "sleep", "1000", nullptr };
  Call launch = { NAME, "Launch", [] (GUnixFDList *) {
                   return g_variant_new ("(s^aay@a{sv})", "default", words,
                                         g_variant_new_array (G_VARIANT_TYPE ("{sv}"), nullptr, 0));
                 } };

  EXPECT_EQ (say (own.get (), false, PATH, launch), "(o)");
  Record record = new_instance ();
  own.reset ();
  Process pause (Command ({ "sleep", "0.5" }));
  pause.wait ();
  EXPECT_EQ (this->record (record.id).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", record.id })));
}

/* Whoever connects and says nothing, or nonsense, holds up nobody, and is thrown out. */
TEST_F (Direct, SilentClientsAreThrownOut)
{
  std::string path = place ();
  std::vector<Fd> silent;

  for (int i = 0; i < 64; i++) {
    silent.push_back (knock (path));
    ASSERT_GE (silent.back ().get (), 0);
    if (i % 2) {
      EXPECT_EQ (write (silent.back ().get (), "nonsense\r\n", 10), 10);
    }
  }
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 3" }).status, 3);
  for (Fd &fd : silent)
    EXPECT_TRUE (eventually ([&] {
      struct pollfd poller = { fd.get (), POLLIN, 0 };
      char bytes[256];
      /* Reads what the service has said of the nonsense */
      while (poll (&poller, 1, 0) > 0) {
        ssize_t n = recv (fd.get (), bytes, sizeof bytes, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
          return true;
        if (n < 0)
          return false;
      }
      return false;
    }));
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 4" }).status, 4);
}

/* Two buses with one runtime directory are two sockets: who is on one of them is not taken to the other. */
TEST_F (Direct, EachBusHasItsOwn)
{
  std::string first = place ();
  Command other (
      { "dbus-run-session", "--", "sh", "-c", "\"$0\" --prepared=0 & read line; kill $!; wait", places ().sandboxd });

  other.keep_input = true;
  Process second (other);
  EXPECT_TRUE (eventually ([&] { return sockets ().size () == 2; }));
  second.write ("\n");
  second.wait ();
  EXPECT_TRUE (eventually ([&] { return sockets () == std::vector<std::string>{ first }; }));
}
