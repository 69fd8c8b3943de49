/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* docs/tutorials/embedded.md: its profile, its list of ten applications and its script, without any bus, authority or
 * manager. Also on a machine with 256 MiB: scripts/kernels. */
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
  std::map<std::string, Record>
  running () const
  {
    std::map<std::string, Record> found;

    for (const auto &entry : std::filesystem::directory_iterator (runtime () + "/applications")) {
      std::string id = read_file (entry.path ());
      Record r = record (id.substr (0, id.find ('\n')));

      if (r.state == "running")
        found[entry.path ().filename ()] = r;
    }
    return found;
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

    for (const char *name : { "sandbox-session", "sandbox-keeper", "sandbox-init", "bwrap" })
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
  std::map<std::string, Record> first = running ();
  std::set<unsigned long> namespaces;

  ASSERT_EQ (first.size (), 10u);
  for (const auto &[name, r] : first)
    namespaces.insert (namespace_of (r.pid, "pid"));
  EXPECT_EQ (namespaces.size (), 1u) << "one pid namespace";
  EXPECT_EQ (named ("sandbox-session").size (), 1u);
  EXPECT_TRUE (eventually ([] { return named ("sandboxd").empty (); })) << "no service stays";
  printf ("%ld KiB resident besides the applications, shared pages counted each time\n", memory ());
  if (!getenv ("SBX_TEST_SANITIZED")) { /* sanitizers take more than that for themselves */
    EXPECT_LT (memory (), 64 * 1024);
  }

  /* None of them sees another one, or can tell whose numbers are taken */
  const Record &clock = first.at ("org.example.Clock"), &radio = first.at ("org.example.Radio");
  std::string look = "ls /proc | grep -c '^[0-9]'; kill -0 " + number_inside (radio.pid) + "; kill -0 3999999";
  Outcome seen = sandboxctl ({ "exec", clock.id, "--", "sh", "-c", look });
  EXPECT_EQ (seen.out.substr (0, seen.out.find ('\n')).size (), 1u) << "a few processes of its own: " << seen.out;
  EXPECT_NE (seen.err.find ("No such process"), std::string::npos) << seen.err;
  EXPECT_EQ (seen.err.find ("not permitted"), std::string::npos) << seen.err;

  /* One of them ends, of another the keeper is killed: the next start starts those two */
  ::kill (clock.pid, SIGTERM);
  ::kill (radio.keeper, SIGKILL);
  EXPECT_TRUE (wait_for_state (clock.id, "exited") && wait_for_state (radio.id, "exited"));
  EXPECT_EQ (running ().size (), 8u);
  ASSERT_TRUE (succeeds (applications ("start")));
  std::map<std::string, Record> second = running ();
  EXPECT_EQ (second.size (), 10u);
  for (const auto &[name, r] : second) {
    bool anew = name == "org.example.Clock" || name == "org.example.Radio";

    EXPECT_EQ (r.id == first.at (name).id, !anew) << name;
    EXPECT_EQ (namespaces.count (namespace_of (r.pid, "pid")), 1u) << name << " in the same pid namespace";
  }
  Outcome status = applications ("status");
  EXPECT_EQ (std::count (status.out.begin (), status.out.end (), '\n'), 10) << status.out;
  EXPECT_EQ (status.out.find ("has ended"), std::string::npos) << status.out;

  /* All end with sandbox-session, and start again with another one */
  ::kill (named ("sandbox-session").at (0), SIGKILL);
  for (const auto &[name, r] : second)
    EXPECT_TRUE (wait_for_state (r.id, "exited")) << name;
  ASSERT_TRUE (succeeds (applications ("start")));
  EXPECT_EQ (running ().size (), 10u);

  EXPECT_TRUE (succeeds (applications ("stop")));
  EXPECT_EQ (running ().size (), 0u);
  EXPECT_TRUE (eventually ([] { return reap_strays (), named ("sandbox-session").empty (); }));
}

/* What cannot start does not keep the others from it, and the script says so. */
TEST_F (Embedded, OneThatCannotStartIsSaid)
{
  write_file (dir () + "/list", "# a remark\n\norg.example.Bad  no-such-profile  true\n" + block ("text"));
  Outcome outcome = applications ("start");

  EXPECT_EQ (outcome.status, 1);
  EXPECT_NE (outcome.err.find ("no-such-profile"), std::string::npos) << outcome.err;
  EXPECT_EQ (running ().size (), 10u);
  EXPECT_EQ (applications ("restart").status, 2);
  EXPECT_TRUE (succeeds (applications ("stop")));
}
