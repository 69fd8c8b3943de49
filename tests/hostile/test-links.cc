/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links that an application leaves behind, for the next start to follow. */
#include <csignal>
#include <sys/stat.h>

#include "trees.h"

using namespace hostile;

static const char w_rw[] = "[Context]\nfilesystems=~/w;\n";
static const char kept[] = "[Context]\npersistent=.;\n";

#define EVIL "~/.config/sandbox/profiles/evil.profile"

/* From the kept home, ~/.local/share/sandbox/org.example.Battery, up to the home. */
#define UP "../../../.."

static std::vector<Attack>
links ()
{
  return {
    { "links/kept-directory",
      {},
      kept,
      { "link", "~/secret", "~/.data" },
      "[Context]\npersistent=.data;\n",
      { "read", "~/.data/id" },
      "" },
    { "links/kept-directory-relative",
      {},
      kept,
      { "link", UP "/secret", "~/.data" },
      "[Context]\npersistent=.data;\n",
      { "read", "~/.data/id" },
      "",
      { "link", "secret", "~/.data", "read", "~/.data/id" } },
    { "links/kept-directory-written",
      {},
      kept,
      { "link", "~/secret", "~/.data" },
      "[Context]\npersistent=.data;\n",
      { "write", "~/.data/planted" },
      "~/secret/planted" },
    { "links/kept-file",
      {},
      kept,
      { "link", "~/secret/id", "~/.rc" },
      "[Context]\npersistent=.rc;\n",
      { "read", "~/.rc" },
      "" },
    { "links/kept-below",
      {},
      kept,
      { "mkdir", "~/a", "link", "~/secret", "~/a/b" },
      "[Context]\npersistent=a/b;\n",
      { "read", "~/a/b/id" },
      "" },
    { "links/kept-above",
      {},
      kept,
      { "link", "~/secret", "~/a" },
      "[Context]\npersistent=a/b;\n",
      { "read", "~/a/b/id" },
      "" },
    { "links/kept-made",
      {},
      kept,
      { "link", "~/elsewhere", "~/a" },
      "[Context]\npersistent=a/made;\n",
      { "read", "~/a" },
      "~/elsewhere/made",
      { "mkdir", "~/elsewhere/made" } },
    { "links/kept-made-relative",
      {},
      kept,
      { "link", UP "/elsewhere", "~/a" },
      "[Context]\npersistent=a/made;\n",
      { "read", "~/a" },
      "~/elsewhere/made",
      { "mkdir", "~/elsewhere/made" } },
    { "links/below-writable",
      {},
      w_rw,
      { "rename", "~/w/x", "~/w/y", "link", "~/secret", "~/w/x" },
      "[Context]\nfilesystems=~/w;~/w/x:ro;\n",
      { "read", "~/w/x/id" },
      "" },
    { "links/below-writable-relative",
      {},
      w_rw,
      { "rename", "~/w/x", "~/w/y", "link", "../secret", "~/w/x" },
      "[Context]\nfilesystems=~/w;~/w/x:ro;\n",
      { "read", "~/w/x/id" },
      "" },
    { "links/above-a-rule",
      {},
      w_rw,
      { "rename", "~/w/x", "~/w/y", "link", "~/secret", "~/w/x" },
      "[Context]\nfilesystems=~/w;~/w/x/b:ro;\n",
      { "read", "~/w/x/b/id" },
      "" },
    { "links/git",
      {},
      "[Context]\nfilesystems=~/proj;\n",
      { "rename", "~/proj/.git", "~/proj/git", "link", "~/secret", "~/proj/.git" },
      "[Context]\nfilesystems=~/proj;~/proj/.git:ro;\n",
      { "read", "~/proj/.git/id" },
      "" },
    { "links/another-profile",
      {},
      w_rw,
      { "rename", "~/w/x", "~/w/y", "link", "~/secret", "~/w/x" },
      "[Context]\nfilesystems=~/w/x;\n",
      { "read", "~/w/x/id" },
      "" },
    { "links/another-profile-writes",
      {},
      w_rw,
      { "rename", "~/w/x", "~/w/y", "link", "~/secret", "~/w/x" },
      "[Context]\nfilesystems=~/w/x;\n",
      { "write", "~/w/x/planted" },
      "~/secret/planted" },
    { "links/another-profiles-file",
      {},
      w_rw,
      { "remove", "~/w/f", "link", "~/secret/id", "~/w/f" },
      "[Context]\nfilesystems=~/w/f:ro;\n",
      { "read", "~/w/f" },
      "" },
    { "links/create",
      {},
      w_rw,
      { "link", "~/elsewhere/made", "~/w/new" },
      "[Context]\nfilesystems=~/w/new:create;\n",
      { "read", "~/w/new" },
      "~/elsewhere/made",
      { "mkdir", "~/elsewhere/made" } },
    { "links/create-below",
      {},
      w_rw,
      { "link", "~/elsewhere", "~/w/new" },
      "[Context]\nfilesystems=~/w/new/made:create;\n",
      { "read", "~/w/new" },
      "~/elsewhere/made",
      { "mkdir", "~/elsewhere/made" } },
    { "links/by-a-slash",
      {},
      w_rw,
      { "rename", "~/w/x", "~/w/y", "link", "~/secret", "~/w/x" },
      "[Context]\nfilesystems=~/w;~/w/x/:ro;\n",
      { "read", "~/w/x/id" },
      "" },
    { "links/by-dots",
      {},
      w_rw,
      { "rename", "~/w/x", "~/w/y", "link", "../w/y/../../secret", "~/w/x" },
      "[Context]\nfilesystems=~/w;~/w/x:ro;\n",
      { "read", "~/w/x/id" },
      "" },
    { "links/by-a-chain",
      {},
      w_rw,
      { "rename", "~/w/x", "~/w/y", "link", "../secret", "~/w/two", "link", "two", "~/w/one", "link", "one/.",
        "~/w/x" },
      "[Context]\nfilesystems=~/w;~/w/x:ro;\n",
      { "read", "~/w/x/id" },
      "" },
    { "links/by-the-service",
      {},
      w_rw,
      { "rename", "~/w/x", "~/w/y", "link-below", "/proc/self/root", "~/secret", "~/w/x" },
      "[Context]\nfilesystems=~/w;~/w/x:ro;\n",
      { "read", "~/w/x/id" },
      "" },
    { "links/to-nothing",
      {},
      w_rw,
      { "link", "~/elsewhere/none", "~/w/new", "link", "new", "~/w/newer" },
      "[Context]\nfilesystems=~/w/newer:create;\n",
      { "read", "~/w/newer" },
      "~/elsewhere/none",
      { "mkdir", "~/elsewhere/none" } },
    { "links/kept-by-a-slash",
      {},
      kept,
      { "link", "~/secret", "~/.data" },
      "[Context]\npersistent=.data/;\n",
      { "read", "~/.data/id" },
      "" },
    { "links/kept-in-a-deeper-one",
      {},
      kept,
      { "mkdir", "~/a/b/c", "rename", "~/a/b", "~/a/d", "link", "~/secret", "~/a/b" },
      "[Context]\npersistent=a/b/c;\n",
      { "read", "~/a/b/c" },
      "~/secret/c",
      { "mkdir", "~/secret/c" } },
    { "links/to-the-profiles",
      {},
      w_rw,
      { "link", "~/.config/sandbox/profiles", "~/w/p" },
      "[Context]\nfilesystems=~/w/p;\n",
      { "write", "~/w/p/evil.profile" },
      EVIL },
    { "links/to-the-homes",
      {},
      w_rw,
      { "link", "~/.local/share/sandbox", "~/w/p" },
      "[Context]\nfilesystems=~/w/p;\n",
      { "read", "~/w/p/org.example.Other/secret" },
      "" },
    { "links/to-the-crashes",
      {},
      w_rw,
      { "link", "~/.local/state/sandbox", "~/w/p" },
      "[Context]\nfilesystems=~/w/p;\n",
      { "read", "~/w/p/crashes/report" },
      "" },
  };
}

class Links : public Trees {};
AS_EVERYBODY (Links);

TEST_P (Links, ThatAnApplicationLeavesAreNotFollowed)
{
  for (const Attack &one : links ())
    attack (one);
}

class Handed : public Trees {};
AS_EVERYBODY (Handed);

/* A directory of one sandbox, in the hands of another: as a descriptor for reading or with O_PATH, as a working
 * directory, opened anew. It leads to what the one has, and to nothing that neither has. */
TEST_P (Handed, DirectoriesLeadNowhere)
{
  std::string from = dir () + "/from/socket";

  lay_out (false);
  ASSERT_EQ (mkdir ((dir () + "/from").c_str (), 0700), 0);
  give ("from", from);
  give ("secret", "secret/id");
  for (const char *how : { "path", "read" }) {
    Argv pass = { "--do", "pass", at ("~/w/x"), how, from };
    auto with_sender = [&] (const Way &sender, const Way &receiver) -> Way {
      return [=] (const Argv &words) {
        Process sending (sender (pass));
        EXPECT_TRUE (sending.expect ("ready")) << sending.err ();
        Outcome outcome = run (receiver (words));
        sending.kill (SIGTERM);
        sending.wait ();
        return Command ({ "printf", "%s", outcome.out });
      };
    };
    Way held = with_sender (inside ("[Context]\nfilesystems=~/w/x;" + dir () + "/from;\n"),
                            inside ("[Context]\nfilesystems=" + dir () + "/from;\n", {}, "second"));
    hold ({ "descriptors/received", "descriptors/received-cwd", "descriptors/received-again" }, held,
          with_sender (outside (), outside ()));
  }
}

/* The caller's own working directory is none of the sandbox's unless that has it. */
TEST_P (Handed, TheWorkingDirectory)
{
  auto standing = [&] (const Way &way) -> Way {
    return [=] (const Argv &words) {
      Command all = way (words);

      all.cwd = at ("~/secret/b");
      return all;
    };
  };

  lay_out (false);
  give ("secret", "secret/id");
  hold ({ "descriptors/cwd" }, standing (inside ("")), standing (outside ()));
  hold ({ "descriptors/cwd" }, standing (inside ("[Context]\nfilesystems=~/secret/b;\n")), standing (outside ()));
}
