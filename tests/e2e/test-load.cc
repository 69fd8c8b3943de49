/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many clients, rude clients, calls that make no sense: the service stays small, loses nothing and keeps answering. */
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "dice.h"
#include "harness.h"

using namespace e2e;

static constexpr char NAME[] = "org.example.Sandbox";
static constexpr char PATH[] = "/org/example/Sandbox";
static constexpr long MOST_KIB = 50 * 1024;

static long
resident_kib (pid_t pid)
{
  std::istringstream lines (read_file ("/proc/" + std::to_string (pid) + "/smaps_rollup"));

  for (std::string line; std::getline (lines, line);)
    if (line.compare (0, 4, "Pss:") == 0)
      return atol (line.c_str () + 4);
  return -1;
}

static size_t
open_descriptors (pid_t pid)
{
  std::error_code ignored;
  size_t n = 0;

  for (const auto &entry : std::filesystem::directory_iterator ("/proc/" + std::to_string (pid) + "/fd", ignored)) {
    (void) entry;
    n++;
  }
  return n;
}

class Load : public OnBus {
protected:
  void
  SetUp () override
  {
    set_env ("SANDBOX_DUMPABLE", "1"); /* its descriptors and its memory are counted */
    OnBus::SetUp ();
  }
  using Connection = std::shared_ptr<GDBusConnection>;

  Connection
  connect ()
  {
    g_autoptr (GError) error = nullptr;
    std::string address = "unix:path=" + runtime () + "/bus";
    GDBusConnection *made = g_dbus_connection_new_for_address_sync (
        address.c_str (),
        static_cast<GDBusConnectionFlags> (G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                           | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION),
        nullptr, nullptr, &error);

    if (!made)
      throw std::runtime_error (error->message);
    g_dbus_connection_set_exit_on_close (made, FALSE);
    return { made, [] (GDBusConnection *c) {
              g_dbus_connection_close_sync (c, nullptr, nullptr);
              g_object_unref (c);
            } };
  }
  static GVariant *
  launch_arguments (const Argv &argv)
  {
    GVariantBuilder words;

    g_variant_builder_init (&words, G_VARIANT_TYPE ("aay"));
    for (const std::string &word : argv)
      g_variant_builder_add_value (&words, g_variant_new_bytestring (word.c_str ()));
    return g_variant_new ("(saaya{sv})", "default", &words, nullptr);
  }
  pid_t
  service ()
  {
    (void) connection ();
    EXPECT_TRUE (answers (connection ()));
    std::vector<pid_t> pids = services ();
    EXPECT_EQ (pids.size (), 1u);
    return pids.empty () ? -1 : pids[0];
  }
  /* A round trip; how long it took is printed by the tests, for people to look at. */
  bool
  answers (GDBusConnection *bus)
  {
    auto begin = std::chrono::steady_clock::now ();
    g_autoptr (GError) error = nullptr;
    g_autoptr (GVariant) reply =
        g_dbus_connection_call_sync (bus, NAME, PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                     nullptr, nullptr, G_DBUS_CALL_FLAGS_NONE, patience_ms (), nullptr, &error);
    auto taken = std::chrono::duration_cast<std::chrono::microseconds> (std::chrono::steady_clock::now () - begin);

    slowest_us_ = std::max<long long> (slowest_us_, taken.count ());
    EXPECT_TRUE (reply) << error->message;
    return reply != nullptr;
  }
  /* Everything that came is gone again; the same process serves. */
  void
  expect_as_before (pid_t pid, size_t descriptors)
  {
    EXPECT_TRUE (eventually ([&] { return open_descriptors (pid) <= descriptors; }))
        << open_descriptors (pid) << " descriptors, " << descriptors << " before";
    EXPECT_EQ (services (), std::vector<pid_t>{ pid }) << "it has died";
    if (!getenv ("SBX_TEST_SANITIZED")) { /* sanitizers keep freed memory, and three times as much of their own */
      EXPECT_LT (resident_kib (pid), MOST_KIB);
    }
    printf ("%ld KiB, slowest answer %.1f ms\n", resident_kib (pid), static_cast<double> (slowest_us_) / 1000);
    expect_nothing_left ();
  }

  long long slowest_us_ = 0;
};

static void
count_reply (GObject *source, GAsyncResult *result, gpointer data)
{
  auto *counts = static_cast<std::map<std::string, int> *> (data);
  g_autoptr (GError) error = nullptr;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autofree char *name = error ? g_dbus_error_get_remote_error (error) : nullptr;

  (*counts)[reply ? "ok" : name ? name : "local"]++;
}

static int
total (const std::map<std::string, int> &counts)
{
  int sum = 0;

  for (const auto &[name, n] : counts)
    sum += n;
  return sum;
}

TEST_F (Load, ManyLaunchesAtTheSameTime)
{
  pid_t pid = service ();
  size_t descriptors = open_descriptors (pid);
  Connection other = connect ();
  std::map<std::string, int> counts;

  for (int i = 0; i < 256; i++)
    g_dbus_connection_call (connection (), NAME, PATH, NAME, "Launch", launch_arguments ({ "true" }), nullptr,
                            G_DBUS_CALL_FLAGS_NONE, patience_ms () * 10, nullptr, count_reply, &counts);
  EXPECT_TRUE (eventually ([&] {
    while (g_main_context_iteration (nullptr, FALSE)) {
    }
    answers (other.get ());
    return total (counts) == 256;
  }));
  EXPECT_EQ (counts["ok"], 256);
  other.reset ();
  expect_as_before (pid, descriptors + 2);
}

/* They connect, launch, and are gone: before the answer, after it, or in the middle of the question. */
TEST_F (Load, AThousandClientsThatVanish)
{
  Dice dice;
  pid_t pid = service ();
  size_t descriptors = open_descriptors (pid);
  std::map<std::string, int> counts;

  for (int i = 0; i < rounds (1000); i++) {
    Connection client = connect ();

    switch (dice.upto (3)) {
    case 0:
      break;
    case 1:
      g_dbus_connection_call (client.get (), NAME, PATH, NAME, "Launch", launch_arguments ({ "true" }), nullptr,
                              G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr, nullptr);
      g_dbus_connection_flush_sync (client.get (), nullptr, nullptr);
      break;
    case 2:
      g_dbus_connection_call (client.get (), NAME, PATH, NAME, "Launch", launch_arguments ({ "true" }), nullptr,
                              G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr, nullptr);
      g_dbus_connection_flush_sync (client.get (), nullptr, nullptr);
      g_usleep (dice.upto (8000));
      break;
    default: {
      g_autoptr (GVariant) reply =
          g_dbus_connection_call_sync (client.get (), NAME, PATH, NAME, "Launch", launch_arguments ({ "true" }),
                                       nullptr, G_DBUS_CALL_FLAGS_NONE, patience_ms (), nullptr, nullptr);
      counts[reply ? "ok" : "refused"]++;
    }
    }
    if (i % 50 == 0)
      answers (connection ());
  }
  EXPECT_EQ (counts["refused"], 0);
  EXPECT_GT (counts["ok"], 0);
  expect_as_before (pid, descriptors + 2);
}

static GVariant *
chance_basic (Dice &dice, char type)
{
  static const char *const words[] = { "",
                                       "default",
                                       "org.example.Sandbox",
                                       "org.example.Sandbox.Instance",
                                       "app-id",
                                       "cwd",
                                       "env",
                                       "fds",
                                       "policy",
                                       "tty",
                                       "Context",
                                       "shared",
                                       "network;",
                                       "/",
                                       "../..",
                                       "%s%n",
                                       "\xc3\xa9",
                                       "no such thing",
                                       "State",
                                       "Features" };
  switch (type) {
  case 's':
    return dice.one_in (50) ? g_variant_new_string (std::string (100000, 'x').c_str ())
                            : g_variant_new_string (words[dice.upto (G_N_ELEMENTS (words) - 1)]);
  case 'o':
    return g_variant_new_object_path (dice.one_in (2) ? "/" : "/org/example/Sandbox/instances/0000000000000001");
  case 'g':
    return g_variant_new_signature ("a{sv}");
  case 'b':
    return g_variant_new_boolean (dice.one_in (2));
  case 'y':
    return g_variant_new_byte (static_cast<guchar> (dice.bits ()));
  case 'n':
    return g_variant_new_int16 (static_cast<gint16> (dice.bits ()));
  case 'q':
    return g_variant_new_uint16 (static_cast<guint16> (dice.bits ()));
  case 'i':
    return g_variant_new_int32 (dice.one_in (2) ? static_cast<gint32> (dice.upto (70))
                                                : static_cast<gint32> (dice.bits ()));
  case 'u':
    return g_variant_new_uint32 (static_cast<guint32> (dice.bits ()));
  case 'x':
    return g_variant_new_int64 (static_cast<gint64> (dice.bits ()));
  case 't':
    return g_variant_new_uint64 (dice.bits ());
  case 'h':
    return g_variant_new_handle (static_cast<gint32> (dice.upto (3)) - 1);
  default:
    return g_variant_new_double (static_cast<double> (dice.bits ()));
  }
}

/* A value of @type made of nothing but chance, leaning towards what is nearly right. */
static GVariant *
chance (Dice &dice, const GVariantType *type, int depth)
{
  if (g_variant_type_is_array (type)) {
    GVariantBuilder builder;
    unsigned n = depth > 4 ? 0 : dice.one_in (20) ? 200 : dice.upto (4);

    g_variant_builder_init (&builder, type);
    while (n-- > 0)
      g_variant_builder_add_value (&builder, chance (dice, g_variant_type_element (type), depth + 1));
    return g_variant_builder_end (&builder);
  }
  if (g_variant_type_is_tuple (type) || g_variant_type_is_dict_entry (type)) {
    GVariantBuilder builder;

    g_variant_builder_init (&builder, type);
    for (const GVariantType *item = g_variant_type_first (type); item; item = g_variant_type_next (item))
      g_variant_builder_add_value (&builder, chance (dice, item, depth + 1));
    return g_variant_builder_end (&builder);
  }
  if (g_variant_type_is_variant (type)) {
    static const char *const inner[] = { "s",   "i",    "u", "b", "ay", "a{ss}", "as", "a{sv}",
                                         "aay", "(ii)", "v", "t", "o",  "g",     "d" };

    g_autoptr (GVariantType) chosen =
        g_variant_type_new (depth > 4 ? "i" : inner[dice.upto (G_N_ELEMENTS (inner) - 1)]);
    return g_variant_new_variant (chance (dice, chosen, depth + 1));
  }
  return chance_basic (dice, *g_variant_type_peek_string (type));
}

struct Method {
  std::string path, interface, name, signature;
};

static std::vector<Method>
methods_of (GDBusConnection *bus, const std::string &path)
{
  std::vector<Method> methods;
  g_autoptr (GError) error = nullptr;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, NAME, path.c_str (), "org.freedesktop.DBus.Introspectable", "Introspect", nullptr, G_VARIANT_TYPE ("(s)"),
      G_DBUS_CALL_FLAGS_NONE, patience_ms (), nullptr, &error);

  if (!reply)
    throw std::runtime_error (error->message);
  const char *xml;
  g_variant_get (reply, "(&s)", &xml);
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, &error);
  if (!node)
    throw std::runtime_error (error->message);
  for (int i = 0; node->interfaces[i]; i++)
    for (int j = 0; node->interfaces[i]->methods && node->interfaces[i]->methods[j]; j++) {
      GDBusMethodInfo *method = node->interfaces[i]->methods[j];
      std::string signature = "(";

      for (int k = 0; method->in_args && method->in_args[k]; k++)
        signature += method->in_args[k]->signature;
      methods.push_back ({ path, node->interfaces[i]->name, method->name, signature + ")" });
    }
  return methods;
}

TEST_F (Load, TenThousandCallsThatMakeNoSense)
{
  static const char *const wrong[] = { "()",  "(s)",   "(i)",  "(a{sv})", "(saay)", "(aay)",
                                       "(v)", "(sss)", "(ay)", "(h)",     "(t)" };
  Dice dice;
  pid_t pid = service ();
  size_t descriptors = open_descriptors (pid);
  std::string id = launch_detached ({}, { "sleep", "1000" });
  std::vector<Method> methods = methods_of (connection (), PATH);
  std::vector<Method> more = methods_of (connection (), std::string (PATH) + "/instances/" + id);
  std::map<std::string, int> counts;
  const int calls = rounds (10000);

  methods.insert (methods.end (), more.begin (), more.end ());
  ASSERT_GT (methods.size (), 12u);
  for (int i = 0; i < calls; i++) {
    const Method &method = methods[dice.upto (static_cast<unsigned> (methods.size () - 1))];
    std::string signature = dice.one_in (4) ? wrong[dice.upto (G_N_ELEMENTS (wrong) - 1)] : method.signature;
    g_autoptr (GVariantType) type = g_variant_type_new (signature.c_str ());

    g_dbus_connection_call (connection (), NAME, method.path.c_str (), method.interface.c_str (), method.name.c_str (),
                            chance (dice, type, 0), nullptr, G_DBUS_CALL_FLAGS_NONE, patience_ms (), nullptr,
                            count_reply, &counts);
    ASSERT_TRUE (eventually ([&] {
      while (g_main_context_iteration (nullptr, FALSE)) {
      }
      return i - total (counts) < 64;
    }));
  }
  EXPECT_TRUE (eventually ([&] {
    while (g_main_context_iteration (nullptr, FALSE)) {
    }
    return total (counts) == calls;
  }));
  for (const auto &[name, n] : counts)
    printf ("%6d %s\n", n, name.c_str ());
  EXPECT_EQ (counts["org.freedesktop.DBus.Error.NoReply"], 0);
  if (record (id).state == "running") {
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  }
  EXPECT_TRUE (wait_for_state (id, "exited"));
  disconnect ();
  expect_as_before (pid, descriptors + 2);
}

/* It asked for signals and does not read them: its problem alone. */
TEST_F (Load, AClientThatNeverReads)
{
  pid_t pid = service ();
  size_t descriptors = open_descriptors (pid);
  std::string script =
      "from gi.repository import Gio, GLib\n"
      "import os, signal\n"
      "bus = Gio.bus_get_sync(Gio.BusType.SESSION)\n"
      "bus.signal_subscribe('org.example.Sandbox', None, None, None, None, 0, lambda *a: None)\n"
      "bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'GetId', None, None, 0, -1, None)\n"
      "print('deaf', flush=True)\n"
      "os.kill(os.getpid(), signal.SIGSTOP)\n";
  Process process (Command ({ "python3", "-c", script }));

  ASSERT_TRUE (process.expect ("deaf")) << process.err ();
  for (int i = 0; i < 200; i++) {
    g_autoptr (GVariant) reply =
        g_dbus_connection_call_sync (connection (), NAME, PATH, NAME, "Launch", launch_arguments ({ "true" }), nullptr,
                                     G_DBUS_CALL_FLAGS_NONE, patience_ms (), nullptr, nullptr);
    EXPECT_TRUE (reply);
  }
  EXPECT_TRUE (answers (connection ()));
  process.kill (SIGKILL);
  process.wait ();
  expect_as_before (pid, descriptors + 2);
}

class Room : public OnBus {};
class RoomAlone : public WithoutBus {};

/* How many may run is said, and who is one too many is told what it is by; one that ends makes room. */
TEST_F (Room, HowManyMayRun)
{
  set_service_options ("--max-instances=2");
  std::string first = launch_detached ({}, { "sleep", "1000" }), second = launch_detached ({}, { "sleep", "1000" });

  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { "limit of 2 instances", "--max-instances", "stop some" }));
  Json room = json ({ "doctor", "--json" })["instances"];
  EXPECT_EQ (room["room"].number (), 2);
  EXPECT_EQ (room["running"].number (), 2);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", first })));
  EXPECT_TRUE (wait_for_state (first, "exited"));
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", second })));
}

/* By the environment, and without a word by the machine: few descriptors are few sandboxes. */
TEST_F (Room, HowManyTheMachineHasRoomFor)
{
  set_env ("SANDBOX_MAX_INSTANCES", "1");
  std::string id = launch_detached ({}, { "sleep", "1000" });

  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { "limit of 1 instances", "SANDBOX_MAX_INSTANCES" }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_EQ (json ({ "doctor", "--json" })["instances"]["room"].number (), 1);
}

TEST_F (RoomAlone, FewDescriptorsAreFewSandboxes)
{
  Command few (ctl ({ "doctor", "--json" }));

  few.argv.insert (few.argv.begin (), { "sh", "-c", "ulimit -n 200; exec \"$0\" \"$@\"" });
  Outcome outcome = Process (few).wait ();
  EXPECT_EQ (Json::parse (outcome.out)["instances"]["room"].number (), 150 / 4) << outcome.out;
  EXPECT_GT (json ({ "doctor", "--json" })["instances"]["room"].number (), 150 / 4);
}

/* More at once than are kept of those that have ended (128): for the first of them nothing is there any more when the
 * last one ends. */
TEST_F (Load, StopsMoreThanAreKept)
{
  Outcome launches = Process (Command ({ "sh", "-c",
                                         "for i in $(seq 140); do \"$0\" run --detach -- sleep 100000 || exit 1; done "
                                         ">/dev/null 2>&1",
                                         places ().sandboxctl }))
                         .wait ();

  ASSERT_EQ (launches.status, 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--all", "--grace=0" })));
  EXPECT_EQ (sandboxctl ({ "ps", "--quiet" }).out, "");
}
