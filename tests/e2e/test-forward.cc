/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of the caller's that are handed over: what is opened, under which name, and not what is put in its place. */
#include <filesystem>
#include <unistd.h>
#include <utility>
#include <vector>

#include "harness.h"
#include "odd-names.h"

using namespace e2e;
namespace fs = std::filesystem;

class Forward : public EitherBus {
protected:
  /* run --file-forwarding under the profile desktop (read-write) or evince (read-only). */
  Outcome
  forward (const std::string &profile, const Argv &words)
  {
    return run_in ({ "--profile=" + profile, "--file-forwarding" }, words);
  }
};

EITHER_BUS (Forward);

TEST_P (Forward, TheFileAndOnlyIt)
{
  write_file (home () + "/secret", "secret");
  for (const char *name : odd_names) {
    std::string path = home () + "/" + name;

    write_file (path, "content");
    Outcome outcome =
        forward ("evince", { "sh", "-c", "cat \"$1\"; set -- \"$1\" *; shift; printf %s $#; cat secret; echo x >\"$1\"",
                             "sh", "@@", path, "@@" });

    EXPECT_EQ (outcome.out.substr (0, 8), "content1") << name << ": " << outcome.out << outcome.err;
    EXPECT_EQ (outcome.out.size (), 8u) << name;
    EXPECT_NE (outcome.status, 0) << name;
    EXPECT_EQ (read_file (path), "content") << name;
    fs::remove (path);
    fs::remove_all (dir () + "/data/sandbox");
  }
}

TEST_P (Forward, WritableWhereTheProfileSaysSo)
{
  write_file (home () + "/a b%20", "before");
  EXPECT_TRUE (succeeds (forward ("desktop", { "sh", "-c", "echo after >\"$1\"", "sh", "@@", "a b%20", "@@" })));
  EXPECT_EQ (read_file (home () + "/a b%20"), "after\n");
  /* The caller may ask for less */
  EXPECT_NE (run_in ({ "--profile=desktop", "--forward=ro", "--file-forwarding" },
                     { "sh", "-c", "echo worse >\"$1\"", "sh", "@@", "a b%20", "@@" })
                 .status,
             0);
  EXPECT_EQ (read_file (home () + "/a b%20"), "after\n");
}

TEST_P (Forward, WhatAnArgumentBecomes)
{
  fs::create_directory (home () + "/dir");
  write_file (home () + "/dir/file one", "1");
  fs::create_symlink ("dir/file one", home () + "/link");
  const std::string file = home () + "/dir/file one";
  const std::vector<std::pair<Argv, std::string> > rows = {
    { { "@@", file, "@@" }, file },
    { { "@@", "dir/file one", "@@" }, file },
    { { "@@", "link", "@@" }, file },
    { { "@@u", "file://" + home () + "/dir/file%20one", "@@" }, "file://" + home () + "/dir/file%20one" },
    { { "@@u", "file://" + home () + "/link", "@@" }, "file://" + home () + "/dir/file%20one" },
    { { "@@u", "file://localhost" + home () + "/dir/file%20one", "@@" },
      "file://localhost" + home () + "/dir/file%20one" },
    { { "@@", "--open=dir/file one", "@@" }, "--open=" + file },
    { { "@@", "missing", "@@" }, "missing" },
    { { "@@u", "https://example.org/?a=b%20c", "@@" }, "https://example.org/?a=b%20c" },
    { { "@@u", "file://" + home () + "/missing", "@@" }, "file://" + home () + "/missing" },
    { { "@@u", "file:///%00", "@@" }, "file:///%00" },
    { { "@@", "", "@@" }, "" },
    { { "@@", "/dev/null", "@@" }, "/dev/null" },
    { { "@@", "/proc/self/status", "@@" }, "/proc/self/status" },
    { { "@@", "/", "@@" }, "/" },
    { { "dir/file one" }, "dir/file one" },
    { { "@@", "@@" }, "none" },
    { { "@@u" }, "none" },
  };

  for (const auto &[words, wanted] : rows) {
    Argv argv = { "sh", "-c", "printf %s \"${1-none}\"", "sh" };

    argv.insert (argv.end (), words.begin (), words.end ());
    Outcome outcome = forward ("evince", argv);
    EXPECT_TRUE (succeeds (outcome)) << shell_quote (words);
    EXPECT_EQ (outcome.out, wanted) << shell_quote (words);
  }
}

TEST_P (Forward, ADirectory)
{
  fs::create_directories (home () + "/project/sub");
  write_file (home () + "/project/sub/file", "x");
  write_file (home () + "/beside", "x");
  Outcome outcome = forward (
      "desktop", { "sh", "-c", "cat \"$1/sub/file\"; cat beside; echo new >\"$1/made\"", "sh", "@@", "project", "@@" });

  EXPECT_EQ (outcome.out, "x") << outcome.err;
  EXPECT_EQ (read_file (home () + "/project/made"), "new\n");
}

/* The application's own home, which is kept, keeps nothing of them: neither while others of it run nor in the end. */
TEST_P (Forward, NoTraceInTheHomeThatIsKept)
{
  const std::string kept = dir () + "/data/sandbox/org.example.Kept";
  const Argv options = { "--profile=desktop", "--app-id=org.example.Kept", "--file-forwarding" };

  fs::create_directories (home () + "/one/two");
  write_file (home () + "/one/two/file", "content");
  write_file (home () + "/other", "content");
  std::string id = launch_detached (options, { "sh", "-c", "sleep 1000", "sh", "@@", home () + "/other", "@@" });
  EXPECT_TRUE (
      succeeds (run_in (options, { "sh", "-c", "echo x >own; cat \"$1\"", "sh", "@@", "one/two/file", "@@" })));
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "cat", home () + "/other" }).out, "content");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_TRUE (fs::exists (kept + "/own"));
  /* Without a bus the service is one of each command, and the one that has started the first has ended with it */
  EXPECT_TRUE (bus () == Bus::NONE
               || eventually ([&] { return !fs::exists (kept + "/one") && !fs::exists (kept + "/other"); }));
  EXPECT_EQ (read_file (home () + "/one/two/file"), "content");
}

TEST_P (Forward, WithoutAWordInTheProfileItNeedsApproval)
{
  write_file (home () + "/file", "x");
  EXPECT_TRUE (fails_with (forward ("default", { "cat", "@@", "file", "@@" }), 125, { "extend-files" }));
}

TEST_P (Forward, NotTheWholeHomeAndNothingOfTheSandbox)
{
  fs::create_directories (dir () + "/data/sandbox/other");
  for (const std::string &path : { home (), dir (), dir () + "/data", runtime (), dir () + "/config" }) {
    Outcome outcome = forward ("desktop", { "ls", "@@", path, "@@" });

    EXPECT_TRUE (fails_with (outcome, 125, { "forward", path })) << outcome.out;
  }
}

TEST_P (Forward, TooMany)
{
  Argv words = { "true", "@@" };

  for (int i = 0; i < 201; i++) {
    write_file (home () + "/f" + std::to_string (i), "");
    words.push_back ("f" + std::to_string (i));
  }
  words.push_back ("@@");
  EXPECT_TRUE (fails_with (forward ("desktop", words), 125, { "200 files" }));
  words.erase (words.begin () + 2);
  EXPECT_TRUE (succeeds (forward ("desktop", words)));
}

/* The moment between the service's look at the place and the mount is bwrap's start: what is there then was put there
 * by somebody else, and the application never sees it. It gets what its caller has opened, or does not start. */
class Swap : public Forward {
protected:
  Outcome
  swapped (const std::string &what, const std::string &words)
  {
    const std::string script = dir () + "/bwrap";

    write_file (home () + "/secret", "hidden");
    fs::create_directory (home () + "/safe");
    write_file (home () + "/safe/secret", "hidden");
    /* Once: the proxy of the filtered bus is started with it too */
    write_file (script,
                "#!/bin/sh\ncase \"$1\" in --as-pid-1)\ncd '" + home () + "'; mv " + what + " " + what + ".old; "
                    + words + ";;\nesac\nexec bwrap \"$@\"\n",
                0755);
    set_env ("SANDBOX_BWRAP", script);
    return forward ("desktop", { "sh", "-c", "cat \"$1\" \"$1/secret\" 2>&1; echo seen", "sh", "@@", what, "@@" });
  }
  /* Seen: what was there when the caller opened it; or nothing at all, with the reason. */
  void
  expect_own (const Outcome &outcome, const std::string &what)
  {
    EXPECT_EQ (outcome.out.find ("hidden"), std::string::npos) << outcome.out;
    if (outcome.status == 0)
      EXPECT_NE (outcome.out.find (what == "file" ? "own" : "seen"), std::string::npos) << outcome.out;
    else /* between the two renames there is nothing in the place */
      EXPECT_TRUE (fails_with (outcome, 125,
                               { outcome.err.find ("is not there") != std::string::npos ? "is not there"
                                 : outcome.err.find ("(ENOENT)") == std::string::npos   ? "replaced"
                                                                                        : "any more",
                                 home () + "/" + what }));
  }
};

EITHER_BUS (Swap);

TEST_P (Swap, AnotherFile)
{
  write_file (home () + "/file", "own");
  Outcome outcome = swapped ("file", "ln secret file");

  expect_own (outcome, "file");
}

TEST_P (Swap, ALink)
{
  write_file (home () + "/file", "own");
  Outcome outcome = swapped ("file", "ln -s secret file");

  expect_own (outcome, "file");
}

TEST_P (Swap, ADirectory)
{
  fs::create_directory (home () + "/dir");
  Outcome outcome = swapped ("dir", "ln -s safe dir");

  expect_own (outcome, "dir");
}

/* The control: nothing is wrong with a bwrap that is a script. Between its two renames there is nothing in the place,
 * and whoever looks just then is told so. */
TEST_P (Swap, Nothing)
{
  Outcome outcome;

  write_file (home () + "/file", "x");
  for (int i = 0; i < 50; i++) {
    outcome = swapped ("file", "mv file.old file");
    if (outcome.status != 125 || outcome.err.find ("is not there") == std::string::npos)
      break;
  }
  EXPECT_NE (outcome.out.find ("xcat:"), std::string::npos) << outcome.out << outcome.err;
}
