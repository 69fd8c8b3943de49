/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances that were started from inside of others, when those are restricted. */
#include <algorithm>
#include <filesystem>
#include <signal.h>
#include <thread>

#include "dice.h"
#include "live-stage.h"

class Tree : public Live {
protected:
  void
  SetUp () override
  {
    Live::SetUp ();
    add_profile ("nesting", "[Profile]\nInherits=default\n[Context]\nfilesystems="
                                + fs::path (places ().sandboxctl).parent_path ().string () + ":ro;" + home () + "/doc;"
                                + home ()
                                + "/other;\n[Session Bus Policy]\n"
                                  "org.example.Sandbox=talk\n");
  }
  /* Words of a shell that has `ctl`. */
  static Argv
  shell (const std::string &text)
  {
    return { "sh", "-c", "ctl () { " + places ().sandboxctl + " \"$@\"; }; " + text };
  }
  std::string
  start_parent (const std::string &script = "sleep 1000")
  {
    return launch_detached ({ "--profile=nesting" }, shell (script));
  }
  /* One more, started from inside of @parent. */
  std::string
  start_below (const std::string &parent)
  {
    Argv words = { "exec", parent, "--" }, inside = shell ("ctl run --detach --profile=nesting -- sleep 1000");
    words.insert (words.end (), inside.begin (), inside.end ());
    Outcome outcome = sandboxctl (words);

    EXPECT_TRUE (succeeds (outcome));
    return outcome.out.substr (0, outcome.out.find ('\n'));
  }
  /* Whether the keeper's child that changes the sandbox is at it. */
  static bool
  is_changing (pid_t keeper)
  {
    for (const auto &process : descendants (keeper))
      if (process.name == "sandbox-change" && process.state != 'Z')
        return true;
    return false;
  }
  bool
  shows_doc (const std::string &id)
  {
    std::string shown = sandboxctl ({ "show", id }).out;

    return shown.find (doc (), shown.find ("\nPolicy")) != std::string::npos;
  }
  std::string
  doc () const
  {
    return home () + "/doc";
  }
};

/* All below it, however deep; neither what has started it nor what that has started besides. */
TEST_F (Tree, AllBelow)
{
  std::string top = start_parent (), middle = start_below (top), low = start_below (middle),
              sibling = start_below (top), alien = start_parent ();

  for (const std::string &id : { top, middle, low, sibling, alien })
    EXPECT_TRUE (writes (id, doc ())) << id;
  Outcome outcome = sandboxctl ({ "restrict", middle, "--filesystem=" + doc () + ":ro" });
  EXPECT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find (low), std::string::npos) << outcome.out;
  EXPECT_EQ (outcome.out.find (sibling), std::string::npos) << outcome.out;
  for (const std::string &id : { middle, low }) {
    EXPECT_FALSE (writes (id, doc ())) << id;
    EXPECT_TRUE (reads (id, doc () + "/file")) << id;
    EXPECT_TRUE (writes (id, home () + "/other")) << id;
  }
  for (const std::string &id : { top, sibling, alien })
    EXPECT_TRUE (writes (id, doc ())) << id;
  outcome = sandboxctl ({ "restrict", top, "--nofilesystem=" + doc (), "--json" });
  EXPECT_TRUE (succeeds (outcome));
  for (const std::string &id : { middle, low, sibling })
    EXPECT_NE (outcome.out.find (id), std::string::npos) << outcome.out;
  for (const std::string &id : { top, middle, low, sibling })
    EXPECT_FALSE (reads (id, doc () + "/file")) << id;
  EXPECT_TRUE (writes (alien, doc ()));
  /* Who has it restricted, and with which: written down with each */
  Json row = json ({ "show", low, "--json" })["restrictions"][1];
  EXPECT_EQ (row["with"].text (), "/org/example/Sandbox/instances/" + top);
  EXPECT_EQ (row["filesystems"][doc ()].text (), "none");
}

/* One below loses something, and what is above it keeps that. */
TEST_F (Tree, OnlyBelow)
{
  std::string top = start_parent (), low = start_below (top);

  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", low, "--nofilesystem=" + doc () })));
  EXPECT_FALSE (reads (low, doc () + "/file"));
  EXPECT_TRUE (reads (top, doc () + "/file"));
  /* And nothing is left to be done when the other one follows */
  Outcome outcome = sandboxctl ({ "restrict", top, "--nofilesystem=" + doc () });
  EXPECT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.find (low), std::string::npos) << outcome.out;
  EXPECT_FALSE (reads (top, doc () + "/file"));
}

/* What comes later has no more either: asking for it is refused. */
TEST_F (Tree, LaterOnes)
{
  std::string top = start_parent ();

  EXPECT_TRUE (writes (start_below (top), doc ()));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", top, "--filesystem=" + doc () + ":ro" })));
  Argv words = { "exec", top, "--" }, inside = shell ("ctl run --profile=nesting -- echo it runs");
  words.insert (words.end (), inside.begin (), inside.end ());
  Outcome outcome = sandboxctl (words);
  EXPECT_TRUE (fails_with (outcome, 125, { "allows more than the calling sandbox has itself", "files" }));
  EXPECT_EQ (outcome.out, "");
  inside = shell ("ctl run --profile=nesting --filesystem=" + doc () + ":ro -- cat " + doc () + "/file");
  std::copy (inside.begin (), inside.end (), words.begin () + 3);
  EXPECT_EQ (sandboxctl (words).out, "secret");
}

/* What one below cannot lose: nothing is changed in any. */
TEST_F (Tree, RefusedForAll)
{
  std::string top = start_parent (), low = start_below (top);

  fs::rename (doc (), home () + "/moved"); /* and now could be made anew by its name */
  fs::create_directories (doc ());
  Outcome outcome = sandboxctl ({ "restrict", top, "--nofilesystem=" + doc () });
  EXPECT_NE (outcome.status, 0);
  for (const std::string &id : { top, low }) {
    EXPECT_TRUE (reads (id, doc () + "/file")) << id;
    EXPECT_EQ (json ({ "show", id, "--json" })["restrictions"].size (), 0u);
  }
}

/* Launches from inside at any moment of a restriction: when it has been answered, none has more. */
TEST_F (Tree, OnTheirWay)
{
  Dice dice;

  for (unsigned i = 0; i < 8 && !HasFailure (); i++) {
    std::string top = start_parent (
        "while :; do ctl run --detach --profile=nesting -- sleep 1000 >/dev/null 2>&1 & sleep 0.03; done");

    std::this_thread::sleep_for (std::chrono::milliseconds (dice.upto (150)));
    EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", top, "--nofilesystem=" + doc () })));
    for (const Record &r : records ())
      if (r.state == "running" && reads (r.id, doc () + "/file"))
        ADD_FAILURE () << r.id << " of " << top;
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", top, "--grace=0" })));
    for (const Record &r : records ()) /* that of a launch which was withdrawn is removed */
      EXPECT_TRUE (eventually ([&] {
        return record (r.id).state == "exited" || !fs::exists (instances () + "/" + r.id);
      })) << r.id
          << " is " << record (r.id).state;
  }
}

/* A service that comes while the keeper has yet to hear that its child is done reads the record of before. It is told
 * of the other one when it is let in. */
TEST_F (Tree, AServiceThatComesMeanwhile)
{
  bool met = false;

  for (unsigned i = 0; i < 20 && !met && !HasFailure (); i++) {
    std::string id = start ({ "--filesystem=" + doc () });
    pid_t keeper = record (id).keeper;

    /* So many mount namespaces take their time */
    EXPECT_TRUE (works (id, "for i in $(seq 80); do setsid unshare -rm sleep 1000 >/dev/null 2>&1 & done"));
    EXPECT_TRUE (eventually ([&] { return say (id, "pgrep -c sleep") == "81\n"; }));
    Process process (command ({ "restrict", id, "--nofilesystem=" + doc () }));
    while (!is_changing (keeper) && process.running ())
      std::this_thread::yield ();
    ASSERT_EQ (::kill (keeper, SIGSTOP), 0);
    kill_services ();
    (void) process.wait ();
    /* Done, and the keeper has not written it down */
    met =
        eventually ([&] { return !is_changing (keeper); }) && fs::exists (runtime () + "/sandbox/" + id + "/info.new");
    Outcome before = sandboxctl ({ "ps" });
    EXPECT_NE (before.out.find (id), std::string::npos) << before.out;
    ASSERT_EQ (::kill (keeper, SIGCONT), 0);
    EXPECT_TRUE (eventually ([&] { return !shows_doc (id) && !reads (id, doc () + "/file"); }));
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  }
  EXPECT_TRUE (met);
}

/* The service is killed in the middle: what is below has no more than what is above. */
TEST_F (Tree, KilledInBetween)
{
  Dice dice;

  for (unsigned i = 0; i < 6 && !HasFailure (); i++) {
    std::string top = start_parent (), middle = start_below (top), low = start_below (middle);
    Process process (command ({ "restrict", top, "--nofilesystem=" + doc () }));
    std::vector<bool> open;

    std::this_thread::sleep_for (std::chrono::microseconds (dice.upto (30000)));
    kill_services ();
    (void) process.wait ();
    for (const std::string &id : { low, middle, top })
      EXPECT_TRUE (eventually ([&] { return shows_doc (id) == reads (id, doc () + "/file"); })) << id;
    for (const std::string &id : { low, middle, top })
      open.push_back (reads (id, doc () + "/file"));
    EXPECT_TRUE (std::is_sorted (open.begin (), open.end ()));
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", top, "--grace=0" })));
  }
}
