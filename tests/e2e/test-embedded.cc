/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* docs/tutorials/embedded.md: its profile, its list of ten applications and its script, without any bus, authority or
 * manager: sandboxd --session. Also on a machine with 256 MiB: scripts/kernels. */
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "pid-stage.h"

using namespace e2e;

class Embedded : public SandboxTest {
protected:
  Embedded () : SandboxTest (Bus::NONE)
  {
  }
  void
  SetUp () override
  {
    SandboxTest::SetUp ();
    if (HasFatalFailure ())
      return;
    text_ = read_file (places ().source + "/docs/tutorials/embedded.md");
    add_profile ("appliance", block ("ini"));
    write_file (dir () + "/list", block ("text"));
    set_env ("SANDBOX_APPLICATIONS", dir () + "/list");
    set_env ("DBUS_SESSION_BUS_ADDRESS", std::nullopt);
  }
  /* The first block of that kind. */
  std::string
  block (const std::string &kind) const
  {
    std::string fence = "\n```" + kind + "\n";
    size_t begin = text_.find (fence) + fence.size ();

    return text_.substr (begin, text_.find ("```", begin) - begin);
  }
  /* sandbox-applications @word, as the init of a machine calls it. */
  Outcome
  applications (const std::string &word)
  {
    Command words = command ({});
    std::string control = std::filesystem::path (words.argv.at (0)).parent_path ();

    words.argv = { "env", "PATH=" + control + ":/usr/bin:/bin",
                   places ().source + "/docs/tutorials/sandbox-applications", word };
    return run (words);
  }
  /* The running instances by their applications' ids; of two of the same, the test has failed. */
  std::map<std::string, Record>
  running () const
  {
    std::map<std::string, Record> found;

    for (const Record &r : records ())
      if (r.state == "running") {
        std::string info = read_file (instances () + "/" + r.id + "/info"), key = "\nAppId=";
        size_t begin = info.find (key) + key.size ();
        bool fresh = found.emplace (info.substr (begin, info.find ('\n', begin) - begin), r).second;

        EXPECT_TRUE (fresh) << "twice: " << info;
      }
    return found;
  }
  bool
  all_run (size_t n) const
  {
    return eventually ([&] { return running ().size () == n; });
  }
  /* That a line of the service's log says so. */
  ::testing::AssertionResult
  is_said (const std::string &words) const
  {
    std::string log;

    if (eventually ([&] { return (log = read_file (runtime () + "/log")).find (words) != std::string::npos; }))
      return ::testing::AssertionSuccess ();
    return ::testing::AssertionFailure () << "the log says:\n" << log;
  }
  /* sandboxd --session= of @text. */
  Command
  session_of (const std::string &text) const
  {
    std::string list = dir () + "/own-list";

    write_file (list, text);
    return Command ({ places ().sandboxd, "--session=" + list });
  }
  /* Ends it; what it has said. */
  static Outcome
  end (Process &service)
  {
    ::kill (service.pid (), SIGTERM);
    return service.wait ();
  }
  static std::vector<pid_t>
  named (const std::string &name)
  {
    std::vector<pid_t> found;

    for (const auto &p : descendants (getpid ()))
      if (p.name == name && p.state != 'Z')
        found.push_back (p.pid);
    return found;
  }
  /* KiB, of what is there besides the applications. */
  static long
  memory ()
  {
    long sum = 0;

    for (const char *name : { "sandboxd", "sandbox-session", "sandbox-keeper", "sandbox-init", "bwrap" })
      for (pid_t pid : named (name)) {
        std::string status = read_file ("/proc/" + std::to_string (pid) + "/status");

        sum += atol (status.c_str () + status.find ("VmRSS:") + 6);
      }
    return sum;
  }

private:
  std::string text_;
};

TEST_F (Embedded, TenApplicationsFromAList)
{
  ASSERT_TRUE (succeeds (applications ("start")));
  ASSERT_TRUE (all_run (10));
  std::map<std::string, Record> first = running ();
  std::set<unsigned long> namespaces;

  for (const auto &[name, r] : first)
    namespaces.insert (namespace_of (r.pid, "pid"));
  EXPECT_EQ (namespaces.size (), 1u) << "one pid namespace";
  EXPECT_EQ (named ("sandbox-session").size (), 1u);
  EXPECT_EQ (named ("sandboxd").size (), 1u);
  EXPECT_TRUE (is_said (": meter begins\n")) << "their output is in the log";
  printf ("%ld KiB resident besides the applications, shared pages counted each time\n", memory ());
  if (!getenv ("SBX_TEST_SANITIZED")) { /* sanitizers take more than that for themselves */
    EXPECT_LT (memory (), 80 * 1024);
  }

  /* None of them sees another one, or can tell whose numbers are taken */
  const Record clock = first.at ("org.example.Clock"), radio = first.at ("org.example.Radio");
  std::string look = "ls /proc | grep -c '^[0-9]'; kill -0 " + number_inside (radio.pid) + "; kill -0 3999999";
  Outcome seen = sandboxctl ({ "exec", clock.id, "--", "sh", "-c", look });
  EXPECT_EQ (seen.out.substr (0, seen.out.find ('\n')).size (), 1u) << "a few processes of its own: " << seen.out;
  EXPECT_NE (seen.err.find ("No such process"), std::string::npos) << seen.err;
  EXPECT_EQ (seen.err.find ("not permitted"), std::string::npos) << seen.err;
  EXPECT_EQ (named ("sandboxd").size (), 1u) << "exec has asked the one that is there";
  EXPECT_EQ (applications ("restart").status, 2);
  EXPECT_NE (sandboxctl ({ "doctor" }).out.find ("Service: own socket"), std::string::npos);
  Outcome status = applications ("status");
  EXPECT_EQ (std::count (status.out.begin (), status.out.end (), '\n'), 11) << status.out;

  EXPECT_TRUE (succeeds (applications ("stop")));
  EXPECT_EQ (running ().size (), 0u);
  EXPECT_EQ (applications ("status").status, 3);
  for (const auto &[name, r] : first)
    EXPECT_TRUE (is_said (name + ": was ended by signal 15 (stopped)")) << name;
  EXPECT_TRUE (eventually ([] { return reap_strays (), named ("sandbox-session").empty (); }));
}

/* Ends are told; what the list says is started again, and nothing else; each in the same pid namespace, or all in
 * another one. */
TEST_F (Embedded, WhatEndsIsStartedAgainWhereTheListSaysSo)
{
  ASSERT_TRUE (succeeds (applications ("start")));
  ASSERT_TRUE (all_run (10));
  std::map<std::string, Record> first = running ();
  unsigned long space = namespace_of (first.at ("org.example.Log").pid, "pid");

  ::kill (first.at ("org.example.Clock").pid, SIGTERM);
  ::kill (first.at ("org.example.Radio").keeper, SIGKILL);
  ::kill (first.at ("org.example.Doorbell").pid, SIGKILL);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", first.at ("org.example.Alarm").id })));
  EXPECT_TRUE (is_said ("org.example.Clock: was ended by signal 15\n"));
  EXPECT_TRUE (is_said (" (keeper)\n"));
  EXPECT_TRUE (is_said ("org.example.Doorbell: was ended by signal 9\n"));
  EXPECT_TRUE (is_said ("org.example.Alarm: was ended by signal 15 (stopped)\n"));
  EXPECT_TRUE (eventually ([&] {
    std::map<std::string, Record> now = running ();

    return now.size () == 8 && now.count ("org.example.Clock") == 1 && now.count ("org.example.Radio") == 1;
  }));
  std::map<std::string, Record> second = running ();
  EXPECT_EQ (second.count ("org.example.Doorbell"), 0u) << "Restart=never";
  EXPECT_EQ (second.count ("org.example.Alarm"), 0u) << "somebody has stopped it";
  for (const auto &[name, r] : second) {
    bool anew = name == "org.example.Clock" || name == "org.example.Radio";

    EXPECT_EQ (r.id == first.at (name).id, !anew) << name;
    EXPECT_EQ (namespace_of (r.pid, "pid"), space) << name;
  }

  /* All end with sandbox-session; Log is not started again */
  ::kill (named ("sandbox-session").at (0), SIGKILL);
  for (const auto &[name, r] : second)
    EXPECT_TRUE (wait_for_state (r.id, "exited")) << name;
  EXPECT_TRUE (all_run (7));
  EXPECT_EQ (running ().count ("org.example.Log"), 0u);
  EXPECT_TRUE (succeeds (applications ("stop")));
  EXPECT_EQ (running ().size (), 0u);
}

/* The service is killed, at any moment of its start as well: what runs goes on, the next one takes it over, and there
 * are never two of one. */
TEST_F (Embedded, TheNextServiceTakesOver)
{
  ASSERT_TRUE (succeeds (applications ("start")));
  ASSERT_TRUE (all_run (10));
  std::map<std::string, Record> first = running ();

  kill_services ();
  EXPECT_EQ (running ().size (), 10u);
  EXPECT_TRUE (succeeds (sandboxctl ({ "ps" }))) << "a service of its own, since nobody listens";
  ASSERT_TRUE (succeeds (applications ("start")));
  for (const auto &[name, r] : first)
    EXPECT_TRUE (is_said (name + ": runs already, as " + r.id)) << name;
  ::kill (first.at ("org.example.Clock").pid, SIGKILL);
  EXPECT_TRUE (is_said ("org.example.Clock: was ended by signal 9\n"));
  ASSERT_TRUE (all_run (10));
  EXPECT_TRUE (succeeds (applications ("stop")));
  EXPECT_EQ (running ().size (), 0u);

  for (int i = 0; i < rounds (12); i++) {
    Process service (session_of (block ("text")));

    usleep (static_cast<useconds_t> (i) * 25000);
    ::kill (service.pid (), SIGKILL);
    EXPECT_EQ (service.wait ().status, 128 + SIGKILL);
    (void) running ();
  }
  Process last (session_of (block ("text")));
  ASSERT_TRUE (eventually ([&] { return last.running () && last.err ().find ("serves") != std::string::npos; }));
  EXPECT_TRUE (all_run (10));
  Outcome said = end (last);
  EXPECT_EQ (said.status, 0) << said.err;
  EXPECT_EQ (running ().size (), 0u);
}

/* The service is killed by the system call that it makes for the first, second, … time: after each, the next one starts
 * what does not run, and neither a lock nor a socket is in its way. */
TEST_F (Embedded, TheServiceIsKilledAtEachStep)
{
  std::string list = "[org.example.One]\nProfile=appliance\nCommand=sleep 1000\n"
                     "[org.example.Two]\nProfile=appliance\nCommand=sleep 1000\n";
  unsigned killed = 0;

  for (const char *call : { "flock", "pidfd_open", "renameat", "bind", "socketpair" })
    for (int n = 1; n <= 4; n++) {
      Command traced = session_of (list);
      std::string how = std::string ("inject=") + call + ":signal=SIGKILL:when=" + std::to_string (n);

      traced.argv.insert (traced.argv.begin (), { "strace", "-qq", "-o", dir () + "/tmp/calls", "-e",
                                                  std::string ("trace=") + call, "-e", how });
      Process first (traced);
      bool ends = eventually ([&] { return !first.running () || running ().size () == 2; });
      bool hit = ends && !first.running ();
      killed += hit;
      for (pid_t pid : services ())
        ::kill (pid, SIGKILL);
      first.wait ();
      Process next (session_of (list));
      EXPECT_TRUE (all_run (2)) << call << " " << n << ": " << (next.running () ? next.err () : "it has ended");
      ASSERT_TRUE (eventually ([&] { return next.running () && next.err ().find ("serves") != std::string::npos; }));
      EXPECT_EQ (end (next).status, 0) << call << " " << n;
      EXPECT_EQ (running ().size (), 0u) << call << " " << n;
      if (!hit)
        break;
    }
  std::filesystem::remove (dir () + "/tmp/calls");
  printf ("%u times\n", killed);
  EXPECT_GE (killed, 6u) << "the control: it was killed there";
}

/* One at a time, also while the first one is stopped; what it has left when it was killed is no hindrance. */
TEST_F (Embedded, OneServiceForARuntimeDirectory)
{
  Process first (Command ({ places ().sandboxd, "--session" }));
  ASSERT_TRUE (eventually ([&] { return first.running () && first.err ().find ("serves uid") != std::string::npos; }));

  for (int signal : { SIGSTOP, SIGCONT }) {
    ::kill (first.pid (), signal);
    EXPECT_TRUE (fails_with (run (Command ({ places ().sandboxd, "--session" })), 1, { "another sandboxd --session" }));
  }
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
  EXPECT_EQ (named ("sandboxd").size (), 1u);
  ::kill (first.pid (), SIGKILL);
  first.wait ();
  Process second (Command ({ places ().sandboxd, "--session" }));
  EXPECT_TRUE (
      eventually ([&] { return second.running () && second.err ().find ("serves uid") != std::string::npos; }));
  EXPECT_EQ (end (second).status, 0);
  EXPECT_FALSE (std::filesystem::exists (instances () + "/service"));
}

/* The bound is what the administrator's profiles say, for the list as for `run`; there is nobody to ask. */
TEST_F (Embedded, NobodyGetsMoreThanTheAdministratorSays)
{
  std::string more = "[Profile]\nInherits=strict\n[Context]\nfilesystems=home:rw\n";
  std::string group = "[org.example.One]\nProfile=more\nCommand=sleep 1000\n";

  write_file (user_profiles () + "/more.profile", more);
  {
    Process service (session_of (group));
    ASSERT_TRUE (eventually ([&] {
      return service.running () && service.err ().find ("org.example.One: cannot be started: ") != std::string::npos;
    }));
    EXPECT_NE (service.err ().find ("needs approval"), std::string::npos) << service.err ();
    EXPECT_TRUE (fails_with (run_in ({ "--filesystem=home" }, { "true" }), 125, { "needs approval" }));
    EXPECT_EQ (end (service).status, 0);
  }
  std::filesystem::remove (user_profiles () + "/more.profile");
  add_profile ("more", more);
  Process service (session_of (group));
  EXPECT_TRUE (all_run (1)) << "the administrator says so";
  EXPECT_EQ (end (service).status, 0);
}

/* The socket is closed to whoever is in a user namespace of its own, as in a sandbox, and an application does not find
 * it; another uid does not get past its directory. */
TEST_F (Embedded, NobodyElseIsLetIn)
{
  std::string path = instances () + "/service";
  Argv inside = { "unshare", "--user", "--map-root-user" };
  Argv outside = { "python3", "-c",
                   "import socket, sys; s = socket.socket (socket.AF_UNIX); s.connect (sys.argv[1])\n"
                   "s.send (b'\\0AUTH EXTERNAL\\r\\nDATA\\r\\n'); print (s.recv (100).decode ())",
                   path };
  Process service (Command ({ places ().sandboxd, "--session" }));
  struct stat place = {}, directory = {};

  ASSERT_TRUE (eventually ([&] { return service.running () && service.err ().find ("serves") != std::string::npos; }));
  EXPECT_EQ (run (Command (outside)).out.substr (0, 3), "DAT") << "the user is answered";
  inside.insert (inside.end (), outside.begin (), outside.end ());
  Outcome outcome = run (Command (inside));
  EXPECT_TRUE (outcome.out == "\n" || outcome.err.find ("ConnectionReset") != std::string::npos
               || outcome.err.find ("BrokenPipe") != std::string::npos)
      << outcome.out << outcome.err;
  ASSERT_EQ (stat (path.c_str (), &place) + stat (instances ().c_str (), &directory), 0);
  EXPECT_EQ (place.st_mode & 0777, 0600u);
  EXPECT_EQ (directory.st_mode & 0777, 0700u);
  EXPECT_EQ (run_in ({ "--profile=appliance" }, { "test", "-e", path }).status, 1);
  EXPECT_EQ (end (service).status, 0);
}

/* Nothing is started from a list that is wrong; the script says what is. */
TEST_F (Embedded, AListThatIsWrongStartsNothing)
{
  static const struct {
    const char *text, *words;
  } wrong[] = {
    { "[org.example.One]\nProfile=appliance\nCommand=sleep 1\nRestart=alwys\n",
      "list:4:9: unknown word of Restart \"alwys\", did you mean \"always\"?" },
    { "[org.example.One]\nProfil=appliance\n", "list:2:1: unknown key \"Profil\", did you mean \"Profile\"?" },
    { "[org.example.One]\nProfile=appliance\n[org.example.One]\nProfile=appliance\n", "list:3:1: " },
    { "\n[org.example.One]\nCommand=true\n", "list:2:1: [org.example.One] has no Profile=" },
    { "[../One]\nProfile=appliance\n", "list:1:1: " },
    { "[org.example.One]\nProfile=appliance\nCommand=sh -c 'x\n", "list:3:9: Command: " },
    { "Profile=appliance\n", "list:1:" },
  };

  for (const auto &[text, words] : wrong) {
    write_file (dir () + "/list", text);
    Outcome outcome = applications ("start");

    EXPECT_EQ (outcome.status, 1) << text;
    EXPECT_NE (outcome.err.find (words), std::string::npos) << outcome.err;
    EXPECT_TRUE (records ().empty ());
  }
  set_env ("SANDBOX_APPLICATIONS", dir () + "/none");
  EXPECT_EQ (applications ("start").status, 1);
  EXPECT_TRUE (fails_with (run (Command ({ places ().sandboxd, "--session", "--peer-fd=0" })), 1, { "--peer-fd" }));
}

/* What a listed application prints is lines of its own: it can neither cut the log, write lines that look like
 * another's, nor hold up the service by printing without end. What it does can be done to a log that it is given as it
 * is. */
TEST_F (Embedded, OutputIsNobodyElsesLog)
{
  static const char loud[] = "import os, sys\n"
                             "try: os.ftruncate(2, 0)\n"
                             "except OSError: pass\n"
                             "os.write(2, b'sandboxd: org.example.Other: has ended\\n')\n"
                             "while sys.argv[1] == 'more': os.write(2, b'x' * 65535 + b'\\n')\n";
  const std::string forged = "sandboxd: org.example.Other: has ended", log = dir () + "/given",
                    script = dir () + "/loud";

  write_file (script, loud);
  ASSERT_TRUE (succeeds (
      run (Command ({ "sh", "-c", "echo before >" + log + "; exec python3 " + script + " once 2>>" + log }))));
  std::string control = read_file (log);
  EXPECT_EQ (control.find ("before"), std::string::npos) << "it can cut the log";
  EXPECT_EQ (control.find (forged), 0U) << "it can write what looks like the service's";
  add_profile ("loud", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + script + ":ro;\n");
  Process service (session_of ("[org.example.Loud]\nProfile=loud\nCommand=python3 " + script + " more\n"));
  ASSERT_TRUE (all_run (1));
  for (int i = 0; i < 5; i++) {
    EXPECT_TRUE (succeeds (sandboxctl ({ "ps" })));
  }
  std::string said = end (service).err;
  EXPECT_NE (said.find ("sandboxd: org.example.Loud: runs as"), std::string::npos) << said;
  EXPECT_NE (said.find ("\norg.example.Loud: " + forged), std::string::npos) << said;
  EXPECT_EQ (said.find ("\n" + forged), std::string::npos) << said;
  EXPECT_LT (said.size (), 100000U);
}

/* What cannot start does not keep the others from it, and the log says so. */
TEST_F (Embedded, OneThatCannotStartIsSaid)
{
  write_file (dir () + "/list", "# a remark\n\n[org.example.Bad]\nProfile=no-such-profile\nRestart=failure\n"
                                "[org.example.Ends]\nProfile=appliance\nCommand=sh -c 'exit 3'\n"
                                    + block ("text"));
  ASSERT_TRUE (succeeds (applications ("start")));
  EXPECT_TRUE (all_run (10));
  EXPECT_TRUE (is_said ("org.example.Bad: cannot be started: there is no profile \"no-such-profile\""));
  EXPECT_TRUE (is_said ("org.example.Bad: is started again in 2 s"));
  EXPECT_TRUE (is_said ("org.example.Ends: has ended with status 3\n"));
  EXPECT_TRUE (succeeds (applications ("stop")));
}
