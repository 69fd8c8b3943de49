/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a profile comes to, as people and programs are told. */
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

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

/* Every kind of thing that a profile can say comes out as a sentence, and what reaches data or session is marked. */
TEST_F (Explaining, InWords)
{
  add_profile ("wide", "[Profile]\nInherits=default\nAppId=org.example.Wide\n"
                       "[Context]\nshared=network;\nsockets=wayland;pulseaudio;\ndevices=dri;\n"
                       "filesystems=home:ro;!~/.ssh;/srv:rw;\npersistent=.wide;\nforward=rw\npass-environment=LC_ALL;\n"
                       "[Session Bus Policy]\norg.example.A=talk\norg.example.B=talk\n"
                       "[Network]\nconnect=443;80;\n[Limits]\nmemory=512M\ncore=0\n[Seccomp]\nallow=bpf;\n"
                       "[Environment]\nWIDE=1\n[Procfs]\nsubset=pid\n");
  std::string out = text ({ "explain", "wide" });

  for (const char *line : { "as application \"org.example.Wide\"",
                            "· sees no processes but its own",
                            "! reads the files in your whole home",
                            "· … but nothing in ~/.ssh",
                            "! reads, changes and deletes the files in /srv",
                            "· keeps what it puts into its own ~/.wide",
                            "! reaches the network",
                            "· connects to no TCP ports but 80, 443",
                            "· shows windows",
                            "! plays sound",
                            "· uses the graphics card",
                            "· talks on the session bus to org.example.A, org.example.B",
                            "· reads and changes the files that you open with it",
                            "· uses at most 512.0",
                            "· leaves no core dumps",
                            "! may make system calls that others may not: bpf",
                            "· finds nothing in /proc but processes",
                            "· is told your variables LC_ALL",
                            "· has the variables WIDE=1",
                            "Exposure: ",
                            "(org.example.Sandbox.launch)" })
    EXPECT_TRUE (says (out, line)) << line << " is not in\n" << out;
  EXPECT_FALSE (says (out, "extend-")) << out;
  out = text ({ "explain", "default", "--share=network" });
  EXPECT_TRUE (says (out, "(org.example.Sandbox.extend-network)")) << out;
  out = text ({ "explain", "default" });
  for (const char *line : { "· reaches none of your files", "· begins with an empty home", "· has no network" })
    EXPECT_TRUE (says (out, line)) << line << " is not in\n" << out;
  EXPECT_FALSE (says (out, "  ! ")) << out;
}

/* The disk as it is: links, other names of what is closed, and what could be undone. */
TEST_F (Explaining, WhatTheDiskAdds)
{
  const std::string context = "[Profile]\nInherits=default\n[Context]\nfilesystems=";

  fs::create_directories (home () + "/work/b");
  write_file (home () + "/work/b/file", "");
  fs::create_directory_symlink ("b", home () + "/work/link");
  fs::create_directory_symlink (home () + "/work", home () + "/alias");
  add_profile ("linked", context + "~/alias:ro;\n");
  std::string out = text ({ "explain", "linked" });
  EXPECT_TRUE (says (out, home () + "/alias → " + home () + "/work")) << out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "profile", "check", "linked" })));

  /* What it counts as is what it leads to */
  fs::create_directory_symlink (home (), dir () + "/another");
  add_profile ("home", context + home () + ";\n");
  add_profile ("by-link", context + dir () + "/another;\n");
  Json plain = json ({ "explain", "home", "--json" }), by_link = json ({ "explain", "by-link", "--json" });
  EXPECT_EQ (plain["exposure"].dump (), by_link["exposure"].dump ());
  EXPECT_TRUE (says (text ({ "explain", "by-link" }), "(UNSAFE)"));
  EXPECT_TRUE (says (text ({ "profile", "score", "by-link" }), "UNSAFE"));

  /* Everything that the test has, the service's own directories among it */
  add_profile ("wide", context + dir () + ";\n");
  add_profile ("undone", context + dir () + ";\nfeatures=userns;\n");
  add_profile ("planted", context + "~/work;~/work/link/file:ro;\n");
  out = text ({ "explain", "wide" });
  EXPECT_TRUE (says (out, dir () + "/data/sandbox: closed there is the kept homes of applications")) << out;
  EXPECT_TRUE (says (out, dir () + "/config/sandbox: read-only there is the profiles")) << out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "profile", "check", "wide" })));
  for (const auto &[name, reason] : { std::pair<std::string, std::string> ("undone", "features=weak-covers"),
                                      { "planted", home () + "/work/link is a link" } }) {
    EXPECT_TRUE (fails_with (sandboxctl ({ "explain", name }), 125, { "would not start", reason }));
    EXPECT_TRUE (fails_with (sandboxctl ({ "profile", "check", name }), 125, { "nothing would start", reason }));
    /* The control: what is said is what happens */
    EXPECT_TRUE (fails_with (run_in ({ "--profile=" + name }, { "true" }), 125, { reason }));
  }
  /* It only looks; the control again */
  EXPECT_FALSE (fs::exists (dir () + "/data/sandbox/wide"));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=wide" }, { "true" })));
}

/* For programs, everything. */
TEST_F (Explaining, InFull)
{
  add_profile ("wide", "[Profile]\nInherits=default\nOnCrash=dumper\n"
                       "[Context]\nshared=network;\npersistent=.wide;\nsockets=wayland;\n"
                       "[Session Bus Policy]\norg.example.A=talk\n[Network]\nconnect=443;\n"
                       "[Limits]\nnofile=99\n[Environment]\nWIDE=1\n");
  Json plan = json ({ "explain", "wide", "--app-id=org.example.Wide", "--device=dri", "--json", "--", "true", "--x" });
  auto has_text = [] (const Json &list, const std::string &what) {
    for (const Json &item : list.items ())
      if (item.text () == what)
        return true;
    return false;
  };

  EXPECT_EQ (plan["profile"].text (), "wide");
  EXPECT_EQ (plan["app-id"].text (), "org.example.Wide");
  EXPECT_EQ (plan["on-crash"].text (), "dumper");
  EXPECT_TRUE (has_text (plan["command"], "--x"));
  EXPECT_EQ (plan["cwd"].text (), home ());
  EXPECT_TRUE (plan["inferiors-only"].boolean ());
  EXPECT_TRUE (has_text (plan["namespaces"], "pid"));
  EXPECT_FALSE (has_text (plan["namespaces"], "net"));
  EXPECT_EQ (plan["procfs"]["hidepid"].text (), "ptraceable");
  EXPECT_TRUE (plan["landlock"]["instance-domain"].boolean ());
  EXPECT_TRUE (plan["landlock"]["app-domain"].boolean ());
  EXPECT_EQ (plan["landlock"]["connect"][0].number (), 443);
  EXPECT_TRUE (has_text (plan["bus"], "session talk org.example.A"));
  EXPECT_TRUE (has_text (plan["environment"], "WIDE=1"));
  EXPECT_EQ (plan["limits"]["nofile"].number (), 99);
  EXPECT_TRUE (has_text (plan["actions"], "org.example.Sandbox.launch"));
  EXPECT_TRUE (has_text (plan["actions"], "org.example.Sandbox.extend-devices"));
  EXPECT_TRUE (has_text (plan["directories"], dir () + "/data/sandbox/org.example.Wide/.wide"));
  EXPECT_EQ (plan["policy"]["Network"]["connect"].text (), "443;");
  EXPECT_TRUE (plan["exposure"].has ("score"));
  EXPECT_TRUE (plan["warnings"].is_array ());

  /* Each mount of the skeleton is in bwrap's command line too, in the same order, and none of the others, which the
   * keeper makes; each system call has a name, an error and a reason */
  Argv bwrap;
  for (const Json &word : plan["bwrap"].items ())
    bwrap.push_back (word.text ());
  size_t at = 0, skeleton = static_cast<size_t> (plan["skeleton"].number ());
  ASSERT_GT (skeleton, 5u);
  ASSERT_LT (skeleton, plan["mounts"].items ().size ());
  for (const Json &mount : plan["mounts"].items ()) {
    if (skeleton == 0) {
      EXPECT_EQ (std::count (bwrap.begin (), bwrap.end (), mount["dest"].text ()), 0) << mount.dump ();
      continue;
    }
    skeleton--;
    while (at + 1 < bwrap.size () && bwrap[at] != "--" + mount["op"].text ())
      at++;
    ASSERT_LT (at + 1, bwrap.size ()) << mount.dump ();
    at += mount.has ("source") || mount.has ("content") ? 2 : 1;
    EXPECT_EQ (bwrap[at], mount["dest"].text ()) << mount.dump ();
  }
  EXPECT_GT (plan["seccomp"].size (), 50u);
  for (const Json &row : plan["seccomp"].items ())
    EXPECT_TRUE (!row["call"].text ().empty () && row["error"].text ()[0] == 'E' && !row["reason"].text ().empty ())
        << row.dump ();
}
