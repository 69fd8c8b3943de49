/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is promised is enforced on this kernel, and what cannot be is said before anything starts. */
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "facts.h"

using namespace e2e;

static constexpr int ABI_TCP = 4, ABI_SCOPES = 6;
static constexpr int PIDNS_BY_FD = 1 << 3; /* SBX_ENFORCED_PIDNS_BY_FD */

class Kernel : public KernelTest {
protected:
  /* Started and explained alike, it is refused, says @words, and nothing was started. */
  void
  expect_refused (const std::string &profile, const std::vector<std::string> &words)
  {
    EXPECT_TRUE (fails_with (sandboxctl ({ "explain", profile }), 125, words)) << "explain " << profile;
    EXPECT_TRUE (fails_with (run_in ({ "--profile=" + profile }, { "true" }), 125, words)) << "run " << profile;
    EXPECT_EQ (records ().size (), 0u);
  }
  /* What show says is in force in a sandbox of @profile. */
  Json
  enforced (const std::string &profile, std::string *text = nullptr)
  {
    std::string id = launch_detached ({ "--profile=" + profile, "--app-id=org.example.Kernel" }, { "sleep", "1000" });
    Json shown = json ({ "show", "--json", id })["enforced"];

    if (text)
      *text = sandboxctl ({ "show", id }).out;
    std::string status = read_file (instances () + "/" + id + "/status");
    by_fd = (atoi (status.c_str () + status.find ("Enforced=") + strlen ("Enforced=")) & PIDNS_BY_FD) != 0;
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
    EXPECT_TRUE (wait_for_state (id, "exited"));
    return shown;
  }
  /* … and how its procfs was made. */
  bool by_fd = false;
};

static std::string
state (const Json &doctor, const char *mechanism)
{
  return doctor[mechanism]["state"].text ();
}

/* The table in scripts/kernels, the kernel and doctor agree. */
TEST_F (Kernel, DoctorSaysWhatThereIs)
{
  Outcome outcome = sandboxctl ({ "doctor", "--json" });
  Json said = Json::parse (outcome.out);
  int abi = facts ().abi;

  EXPECT_EQ (outcome.status, abi >= ABI_SCOPES ? 0 : 125) << outcome.out << outcome.err;
  EXPECT_EQ (said["keeps-promises"].boolean (), abi >= ABI_SCOPES);
  EXPECT_EQ (said["landlock-abi"].number (), abi);
  EXPECT_EQ (said["yama"].number (), facts ().yama);
  EXPECT_EQ (state (said, "landlock"), abi >= ABI_SCOPES ? "works" : abi > 0 ? "limited" : "missing");
  EXPECT_EQ (state (said, "landlock-scopes"), abi >= ABI_SCOPES ? "works" : "missing");
  EXPECT_EQ (state (said, "landlock-tcp"), abi >= ABI_TCP ? "works" : "missing");
  if (facts ().told) {
    EXPECT_EQ (state (said, "procfs-pidns"), facts ().pidns ? "works" : "limited");
  }
  for (const char *mechanism : { "user-namespaces", "bubblewrap", "procfs-hidepid", "seccomp" })
    EXPECT_EQ (state (said, mechanism), "works") << said[mechanism].dump ();
  EXPECT_EQ (sandboxctl ({ "doctor" }).status, outcome.status);
}

TEST_F (Kernel, TheDefaultProfile)
{
  if (facts ().abi == 0) {
    expect_refused ("default", { "Landlock" });
    return;
  }
  EXPECT_TRUE (json ({ "explain", "--json", "default" })["inferiors-only"].boolean ());
  Json bits = enforced ("default");
  for (const char *bit : { "inferiors-only", "private-procfs", "app-domain", "seccomp" })
    EXPECT_TRUE (bits[bit].boolean ()) << bit;
  EXPECT_EQ (bits["scopes"].boolean (), facts ().abi >= ABI_SCOPES);
  EXPECT_EQ (bits["instance-domain"].boolean (), facts ().abi >= ABI_SCOPES);
  if (facts ().told) {
    EXPECT_EQ (by_fd, facts ().pidns) << "made with pidns=, or with setns and fork";
  }
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 5" }).status, 5);
}

/* File-system rights would forbid the sandboxes that it makes inside, so its domain takes scopes. */
TEST_F (Kernel, TheBrowserProfile)
{
  if (facts ().abi < ABI_SCOPES) {
    expect_refused ("browser", { facts ().abi > 0 ? "scopes" : "Landlock", "no-landlock" });
    return;
  }
  Json bits = enforced ("browser");
  for (const char *bit : { "inferiors-only", "private-procfs", "app-domain", "instance-domain", "scopes", "seccomp" })
    EXPECT_TRUE (bits[bit].boolean ()) << bit;
}

/* Row by row what docs/visibility.md has for "host", "other instance", "keeper" and "bwrap": "no" by every means. Yama
 * may forbid two of the means outside as well, and then they cannot be tried. */
static void
agrees_with_matrix (const Json &answer)
{
  std::map<std::string, std::string> states;

  for (const Json &row : answer["promises"].items ()) {
    std::string probe = row["probe"].text ();

    for (const char *one : { "process=out-", "process=box-", "process=sandbox-keeper",
                             "kill=", "pidfd=", "memory=", "trace=", "own-process" })
      if (probe.rfind (one, 0) == 0)
        states[one] = row["state"].text ();
  }
  for (const char *one : { "process=out-", "process=box-", "process=sandbox-keeper", "kill=", "pidfd=", "own-process" })
    EXPECT_EQ (states[one], "kept") << one << answer.dump ();
  for (const char *one : { "memory=", "trace=" })
    EXPECT_TRUE (states[one] == "kept" || states[one] == "untested") << one << answer.dump ();
}

/* `verify` finds what the matrix finds: whatever is promised on this kernel is kept, and what does not start here is
 * not said to be. */
TEST_F (Kernel, VerifyAgrees)
{
  for (const auto &[profile, abi] : { std::pair ("default", 1), std::pair ("browser", ABI_SCOPES) }) {
    Outcome outcome = sandboxctl ({ "verify", "--json", profile });

    if (facts ().abi < abi) {
      EXPECT_EQ (outcome.status, 125) << outcome.out;
      EXPECT_NE (outcome.out.find ("Landlock"), std::string::npos) << outcome.out;
      continue;
    }
    Json answer = Json::parse (outcome.out)[profile];
    EXPECT_EQ (outcome.status, 0) << outcome.out << outcome.err;
    EXPECT_EQ (answer["broken"].number (), 0) << outcome.out;
    EXPECT_GE (answer["kept"].number (), 15) << outcome.out;
    agrees_with_matrix (answer);
  }
}

/* Whoever accepts less is told what that is, before and afterwards. */
TEST_F (Kernel, LessIsSaid)
{
  for (const std::string profile : { "lenient", "lenient-browser" }) {
    bool kept = facts ().abi >= (profile == "lenient" ? 1 : ABI_SCOPES);
    Outcome explained = sandboxctl ({ "explain", profile });
    std::string shown;
    Json bits = enforced (profile, &shown);

    ASSERT_TRUE (succeeds (explained));
    EXPECT_EQ (explained.out.find ("may see other processes") == std::string::npos, kept) << explained.out;
    EXPECT_EQ (bits["inferiors-only"].boolean (), kept) << profile;
    EXPECT_EQ (shown.find ("NO: /proc shows only") == std::string::npos, kept) << shown;
    if (!kept) {
      EXPECT_NE (explained.out.find ("not limited to inferiors"), std::string::npos) << explained.out;
      EXPECT_NE (shown.find ("not limited to inferiors"), std::string::npos) << shown;
    }
  }
}

/* A socket of the host that has no file: shared with the network, unless there are scopes. */
TEST_F (Kernel, AbstractSockets)
{
  Fd sock (socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {};
  std::string name = marker ();

  address.sun_family = AF_UNIX;
  name.copy (address.sun_path + 1, sizeof address.sun_path - 1);
  ASSERT_EQ (bind (sock.get (), reinterpret_cast<struct sockaddr *> (&address),
                   static_cast<socklen_t> (offsetof (struct sockaddr_un, sun_path) + 1 + name.size ())),
             0);
  ASSERT_EQ (listen (sock.get (), 1), 0);
  add_profile ("net", "[Profile]\nName=net\nInherits=lenient\n[Context]\nshared=network;\n");
  for (const std::string &profile : { startable ()[0].substr (10), std::string ("net") }) {
    bool reached = profile == "net" && facts ().abi < ABI_SCOPES;
    Outcome outcome = run (probe ({ "--profile=" + profile }, { "abstract-socket", name }));
    Outcome explained = sandboxctl ({ "explain", profile });

    ASSERT_TRUE (succeeds (outcome));
    EXPECT_EQ (Json::parse (outcome.out)["connect"].text () == "OK", reached) << profile << outcome.out;
    EXPECT_EQ (explained.out.find ("abstract sockets") != std::string::npos, reached) << explained.out;
  }
}

TEST_F (Kernel, TcpPorts)
{
  add_profile ("ports", "[Profile]\nName=ports\nInherits=default\n[Context]\nshared=network;\n[Network]\nconnect=9;\n");
  if (facts ().abi < ABI_TCP) {
    expect_refused ("ports", { "Landlock", "6.7" });
    return;
  }
  Outcome outcome =
      run_in ({ "--profile=ports" }, { "bash", "-c", "for p in 9 10; do : </dev/tcp/127.0.0.1/$p; done" });

  EXPECT_NE (outcome.err.find ("/9: Connection refused"), std::string::npos) << outcome.err;
  EXPECT_NE (outcome.err.find ("/10: Permission denied"), std::string::npos) << outcome.err;
}

/* With pidns= and with setns and fork alike. */
TEST_F (Kernel, OneProcfs)
{
  Outcome outcome = run_in (startable (), { "grep", " - proc ", "/proc/self/mountinfo" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.find ('\n'), outcome.out.size () - 1) << outcome.out;
  for (const char *option : { " / /proc ", "nosuid", "nodev", "noexec", "hidepid=ptraceable" })
    EXPECT_NE (outcome.out.find (option), std::string::npos) << outcome.out;
}

/* What is the user's is mounted from outside: opened, closed, and held where it is. */
TEST_F (Kernel, MountsByObject)
{
  std::string w = home () + "/w";
  std::string inherits = startable ()[0].substr (10);
  std::string context = "[Context]\npersistent=.;\nfilesystems=" + w + ";";
  Argv open = { "--profile=open" }, closed = { "--profile=closed" };
  Argv command = { "sh", "-c",
                   "cd \"$1\" && echo in >new; cat x/closed/secret; mv x y && mv y x; echo no >ro/f; echo k >~/kept",
                   "sh", w };

  add_profile ("open", "[Profile]\nName=open\nInherits=" + inherits + "\n" + context + "\n");
  add_profile ("closed", "[Profile]\nName=closed\nInherits=" + inherits + "\n" + context + "!" + w + "/x/closed;" + w
                             + "/ro:ro;\n");
  ASSERT_TRUE (std::filesystem::create_directories (w + "/x/closed") && std::filesystem::create_directory (w + "/ro"));
  write_file (w + "/x/closed/secret", "secret\n");
  write_file (w + "/ro/f", "yes\n");
  if (syscall (SYS_mount_setattr, -1, "", 0, nullptr, 0) < 0 && errno == ENOSYS) {
    EXPECT_TRUE (fails_with (run_in (closed, command), 125, { "read-only" }));
    return;
  }
  Outcome outcome = run_in (closed, command);
  EXPECT_EQ (outcome.out, "") << outcome.err;
  EXPECT_NE (outcome.err.find ("busy"), std::string::npos) << outcome.err;
  EXPECT_NE (outcome.err.find ("Read-only file system"), std::string::npos) << outcome.err;
  EXPECT_EQ (read_file (w + "/new"), "in\n");
  EXPECT_EQ (read_file (w + "/ro/f"), "yes\n");
  EXPECT_EQ (run_in (closed, { "sh", "-c", "cat ~/kept" }).out, "k\n");
  /* The control: nothing of it is closed */
  outcome = run_in (open, command);
  EXPECT_EQ (outcome.out, "secret\n") << outcome.err;
  EXPECT_EQ (read_file (w + "/ro/f"), "no\n") << outcome.err;
}

/* Many applications in one pid namespace: refused where Landlock has no scopes, before anything starts, whoever does
 * without Landlock; where it has, none notices the other, and each ends by itself. */
TEST_F (Kernel, OnePidNamespaceForASession)
{
  const Argv with = { "--profile=shared" };
  const std::string nobody = "3999999";

  add_profile ("shared", "[Profile]\nInherits=default\n[Procfs]\npidns=session\n");
  add_profile ("shared-lenient", "[Profile]\nInherits=shared\n[Context]\nfeatures=no-landlock;\n");
  if (facts ().abi < ABI_SCOPES) {
    expect_refused ("shared", { facts ().abi > 0 ? "pidns=session" : "Landlock", facts ().abi > 0 ? "6.12" : "" });
    expect_refused ("shared-lenient", { "pidns=session", "6.12" });
    return;
  }
  std::string neighbour = launch_detached (with, { "sleep", "1000" });
  std::string application = number_inside (record (neighbour).pid), init = number_inside (record (neighbour).init);
  Outcome outcome = run (probe (with, { "numbers", application, init, "1", nobody }));

  ASSERT_TRUE (succeeds (outcome));
  Json seen = Json::parse (outcome.out);
  for (const std::string &number : { application, init, std::string ("1") })
    for (const std::string &call : seen[number].members ())
      EXPECT_EQ (seen[number][call].text (), seen[nobody][call].text ()) << call << " of " << number;
  EXPECT_EQ (seen[std::to_string (seen["number"].number ())]["getpgid"].text (), "OK") << "one's own, the control";
  EXPECT_EQ (run_in (with, { "sh", "-c", "sleep 1000 & kill -KILL -1; wait; exit 6" }).status, 6);
  EXPECT_EQ (record (neighbour).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", neighbour })));
  EXPECT_TRUE (wait_for_state (neighbour, "exited"));
}

/* Who traces whom, by the mode of Yama that the step has set. */
class Ptrace : public KernelTest {};

TEST_F (Ptrace, InsideTheApplication)
{
  Outcome outcome = run (probe (startable (), { "handlers" }));

  ASSERT_TRUE (succeeds (outcome));
  Json said = Json::parse (outcome.out);
  EXPECT_EQ (said["child"].text (), facts ().yama < 2 ? "OK" : "EPERM");
  EXPECT_EQ (said["named-handler"].text (), facts ().yama < 2 ? "OK" : "EPERM");
  EXPECT_EQ (said["unnamed-handler"].text (), facts ().yama < 1 ? "OK" : "EPERM");
}

TEST_F (Ptrace, DoctorSaysHow)
{
  Outcome outcome = sandboxctl ({ "doctor", "--json" });
  Json said = Json::parse (outcome.out);

  EXPECT_EQ (said["yama"].number (), facts ().yama);
  EXPECT_EQ (state (said, "ptrace"), facts ().yama < 2 ? "works" : facts ().yama == 2 ? "limited" : "missing");
  if (facts ().yama >= 2) {
    std::string words = "ptrace_scope is " + std::to_string (facts ().yama);

    EXPECT_NE (said["ptrace"]["detail"].text ().find (words), std::string::npos) << said["ptrace"].dump ();
  }
}

/* A handler from outside has CAP_SYS_PTRACE in the sandbox's user namespace, which modes 1 and 2 ask for. */
TEST_F (Ptrace, Attach)
{
  start_authority (true);
  std::string id = launch_detached (startable (), { "sleep", "1000" });
  std::string target = number_inside (record (id).pid);
  Outcome outcome = run (probe_with ({ "attach", id, "--profile=debugger" }, { "see", "--only", target }));

  if (facts ().yama == 3) {
    EXPECT_TRUE (fails_with (outcome, 125, { "kernel.yama.ptrace_scope is 3", "boot" }));
  } else {
    ASSERT_TRUE (succeeds (outcome));
    Json sight = Json::parse (outcome.out)["sights"][target];
    for (const char *means : { "ptrace", "process_vm_readv", "pidfd_getfd" })
      EXPECT_TRUE (sight[means].text () == "OK" || sight[means].text () == "EFAULT" /* no such address there */)
          << means << ": " << sight[means].text ();
  }
  EXPECT_EQ (record (id).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* Every way to turn user namespaces off. */
class UserNamespacesOff : public KernelTest {
protected:
  static std::vector<std::string>
  words ()
  {
    static const std::map<std::string, std::vector<std::string> > known = {
      { "clone", { "kernel.unprivileged_userns_clone is 0", "sysctl -w kernel.unprivileged_userns_clone=1" } },
      { "max", { "user.max_user_namespaces is 0", "sysctl -w user.max_user_namespaces" } },
      { "apparmor", { "AppArmor restricts user namespaces", "sandbox-no-userns" } },
    };

    return known.at (facts ().userns);
  }
};

TEST_F (UserNamespacesOff, LaunchAndExplainSayWhich)
{
  EXPECT_TRUE (fails_with (run_in (startable (), { "true" }), 125, words ()));
  EXPECT_TRUE (fails_with (sandboxctl ({ "explain", "default" }), 125, words ()));
  EXPECT_EQ (records ().size (), 0u);
}

TEST_F (UserNamespacesOff, DoctorSaysWhich)
{
  Outcome outcome = sandboxctl ({ "doctor", "--json" });
  Json said = Json::parse (outcome.out);

  EXPECT_EQ (outcome.status, 125);
  EXPECT_EQ (state (said, "user-namespaces"), "missing");
  for (const std::string &word : words ())
    EXPECT_NE (said["user-namespaces"]["remedy"].text ().find (word), std::string::npos)
        << said["user-namespaces"].dump ();
  EXPECT_FALSE (said["keeps-promises"].boolean ());
}
