/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is granted for a time. Nothing is said about when exactly it ends. */
#include <algorithm>
#include <filesystem>
#include <thread>

#include "live-stage.h"

class Until : public Live {
protected:
  Outcome
  grant (const std::string &id, const std::string &what, const std::string &until)
  {
    return sandboxctl ({ "grant", id, "--filesystem=" + what, "--until=" + until });
  }
  std::string
  doc () const
  {
    return home () + "/doc";
  }
  /* Whether row @row of Grants has ended, soon. */
  bool
  ends (const std::string &id, size_t row)
  {
    for (int i = 0; i < 400; i++) {
      if (json ({ "show", id, "--json" })["grants"][row].has ("ended"))
        return true;
      std::this_thread::sleep_for (std::chrono::milliseconds (50));
    }
    return false;
  }
  bool
  policy_names (const std::string &id, const std::string &path)
  {
    std::string shown = sandboxctl ({ "show", id }).out;
    return shown.find (path, shown.find ("\nPolicy")) != std::string::npos;
  }
};

TEST_F (Until, EndsByItself)
{
  std::string id = start ({});

  EXPECT_TRUE (succeeds (grant (id, doc (), "2")));
  EXPECT_TRUE (writes (id, doc ()));
  EXPECT_TRUE (policy_names (id, doc ()));
  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("until 20"), std::string::npos);
  EXPECT_TRUE (succeeds (grant (id, home () + "/other", "1h")));
  EXPECT_TRUE (ends (id, 0));
  EXPECT_FALSE (reads (id, doc () + "/file"));
  EXPECT_FALSE (policy_names (id, doc ()));
  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("ended 20"), std::string::npos);
  EXPECT_EQ (json ({ "show", id, "--json" })["restrictions"].size (), 0u);
  EXPECT_TRUE (reads (id, home () + "/other/file")); /* the control: what lasts */
  /* And again, for good and for a time */
  EXPECT_TRUE (succeeds (grant (id, doc () + ":ro", "1")));
  EXPECT_TRUE (reads (id, doc () + "/file"));
  EXPECT_TRUE (ends (id, 2));
  EXPECT_FALSE (reads (id, doc () + "/file"));
  EXPECT_TRUE (succeeds (grant (id, doc (), "exit")));
  EXPECT_TRUE (writes (id, doc ()));
}

/* In all that the application has made, under every name. */
TEST_F (Until, InItsNamespaces)
{
  std::string id = start ({});

  EXPECT_TRUE (succeeds (grant (id, doc (), "3")));
  say (id, "setsid unshare -rm sh -c 'while :; do (cat " + doc ()
               + "/file || echo gone) > /tmp/n.new 2>/dev/null; mv /tmp/n.new /tmp/n; sleep 0.05; done' "
                 "> /dev/null 2>&1 < /dev/null &");
  EXPECT_SOON (id, "cat /tmp/n", "secret");
  EXPECT_TRUE (ends (id, 0));
  EXPECT_SOON (id, "cat /tmp/n", "gone\n");
}

/* What it had before stays. */
TEST_F (Until, WritingEnds)
{
  std::string id = start ({ "--filesystem=" + doc () + ":ro" });

  EXPECT_FALSE (writes (id, doc ()));
  EXPECT_TRUE (succeeds (grant (id, doc () + ":rw", "1")));
  EXPECT_TRUE (ends (id, 0));
  EXPECT_FALSE (writes (id, doc ()));
  EXPECT_TRUE (reads (id, doc () + "/file"));
}

TEST_F (Until, TheLaterOfBoth)
{
  std::string id = start ({}), other = start ({});

  EXPECT_TRUE (succeeds (grant (id, doc (), "2")));
  EXPECT_TRUE (succeeds (grant (id, doc (), "1h")));
  EXPECT_TRUE (succeeds (grant (other, doc (), "2")));
  EXPECT_TRUE (succeeds (grant (other, doc () + ":ro", "exit")));
  EXPECT_TRUE (writes (other, doc ()));
  EXPECT_TRUE (ends (id, 0) && ends (other, 0));
  EXPECT_TRUE (writes (id, doc ()));
  EXPECT_FALSE (writes (other, doc ()));
  EXPECT_TRUE (reads (other, doc () + "/file"));
}

/* What was taken meanwhile is taken for good, and does not come back with the end. */
TEST_F (Until, RestrictedInBetween)
{
  std::string id = start ({ "--filesystem=" + doc () + ":ro" });

  EXPECT_TRUE (succeeds (grant (id, doc (), "3")));
  EXPECT_TRUE (succeeds (grant (id, home () + "/other", "3")));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + doc () })));
  EXPECT_FALSE (reads (id, doc () + "/file"));
  EXPECT_TRUE (ends (id, 0) && ends (id, 1));
  EXPECT_FALSE (reads (id, doc () + "/file"));
  EXPECT_FALSE (reads (id, home () + "/other/file"));
  EXPECT_TRUE (fails_with (grant (id, doc (), "exit"), 125, { "for good" }));
  EXPECT_TRUE (succeeds (grant (id, home () + "/other", "exit")));
}

/* The service is killed: the next one goes by the record. */
TEST_F (Until, WithoutAService)
{
  std::string id = start ({}), other = start ({});

  EXPECT_TRUE (succeeds (grant (id, doc (), "1")));
  EXPECT_TRUE (succeeds (grant (other, doc (), "1h")));
  kill_services ();
  std::this_thread::sleep_for (std::chrono::milliseconds (1500));
  EXPECT_TRUE (ends (id, 0));
  EXPECT_FALSE (reads (id, doc () + "/file"));
  EXPECT_TRUE (reads (other, doc () + "/file"));
}

/* It is moved outside, and another one is there: what the instance has goes all the same. */
TEST_F (Until, MovedOutside)
{
  std::string id = start ({});

  EXPECT_TRUE (succeeds (grant (id, doc (), "2")));
  fs::rename (doc (), home () + "/moved");
  make_file (doc () + "/file", "another");
  EXPECT_EQ (say (id, "cat " + doc () + "/file"), "secret");
  EXPECT_TRUE (ends (id, 0));
  EXPECT_FALSE (reads (id, doc () + "/file"));
}

/* Nor has what was started from inside more than its starter. */
TEST_F (Until, WithWhatIsBelow)
{
  add_profile ("nesting", "[Profile]\nInherits=default\n[Context]\nfilesystems="
                              + fs::path (places ().sandboxctl).parent_path ().string ()
                              + ":ro;\n[Session Bus Policy]\norg.example.Sandbox=talk\n");
  std::string top = launch_detached ({ "--profile=nesting" }, { "sleep", "1000" });

  EXPECT_TRUE (succeeds (grant (top, doc () + ":ro", "4")));
  Outcome outcome = sandboxctl ({ "exec", top, "--", places ().sandboxctl, "run", "--detach", "--profile=nesting",
                                  "--filesystem=" + doc () + ":ro", "--", "sleep", "1000" });
  ASSERT_TRUE (succeeds (outcome));
  std::string low = outcome.out.substr (0, outcome.out.find ('\n'));
  EXPECT_TRUE (reads (low, doc () + "/file"));
  EXPECT_TRUE (ends (top, 0));
  EXPECT_FALSE (reads (top, doc () + "/file"));
  EXPECT_FALSE (reads (low, doc () + "/file"));
}

TEST_F (Until, Refused)
{
  std::string id = start ({});

  for (const char *words : { "", "0", "-1", "5x", "1w", "m", "1.5h", "32d", "99999999999999999999", "Exit" })
    EXPECT_TRUE (fails_with (grant (id, doc (), words), 125, { "--until" })) << words;
  /* It could not end while what lies in it stays */
  EXPECT_TRUE (succeeds (grant (id, doc (), "1h")));
  EXPECT_TRUE (fails_with (grant (id, doc () + "/sub", "exit"), 125, { "has to end", doc () + "/sub" }));
  EXPECT_EQ (json ({ "show", id, "--json" })["grants"].size (), 1u);
}
