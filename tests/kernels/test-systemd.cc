/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of an instance as a whole, by a real systemd: the user manager of a login session, with cgroups delegated to
 * it, and the session bus that it starts. The service is what that bus has it start, by the unit that gets installed.
 * What is sent to the manager is in tests/e2e/test-limits.cc; here is what becomes of it. */
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <unistd.h>

#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

class Systemd : public SandboxTest {
protected:
  Systemd () : SandboxTest (Bus::LOGIN)
  {
  }
  static void SetUpTestSuite ();
  void SetUp () override;
  void TearDown () override;

  static Outcome
  systemctl (const Argv &words)
  {
    Argv argv = { "systemctl", "--user", "--no-pager" };

    argv.insert (argv.end (), words.begin (), words.end ());
    return run (argv);
  }
  static std::string
  property (const std::string &unit, const std::string &name)
  {
    std::string value = systemctl ({ "show", "--value", "--property=" + name, unit }).out;

    return value.substr (0, value.find ('\n'));
  }
  std::string
  launch (const std::string &profile, const Argv &words = { "sleep", "1000" })
  {
    return launch_detached ({ "--profile=" + profile, "--app-id=org.example.App-1" }, words);
  }
  static std::string
  scope_of (const std::string &id)
  {
    return "app-sandbox-org.example.App\\x2d1-" + id + ".scope";
  }
  static std::string
  group_of (pid_t pid)
  {
    std::string line = read_file ("/proc/" + std::to_string (pid) + "/cgroup");

    return line.substr (0, line.find ('\n'));
  }
  /* Where the manager has its units. */
  static std::string
  managed (const std::string &unit)
  {
    std::string user = std::to_string (getuid ());

    return "/user.slice/user-" + user + ".slice/user@" + user + ".service/app.slice/" + unit;
  }
  static std::string
  group (const std::string &path, const std::string &name)
  {
    return "/sys/fs/cgroup" + path + "/" + name;
  }
  static std::string
  control (const std::string &id, const std::string &name)
  {
    std::string text = read_file (group (managed (scope_of (id)), name));

    return text.substr (0, text.find_last_not_of ('\n') + 1);
  }
  /* A line "NAME NUMBER" of such a file; -1: there is none. */
  static long
  count (const std::string &id, const std::string &file, const std::string &name)
  {
    std::istringstream words (control (id, file));
    std::string word, value;

    while (words >> word >> value)
      if (word == name)
        return atol (value.c_str ());
    return -1;
  }
  /* Neither the unit nor its cgroup is there any more; "": no unit at all. */
  static bool
  scope_is_gone (const std::string &id)
  {
    return eventually ([&] {
      return systemctl ({ "list-units", "--all", "--plain", "--no-legend", "app-sandbox-*" + id + ".scope" })
                 .out.empty ()
             && !fs::exists (group (managed (scope_of (id)), ""));
    });
  }
  Json
  enforced (const std::string &id)
  {
    return json ({ "show", "--json", id })["enforced"];
  }
  std::string
  limits_of (const std::string &id)
  {
    return enforced (id)["limits"].text ();
  }
  bool
  warns (const std::string &id, const std::string &words)
  {
    return enforced (id)["warnings"].dump ().find (words) != std::string::npos;
  }
  void
  stop (const std::string &id)
  {
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
    EXPECT_TRUE (wait_for_state (id, "exited"));
    EXPECT_TRUE (scope_is_gone (id));
  }
  static pid_t
  service ()
  {
    return atoi (property ("sandboxd.service", "MainPID").c_str ());
  }
  /* SIGKILL to the service, until the manager has seen it. */
  static void
  kill_service ()
  {
    pid_t pid = service ();

    ASSERT_GT (pid, 0);
    ::kill (pid, SIGKILL);
    EXPECT_TRUE (eventually ([pid] { return service () != pid; }));
  }
};

/* What an installation does. */
void
Systemd::SetUpTestSuite ()
{
  std::string runtime = "/run/user/" + std::to_string (getuid ()), units = runtime + "/systemd/user/",
              services = runtime + "/dbus-1/services/", built = std::string (getenv ("SBX_TEST_BUILD")) + "/data/";

  fs::create_directories (units + "sandboxd.service.d");
  fs::create_directories (services);
  write_file (units + "sandboxd.service", read_file (built + "systemd/sandboxd.service"));
  write_file (units + "sandboxd.service.d/test.conf", "[Service]\nExecStart=\nExecStart=" + places ().sandboxd
                                                          + "\nEnvironmentFile=%t/sandbox-test.environment\n");
  write_file (services + "org.example.Sandbox.service", read_file (built + "dbus-1/org.example.Sandbox.service"));
}

/* … and the test's directories, for the service as well. */
void
Systemd::SetUp ()
{
  std::string environment;

  SandboxTest::SetUp ();
  for (const char *name : { "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "TMPDIR",
                            "DBUS_SYSTEM_BUS_ADDRESS", "SANDBOX_PROFILE_PATH", "SANDBOX_LIBEXECDIR" })
    environment += std::string (name) + "=" + getenv (name) + "\n";
  write_file (runtime () + "/sandbox-test.environment", environment);
  add_profile ("limited", "[Profile]\nInherits=default\n[Limits]\nmemory=512M\npids=100\ncpu=150%\nnofile=333\n");
  add_profile ("unlimited", "[Profile]\nInherits=default\n");
  add_profile ("files", "[Profile]\nInherits=default\n[Limits]\nnofile=333\n");
  add_profile ("pids", "[Profile]\nInherits=default\n[Limits]\npids=20\n");
  add_profile ("memory", "[Profile]\nInherits=default\n[Limits]\nmemory=64M\n");
  add_profile ("cpu", "[Profile]\nInherits=default\n[Limits]\ncpu=20%\n");
}

void
Systemd::TearDown ()
{
  if (HasFailure ()) {
    printf ("%s", systemctl ({ "status", "--full", "--lines=0" }).out.c_str ());
    systemctl ({ "kill", "--signal=KILL", "sandboxd.service", "app-sandbox-*" });
  }
  EXPECT_TRUE (scope_is_gone (""));
  EXPECT_TRUE (succeeds (systemctl ({ "stop", "sandboxd.service" })));
  EXPECT_TRUE (eventually ([] { return read_file (group (managed ("sandboxd.service"), "cgroup.procs")).empty (); }))
      << "keepers are left behind";
  SandboxTest::TearDown ();
  std::error_code ignored;
  fs::remove_all (instances (), ignored);
}

TEST_F (Systemd, EveryProperty)
{
  std::string id = launch ("limited"), unit = scope_of (id);
  Record found = record (id);

  EXPECT_EQ (group_of (found.init), "0::" + managed (unit));
  EXPECT_EQ (group_of (found.pid), "0::" + managed (unit));
  /* The plumbing is the service's: it outlives the scope, and does not count */
  EXPECT_EQ (group_of (found.keeper), "0::" + managed ("sandboxd.service"));
  EXPECT_EQ (group_of (bwrap_of (found)), "0::" + managed ("sandboxd.service"));
  std::string shown = "\n" + systemctl ({ "show", unit }).out;
  for (const char *line : { "ActiveState=active", "Slice=app.slice", "CollectMode=inactive-or-failed",
                            "MemoryMax=536870912", "TasksMax=101", "CPUQuotaPerSecUSec=1.500000s" })
    EXPECT_NE (shown.find (std::string ("\n") + line + "\n"), std::string::npos) << line << " is not in" << shown;
  EXPECT_EQ (property (unit, "Description"), "Sandbox " + unit);
  EXPECT_EQ (control (id, "memory.max"), "536870912");
  EXPECT_EQ (control (id, "pids.max"), "101");
  EXPECT_EQ (control (id, "cpu.max"), "150000 100000");
  EXPECT_EQ (limits_of (id), "scope");
  EXPECT_EQ (enforced (id)["warnings"].size (), 0u) << enforced (id).dump ();
  /* What comes later is in it as well */
  Command late = command ({ "exec", id, "--", "sh", "-c", "echo ready; read line" });
  late.keep_input = true;
  Process more (late);
  ASSERT_TRUE (more.expect ("ready"));
  EXPECT_EQ (control (id, "pids.current"), "3"); /* init, the application, the shell */
  more.close_input ();
  more.wait ();
  stop (id);
}

/* systemd 255 and later (254 was seen to refuse them) takes descriptors of processes, which cannot be another process's
 * by then. */
TEST_F (Systemd, ByDescriptor)
{
  int version = atoi (systemctl ({ "show", "--value", "--property=Version" }).out.c_str ());
  Process monitor (Command ({ "dbus-monitor", "--session" }));

  ASSERT_GT (version, 0);
  ASSERT_TRUE (monitor.expect ("NameLost")) << monitor.err (); /* it is one */
  std::string id = launch ("limited");
  EXPECT_EQ (limits_of (id), "scope");
  ASSERT_TRUE (monitor.expect (version < 255 ? "\"PIDs\"" : "\"PIDFDs\"")) << monitor.out ();
  stop (id);
  monitor.kill (SIGTERM);
  std::string said = monitor.wait ().out;
  EXPECT_EQ (said.find ("\"PIDs\"") != std::string::npos, version < 255) << said;
}

TEST_F (Systemd, NoneForWhatHasNoSuchLimit)
{
  static const struct {
    const char *profile, *limits;
  } rows[] = { { "unlimited", "none" }, { "files", "rlimit" } };

  for (const auto &row : rows) {
    std::string id = launch (row.profile);
    EXPECT_EQ (limits_of (id), row.limits);
    EXPECT_EQ (group_of (record (id).init), "0::" + managed ("sandboxd.service"));
    EXPECT_TRUE (scope_is_gone (id));
    stop (id);
  }
}

/* Processes without end; without the limit they are as many as it says. */
TEST_F (Systemd, Tasks)
{
  static const char bomb[] =
      "(n=0; while [ $n -lt 60 ]; do sleep 1000 & n=$((n+1)); done; echo all); echo done; read line";
  Command limited = command (run_words ({ "--profile=pids", "--app-id=org.example.App-1" }, { "sh", "-c", bomb }));

  limited.keep_input = true;
  Process process (limited);
  ASSERT_TRUE (process.expect ("done")) << process.err ();
  std::string id = new_instance ().id;
  EXPECT_EQ (process.out (), "done\n");
  EXPECT_EQ (limits_of (id), "scope");
  EXPECT_EQ (control (id, "pids.max"), "21");
  EXPECT_EQ (control (id, "pids.peak"), "21");
  EXPECT_GT (count (id, "pids.events", "max"), 0) << "it was not the scope that has stopped it";
  process.close_input ();
  process.wait ();
  EXPECT_TRUE (scope_is_gone (id));
  Outcome free = run_in ({ "--profile=unlimited" }, { "sh", "-c", bomb });
  EXPECT_EQ (free.out, "all\ndone\n") << free.err;
}

/* The second is small enough by itself, and too large beside the first. Each keeps all of a line, and says when it has
 * it; the shell starts the next one for every line that it reads. */
TEST_F (Systemd, Memory)
{
  static const char hogs[] = "while read name; do (head -c 40M /dev/zero; echo $name >&2; sleep 1000) | tail & done";

  for (const char *profile : { "memory", "unlimited" }) {
    bool limited = std::string (profile) == "memory";
    std::string option = std::string ("--profile=") + profile;
    Command what = command (run_words ({ option, "--app-id=org.example.App-1" }, { "sh", "-c", hogs }));
    what.keep_input = true;
    Process process (what);
    process.write ("one\n");
    ASSERT_TRUE (eventually ([&] { return process.running () && process.err () == "one\n"; })) << process.err ();
    Record found = new_instance ();
    EXPECT_EQ (count (found.id, "memory.events", "oom_kill"), limited ? 0 : -1);
    process.write ("two\n");
    if (limited) { /* systemd before 253 ends the whole scope then, see systemd.scope(5), "OOMPolicy=" */
      int status = process.wait ().status;
      EXPECT_TRUE (status == 128 + SIGTERM || status == 128 + SIGKILL) << status;
      EXPECT_EQ (process.err ().find ("two"), std::string::npos);
      EXPECT_NE (process.err ().find ("more memory than it may have"), std::string::npos) << process.err ();
      EXPECT_EQ (record (found.id).culprit, "memory");
    } else {
      ASSERT_TRUE (eventually ([&] { return process.running () && process.err () == "one\ntwo\n"; })) << process.err ();
      process.close_input ();
      process.wait ();
    }
    EXPECT_TRUE (scope_is_gone (found.id));
  }
}

TEST_F (Systemd, MemoryOfTheApplication)
{
  auto culprits = [this] {
    std::set<std::string> all;
    for (const Record &r : records ())
      all.insert (r.culprit);
    return all;
  };
  Outcome outcome = run_in ({ "--profile=memory", "--app-id=org.example.App-1" }, { "tail", "/dev/zero" });

  EXPECT_EQ (outcome.status, 128 + SIGKILL);
  EXPECT_NE (outcome.err.find ("more memory than it may have"), std::string::npos) << outcome.err;
  EXPECT_EQ (culprits (), std::set<std::string>{ "memory" });
  outcome = run_in ({ "--profile=memory", "--app-id=org.example.App-1" },
                    { "sh", "-c", "head -c 20M /dev/zero | tail | wc -c" });
  EXPECT_EQ (outcome.out, "20971520\n") << outcome.err;
  /* Killed, and not for that */
  outcome = run_in ({ "--profile=memory", "--app-id=org.example.App-1" }, { "sh", "-c", "kill -KILL $$" });
  EXPECT_EQ (outcome.status, 128 + SIGKILL);
  EXPECT_EQ (outcome.err, "");
  EXPECT_EQ (culprits (), (std::set<std::string>{ "memory", "application" }));
}

TEST_F (Systemd, Cpu)
{
  std::string id = launch ("cpu", { "sh", "-c", "while :; do :; done" });

  EXPECT_EQ (control (id, "cpu.max"), "20000 100000");
  EXPECT_TRUE (eventually ([&] { return count (id, "cpu.stat", "nr_throttled") > 5; })) << control (id, "cpu.stat");
  stop (id);
}

TEST_F (Systemd, GoneWithTheInstance)
{
  Outcome ended = run_in ({ "--profile=limited", "--app-id=org.example.App-1" }, { "true" });
  EXPECT_EQ (ended.status, 0) << ended.err;
  for (const Record &r : records ())
    EXPECT_TRUE (scope_is_gone (r.id));
  std::string id = launch ("limited");
  ::kill (record (id).keeper, SIGKILL);
  EXPECT_TRUE (scope_is_gone (id));
  EXPECT_EQ (json ({ "show", "--json", id })["state"].text (), "exited");
}

/* As the desktop's task manager does it. */
TEST_F (Systemd, StoppedByTheManager)
{
  std::string id = launch ("limited");

  EXPECT_TRUE (succeeds (systemctl ({ "stop", scope_of (id) })));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (json ({ "show", "--json", id })["result"]["signal"].number (), SIGTERM);
  EXPECT_EQ (record (id).culprit, "application");
  EXPECT_TRUE (scope_is_gone (id));
}

/* Its scope is its own: neither the end of the service nor the next one touches it. */
TEST_F (Systemd, WithoutTheService)
{
  std::string id = launch ("limited"), other = launch ("limited");
  pid_t init = record (id).init;

  kill_service ();
  EXPECT_EQ (group_of (init), "0::" + managed (scope_of (id)));
  EXPECT_EQ (limits_of (id), "scope") << "forgotten by the next service";
  EXPECT_TRUE (succeeds (systemctl ({ "restart", "sandboxd.service" })));
  EXPECT_EQ (record (id).state, "running");
  EXPECT_EQ (group_of (init), "0::" + managed (scope_of (id)));
  kill_service ();
  ::kill (record (other).pid, SIGTERM); /* with nobody there */
  EXPECT_TRUE (scope_is_gone (other));
  EXPECT_EQ (json ({ "show", "--json", other })["state"].text (), "exited");
  stop (id);
}

/* What has no limits is in the cgroup of the service; that it is killed for want of memory concerns nobody else. */
TEST_F (Systemd, OutlivesOthersThatAreKilled)
{
  std::string id = launch ("unlimited");
  pid_t before = service ();

  ASSERT_TRUE (succeeds (systemctl ({ "set-property", "--runtime", "sandboxd.service", "MemoryMax=128M" })));
  EXPECT_EQ (run_in ({ "--profile=unlimited" }, { "tail", "/dev/zero" }).status, 128 + SIGKILL);
  EXPECT_TRUE (eventually ([] {
    return read_file (group (managed ("sandboxd.service"), "memory.events")).find ("oom_kill 1\n") != std::string::npos;
  }));
  ASSERT_TRUE (succeeds (systemctl ({ "set-property", "--runtime", "sandboxd.service", "MemoryMax=infinity" })));
  EXPECT_EQ (property ("sandboxd.service", "SubState"), "running");
  EXPECT_EQ (service (), before);
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

/* One that was started by hand, or by a session that has its own cgroup: the user manager may not take processes from
 * there, and asks the one of the system. */
TEST_F (Systemd, ServiceFromElsewhere)
{
  Process service (Command ({ places ().sandboxd }));

  ASSERT_TRUE (eventually ([] {
    return run (Command ({ "busctl", "--user", "status", "org.example.Sandbox" })).status == 0;
  }));
  std::string id = launch ("limited");
  EXPECT_EQ (this->service (), 0);
  EXPECT_EQ (limits_of (id), "scope") << enforced (id).dump ();
  EXPECT_EQ (group_of (record (id).init), "0::" + managed (scope_of (id)));
  stop (id);
  service.kill (SIGTERM);
  service.wait ();
}

/* The manager says no, or nothing. */
TEST_F (Systemd, Refuses)
{
  stop (launch ("unlimited")); /* the service is there */
  ASSERT_TRUE (succeeds (systemctl ({ "mask", "--runtime", "app.slice" })));
  std::string id = launch ("limited");
  EXPECT_EQ (limits_of (id), "rlimit");
  EXPECT_TRUE (warns (id, "app.slice is masked")) << enforced (id).dump ();
  EXPECT_EQ (group_of (record (id).init), "0::" + managed ("sandboxd.service"));
  ASSERT_TRUE (succeeds (systemctl ({ "unmask", "--runtime", "app.slice" })));
  stop (id);
}

/* What it does later (with descriptors a scope; without nothing, since it would have to be asked again) ends with the
 * instance. */
TEST_F (Systemd, IsSilent)
{
  stop (launch ("unlimited"));
  pid_t manager = process_info (service ())->parent;
  ASSERT_EQ (process_info (manager)->name, "systemd");
  ::kill (manager, SIGSTOP);
  std::string id = launch ("limited");
  EXPECT_EQ (limits_of (id), "rlimit");
  EXPECT_TRUE (warns (id, "has not answered")) << enforced (id).dump ();
  ::kill (manager, SIGCONT);
  stop (id);
}
