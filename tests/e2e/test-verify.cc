/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `sandboxctl verify`: what it says of a profile is what the profile does, in both directions. */
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

class Verify : public EitherBus {
protected:
  Json
  verify (const std::string &profile)
  {
    Outcome outcome = sandboxctl ({ "verify", "--json", profile });

    EXPECT_EQ (outcome.status, 0) << outcome.out << outcome.err;
    return Json::parse (outcome.out)[profile];
  }
  /* "kept", "broken", "untested"; "" when that is not promised. */
  static std::string
  state_of (const Json &answer, const std::string &probe)
  {
    for (const Json &row : answer["promises"].items ())
      if (row["probe"].text ().rfind (probe, 0) == 0)
        return row["state"].text ();
    return "";
  }
};

EITHER_BUS (Verify);

TEST_P (Verify, TheDefaultProfile)
{
  Json answer = verify ("default");

  EXPECT_EQ (answer["broken"].number (), 0);
  for (const char *probe : { "process=out-", "process=box-", "process=sandbox-keeper", "own-process",
                             "read=", "tcp=", "connect=@sandbox-verify", "shm=", "privileges", "userns", "terminal",
                             "call=keyctl:EPERM", "call=bpf:", "kill=", "pidfd=", "read=/dev/pts/" })
    EXPECT_EQ (state_of (answer, probe), "kept") << probe << "\n" << answer.dump ();
  for (const char *probe : { "trace=", "memory=" }) {
    EXPECT_NE (state_of (answer, probe), "broken") << "Yama may forbid the control";
    EXPECT_NE (state_of (answer, probe), "");
  }
  EXPECT_EQ (state_of (answer, "bus=session:"), GetParam () == Bus::SESSION ? "kept" : "") << answer.dump ();
}

/* All in one go: nothing that one of them has used up is missing for the next. */
TEST_P (Verify, EveryProfile)
{
  Outcome outcome = sandboxctl ({ "verify", "--all", "--json" });
  Json all = Json::parse (outcome.out), last = verify ("tracer");

  EXPECT_EQ (outcome.status, 0) << outcome.err;
  EXPECT_EQ (all["default"]["broken"].number (), 0);
  EXPECT_EQ (all["tracer"]["untested"].number (), last["untested"].number ()) << all["tracer"].dump ();
  EXPECT_EQ (all["tracer"]["kept"].number (), last["kept"].number ());
}

/* What is limited is reached for, up to one more; where nothing is limited, nothing is promised. */
TEST_P (Verify, Limits)
{
  add_profile ("limited", "[Profile]\nInherits=default\n[Limits]\npids=40\nnofile=64\n");
  Json answer = verify ("limited");

  EXPECT_EQ (state_of (answer, "processes=40"), "kept") << answer.dump ();
  EXPECT_EQ (state_of (answer, "descriptors=64"), "kept") << answer.dump ();
  EXPECT_EQ (state_of (verify ("default"), "descriptors="), "");
  /* A limit that is not kept is found: here it is not the sandbox that is asked for it */
  Outcome outside = run (Command ({ places ().promise_probe, "processes=40", "descriptors=64" }));
  EXPECT_EQ (outside.out.substr (0, 4), "yes ") << outside.out;
}

/* A network of its own leads to no address of this machine; with the host's there is no such promise. */
TEST_P (Verify, Networks)
{
  add_profile ("own", "[Profile]\nInherits=default\n[Context]\nshared=private-network;\n");
  add_profile ("hosts", "[Profile]\nInherits=default\n[Context]\nshared=network;\n");
  auto addresses = [] (const Json &answer) {
    std::set<std::string> states;

    for (const Json &row : answer["promises"].items ())
      if (row["probe"].text ().rfind ("tcp=", 0) == 0 && row["probe"].text ().find (':') != std::string::npos)
        states.insert (row["state"].text ());
    return states;
  };
  std::set<std::string> own = addresses (verify ("own"));
  EXPECT_TRUE (own.empty () || own == std::set<std::string>{ "kept" }) << "none where the machine has no address";
  EXPECT_TRUE (addresses (verify ("hosts")).empty ());
}

/* A name on the bus that the profile names is no promise. */
TEST_P (Verify, NamesOnTheBus)
{
  add_profile ("talks", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.example.*=talk\n");
  add_profile ("talks-little", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.example.Else=talk\n");
  if (GetParam () != Bus::SESSION)
    return;
  EXPECT_EQ (state_of (verify ("talks"), "bus=session:"), "");
  EXPECT_EQ (state_of (verify ("talks-little"), "bus=session:"), "kept");
}

/* The same on the system bus, where somebody has a name: the authority. */
TEST_P (Verify, NamesOnTheSystemBus)
{
  start_authority (true);
  add_profile ("talks", "[Profile]\nInherits=default\n[System Bus Policy]\norg.freedesktop.PolicyKit1=talk\n");
  add_profile ("talks-little", "[Profile]\nInherits=default\n[System Bus Policy]\norg.example.Else=talk\n");
  EXPECT_EQ (state_of (verify ("default"), "bus=system:org.freedesktop.PolicyKit1"), "kept");
  EXPECT_EQ (state_of (verify ("talks-little"), "bus=system:org.freedesktop.PolicyKit1"), "kept");
  EXPECT_EQ (state_of (verify ("talks"), "bus=system:"), "");
}

/* What is the service's own and what is a key's is there outside, and stays out of reach where the home is shared. */
TEST_P (Verify, WhatIsTheServicesOwn)
{
  add_profile ("home", "[Profile]\nInherits=default\n[Context]\nfilesystems=home;xdg-config;xdg-run;\n");
  std::string id = launch_detached ({}, { "sleep", "1000" }); /* so that there is a service, with a socket */
  for (const char *profile : { "default", "home" }) {
    Json answer = verify (profile);

    EXPECT_EQ (answer["broken"].number (), 0) << answer.dump ();
    EXPECT_EQ (state_of (answer, "connect=" + instances () + "/bus-"), GetParam () == Bus::SESSION ? "kept" : "")
        << answer.dump ();
    EXPECT_EQ (state_of (answer, "make=" + user_profiles ()), "kept") << answer.dump ();
    EXPECT_EQ (state_of (answer, "key=sandbox-verify-"), "kept") << answer.dump ();
  }
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
}

/* What a profile opens is no promise any more, or a promise of the contrary. */
TEST_P (Verify, WhatIsOpened)
{
  add_profile ("open", "[Profile]\nInherits=default\n[Context]\nshared=network;ipc;\nfeatures=userns;\n"
                       "filesystems=~/w;~/r:ro;\n");
  fs::create_directories (home () + "/w");
  fs::create_directories (home () + "/r");
  Json answer = verify ("open");

  EXPECT_EQ (answer["broken"].number (), 0) << answer.dump ();
  EXPECT_EQ (state_of (answer, "tcp="), "kept");
  EXPECT_EQ (state_of (answer, "shm="), "");
  EXPECT_EQ (state_of (answer, "userns"), "kept");
  EXPECT_EQ (state_of (answer, "make=" + home () + "/w"), "kept");
  EXPECT_EQ (state_of (answer, "make=" + home () + "/r"), "kept");
  std::map<std::string, std::string> reached;
  for (const Json &row : answer["promises"].items ())
    reached[row["probe"].text ()] = row["reached"].dump ();
  EXPECT_EQ (reached["make=" + home () + "/w"], "true");
  EXPECT_EQ (reached["make=" + home () + "/r"], "false");
}

/* A broken promise is found: here bwrap is kept from making an IPC namespace. */
TEST_P (Verify, ABrokenPromise)
{
  write_file (dir () + "/bwrap",
              "#!/bin/bash\nwords=()\nfor word; do\n  [ \"$word\" != --unshare-ipc ] || continue\n"
              "  words+=(\"$word\")\ndone\nexec bwrap \"${words[@]}\"\n",
              0755);
  set_env ("SANDBOX_BWRAP", dir () + "/bwrap");
  Outcome outcome = sandboxctl ({ "verify", "default" });

  EXPECT_EQ (outcome.status, 1) << outcome.out << outcome.err;
  EXPECT_NE (outcome.out.find ("1 broken"), std::string::npos) << outcome.out;
  EXPECT_NE (outcome.out.find ("BROKEN    cannot attach shared memory from outside"), std::string::npos) << outcome.out;
}

/* Nothing of a trial is left, and `doctor` knows when it was. */
TEST_P (Verify, LeavesNothing)
{
  EXPECT_NE (sandboxctl ({ "doctor" }).out.find ("sandboxctl verify"), std::string::npos);
  add_profile ("kept", "[Profile]\nInherits=default\n[Context]\npersistent=.;\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "verify", "default", "kept" })));
  for (const fs::directory_entry &entry : fs::directory_iterator (home ()))
    EXPECT_EQ (entry.path ().filename ().string ().find (".sandbox"), std::string::npos) << entry.path ();
  EXPECT_FALSE (fs::exists (dir () + "/data/sandbox/org.example.Sandbox.Verify"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "data", "list" })));
  EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "ps", "-q" }).out.empty (); }));
  EXPECT_NE (sandboxctl ({ "doctor" }).out.find ("0 broken"), std::string::npos);
}

/* Killed at any moment, too. */
TEST_P (Verify, KilledInTheMiddle)
{
  auto files = [&] {
    int n = 0;

    for (const fs::directory_entry &entry : fs::directory_iterator (home ()))
      n += entry.path ().filename ().string ().find (".sandbox-verify") == 0;
    return n;
  };

  for (int signo : { SIGKILL, SIGINT, SIGTERM }) {
    Process verify (command ({ "verify", "default" }));

    ASSERT_TRUE (eventually ([&] { return files () == 1; })) << "the control: there is something to be left";
    verify.kill (signo);
    verify.wait ();
    EXPECT_TRUE (eventually ([&] { return files () == 0; })) << signo;
    EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "ps", "-q" }).out.empty (); })) << signo;
  }
}

TEST_P (Verify, BadInput)
{
  EXPECT_TRUE (fails_with (sandboxctl ({ "verify", "--all", "default" }), 125, { "--all" }));
  Outcome outcome = sandboxctl ({ "verify", "defualt" });
  EXPECT_EQ (outcome.status, 125);
  EXPECT_NE (outcome.out.find ("default"), std::string::npos) << "the nearest name";
  add_profile ("broken", "[Context]\nshared=nonsense;\n");
  outcome = sandboxctl ({ "verify", "default", "broken" });
  EXPECT_EQ (outcome.status, 125) << "what could not be tried is not kept";
  EXPECT_NE (outcome.out.find ("broken: cannot be tried"), std::string::npos) << outcome.out;
  EXPECT_NE (outcome.out.find ("default: "), std::string::npos) << "the others are";
}
