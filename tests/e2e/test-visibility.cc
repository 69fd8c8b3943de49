/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who sees whom: the application's row and the host's row of the matrix in the design, cell by cell. */
#include <cstring>
#include <fcntl.h>
#include <sstream>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "sight.h"

using namespace e2e;

/* An instance of its own profile to look at, another one, and what a probe in the first sees. */
class Visibility : public SandboxTest, public ::testing::WithParamInterface<const char *> {
protected:
  Visibility () : SandboxTest (Bus::SESSION)
  {
  }
  Argv
  profile () const
  {
    return { std::string ("--profile=") + GetParam (), "--app-id=org.example.Seen" };
  }
  Json
  look (const Argv &pids = {})
  {
    Argv words = { "see" };

    words.insert (words.end (), pids.begin (), pids.end ());
    Outcome outcome = run (probe (profile (), words));
    EXPECT_TRUE (succeeds (outcome));
    return Json::parse (outcome.out);
  }
};
INSTANTIATE_TEST_SUITE_P (, Visibility, ::testing::Values ("default", "browser"),
                          [] (const auto &info) { return std::string (info.param); });

TEST_P (Visibility, ApplicationSeesItselfAndItsChildren)
{
  Json seen = look ();
  std::string self = std::to_string (seen["self"].number ()), child = std::to_string (seen["child"].number ());

  expect_reached (seen["sights"][self], "itself");
  expect_reached (seen["sights"][child], "its child");
  std::set<long long> listed;
  for (const Json &pid : seen["listing"].items ())
    listed.insert (pid.number ());
  EXPECT_EQ (listed, (std::set<long long>{ seen["self"].number (), seen["child"].number () }));
}

TEST_P (Visibility, ApplicationDoesNotSeeInit)
{
  expect_hidden (look ({ "1" })["sights"]["1"], "sandbox-init");
}

TEST_P (Visibility, ApplicationCannotHarmInit)
{
  Outcome outcome =
      run_in (profile (), { "sh", "-c",
                            "for s in TERM KILL STOP HUP INT SEGV; do kill -$s 1; kill -$s -1; done 2>/dev/null; "
                            "echo alive; exit 6" });

  /* kill -1 spares the sender and PID 1 */
  EXPECT_EQ (outcome.out, "alive\n");
  EXPECT_EQ (outcome.status, 6) << outcome.err;
}

/* Nothing answers but itself, its child and the number 1: not keeper, bwrap, another instance, services, the host. */
TEST_P (Visibility, NobodyElseExists)
{
  std::string other = launch_detached (profile (), { "sleep", "1000" });
  std::map<std::string, std::string> strangers;

  for (const auto &p : descendants (getpid ()))
    strangers[std::to_string (p.pid)] = p.name;
  strangers[std::to_string (getpid ())] = "the test";
  strangers[std::to_string (record (other).keeper)] = "another instance's keeper";
  strangers[std::to_string (bwrap_of (record (other)))] = "another instance's bwrap";
  strangers[std::to_string (record (other).init)] = "another instance's init";
  strangers[std::to_string (record (other).pid)] = "another instance's application";
  ASSERT_GE (strangers.size (), 7u);

  Argv pids;
  for (const auto &[pid, name] : strangers)
    pids.push_back (pid);
  Json seen = look (pids);
  std::set<std::string> own = { "1", std::to_string (seen["self"].number ()),
                                std::to_string (seen["child"].number ()) };
  for (const auto &[pid, name] : strangers)
    if (own.count (pid) == 0)
      expect_absent (seen["sights"][pid], name);
  for (const std::string &pid : seen["sights"].members ())
    EXPECT_TRUE (own.count (pid) == 1 || strangers.count (pid) == 1) << "something answers to " << pid;
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", other })));
}

/* Own keeper and bwrap too; their numbers are known only once it runs, so the probe is told late. */
TEST_P (Visibility, ApplicationDoesNotSeeItsKeeperAndBwrap)
{
  Argv options = profile ();
  Command late = probe (options, { "see" });
  /* A shell waits for the numbers and then becomes the probe */
  late.argv.erase (late.argv.end () - 2, late.argv.end ());
  late.argv.insert (late.argv.end (), { "sh", "-c", "echo ready; read pids; exec /proc/self/fd/200 see $pids" });
  late.keep_input = true;
  Process process (late);

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  Record running = new_instance ();
  pid_t bwrap = bwrap_of (running);
  process.forget ();
  process.write (std::to_string (running.keeper) + " " + std::to_string (bwrap) + " " + std::to_string (running.pid)
                 + "\n");
  process.close_input ();
  Outcome outcome = process.wait ();
  ASSERT_TRUE (succeeds (outcome));
  Json sights = Json::parse (outcome.out)["sights"];
  expect_absent (sights[std::to_string (running.keeper)], "its keeper");
  expect_absent (sights[std::to_string (bwrap)], "its bwrap");
  expect_absent (sights[std::to_string (running.pid)], "its own number on the host");
}

/* Everything that procfs tells without a process: as one procfs, of an own instance, with the options that hide. */
TEST_P (Visibility, OneProcfsOnly)
{
  Outcome outcome = run_in (profile (), { "cat", "/proc/self/mountinfo" });
  std::istringstream lines (outcome.out);
  std::string line, found;
  int n = 0;

  ASSERT_TRUE (succeeds (outcome));
  while (std::getline (lines, line))
    if (line.find (" - proc ") != std::string::npos) {
      found = line;
      n++;
    }
  EXPECT_EQ (n, 1) << outcome.out;
  EXPECT_NE (found.find (" / /proc "), std::string::npos) << found;
  EXPECT_NE (found.find ("hidepid=ptraceable"), std::string::npos) << found;
  for (const char *option : { "nosuid", "nodev", "noexec" })
    EXPECT_NE (found.find (option), std::string::npos) << found;
  EXPECT_EQ (outcome.out.find ("fuse"), std::string::npos) << outcome.out;
}

TEST_P (Visibility, NothingOfThePlumbingIsInTheFileTree)
{
  Outcome outcome =
      run_in (profile (), { "sh", "-c",
                            "ls -A /run /run/user 2>/dev/null; find / -xdev -name 'sandbox-init*' 2>/dev/null; "
                            "ls -l /proc/self/fd; ls -A \"${XDG_RUNTIME_DIR:-/nonexistent}\" 2>/dev/null" });

  EXPECT_EQ (outcome.out.find ("keeper"), std::string::npos) << outcome.out;
  EXPECT_EQ (outcome.out.find (runtime () + "/sandbox"), std::string::npos) << outcome.out;
}

/* A session and process group of its own, not the caller's. */
TEST_P (Visibility, SessionOfItsOwn)
{
  Outcome outcome = run_in (profile (), { "sh", "-c", "echo $$ $(ps -o sid=,pgid=,ppid= -p $$)" });

  EXPECT_EQ (outcome.out, "2 2 2 1\n") << outcome.err;
}

/* Scoped: abstract sockets know no mount namespace, and the browser profile shares the network. */
TEST_P (Visibility, AbstractSocketsOfTheHostAreOutOfReach)
{
  Fd sock (socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {};
  std::string name = marker ();

  address.sun_family = AF_UNIX;
  memcpy (address.sun_path + 1, name.data (), name.size ());
  ASSERT_EQ (bind (sock.get (), reinterpret_cast<struct sockaddr *> (&address),
                   static_cast<socklen_t> (offsetof (struct sockaddr_un, sun_path) + 1 + name.size ())),
             0);
  ASSERT_EQ (listen (sock.get (), 1), 0);
  ASSERT_EQ (run ({ { places ().probe, "abstract-socket", name } }).out, "{\"connect\": \"OK\"}\n") << "the control";
  Outcome outcome = run (probe (profile (), { "abstract-socket", name }));
  ASSERT_TRUE (succeeds (outcome));
  std::string result = Json::parse (outcome.out)["connect"].text ();
  EXPECT_TRUE (result == "EPERM" || result == "ECONNREFUSED") << result;
}

/* One that was made inside is. */
TEST_P (Visibility, AbstractSocketsOfItsOwnWork)
{
  Outcome outcome = run_in (profile (), { "python3", "-c",
                                          "import socket,os\n"
                                          "s=socket.socket(socket.AF_UNIX);s.bind('\\0own');s.listen()\n"
                                          "c=socket.socket(socket.AF_UNIX)\n"
                                          "if os.fork()==0:\n c.connect('\\0own');c.send(b'hi');os._exit(0)\n"
                                          "print(s.accept()[0].recv(2).decode())\n" });

  EXPECT_EQ (outcome.out, "hi\n") << outcome.err;
}

/* The host's row: the owner sees everything. */
static void
expect_seen_from_host (pid_t pid, const std::string &who)
{
  std::string dir = "/proc/" + std::to_string (pid);

  EXPECT_NE (read_file (dir + "/status").find ("Name:"), std::string::npos) << who;
  EXPECT_FALSE (read_file (dir + "/cmdline").empty ()) << who;
  EXPECT_EQ (kill (pid, 0), 0) << who;
  Fd pidfd (static_cast<int> (syscall (SYS_pidfd_open, pid, 0)));
  EXPECT_GE (pidfd.get (), 0) << who;
  EXPECT_EQ (syscall (SYS_pidfd_send_signal, pidfd.get (), 0, nullptr, 0), 0) << who;
}

static void
expect_reached_from_host (pid_t pid, const std::string &who)
{
  std::string dir = "/proc/" + std::to_string (pid), maps = read_file (dir + "/maps");
  unsigned long long address = strtoull (maps.c_str (), nullptr, 16);
  char bytes[4] = {}, again[4] = {};
  struct iovec local = { bytes, 4 }, remote = { reinterpret_cast<void *> (address), 4 };

  ASSERT_FALSE (maps.empty ()) << who;
  EXPECT_EQ (process_vm_readv (pid, &local, 1, &remote, 1, 0), 4) << who;
  EXPECT_EQ (memcmp (bytes, "\177ELF", 4), 0) << who;
  Fd memory (open ((dir + "/mem").c_str (), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ (pread (memory.get (), again, 4, static_cast<off_t> (address)), 4) << who;
  EXPECT_FALSE (read_file (dir + "/environ").empty ()) << who;
  Fd pidfd (static_cast<int> (syscall (SYS_pidfd_open, pid, 0)));
  Fd got (static_cast<int> (syscall (SYS_pidfd_getfd, pidfd.get (), 0, 0)));
  EXPECT_GE (got.get (), 0) << who;
  EXPECT_EQ (ptrace (PTRACE_SEIZE, pid, nullptr, nullptr), 0) << who;
  EXPECT_EQ (ptrace (PTRACE_INTERRUPT, pid, nullptr, nullptr), 0) << who;
  EXPECT_EQ (waitpid (pid, nullptr, __WALL), pid) << who;
  EXPECT_EQ (ptrace (PTRACE_DETACH, pid, nullptr, nullptr), 0) << who;
}

TEST_P (Visibility, TheOwnerOnTheHostSeesEverything)
{
  std::string id = launch_detached (profile (), { "sh", "-c", "sleep 1000 & wait" });
  std::string other = launch_detached (profile (), { "sleep", "1000" });
  Record running = record (id), elsewhere = record (other);
  pid_t child = -1;

  ASSERT_TRUE (eventually ([&] {
    for (const auto &p : descendants (running.pid))
      if (p.name == "sleep")
        child = p.pid;
    return child > 0;
  }));
  expect_seen_from_host (running.pid, "application");
  expect_reached_from_host (running.pid, "application");
  expect_seen_from_host (child, "its child");
  expect_reached_from_host (child, "its child");
  expect_seen_from_host (running.init, "sandbox-init");
  expect_seen_from_host (running.keeper, "keeper");
  expect_seen_from_host (bwrap_of (running), "bwrap");
  expect_seen_from_host (elsewhere.pid, "another instance");
  expect_reached_from_host (elsewhere.pid, "another instance");
  for (const std::string &i : { id, other })
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", i })));
}

/* The keeper's own hands are tied too: no signal and no ptrace out of the instance, for whatever takes it over. */
TEST_P (Visibility, TheKeeperIsInADomain)
{
  std::string id = launch_detached (profile (), { "sleep", "1000" });
  Json shown = json ({ "show", "--json", id });

  EXPECT_TRUE (shown["enforced"]["instance-domain"].boolean ());
  EXPECT_TRUE (shown["enforced"]["inferiors-only"].boolean ());
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}
