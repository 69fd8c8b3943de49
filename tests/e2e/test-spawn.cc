/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-spawn inside: the options of flatpak-spawn, and no more than the caller has. */
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include "facility.h"

using namespace e2e;

namespace fs = std::filesystem;

class Spawn : public Facility {
protected:
  Spawn () : Facility (Bus::SESSION)
  {
  }
  void
  SetUp () override
  {
    Facility::SetUp ();
    if (HasFatalFailure ())
      return;
    given_ = make_directory ("given");
    bin_ = make_directory ("bin");
    for (const char *name : { "sandbox-spawn", "flatpak-spawn" })
      fs::create_symlink (places ().sandboxctl, bin_ + "/" + name);
    add_profile ("nesting", "[Profile]\nInherits=default\n[Context]\nshared=network;\nfilesystems=" + given_ + ":rw;"
                                + bin_ + ":ro;" + fs::path (places ().sandboxctl).parent_path ().string ()
                                + ":ro;\n[Session Bus Policy]\norg.example.Sandbox=talk\n");
  }
  /* A shell inside that has `spawn`. */
  Outcome
  inside (const std::string &text, const Argv &options = {})
  {
    Argv all = { "--profile=nesting", "--app-id=org.example.Spawning" };

    all.insert (all.end (), options.begin (), options.end ());
    return run_in (all, { "sh", "-c", "spawn () { " + bin_ + "/sandbox-spawn \"$@\"; }; " + text });
  }
  std::string given_, bin_;
};

static const std::string LOOK = " sh -c 'cat $FILE 2>/dev/null || echo none; wc -l </proc/net/dev'";

/* What the caller has, less what is taken away. */
TEST_F (Spawn, WhatTheCallerHas)
{
  auto look = [&] (const std::string &options, const Argv &caller = {}) {
    Outcome outcome = inside ("spawn --env=FILE=" + given_ + "/file " + options + LOOK, caller);
    return outcome.out + outcome.err;
  };
  std::string here = run ({ { "sh", "-c", "wc -l </proc/net/dev" } }).out;

  ASSERT_NE (here, "3\n") << "the host has more than lo";
  EXPECT_EQ (look (""), "content\n" + here);
  EXPECT_EQ (look ("--no-network"), "content\n3\n");
  EXPECT_EQ (look ("--sandbox"), "none\n3\n");
  EXPECT_EQ (look ("--sandbox --sandbox-expose-path-ro=" + given_), "content\n3\n");
  /* The caller's own policy, and not its profile's */
  EXPECT_EQ (look ("", { "--nofilesystem=" + given_ }), "none\n" + here);
  EXPECT_EQ (look ("", { "--unshare=network" }), "content\n3\n");
}

TEST_F (Spawn, NeverMore)
{
  std::string secret = make_directory ("secret");
  Outcome outcome = inside ("spawn --sandbox-expose-path=" + secret + " cat " + secret + "/file");

  EXPECT_EQ (outcome.out, "");
  EXPECT_TRUE (fails_with (outcome, 125, { "more than the calling sandbox", secret }));
  outcome = inside ("spawn --host cat " + secret + "/file");
  EXPECT_EQ (outcome.out, "");
  EXPECT_TRUE (fails_with (outcome, 125, { "--host", "outside" }));
}

TEST_F (Spawn, TheOptionsOfFlatpakSpawn)
{
  Outcome outcome = inside ("spawn --watch-bus --clear-env --latest-version -v --env=A=1 --env=B=2 sh -c 'echo $A$B'");
  EXPECT_EQ (outcome.out, "12\n") << outcome.err;
  outcome = inside (
      "CALLERS=x spawn sh -c 'echo ${CALLERS-unset}'; spawn --env=A=1 --unset-env=HOME sh -c 'echo $A${HOME-unset}'");
  EXPECT_EQ (outcome.out, "unset\n1unset\n") << outcome.err;
  outcome = inside ("printf 'A=of the fd\\0B=also\\0' | spawn --env-fd=0 --env=B=named sh -c 'echo $A, $B'");
  EXPECT_EQ (outcome.out, "of the fd, named\n") << outcome.err;
  outcome = inside ("spawn --directory=" + given_ + " pwd");
  EXPECT_EQ (outcome.out, given_ + "\n") << outcome.err;
  outcome = inside (
      "exec 7>&1 8>&1; spawn --forward-fd=7 sh -c 'echo seven >&7; (echo eight >&8) 2>/dev/null || echo closed'");
  EXPECT_EQ (outcome.out, "seven\nclosed\n") << outcome.err;
  for (const char *option : { "--expose-pids", "--share-pids" }) {
    outcome = inside (std::string ("spawn ") + option + " echo there");
    EXPECT_EQ (outcome.out, "there\n");
    EXPECT_NE (outcome.err.find ("processes of its own"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ (inside ("spawn sh -c 'exit 7'").status, 7);
  EXPECT_EQ (inside ("spawn sh -c 'kill -TERM $$'").status, 128 + SIGTERM);
  EXPECT_EQ (inside ("spawn no-such-program").status, 127);
  EXPECT_EQ (inside ("echo said | spawn cat").out, "said\n");
}

/* What we have not is named, with what does it here. */
TEST_F (Spawn, OtherOptions)
{
  static const struct {
    const char *option, *said;
  } rows[] = {
    { "--sandbox-flag=share-display", "--socket=" },
    { "--sandbox-expose=x", "--sandbox-expose-path=PATH" },
    { "--app-path=/", "no runtimes" },
    { "--nonsense", "--nonsense" },
    { "--env=A", "--env=NAME=VALUE" },
    { "--forward-fd=99", "not open" },
  };

  for (const auto &row : rows) {
    Outcome outcome = inside (std::string ("spawn ") + row.option + " echo it runs");

    EXPECT_EQ (outcome.out, "") << row.option;
    EXPECT_TRUE (fails_with (outcome, 125, { row.said })) << row.option;
  }
  EXPECT_TRUE (fails_with (inside ("spawn"), 125, { "a command is missing" }));
  /* Outside there is no caller's own */
  EXPECT_TRUE (fails_with (run ({ { bin_ + "/sandbox-spawn", "true" } }), 125, { "inside of a sandbox" }));
}

/* A wrapper that was written for flatpak-spawn, in PATH under that name. */
TEST_F (Spawn, AWrapper)
{
  write_file (bin_ + "/wrapper",
              "#!/bin/bash\nargs=(flatpak-spawn --sandbox --watch-bus --directory=\"$PWD\" --env=WRAPPED=1)\n"
              "for fd in 5; do args+=(--forward-fd=$fd); done\nexec \"${args[@]}\" -- \"$@\"\n",
              0755);
  Outcome outcome =
      inside ("cd /usr; PATH=" + bin_ + ":$PATH; exec 5>&1; wrapper sh -c 'echo $WRAPPED $PWD >&5; exit 9'");
  EXPECT_EQ (outcome.out, "1 /usr\n") << outcome.err;
  EXPECT_EQ (outcome.status, 9);
}

/* The new sandbox is below the caller's, and ends with who has started it. */
TEST_F (Spawn, TheTree)
{
  std::string parent =
      launch_detached ({ "--profile=nesting" }, { "sh", "-c", bin_ + "/sandbox-spawn sleep 1000; sleep 1000" });
  Record child = new_instance ({ parent });
  std::string tree = sandboxctl ({ "ps", "--tree" }).out;

  EXPECT_EQ (json ({ "show", "--json", child.id })["parent"].text (), "/org/example/Sandbox/instances/" + parent);
  EXPECT_NE (tree.find ("\n" + parent), std::string::npos) << tree;
  EXPECT_NE (tree.find ("\n  " + child.id), std::string::npos) << tree;
  Json all = json ({ "ps", "--json" });
  for (size_t i = 0; i < all.size (); i++)
    EXPECT_EQ (all[i]["parent"].text (),
               all[i]["id"].text () == parent ? "/" : "/org/example/Sandbox/instances/" + parent);
  for (const ProcessInfo &process : descendants (record (parent).pid))
    if (process.command.find ("sandbox-spawn") != std::string::npos)
      ::kill (process.pid, SIGKILL);
  EXPECT_TRUE (wait_for_state (child.id, "exited"));
  EXPECT_EQ (record (parent).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", parent })));
  EXPECT_TRUE (wait_for_state (parent, "exited"));
}
