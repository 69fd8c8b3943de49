/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace fs = std::filesystem;

namespace e2e {

static std::string
need_env (const char *name)
{
  const char *value = getenv (name);

  if (!value)
    throw std::runtime_error (std::string (name) + " is not set: run this through meson test");
  return value;
}

const Places &
places ()
{
  static const Places known = [] {
    std::string build = need_env ("SBX_TEST_BUILD"), source = need_env ("SBX_TEST_SOURCE");
    const char *prefix = getenv ("SBX_TEST_PREFIX");
    std::string libexec = prefix ? std::string (prefix) + "/libexec/" : "";

    if (prefix)
      return Places{ std::string (prefix) + "/bin/sandboxctl",
                     libexec + "sandboxd",
                     libexec + "sandbox-keeper",
                     libexec + "sandbox-init",
                     libexec + "sandbox-dump",
                     libexec + "sandbox-open",
                     libexec + "sandbox-session",
                     libexec + "sandbox-probe",
                     std::string (prefix) + "/share/sandbox/profiles",
                     build + "/tests/e2e/probe",
                     build + "/tests/e2e/mock-authority",
                     build + "/tests/e2e/liblate-end.so",
                     source };
    return Places{ build + "/src/cli/sandboxctl",
                   build + "/src/daemon/sandboxd",
                   build + "/src/keeper/sandbox-keeper",
                   build + "/src/init/sandbox-init",
                   build + "/src/dump/sandbox-dump",
                   build + "/src/open/sandbox-open",
                   build + "/src/session/sandbox-session",
                   build + "/src/probe/sandbox-probe",
                   source + "/data/profiles",
                   build + "/tests/e2e/probe",
                   build + "/tests/e2e/mock-authority",
                   build + "/tests/e2e/liblate-end.so",
                   source };
  }();

  return known;
}

std::string
SandboxTest::admin_profiles () const
{
  return dir_ + "/etc/sandbox/profiles";
}

std::string
SandboxTest::user_profiles () const
{
  return dir_ + "/config/sandbox/profiles";
}

std::string
SandboxTest::runtime () const
{
  return bus_ == Bus::LOGIN ? "/run/user/" + std::to_string (getuid ()) : dir_ + "/run";
}

std::string
SandboxTest::marker () const
{
  return "marker-" + fs::path (dir_).filename ().string ();
}

void
SandboxTest::set_env (const std::string &name, const std::optional<std::string> &value)
{
  if (saved_.count (name) == 0)
    saved_[name] = getenv (name.c_str ()) ? std::optional<std::string> (getenv (name.c_str ())) : std::nullopt;
  if (value)
    setenv (name.c_str (), value->c_str (), 1);
  else
    unsetenv (name.c_str ());
}

void
SandboxTest::make_directories ()
{
  char path[] = "/tmp/sbx-e2e-XXXXXX";

  ASSERT_NE (mkdtemp (path), nullptr);
  dir_ = path;
  chmod (path, 0755);
  for (const char *name : { "home", "run", "config", "data", "cache", "state", "tmp", "services", "libexec" })
    ASSERT_TRUE (fs::create_directory (dir_ + "/" + name));
  fs::create_directories (admin_profiles ());
  fs::create_directories (user_profiles ());
  chmod ((dir_ + "/run").c_str (), 0700);
  for (const std::string &program : { places ().sandboxd, places ().keeper, places ().init, places ().dump,
                                      places ().open, places ().session, places ().promise_probe })
    fs::create_symlink (program, dir_ + "/libexec/" + fs::path (program).filename ().string ());
}

void
SandboxTest::SetUp ()
{
  ASSERT_TRUE (getuid () != 0 || getenv ("SBX_TEST_AS_ROOT"));
  make_directories ();
  mounts_before_ = read_file ("/proc/self/mountinfo");
  set_env ("HOME", home ());
  set_env ("XDG_RUNTIME_DIR", runtime ());
  set_env ("XDG_CONFIG_HOME", dir_ + "/config");
  set_env ("XDG_DATA_HOME", dir_ + "/data");
  set_env ("XDG_CACHE_HOME", dir_ + "/cache");
  set_env ("XDG_STATE_HOME", dir_ + "/state");
  set_env ("TMPDIR", dir_ + "/tmp");
  set_env ("SBX_TEST_MARKER", marker ());
  set_env ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=" + dir_ + "/no-system-bus"); /* no authority, whatever runs here */
  set_env ("DBUS_SESSION_BUS_ADDRESS", "unix:path=" + runtime () + "/bus");
  set_env ("SANDBOX_BUS", bus_ == Bus::NONE ? std::optional<std::string> ("none") : std::nullopt);
  set_env ("SANDBOX_PROFILE_PATH", places ().profiles + ":" + admin_profiles () + ":" + user_profiles ());
  if (!getenv ("SBX_TEST_PREFIX"))
    set_env ("SANDBOX_LIBEXECDIR", dir_ + "/libexec");
}

static const char *const bus_config = R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%SOCKET%</listen>
  <auth>EXTERNAL</auth>
  <servicedir>%DIR%/data/dbus-1/services</servicedir>
  <servicedir>%DIR%/services</servicedir>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_incoming_unix_fds">250000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_outgoing_unix_fds">250000000</limit>
  <limit name="max_message_size">1000000000</limit>
  <limit name="max_completed_connections">100000</limit>
  <limit name="max_incomplete_connections">10000</limit>
  <limit name="max_connections_per_user">100000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
)";

static void
fill_in (std::string &text, const std::string &word, const std::string &value)
{
  for (size_t at; (at = text.find (word)) != std::string::npos;)
    text.replace (at, word.size (), value);
}

std::unique_ptr<Process>
SandboxTest::start_dbus (const std::string &name, const std::string &socket)
{
  std::string config = bus_config, path = dir_ + "/" + name + ".conf";

  fill_in (config, "%SOCKET%", socket);
  fill_in (config, "%DIR%", dir_);
  write_file (path, config);
  return std::make_unique<Process> (
      Command ({ "dbus-daemon", "--nofork", "--print-address", "--config-file=" + path }));
}

void
SandboxTest::start_authority_that_says (const std::string &answer)
{
  std::string socket = dir_ + "/system-bus";

  system_bus_ = start_dbus ("system", socket);
  ASSERT_TRUE (system_bus_->expect ("unix:")) << system_bus_->err ();
  set_env ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=" + socket);
  authority_ = std::make_unique<Process> (Command ({ places ().authority, answer }));
  ASSERT_TRUE (authority_->expect ("ready")) << authority_->err ();
}

bool
SandboxTest::is_ours (pid_t pid) const
{
  for (const auto *process : { &bus_process_, &system_bus_, &authority_ })
    if (*process && (*process)->pid () == pid)
      return true;
  return false;
}

/* SBX_TEST_PREPARED: to try with sandboxes kept ready what the other tests expect of those that are made for a launch.
 */
static std::string
prepared ()
{
  const char *number = getenv ("SBX_TEST_PREPARED");

  return number ? number : "0";
}

void
SandboxTest::start_bus ()
{
  write_file (dir_ + "/services/org.example.Sandbox.service",
              "[D-BUS Service]\nName=org.example.Sandbox\nExec=" + places ().sandboxd + " --prepared=" + prepared ()
                  + service_options_ + "\n");
  bus_process_ = start_dbus ("bus", runtime () + "/bus");
  ASSERT_TRUE (bus_process_->expect ("unix:")) << bus_process_->err ();
}

Argv
SandboxTest::ctl (const Argv &words) const
{
  Argv argv = { places ().sandboxctl };

  argv.insert (argv.end (), words.begin (), words.end ());
  return argv;
}

Command
SandboxTest::command (const Argv &words) const
{
  auto *self = const_cast<SandboxTest *> (this);

  if (bus_ == Bus::SESSION && !bus_process_)
    self->start_bus ();
  Command result (ctl (words));
  result.cwd = home ();
  return result;
}

Outcome
SandboxTest::sandboxctl (const Argv &words)
{
  return run (command (words));
}

Argv
run_words (const Argv &options, const Argv &words)
{
  Argv argv = { "run" };

  argv.insert (argv.end (), options.begin (), options.end ());
  argv.push_back ("--");
  argv.insert (argv.end (), words.begin (), words.end ());
  return argv;
}

Outcome
SandboxTest::run_in (const Argv &options, const Argv &words)
{
  return sandboxctl (run_words (options, words));
}

Json
SandboxTest::json (const Argv &words)
{
  Outcome outcome = sandboxctl (words);

  if (outcome.status != 0)
    throw std::runtime_error (shell_quote (words) + ": exit status " + std::to_string (outcome.status) + ": "
                              + outcome.err);
  return Json::parse (outcome.out);
}

std::string
SandboxTest::top_cell (const std::string &id, size_t column)
{
  std::istringstream lines (sandboxctl ({ "top", "--once" }).out);
  std::vector<std::string> cells;

  for (std::string line, cell; std::getline (lines, line);)
    if (line.compare (0, id.size (), id) == 0)
      for (std::istringstream row (line); row >> cell;)
        cells.push_back (cell);
  return column < cells.size () ? cells[column] : "nothing";
}

Command
SandboxTest::probe (const Argv &options, const Argv &words, int number)
{
  Argv verb = { "run" };

  verb.insert (verb.end (), options.begin (), options.end ());
  return probe_with (verb, words, number);
}

Command
SandboxTest::probe_with (const Argv &verb, const Argv &words, int number)
{
  std::string self = "/proc/self/fd/" + std::to_string (number);
  Argv all = verb;

  if (probe_.get () < 0) {
    std::string content = read_file (probe_program ());
    Fd memory (memfd_create ("probe", MFD_CLOEXEC));

    if (content.empty ()
        || write (memory.get (), content.data (), content.size ()) != static_cast<ssize_t> (content.size ()))
      throw std::runtime_error ("cannot read " + probe_program ());
    /* Opened again for reading only: a file that is open for writing cannot be executed */
    probe_.reset (open (("/proc/self/fd/" + std::to_string (memory.get ())).c_str (), O_RDONLY | O_CLOEXEC));
  }
  all.push_back ("--");
  all.push_back (self);
  all.insert (all.end (), words.begin (), words.end ());
  Command result = command (all);
  result.fds[number] = probe_.get ();
  return result;
}

void
SandboxTest::add_profile (const std::string &name, const std::string &content)
{
  write_file (admin_profiles () + "/" + name + ".profile", content);
}

void
SandboxTest::add_user_profile (const std::string &name, const std::string &content)
{
  write_file (user_profiles () + "/" + name + ".profile", content);
}

static int
integer (GKeyFile *file, const char *key)
{
  return g_key_file_get_integer (file, "Status", key, nullptr);
}

Record
SandboxTest::record (const std::string &id) const
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  std::string path = instances () + "/" + id + "/status";
  auto text = [&file] (const char *key) {
    g_autofree char *value = g_key_file_get_string (file, "Status", key, nullptr);
    return std::string (value ? value : "");
  };

  g_key_file_load_from_file (file, path.c_str (), G_KEY_FILE_NONE, nullptr);
  Record result = {};
  result.id = id;
  result.state = text ("State");
  result.culprit = text ("Culprit");
  result.text = text ("Text");
  result.pid = integer (file, "Pid");
  result.init = integer (file, "InitPid");
  result.keeper = integer (file, "KeeperPid");
  result.wait_status = integer (file, "WaitStatus");
  return result;
}

std::vector<Record>
SandboxTest::records () const
{
  std::vector<Record> result;
  std::error_code none;

  for (const auto &entry : fs::directory_iterator (instances (), none))
    if (entry.is_directory (none))
      result.push_back (record (entry.path ().filename ()));
  return result;
}

Record
SandboxTest::new_instance (const std::set<std::string> &known)
{
  Record found = {};

  eventually ([&] {
    for (const Record &r : records ())
      if (r.state == "running" && known.count (r.id) == 0)
        found = r;
    return !found.id.empty ();
  });
  EXPECT_FALSE (found.id.empty ()) << "no instance has come up";
  return found;
}

bool
SandboxTest::wait_for_state (const std::string &id, const std::string &state)
{
  return eventually ([&] { return record (id).state == state; });
}

std::string
SandboxTest::launch_detached (const Argv &options, const Argv &words)
{
  Argv all = options;

  all.push_back ("--detach");
  Outcome outcome = run_in (all, words);
  if (outcome.status != 0 || outcome.out.size () != 17)
    throw std::runtime_error ("cannot launch: " + outcome.out + outcome.err);
  return outcome.out.substr (0, 16);
}

pid_t
SandboxTest::bwrap_of (const Record &record)
{
  for (const auto &p : descendants (record.keeper))
    if (p.parent == record.keeper && p.name == "bwrap"
        && p.command.find ("/proc/self/fd/9") != std::string::npos) /* not a sidecar's */
      return p.pid;
  ADD_FAILURE () << "the keeper has no bwrap:\n" << describe (descendants (record.keeper));
  return -1;
}

std::vector<pid_t>
SandboxTest::services ()
{
  std::vector<pid_t> pids;

  for (const auto &p : descendants (getpid ()))
    if (p.name == "sandboxd" && p.state != 'Z')
      pids.push_back (p.pid);
  return pids;
}

/* The process that owns @name on the bus of @connection; 0: none does. */
static pid_t
owner_of (GDBusConnection *connection, const char *name)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixProcessID",
      g_variant_new ("(s)", name), G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
  guint32 pid = 0;

  if (reply)
    g_variant_get (reply, "(u)", &pid);
  return static_cast<pid_t> (pid);
}

void
SandboxTest::kill_services ()
{
  std::vector<pid_t> killed = services ();

  for (pid_t pid : killed)
    ::kill (pid, SIGKILL);
  /* Not until there is none: somebody who waits may have the next one started at once */
  EXPECT_TRUE (eventually ([&] { return std::none_of (killed.begin (), killed.end (), process_exists); }));
  /* Nor until the bus has seen that: it gives a dead owner of the name the next call */
  if (bus_process_) {
    EXPECT_TRUE (eventually ([&] {
      return std::find (killed.begin (), killed.end (), owner_of (connection (), "org.example.Sandbox"))
             == killed.end ();
    }));
  }
}

void
SandboxTest::hear_out ()
{
  for (const auto *process : { &bus_process_, &system_bus_, &authority_ })
    if (*process) {
      EXPECT_TRUE ((*process)->running ());
    }
}

GDBusConnection *
SandboxTest::connection ()
{
  if (bus_ != Bus::LOGIN && !bus_process_)
    start_bus ();
  if (!connection_) {
    g_autoptr (GError) error = nullptr;
    std::string address = "unix:path=" + runtime () + "/bus";
    auto flags = static_cast<GDBusConnectionFlags> (G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                    | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION);

    connection_ = g_dbus_connection_new_for_address_sync (address.c_str (), flags, nullptr, nullptr, &error);
    if (!connection_)
      throw std::runtime_error (error->message);
    g_dbus_connection_set_exit_on_close (connection_, FALSE);
  }
  return connection_;
}

void
SandboxTest::disconnect ()
{
  if (connection_)
    g_dbus_connection_close_sync (connection_, nullptr, nullptr);
  g_clear_object (&connection_);
}

void
SandboxTest::expect_nothing_left (bool services_may_stay)
{
  std::vector<ProcessInfo> left;
  bool clean = eventually ([&] {
    reap_strays ();
    left = descendants (getpid ());
    left.erase (std::remove_if (left.begin (), left.end (),
                                [&] (const ProcessInfo &p) {
                                  return is_ours (p.pid) || (services_may_stay && p.name == "sandboxd");
                                }),
                left.end ());
    return left.empty ();
  });

  EXPECT_TRUE (clean) << "left behind:\n" << describe (left);
  for (const Record &r : records ())
    EXPECT_EQ (r.state, "exited") << "left behind: " << instances () << "/" << r.id << "\n"
                                  << read_file (instances () + "/" + r.id + "/status");
  for (const Record &r : records ())
    EXPECT_FALSE (fs::exists (instances () + "/" + r.id + "/keeper")) << "a socket that nobody serves is left behind";
  EXPECT_EQ (read_file ("/proc/self/mountinfo"), mounts_before_) << "mounts are left behind";
}

void
SandboxTest::TearDown ()
{
  if (dir_.empty ())
    return;
  if (!HasFailure ()) {
    std::set<pid_t> told;
    /* A client's last question may bring up another one */
    eventually ([&] {
      reap_strays ();
      for (pid_t pid : services ())
        if (told.insert (pid).second)
          ::kill (pid, SIGTERM);
      std::vector<ProcessInfo> all = descendants (getpid ());
      return std::all_of (all.begin (), all.end (), [this] (const ProcessInfo &p) { return is_ours (p.pid); });
    });
    expect_nothing_left (false);
    EXPECT_TRUE (fs::is_empty (dir_ + "/tmp")) << "temporary files are left behind";
  }
  for (const auto &p : descendants (getpid ()))
    if (!is_ours (p.pid))
      ::kill (p.pid, SIGKILL);
  disconnect ();
  if (HasFailure () && bus_process_) {
    (void) bus_process_->running (); /* reads */
    std::string log = bus_process_->err ();
    printf ("The bus and the services on it said:\n%s\n",
            log.substr (log.size () > 6000 ? log.size () - 6000 : 0).c_str ());
  }
  authority_.reset ();
  system_bus_.reset ();
  bus_process_.reset ();
  eventually ([] {
    reap_strays ();
    return descendants (getpid ()).empty ();
  });
  for (const auto &[name, value] : Environment (saved_))
    value ? setenv (name.c_str (), value->c_str (), 1) : unsetenv (name.c_str ());
  std::error_code ignored;
  fs::remove_all (dir_, ignored);
}

::testing::AssertionResult
fails_with (const Outcome &outcome, int status, const std::vector<std::string> &words)
{
  auto say = [&outcome] (const std::string &what) {
    return ::testing::AssertionFailure ()
           << what << "\nexit status " << outcome.status << "\nstdout: " << outcome.out << "\nstderr: " << outcome.err;
  };

  if (outcome.status != status)
    return say ("expected exit status " + std::to_string (status));
  for (const std::string &word : words)
    if (outcome.err.find (word) == std::string::npos)
      return say ("the message does not say \"" + word + "\"");
  return ::testing::AssertionSuccess ();
}

::testing::AssertionResult
succeeds (const Outcome &outcome)
{
  return fails_with (outcome, 0, {});
}

}
