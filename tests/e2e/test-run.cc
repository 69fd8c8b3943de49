/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `sandboxctl run`: exit status, standard descriptors, further descriptors, arguments, environment. */
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

class Run : public EitherBus {};
EITHER_BUS (Run);

TEST_P (Run, ExitStatusIsTheApplicationsOwn)
{
  for (int status : { 0, 1, 7, 42, 124, 125, 126, 127, 128, 200, 255 })
    EXPECT_EQ (run_in ({}, { "sh", "-c", "exit " + std::to_string (status) }).status, status);
}

TEST_P (Run, ASignalIs128AndItsNumber)
{
  for (int signo : { SIGTERM, SIGKILL, SIGSEGV, SIGABRT, SIGUSR1, SIGPIPE, SIGRTMIN })
    EXPECT_EQ (run (probe ({}, { "die", std::to_string (signo) })).status, 128 + signo);
}

TEST_P (Run, CommandThatIsNotThere)
{
  EXPECT_TRUE (fails_with (run_in ({}, { "no-such-command-here" }), 127, { "no-such-command-here" }));
  EXPECT_TRUE (fails_with (run_in ({}, { "/usr/bin/no-such-command-here" }), 127, { "no-such-command-here" }));
}

TEST_P (Run, CommandThatCannotBeExecuted)
{
  EXPECT_TRUE (fails_with (run_in ({}, { "/etc/passwd" }), 126, { "/etc/passwd" }));
  EXPECT_TRUE (fails_with (run_in ({}, { "/usr" }), 126, { "/usr" }));
}

TEST_P (Run, PipelineMovesBytes)
{
  std::string bytes;

  for (int i = 0; i < 3000000; i++)
    bytes += static_cast<char> (i * 7 + i / 251);
  Command cat = command ({ "run", "--", "cat" });
  cat.input = bytes;
  Outcome outcome = run (cat);
  EXPECT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.size (), bytes.size ());
  EXPECT_TRUE (outcome.out == bytes);
}

TEST_P (Run, StandardErrorIsSeparate)
{
  Outcome outcome = run_in ({}, { "sh", "-c", "echo to-out; echo to-err >&2" });

  EXPECT_EQ (outcome.out, "to-out\n");
  EXPECT_EQ (outcome.err, "to-err\n");
}

static std::string
identity (int fd)
{
  struct stat st;

  fstat (fd, &st);
  return std::to_string (st.st_dev) + ":" + std::to_string (st.st_ino);
}

static std::string
identity (const Json &descriptor)
{
  return descriptor["dev"].text () + ":" + descriptor["ino"].text ();
}

TEST_P (Run, StandardDescriptorsAreTheCallersOwn)
{
  Pipe in, out, err;
  Command probing = probe ({}, { "descriptors" });

  probing.in = Stream::to (in.read.get ());
  probing.out = Stream::to (out.write.get ());
  probing.err = Stream::to (err.write.get ());
  EXPECT_EQ (run (probing).status, 0);
  out.write.reset ();
  std::string text = read_to_end (out.read.get ());
  Json seen = Json::parse (text);
  EXPECT_EQ (identity (seen["0"]), identity (in.read.get ()));
  EXPECT_EQ (identity (seen["1"]), identity (out.read.get ()));
  EXPECT_EQ (identity (seen["2"]), identity (err.read.get ()));
}

TEST_P (Run, NoDescriptorsButTheCallers)
{
  Json seen = Json::parse (run (probe ({}, { "descriptors" })).out);

  EXPECT_EQ (seen.members (), (std::vector<std::string>{ "0", "1", "2", "200" }));
}

TEST_P (Run, FurtherDescriptorsKeepTheirNumbers)
{
  Pipe three, four, far;
  Command probing = probe ({}, { "descriptors" });

  probing.fds[3] = three.read.get ();
  probing.fds[4] = four.write.get ();
  probing.fds[9] = four.write.get (); /* the same twice, and a hole before it */
  probing.fds[117] = far.write.get ();
  Outcome outcome = run (probing);
  ASSERT_TRUE (succeeds (outcome));
  Json seen = Json::parse (outcome.out);
  EXPECT_EQ (seen.size (), 8u) << outcome.out;
  EXPECT_EQ (identity (seen["3"]), identity (three.read.get ()));
  EXPECT_EQ (identity (seen["4"]), identity (four.read.get ()));
  EXPECT_EQ (identity (seen["9"]), identity (four.read.get ()));
  EXPECT_EQ (identity (seen["117"]), identity (far.read.get ()));
}

TEST_P (Run, FurtherDescriptorsCarryBytes)
{
  Pipe to, from;
  Command talking = command ({ "run", "--", "sh", "-c", "read line <&3; echo got $line >&4" });

  talking.fds[3] = to.read.get ();
  talking.fds[4] = from.write.get ();
  Process process (talking);
  ASSERT_EQ (write (to.write.get (), "hello\n", 6), 6);
  EXPECT_EQ (process.wait ().status, 0);
  from.write.reset ();
  EXPECT_EQ (read_to_end (from.read.get ()), "got hello\n");
}

/* A directory would be a way out of the sandbox's own file tree. */
TEST_P (Run, DirectoriesAreNotPassedOn)
{
  Fd directory (open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), path (open ("/", O_PATH | O_CLOEXEC));
  Command probing = probe ({}, { "descriptors" });

  probing.fds[5] = directory.get ();
  probing.fds[6] = path.get ();
  Outcome outcome = run (probing);
  ASSERT_TRUE (succeeds (outcome));
  Json seen = Json::parse (outcome.out);
  EXPECT_FALSE (seen.has ("5"));
  EXPECT_FALSE (seen.has ("6"));
  EXPECT_NE (outcome.err.find ("5"), std::string::npos) << "no word about it: " << outcome.err;
}

TEST_P (Run, ArgumentsArriveByteForByte)
{
  Argv words = {
    "arguments", "", " ", "a b", "--help", "--", "-x", "new\nline", "\xff\xfe\x80", "caf\xc3\xa9", "\x01"
  };
  Outcome outcome = run (probe ({}, words));

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out,
             "[\"\", \" \", \"a b\", \"--help\", \"--\", \"-x\", \"new\\u000aline\", \"\\u00ff\\u00fe\\u0080\", "
             "\"caf\\u00c3\\u00a9\", \"\\u0001\"]\n");
}

TEST_P (Run, HundredThousandArguments)
{
  Argv words = { "count" };

  for (int i = 0; i < 100000; i++)
    words.push_back ("arg" + std::to_string (i));
  Outcome outcome = run (probe ({}, words));
  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (Json::parse (outcome.out)["arguments"].number (), 100000);
}

TEST_P (Run, TheEnvironmentIsClean)
{
  Outcome outcome = run_in ({}, { "env", "-0" });
  std::map<std::string, std::string> seen;

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.find (marker ()), std::string::npos) << outcome.out;
  for (size_t at = 0; at < outcome.out.size ();) {
    std::string entry = outcome.out.c_str () + at;
    at += entry.size () + 1;
    seen[entry.substr (0, entry.find ('='))] = entry.substr (entry.find ('=') + 1);
  }
  EXPECT_EQ (seen["HOME"], home ());
  EXPECT_FALSE (seen["PATH"].empty ());
  EXPECT_EQ (seen["LANG"], "C.UTF-8");
  for (const char *name : { "SANDBOX_LIBEXECDIR", "SANDBOX_PROFILE_PATH", "SANDBOX_BUS", "SBX_TEST_BUILD",
                            "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "LD_PRELOAD", "SSH_AUTH_SOCK" })
    EXPECT_EQ (seen.count (name), 0u) << name;
}

TEST_P (Run, EnvironmentOptionsAreHeard)
{
  Outcome outcome =
      run_in ({ "--env=ONE=1", "--env=EMPTY=", "--env=BOTH=a=b" }, { "sh", "-c", "echo $ONE ${EMPTY-unset} $BOTH" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out, "1 a=b\n");
}

TEST_P (Run, SignalsAreAsAfterLogin)
{
  Outcome outcome = run (probe ({}, { "signal-state" }));

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out, "{\"ignored\": [], \"blocked\": []}\n");
}

/* A script's interpreter is opened before the script runs: "#!/proc/self/exe" is what its parent was executed from,
 * which is sandbox-init. It gets a descriptor 8 at which it waits, so that the application has time to look at its
 * file. */
TEST_P (Run, TheFileOfInitIsOutOfReach)
{
  const char *attack =
      "import glob, os, stat, time\n"
      "open('/tmp/s', 'w').write('#!/proc/self/exe\\n'); os.chmod('/tmp/s', 0o755); print('ready', flush=True)\n"
      "mine = os.stat('/proc/self/exe')\n"
      "def look():\n"
      "  for path in glob.glob('/proc/[0-9]*/exe'):\n"
      "    try: fd = os.open(path, os.O_RDONLY)\n"
      "    except OSError: continue\n"
      "    if os.fstat(fd).st_ino != mine.st_ino: return fd\n"
      "  time.sleep(0.01)\n"
      "fd = None\n"
      "while fd is None: fd = look()\n"
      "try: os.fchmod(fd, 0)\n"
      "except OSError: pass\n"
      "print('done', flush=True); time.sleep(1000)\n";
  std::string init = dir () + "/libexec/sandbox-init";
  int pair[2];

  fs::remove (init);
  fs::copy_file (places ().init, init); /* a file of the user's own, as in a home */
  fs::permissions (init, fs::perms (0755));
  ASSERT_EQ (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  Fd ours (pair[0]), theirs (pair[1]);
  /* Without Landlock's rights to files, which would keep it from executing what is outside */
  add_profile ("nesting", "[Profile]\nInherits=default\n[Context]\nfeatures=userns\n");
  Command command = this->command (run_words ({ "--profile=nesting" }, { "python3", "-u", "-c", attack }));
  Process victim (command);
  ASSERT_TRUE (victim.expect ("ready\n"));
  Command script = this->command ({ "exec", records ().at (0).id, "--", "/tmp/s" });
  script.fds[8] = theirs.get ();
  Process waiting (script);
  ASSERT_TRUE (victim.expect ("done\n"));
  EXPECT_EQ (fs::status (init).permissions (), fs::perms (0755));
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
}

TEST_P (Run, HomeIsWhereItWasAndEmpty)
{
  write_file (home () + "/secret", "secret\n");
  Outcome outcome = run_in ({}, { "sh", "-c", "cd && pwd && ls -A && echo written > new && cat new" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out, home () + "\nwritten\n");
  EXPECT_NE (access ((home () + "/new").c_str (), F_OK), 0);
}

TEST_P (Run, TheSystemIsReadOnly)
{
  EXPECT_EQ (run_in ({}, { "touch", "/usr/bin/new" }).status, 1);
  EXPECT_EQ (run_in ({}, { "touch", "/etc/new" }).status, 1);
  EXPECT_EQ (run_in ({}, { "test", "-r", "/usr/bin/env" }).status, 0);
}

TEST_P (Run, UserIsTheCaller)
{
  Outcome outcome = run_in ({}, { "id", "-un" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out, std::string (getenv ("USER")) + "\n");
  EXPECT_EQ (run_in ({}, { "id", "-u" }).out, std::to_string (getuid ()) + "\n");
}

TEST_P (Run, NoNetworkUnlessShared)
{
  Outcome outcome = run_in ({}, { "cat", "/proc/net/dev" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find ("lo:"), std::string::npos);
  EXPECT_EQ (outcome.out.find ("eth"), std::string::npos);
}

TEST_P (Run, ManyAtTheSameTime)
{
  std::vector<Process> processes;

  for (int i = 0; i < 24; i++)
    processes.emplace_back (command ({ "run", "--", "sh", "-c", "echo $$; exit " + std::to_string (i) }));
  for (int i = 0; i < 24; i++) {
    Outcome outcome = processes[static_cast<size_t> (i)].wait ();
    EXPECT_EQ (outcome.status, i) << outcome.err;
    EXPECT_EQ (outcome.out, "2\n");
  }
}

/* So that the desktop gives its window the focus, and ends the busy pointer: only to what may have a window. */
TEST_P (Run, ActivationTokensAreHandedThrough)
{
  const Argv print = { "sh", "-c", "echo $XDG_ACTIVATION_TOKEN $DESKTOP_STARTUP_ID" };
  Command desktop = command (run_words ({ "--profile=desktop" }, print)), plain = command (run_words ({}, print));

  for (Command *words : { &desktop, &plain }) {
    words->env["XDG_ACTIVATION_TOKEN"] = "token-of-the-click";
    words->env["DESKTOP_STARTUP_ID"] = "startup-id";
  }
  EXPECT_EQ (run (desktop).out, "token-of-the-click startup-id\n");
  EXPECT_EQ (run (plain).out, "\n");
  desktop.env["XDG_ACTIVATION_TOKEN"] = desktop.env["DESKTOP_STARTUP_ID"] = std::nullopt;
  EXPECT_EQ (run (desktop).out, "\n");
}
