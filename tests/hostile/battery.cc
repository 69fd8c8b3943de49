/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "battery.h"

#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "kernels/facts.h"

namespace fs = std::filesystem;

namespace hostile {

static const char *
who_says (Who who)
{
  switch (who) {
  case Who::USER:
    return "user";
  case Who::LAUNCHER:
    return "launcher";
  case Who::ROOT:
    return "root";
  }
  return "?";
}

std::string
name_of (const ::testing::TestParamInfo<Who> &info)
{
  return who_says (info.param);
}

std::string
Battery::probe_program () const
{
  return std::string (getenv ("SBX_TEST_BUILD")) + "/tests/hostile/hostile-probe";
}

Fd
listen_at_port (int type, int &port)
{
  struct sockaddr_in address = {};
  socklen_t size = sizeof address;
  Fd sock (socket (AF_INET, type | SOCK_CLOEXEC, 0));

  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  EXPECT_EQ (bind (sock.get (), reinterpret_cast<struct sockaddr *> (&address), sizeof address), 0);
  EXPECT_EQ (getsockname (sock.get (), reinterpret_cast<struct sockaddr *> (&address), &size), 0);
  port = ntohs (address.sin_port);
  return sock;
}

void
Battery::SetUp ()
{
  SandboxTest::SetUp ();
  if (HasFatalFailure ())
    return;
  fs::create_directories (home () + "/.config/sandbox/profiles");
  fs::create_directories (home () + "/.local/share");
  fs::create_directories (home () + "/.local/state");
  set_env ("XDG_CONFIG_HOME", home () + "/.config");
  set_env ("XDG_DATA_HOME", home () + "/.local/share");
  set_env ("XDG_STATE_HOME", home () + "/.local/state");
  set_env ("SANDBOX_PROFILE_PATH",
           places ().profiles + ":" + admin_profiles () + ":" + home () + "/.config/sandbox/profiles");
  if (GetParam () == Who::ROOT)
    return; /* is never asked */
  say (GetParam () == Who::LAUNCHER ? "launch" : "yes");
  start_authority_that_says (dir () + "/answer");
}

void
Battery::TearDown ()
{
  helpers_.clear ();
  SandboxTest::TearDown ();
}

void
Battery::give (const std::string &key, const std::string &value)
{
  words_.push_back (key + "=" + value);
}

void
Battery::say (const std::string &answer)
{
  write_file (dir () + "/answer", answer);
}

Way
Battery::inside (const std::string &groups, const Argv &options, const std::string &name)
{
  return [=] (const Argv &words) {
    Argv verb = { "run", "--profile=" + name };

    add_profile (name, "[Profile]\nInherits=default\nAppId=org.example.Battery\n" + groups);
    verb.insert (verb.end (), options.begin (), options.end ());
    return probe_with (verb, words);
  };
}

Way
Battery::outside (const Argv &wrapper)
{
  return [=] (const Argv &words) {
    Argv all = wrapper;

    all.push_back (probe_program ());
    all.insert (all.end (), words.begin (), words.end ());
    Command result (all);
    result.cwd = home ();
    return result;
  };
}

Way
Battery::beside (const std::string &id)
{
  return [=] (const Argv &words) { return probe_with ({ "exec", id }, words); };
}

/* A copy, since no link of a dumper's /proc can be followed. */
Way
Battery::attached (const std::string &id, const std::string &profile)
{
  return [=] (const Argv &words) {
    Command copying = probe_with ({ "attach", id, "--profile=" + profile }, {}, 3);

    copying.argv.pop_back ();
    lseek (copying.fds[3], 0, SEEK_SET); /* who has read it before has the same place in it */
    for (const char *word :
         { "sh", "-c", "cat <&3 >/tmp/probe; chmod 700 /tmp/probe; exec 3<&-; exec /tmp/probe \"$@\"", "sh" })
      copying.argv.push_back (word);
    copying.argv.insert (copying.argv.end (), words.begin (), words.end ());
    return copying;
  };
}

/* What each of @probes has said: name → "refused …" or "BREACH …". */
std::map<std::string, std::string>
Battery::lines (const Way &way, const Argv &words, const Argv &probes)
{
  std::map<std::string, std::string> said;
  Argv all = words; /* of two with one key the first counts */

  all.insert (all.end (), words_.begin (), words_.end ());
  all.insert (all.end (), probes.begin (), probes.end ());
  Outcome outcome = run (way (all));
  std::istringstream text (outcome.out);
  for (std::string line; std::getline (text, line);) {
    size_t space = line.find (' ');

    line = line.substr (0, line.find ('\r'));
    if (space != std::string::npos)
      said[line.substr (0, space)] = line.substr (space + 1);
  }
  EXPECT_EQ (said.size (), probes.size ()) << outcome.out << outcome.err;
  EXPECT_LT (outcome.status, 2) << outcome.out << outcome.err;
  return said;
}

static bool
begins_with (const std::string &text, const std::string &word)
{
  return text.compare (0, word.size (), word) == 0;
}

void
Battery::hold (const Argv &probes, const Way &held, const Way &control, const Argv &more)
{
  auto here = lines (held, more, probes), there = lines (control, {}, probes);

  for (const std::string &probe : probes) {
    printf ("%s %s (%s; without the protection: %s)\n", probe.c_str (), here[probe].c_str (), who_says (GetParam ()),
            there[probe].c_str ());
    EXPECT_TRUE (begins_with (here[probe], "refused ")) << probe << ": " << here[probe];
    EXPECT_TRUE (begins_with (there[probe], "BREACH ")) << "the control of " << probe << ": " << there[probe];
  }
}

void
Battery::hold (const std::string &name, const std::string &held, const std::string &control)
{
  printf ("%s %s %s (%s; without the protection: %s)\n", name.c_str (), held.empty () ? "refused" : "BREACH",
          held.c_str (), who_says (GetParam ()), control.c_str ());
  EXPECT_EQ (held, "") << name;
  EXPECT_NE (control, "") << "the control of " << name;
}

bool
Battery::refused_below (int abi, const std::string &groups)
{
  if (facts ().abi >= abi)
    return false;
  EXPECT_EQ (run (inside (groups) ({ "--list" })).status, 125) << "Landlock's ABI is " << facts ().abi;
  return true;
}

std::string
Battery::start (const Argv &words)
{
  helpers_.push_back (std::make_unique<Process> (outside () (words)));
  Process &helper = *helpers_.back ();

  if (!helper.expect ("ready ") || !helper.expect ("\n"))
    throw std::runtime_error ("hostile-probe " + words[0] + ": " + helper.out () + helper.err ());
  return helper.out ().substr (6, helper.out ().find ('\n') - 6);
}

void
Battery::end (const std::string &id)
{
  say ("yes");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

void
Battery::need_bystander ()
{
  give ("targets", start ({ "--bystander", marker (), dir () }));
  give ("abstract", "@" + marker ());
}

std::string
Battery::launch_bystander (const std::string &groups)
{
  Outcome outcome = run (inside (groups, { "--detach" }) ({ "--bystander", "-", "/tmp" }));
  std::string id = outcome.out.substr (0, 16);

  if (outcome.status != 0 || outcome.out.size () != 17)
    throw std::runtime_error ("cannot launch: " + outcome.out + outcome.err);
  if (!eventually ([&] { return sandboxctl ({ "exec", id, "--", "test", "-s", "/tmp/note" }).status == 0; }))
    throw std::runtime_error ("the bystander does not come up");
  return id;
}

}
