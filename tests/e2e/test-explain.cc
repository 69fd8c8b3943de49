/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a profile comes to, as people and programs are told. */
#include <cmath>

#include "harness.h"

using namespace e2e;

class Explaining : public WithoutBus {
protected:
  std::string
  text (const Argv &words)
  {
    Outcome outcome = sandboxctl (words);

    EXPECT_TRUE (succeeds (outcome)) << shell_quote (words);
    return outcome.out;
  }
  static bool
  says (const std::string &text, const std::string &what)
  {
    return text.find (what) != std::string::npos;
  }
};

/* The exposure in tenths: 6.4 → 64. */
static long
tenths (const Json &exposure)
{
  return lround (strtod (exposure["score"].dump ().c_str (), nullptr) * 10);
}

TEST_F (Explaining, EveryProfileHasAScore)
{
  std::map<std::string, long> scores;
  std::string table = text ({ "profile", "score" });

  for (const Json &row : json ({ "profile", "score", "--json" }).items ()) {
    scores[row["profile"].text ()] = tenths (row);
    EXPECT_TRUE (says (table, "\n" + row["profile"].text () + " ")) << table;
    for (const Json &door : row["open"].items ())
      EXPECT_FALSE (door["id"].text ().empty () || door["reason"].text ().empty ()) << door.dump ();
  }
  EXPECT_GE (scores.size (), 17u);
  EXPECT_LT (scores["strict"], scores["default"]);
  EXPECT_LT (scores["default"], scores["offline"]);
  EXPECT_LE (scores["offline"], scores["browser"]);
  EXPECT_LT (scores["browser"], 75);
}

TEST_F (Explaining, AScoreNamesItsReasons)
{
  add_profile ("wide", "[Profile]\nInherits=default\n[Context]\nsockets=session-bus;\nfilesystems=home:ro;\n");
  std::string out = text ({ "profile", "score", "wide", "default" });

  EXPECT_TRUE (says (out, "9.0       reaches the whole session bus")) << out;
  EXPECT_TRUE (says (out, "can read all of your files")) << out;
  EXPECT_LT (out.find ("session bus"), out.find ("all of your files")) << out;
  EXPECT_TRUE (says (out, "(UNSAFE)")) << out;
  EXPECT_TRUE (says (out, "All in all, default: 1.0 of 10 (OK)")) << out;
  EXPECT_TRUE (fails_with (sandboxctl ({ "profile", "score", "wdie" }), 125, { "did you mean \"wide\"" }));
}

TEST_F (Explaining, ARunningSandboxHasAScore)
{
  std::string id = launch_detached ({ "--profile=strict" }, { "sleep", "1000" });
  std::string out = text ({ "show", id });

  EXPECT_TRUE (says (out, "Exposure     0.1 of 10 (OK)")) << out;
  EXPECT_EQ (tenths (json ({ "show", id, "--json" })["exposure"]), 1);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
}
