/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The D-Bus interface, called directly and by other people's tools. */
#include <csignal>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

static constexpr char NAME[] = "org.example.Sandbox";
static constexpr char PATH[] = "/org/example/Sandbox";
static constexpr char INSTANCE[] = "org.example.Sandbox.Instance";
static constexpr char PROPERTIES[] = "org.freedesktop.DBus.Properties";

/* An answer, or the remote name of the error and its text. */
struct Answer {
  std::shared_ptr<GVariant> value;
  std::string error, text;
};

class Api : public OnBus {
protected:
  Answer
  call (const char *path, const char *interface, const char *method, GVariant *arguments, GUnixFDList *fds = nullptr)
  {
    g_autoptr (GError) error = nullptr;
    GVariant *value = g_dbus_connection_call_with_unix_fd_list_sync (connection (), NAME, path, interface, method,
                                                                     arguments, nullptr, G_DBUS_CALL_FLAGS_NONE,
                                                                     patience_ms (), fds, nullptr, nullptr, &error);
    Answer answer;

    if (value) {
      answer.value = { value, g_variant_unref };
    } else {
      g_autofree char *name = g_dbus_error_get_remote_error (error);
      answer.error = name ? name : "";
      g_dbus_error_strip_remote_error (error);
      answer.text = error->message;
    }
    return answer;
  }
  /* Launch with the options in GVariant's text format. */
  Answer
  launch (const Argv &argv, const std::string &options, GUnixFDList *fds = nullptr, const char *profile = "default")
  {
    GVariantBuilder words;
    g_autoptr (GError) error = nullptr;
    GVariant *parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, options.c_str (), nullptr, nullptr, &error);

    if (!parsed)
      throw std::runtime_error (error->message);
    g_variant_builder_init (&words, G_VARIANT_TYPE ("aay"));
    for (const std::string &word : argv)
      g_variant_builder_add_value (&words, g_variant_new_bytestring (word.c_str ()));
    return call (PATH, NAME, "Launch", g_variant_new ("(saay@a{sv})", profile, &words, parsed), fds);
  }
  std::string
  path_of (const Answer &answer)
  {
    const char *path;

    if (!answer.value)
      throw std::runtime_error (answer.error + ": " + answer.text);
    g_variant_get (answer.value.get (), "(&o)", &path);
    return path;
  }
  static std::string
  id_of (const std::string &path)
  {
    return path.substr (path.rfind ('/') + 1);
  }
  std::shared_ptr<GVariant>
  property (const std::string &path, const char *interface, const char *name)
  {
    Answer answer = call (path.c_str (), PROPERTIES, "Get", g_variant_new ("(ss)", interface, name));
    GVariant *inner = nullptr;

    if (!answer.value)
      throw std::runtime_error (std::string (name) + ": " + answer.error + ": " + answer.text);
    g_variant_get (answer.value.get (), "(v)", &inner);
    return { inner, g_variant_unref };
  }
  void
  stop (const std::string &path)
  {
    EXPECT_EQ (call (path.c_str (), INSTANCE, "Stop", g_variant_new ("(u)", 0)).error, "");
    EXPECT_TRUE (wait_for_state (id_of (path), "exited"));
  }
};

static const std::string PREFIX = "org.example.Sandbox.Error.";

TEST_F (Api, VersionAndFeatures)
{
  std::shared_ptr<GVariant> version = property (PATH, NAME, "Version"), features = property (PATH, NAME, "Features");

  EXPECT_EQ (g_variant_get_uint32 (version.get ()), 1u);
  EXPECT_TRUE (g_variant_is_of_type (features.get (), G_VARIANT_TYPE_VARDICT));
  EXPECT_GT (g_variant_n_children (features.get ()), 3u);
}

TEST_F (Api, LaunchAndProperties)
{
  std::string path = path_of (launch ({ "sleep", "1000" }, "{'app-id': <'org.example.Api'>}"));

  EXPECT_EQ (path.find (std::string (PATH) + "/instances/"), 0u);
  EXPECT_STREQ (g_variant_get_string (property (path, INSTANCE, "State").get (), nullptr), "running");
  EXPECT_STREQ (g_variant_get_string (property (path, INSTANCE, "AppId").get (), nullptr), "org.example.Api");
  EXPECT_STREQ (g_variant_get_string (property (path, INSTANCE, "Profile").get (), nullptr), "default");
  EXPECT_STREQ (g_variant_get_string (property (path, INSTANCE, "Parent").get (), nullptr), "/");
  EXPECT_EQ (static_cast<pid_t> (g_variant_get_uint32 (property (path, INSTANCE, "Pid").get ())),
             record (id_of (path)).pid);
  EXPECT_EQ (g_variant_get_uint64 (property (path, INSTANCE, "Id").get ()),
             strtoull (id_of (path).c_str (), nullptr, 16));
  EXPECT_GT (g_variant_get_uint64 (property (path, INSTANCE, "StartTime").get ()), 1000000000000000ull);
  EXPECT_TRUE (g_variant_is_of_type (property (path, INSTANCE, "Policy").get (), G_VARIANT_TYPE_VARDICT));
  stop (path);
  EXPECT_STREQ (g_variant_get_string (property (path, INSTANCE, "State").get (), nullptr), "exited");
  EXPECT_EQ (g_variant_get_uint32 (property (path, INSTANCE, "Pid").get ()), 0u);
}

/* What is wrong is named. */
TEST_F (Api, BadOptions)
{
  static const struct {
    const char *options, *key;
  } cases[] = {
    { "{'nonsense': <1>}", "nonsense" },
    { "{'app-di': <'org.example.App'>}", "app-id" },
    { "{'app-id': <5>}", "app-id" },
    { "{'app-id': <'a/b'>}", "app-id" },
    { "{'app-id': <''>}", "app-id" },
    { "{'cwd': <'/usr'>}", "cwd" },
    { "{'cwd': <b'usr'>}", "cwd" },
    { "{'cwd': <[byte 0x2f, 0x00, 0x2f, 0x00]>}", "cwd" },
    { "{'env': <{'A=B': 'c'}>}", "env" },
    { "{'env': <{'': 'c'}>}", "env" },
    { "{'unset-env': <['A=B']>}", "unset-env" },
    { "{'fds': <{uint32 3: handle -1}>}", "fds" },
    { "{'fds': <{uint32 3: handle 0}>}", "fds" }, /* no descriptor came along */
    { "{'fds': <{uint32 1000000: handle 0}>}", "fds" },
    { "{'tty': <'yes'>}", "tty" },
    { "{'policy': <{'Contxt': <{'shared': 'network;'}>}>}", "Contxt" },
    { "{'policy': <{'Context': <{'share': 'network;'}>}>}", "share" },
    { "{'policy': <{'Context': <{'shared': 'netwrok;'}>}>}", "netwrok" },
    { "{'policy': <5>}", "policy" },
    { "{'lifeline': <handle 0>}", "lifeline" },
    { "{'forward': <[handle 3]>}", "forward" },
  };

  for (const auto &c : cases) {
    Answer answer = launch ({ "true" }, c.options);

    EXPECT_EQ (answer.error, PREFIX + "BadOption") << c.options << ": " << answer.text;
    EXPECT_NE (answer.text.find (c.key), std::string::npos) << c.options << ": " << answer.text;
  }
  EXPECT_EQ (records ().size (), 0u);
}

TEST_F (Api, Errors)
{
  EXPECT_EQ (launch ({ "true" }, "{}", nullptr, "no-such-profile").error, PREFIX + "UnknownProfile");
  EXPECT_EQ (launch ({}, "{}").error, PREFIX + "BadOption");
  EXPECT_EQ (launch ({ "true" }, "{'policy': <{'Context': <{'shared': 'network;'}>}>}").error,
             PREFIX + "NotAuthorized");
  Answer missing = launch ({ "/no/such/program" }, "{}");
  EXPECT_EQ (missing.error, PREFIX + "SpawnFailed");
  EXPECT_NE (missing.text.find ("/no/such/program"), std::string::npos) << missing.text;
  EXPECT_NE (missing.text.find ("not found"), std::string::npos) << missing.text;
  add_profile ("broken", "[Profil]\nName=broken\n");
  EXPECT_EQ (launch ({ "true" }, "{}", nullptr, "broken").error, PREFIX + "BadProfile");
  std::string path = path_of (launch ({ "true" }, "{}"));
  EXPECT_TRUE (wait_for_state (id_of (path), "exited"));
  ASSERT_TRUE (eventually ([&] {
    return g_str_equal (g_variant_get_string (property (path, INSTANCE, "State").get (), nullptr), "exited");
  }));
  EXPECT_EQ (call (path.c_str (), INSTANCE, "Signal", g_variant_new ("(i)", SIGTERM)).error, PREFIX + "Exited");
  EXPECT_EQ (call (path.c_str (), INSTANCE, "Signal", g_variant_new ("(i)", 99)).error, PREFIX + "BadOption");
  EXPECT_NE (call ((std::string (PATH) + "/instances/0000000000000001").c_str (), INSTANCE, "Signal",
                   g_variant_new ("(i)", 15))
                 .error,
             "");
}

/* Exactly as asked for: duplicates, holes, order. */
TEST_F (Api, DescriptorsAreMappedExactly)
{
  Pipe out, a, b;
  Command probing = probe ({}, { "descriptors" });
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();

  for (int fd : { out.write.get (), a.read.get (), b.write.get (), probing.fds[200] })
    ASSERT_GE (g_unix_fd_list_append (list, fd, nullptr), 0);
  Answer answer = launch (
      { "/proc/self/fd/60", "descriptors" },
      "{'fds': <{uint32 1: handle 0, 5: handle 1, 6: handle 1, 40: handle 2, 3: handle 2, 60: handle 3}>}", list);
  std::string path = path_of (answer);
  g_clear_object (&list);
  out.write.reset ();
  EXPECT_TRUE (wait_for_state (id_of (path), "exited"));
  Json seen = Json::parse (read_to_end (out.read.get ()));
  EXPECT_EQ (seen["5"]["ino"].text (), seen["6"]["ino"].text ());
  EXPECT_EQ (seen["40"]["ino"].text (), seen["3"]["ino"].text ());
  EXPECT_NE (seen["40"]["ino"].text (), seen["5"]["ino"].text ());
  EXPECT_FALSE (seen.has ("4"));
  EXPECT_FALSE (seen.has ("7"));
  for (const std::string &number : seen.members ())
    EXPECT_TRUE (std::set<std::string> ({ "0", "1", "2", "3", "5", "6", "40", "60" }).count (number)) << number;
}

static void
on_exited (GDBusConnection *, const char *, const char *path, const char *, const char *, GVariant *arguments,
           gpointer data)
{
  auto *seen = static_cast<std::map<std::string, std::string> *> (data);
  g_autofree char *text = g_variant_print (arguments, FALSE);

  (*seen)[path] = text;
}

static bool
iterate_until (const std::function<bool ()> &holds)
{
  return eventually ([&] {
    while (g_main_context_iteration (nullptr, FALSE)) {
    }
    return holds ();
  });
}

TEST_F (Api, ExitedIsSeenByWhoeverAsked)
{
  std::map<std::string, std::string> seen;
  guint subscription = g_dbus_connection_signal_subscribe (connection (), nullptr, INSTANCE, "Exited", nullptr, nullptr,
                                                           G_DBUS_SIGNAL_FLAGS_NONE, on_exited, &seen, nullptr);
  std::string one = path_of (launch ({ "sh", "-c", "exit 6" }, "{}")),
              two = path_of (launch ({ "sleep", "1000" }, "{}"));

  EXPECT_TRUE (iterate_until ([&] { return seen.count (one) == 1; }));
  EXPECT_EQ (seen[one], "(6, 0, false)");
  /* Across a restart of the service */
  kill_services ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "ps" })));
  EXPECT_EQ (seen.count (two), 0u);
  EXPECT_EQ (call (two.c_str (), INSTANCE, "Signal", g_variant_new ("(i)", SIGKILL)).error, "");
  EXPECT_TRUE (iterate_until ([&] { return seen.count (two) == 1; }));
  EXPECT_EQ (seen[two], "(-1, 9, false)");
  g_dbus_connection_signal_unsubscribe (connection (), subscription);
}

TEST_F (Api, ObjectManagerListsThem)
{
  std::string path = path_of (launch ({ "sleep", "1000" }, "{}"));
  Answer answer = call (PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", nullptr);

  ASSERT_TRUE (answer.value) << answer.text;
  g_autofree char *text = g_variant_print (answer.value.get (), FALSE);
  EXPECT_NE (std::string (text).find (path), std::string::npos) << text;
  EXPECT_NE (std::string (text).find (INSTANCE), std::string::npos) << text;
  stop (path);
}

/* The short list has only what runs; its values are those of the long one. */
TEST_F (Api, ListRunning)
{
  std::string path = path_of (launch ({ "sleep", "1000" }, "{}"));
  std::string gone = path_of (launch ({ "true" }, "{}"));

  ASSERT_TRUE (iterate_until ([&] {
    return std::string (g_variant_get_string (property (gone, INSTANCE, "State").get (), nullptr)) == "exited";
  }));
  Answer small = call (PATH, NAME, "ListRunning", nullptr);
  Answer large = call (PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", nullptr);
  ASSERT_TRUE (small.value) << small.text;
  ASSERT_TRUE (large.value) << large.text;
  g_autoptr (GVariant) running = g_variant_get_child_value (small.value.get (), 0);
  g_autoptr (GVariant) objects = g_variant_get_child_value (large.value.get (), 0);
  g_autoptr (GVariant) one = g_variant_lookup_value (running, path.c_str (), G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) interfaces = g_variant_lookup_value (objects, path.c_str (), G_VARIANT_TYPE ("a{sa{sv}}"));
  ASSERT_TRUE (one && interfaces);
  g_autoptr (GVariant) same = g_variant_lookup_value (interfaces, INSTANCE, G_VARIANT_TYPE_VARDICT);
  EXPECT_TRUE (g_variant_equal (one, same));
  EXPECT_EQ (g_variant_n_children (running), 1u);
  g_autoptr (GVariant) ended = g_variant_lookup_value (objects, gone.c_str (), G_VARIANT_TYPE ("a{sa{sv}}"));
  EXPECT_TRUE (ended) << "the control: the long list has it";
  stop (path);
}

/* The brief list has the same instances, and of each what a table shows, with the same values. */
TEST_F (Api, ListBrief)
{
  std::string path = path_of (launch ({ "sleep", "1000" }, "{'app-id': <'org.example.Brief'>}"));
  std::string gone = path_of (launch ({ "true" }, "{}"));

  ASSERT_TRUE (iterate_until ([&] {
    return std::string (g_variant_get_string (property (gone, INSTANCE, "State").get (), nullptr)) == "exited";
  }));
  Answer brief = call (PATH, NAME, "ListBrief", nullptr), running = call (PATH, NAME, "ListRunning", nullptr);
  ASSERT_TRUE (brief.value) << brief.text;
  ASSERT_TRUE (running.value) << running.text;
  g_autoptr (GVariant) few = g_variant_get_child_value (brief.value.get (), 0);
  g_autoptr (GVariant) all = g_variant_get_child_value (running.value.get (), 0);
  ASSERT_EQ (g_variant_n_children (few), 1u);
  g_autoptr (GVariant) one = g_variant_lookup_value (few, path.c_str (), G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) same = g_variant_lookup_value (all, path.c_str (), G_VARIANT_TYPE_VARDICT);
  ASSERT_TRUE (one && same);
  EXPECT_EQ (g_variant_n_children (one), 7u);
  for (const char *name : { "AppId", "Profile", "Pid", "State", "StartTime", "Parent", "Command" }) {
    g_autoptr (GVariant) value = g_variant_lookup_value (one, name, nullptr);
    g_autoptr (GVariant) other = g_variant_lookup_value (same, name, nullptr);

    ASSERT_TRUE (value && other) << name;
    EXPECT_TRUE (g_variant_equal (value, other)) << name;
  }
  stop (path);
}

/* Without a lifeline it is detached: its caller may leave. */
TEST_F (Api, ACallerMayLeave)
{
  std::string path = path_of (launch ({ "sleep", "1000" }, "{}"));

  disconnect ();
  EXPECT_EQ (record (id_of (path)).state, "running");
  EXPECT_STREQ (g_variant_get_string (property (path, INSTANCE, "State").get (), nullptr), "running");
  stop (path);
}

/* A service that leaves while a call is on its way to it, which the bus cannot know. */
class Idle : public Api {
protected:
  Idle ()
  {
    set_service_options ("--idle-timeout=1");
  }
};

TEST_F (Idle, NoCallIsLost)
{
  connection ();
  for (int round = 0; round < 3; round++) {
    GVariant *answer = nullptr;

    std::vector<pid_t> found;
    /* Again where so much time has passed that it has left already */
    ASSERT_TRUE (eventually ([&] { return sandboxctl ({ "ps" }).status == 0 && (found = services ()).size () == 1; }));
    pid_t service = found[0];
    ::kill (service, SIGSTOP); /* its second passes without it */
    usleep (1500000);
    g_dbus_connection_call (
        connection (), NAME, PATH, "org.freedesktop.DBus.Properties", "Get", g_variant_new ("(ss)", NAME, "Version"),
        nullptr, G_DBUS_CALL_FLAGS_NONE, patience_ms (), nullptr,
        [] (GObject *source, GAsyncResult *result, gpointer data) {
          g_autoptr (GError) error = nullptr;

          *static_cast<GVariant **> (data) = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
          EXPECT_EQ (error, nullptr) << error->message;
        },
        &answer);
    g_dbus_connection_flush_sync (connection (), nullptr, nullptr);
    usleep (100000); /* the bus passes it on */
    ::kill (service, SIGCONT);
    ASSERT_TRUE (iterate_until ([&] { return answer != nullptr || HasFailure (); }));
    g_clear_pointer (&answer, g_variant_unref);
    disconnect ();
    EXPECT_TRUE (eventually ([&] { return services ().empty (); })) << "it has to leave in the end";
  }
}

TEST_F (Api, Busctl)
{
  std::string address = "--address=unix:path=" + runtime () + "/bus";

  (void) connection ();
  Outcome outcome = run ({ { "busctl", address, "call", NAME, PATH, NAME, "Launch", "saaya{sv}", "default", "1", "5",
                             "116", "114", "117", "101", "0", "0" } });
  /* busctl's aay counts bytes, and wants the NUL that ends a byte string */
  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.find ("o \"/org/example/Sandbox/instances/"), 0u) << outcome.out;
  outcome = run ({ { "busctl", address, "introspect", NAME, PATH } });
  ASSERT_TRUE (succeeds (outcome));
  for (const char *member :
       { ".Launch", ".Explain", ".ListProfiles", ".GetProfile", ".Version", ".Features", ".GetManagedObjects" })
    EXPECT_NE (outcome.out.find (member), std::string::npos) << member;
}

/* The code blocks of docs/api.md in @language, one after the other. */
static std::string
examples (const std::string &language)
{
  std::istringstream lines (read_file (places ().source + "/docs/api.md"));
  std::string line, code;
  bool inside = false;

  while (std::getline (lines, line)) {
    if (line == "```" + language || line == "```") {
      inside = line != "```";
    } else if (inside) {
      code += line + "\n";
    }
  }
  return code;
}

/* Every worked call of the documentation works, in the order of the page. */
class ApiExamples : public Api {
protected:
  void
  SetUp () override
  {
    Api::SetUp ();
    start_authority (true); /* Attach asks */
    (void) connection ();
  }
};

TEST_F (ApiExamples, Shell)
{
  std::string code = examples ("sh");
  Outcome outcome = run ({ { "bash", "-e", "-o", "pipefail", "-c", code } });

  ASSERT_TRUE (succeeds (outcome)) << outcome.out;
  for (const char *said : { "'exposure': <{", "'default', 'A read-only system",
                            "objectpath '/org/example/Sandbox/instances/", "s \"default\"", "s \"org.example.Sleep\"" })
    EXPECT_NE (outcome.out.find (said), std::string::npos) << said << " is not in\n" << outcome.out;
}

TEST_F (ApiExamples, Python)
{
  Outcome outcome = run ({ { "python3", "-c", examples ("python") } });

  ASSERT_TRUE (succeeds (outcome)) << outcome.out;
  for (const char *said : { "'exposure': {", "('org.example.Sleep',)", "('default',)" })
    EXPECT_NE (outcome.out.find (said), std::string::npos) << said << " is not in\n" << outcome.out;
}

TEST_F (Api, Gdbus)
{
  (void) connection ();
  Outcome outcome = run ({ { "gdbus", "call", "--session", "--dest", NAME, "--object-path", PATH, "--method",
                             "org.example.Sandbox.Launch", "default", "[b'true']", "{}" } });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.find ("(objectpath '/org/example/Sandbox/instances/"), 0u) << outcome.out;
}

TEST_F (Api, PythonGio)
{
  (void) connection ();
  Outcome outcome = run ({ { "python3", "-c",
                             "from gi.repository import Gio, GLib\n"
                             "bus = Gio.bus_get_sync(Gio.BusType.SESSION)\n"
                             "proxy = Gio.DBusProxy.new_sync(bus, 0, None, 'org.example.Sandbox', "
                             "'/org/example/Sandbox', 'org.example.Sandbox')\n"
                             "print(proxy.Launch('(saaya{sv})', 'default', [b'true\\0'], {'app-id': GLib.Variant('s', "
                             "'org.example.Py')}))\n" } });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.find ("/org/example/Sandbox/instances/"), 0u) << outcome.out;
}
