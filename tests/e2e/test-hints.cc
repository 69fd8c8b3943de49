/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said to people: warnings where they are read, and advice that helps when it is followed. */
#include <regex>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

class Hints : public EitherBus {
protected:
  void
  SetUp () override
  {
    EitherBus::SetUp ();
    start_authority (true);
  }
  static bool
  says (const Outcome &outcome, const std::string &text)
  {
    return outcome.err.find (text) != std::string::npos;
  }
  /* The options that a message proposes. */
  static Argv
  proposed (const std::string &message)
  {
    static const std::regex option ("--filesystem=[^ ;\n]*");
    Argv options;

    for (std::sregex_iterator at (message.begin (), message.end (), option), end; at != end; ++at)
      options.push_back (at->str ());
    return options;
  }
  void
  tool (const std::string &path, const std::string &interpreter)
  {
    write_file (path, "#!" + interpreter + "\necho it runs\n", 0755);
  }
  /* Does not start @command, follows what is said, and starts it. */
  void
  follow (const std::string &command, const Environment &env = {})
  {
    Command first = command_in ({}, command), second = { {} };

    first.env.insert (env.begin (), env.end ());
    Outcome refused = run (first);
    Argv options = proposed (refused.err);

    EXPECT_EQ (refused.status, 127) << command;
    EXPECT_FALSE (options.empty ()) << refused.err;
    second = command_in (options, command);
    second.env.insert (env.begin (), env.end ());
    Outcome followed = run (second);

    EXPECT_EQ (followed.status, 0) << refused.err << followed.err;
    EXPECT_EQ (followed.out, "it runs\n") << refused.err << followed.err;
  }
  Command
  command_in (const Argv &options, const std::string &word)
  {
    Argv words = { "run" };

    words.insert (words.end (), options.begin (), options.end ());
    words.insert (words.end (), { "--", word });
    return command (words);
  }
  Environment
  with_path (const std::string &directory)
  {
    return { { "PATH", directory + ":" + getenv ("PATH") } };
  }
};
EITHER_BUS (Hints);

TEST_P (Hints, WhatIsNotThereIsSaid)
{
  Outcome missing = run_in ({ "--filesystem=" + home () + "/typo:ro" }, { "true" });
  Outcome display = run_in ({ "--socket=x11", "--env=A=b" }, { "true" });

  EXPECT_EQ (missing.status, 0);
  EXPECT_TRUE (says (missing, home () + "/typo is not there")) << missing.err;
  ASSERT_EQ (mkdir ((home () + "/typo").c_str (), 0755), 0);
  EXPECT_EQ (run_in ({ "--filesystem=" + home () + "/typo:ro" }, { "true" }).err, "");
  EXPECT_EQ (run_in ({}, { "true" }).err, "");
  EXPECT_EQ (run_in ({}, { "false" }).err, "");
}

TEST_P (Hints, ADisplayWithoutASocket)
{
  Command nowhere = command ({ "run", "--socket=x11", "--", "true" });

  nowhere.env["DISPLAY"] = ":4711";
  EXPECT_TRUE (says (run (nowhere), ":4711"));
}

/* What the profile names is said only where it may be why the application ended. */
TEST_P (Hints, OfTheProfileAfterAFailure)
{
  add_profile ("typo", "[Profile]\nName=typo\nInherits=default\n[Context]\nfilesystems=~/typo:ro;\n");
  EXPECT_EQ (run_in ({ "--profile=typo" }, { "true" }).err, "");
  EXPECT_TRUE (says (run_in ({ "--profile=typo" }, { "false" }), "typo is not there"));
  EXPECT_EQ (run_in ({ "--profile=typo" }, { "sh", "-c", "kill -TERM $$" }).err, "");
  EXPECT_EQ (run_in ({ "--profile=typo" }, { "sh", "-c", "sleep 6; false" }).err, "");
}

TEST_P (Hints, ACommandAlongTheCallersPath)
{
  const std::string bin = home () + "/bin";

  ASSERT_EQ (mkdir (bin.c_str (), 0755), 0);
  tool (bin + "/plain", "/bin/sh");
  follow ("plain", with_path (bin));
  follow (bin + "/plain");
}

TEST_P (Hints, ACommandThatIsALinkOrAScript)
{
  const std::string bin = home () + "/bin", far = home () + "/far", run = home () + "/run";

  for (const std::string &directory : { bin, far, run })
    ASSERT_EQ (mkdir (directory.c_str (), 0755), 0);
  tool (far + "/real", "/bin/sh");
  ASSERT_EQ (symlink ((far + "/real").c_str (), (bin + "/linked").c_str ()), 0);
  ASSERT_EQ (symlink ("/bin/sh", (run + "/sh").c_str ()), 0);
  tool (bin + "/scripted", run + "/sh");
  follow ("linked", with_path (bin));
  follow ("scripted", with_path (bin));
}

/* The whole home is never proposed. */
TEST_P (Hints, AFileInTheHomeItself)
{
  tool (home () + "/tool", "/bin/sh");
  follow (home () + "/tool");
  follow ("tool", with_path (home ()));
  write_file (home () + "/secret", "secret");

  Command first = command_in ({}, home () + "/tool");
  Argv options = proposed (run (first).err);

  ASSERT_EQ (options.size (), 1u);
  EXPECT_NE (run_in (options, { "cat", home () + "/secret" }).status, 0);
  EXPECT_EQ (run_in ({ "--filesystem=home:ro" }, { "cat", home () + "/secret" }).status, 0); /* the control */
}

/* A directory of the caller's PATH is one inside where it is shown, and never before the system's. */
TEST_P (Hints, ThePathInside)
{
  const std::string bin = home () + "/bin";
  Command shown = command ({ "run", "--filesystem=~/bin:ro", "--", "sh", "-c", "echo $PATH; ls /" });
  Command hidden = command ({ "run", "--", "sh", "-c", "echo $PATH" });

  ASSERT_EQ (mkdir (bin.c_str (), 0755), 0);
  tool (bin + "/ls", "/bin/sh");
  shown.env["PATH"] = hidden.env["PATH"] = bin + ":/usr/bin:/bin:relative:/opt/tool/bin:" + home () + "/other";
  std::string inside = run (shown).out;

  EXPECT_NE (inside.find ("/sbin:" + bin + ":/opt/tool/bin\n"), std::string::npos) << inside;
  EXPECT_EQ (inside.find ("it runs"), std::string::npos) << inside;
  EXPECT_EQ (run (hidden).out.find (bin), std::string::npos);
}

/* What other programs call it, and the profile that is made for a program. */
TEST_P (Hints, WordsOfOtherPrograms)
{
  EXPECT_TRUE (fails_with (sandboxctl ({ "ls" }), 125, { "ls", "sandboxctl ps" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "run", "-it", "true" }), 125, { "-it", "--tty" }));
  EXPECT_TRUE (fails_with (run_in ({ "--socket=pulse" }, { "true" }), 125, { "pulse", "pulseaudio" }));
  EXPECT_TRUE (fails_with (run_in ({ "--net=none" }, { "true" }), 125, { "--share=network" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "firefox", "-P" }), 125, { "run --profile=firefox -- firefox" }));
}

TEST_P (Hints, TheProfileThatIsMadeForIt)
{
  const std::string bin = home () + "/bin";

  ASSERT_EQ (mkdir (bin.c_str (), 0755), 0);
  tool (bin + "/firefox", "/bin/sh");
  EXPECT_TRUE (says (run_in ({}, { bin + "/firefox" }), "--profile=firefox"));
  EXPECT_EQ (run_in ({ "--filesystem=~/bin:ro" }, { bin + "/firefox" }).err, "");
}

/* What is built on Chromium and ends at once: which profile it takes, unless it has that, or was something else. */
TEST_P (Hints, TheProfileOfWhatIsBuiltOnChromium)
{
  const std::string app = home () + "/app", plain = home () + "/plain", shown = "--filesystem=~/app:ro";

  for (const std::string &directory : { app, plain })
    ASSERT_EQ (mkdir (directory.c_str (), 0755), 0);
  write_file (app + "/chrome-sandbox", "");
  write_file (app + "/chat", "#!/bin/sh\nexit ${1:-1}\n", 0755);
  write_file (plain + "/chat", "#!/bin/sh\nexit 1\n", 0755);
  for (const char *profile : { "desktop", "default" }) {
    Outcome failed = run_in ({ std::string ("--profile=") + profile, shown }, { app + "/chat" });

    EXPECT_EQ (failed.status, 1);
    EXPECT_TRUE (says (failed, "user namespaces")) << failed.err;
    EXPECT_TRUE (says (failed, "--profile=chromium-based")) << failed.err;
  }
  /* As the launcher finds it, along the caller's PATH */
  Command by_name = command ({ "run", "--profile=desktop", shown, "--", "chat" });
  by_name.env["PATH"] = app + ":" + getenv ("PATH");
  EXPECT_TRUE (says (run (by_name), "--profile=chromium-based"));
  EXPECT_TRUE (
      says (run_in ({ "--profile=chromium-based", "--disallow=userns", shown }, { app + "/chat" }), "--allow=userns"));

  /* Followed; it has worked; it was ended; it is something else */
  for (const Argv &options : { Argv{ "--profile=chromium-based", shown }, Argv{ "--allow=userns", shown } })
    EXPECT_FALSE (says (run_in (options, { app + "/chat" }), "Chromium"));
  EXPECT_FALSE (says (run_in ({ shown }, { app + "/chat", "0" }), "Chromium"));
  EXPECT_FALSE (says (run_in ({ shown }, { app + "/chat", "143" }), "Chromium"));
  EXPECT_FALSE (says (run_in ({ "--filesystem=~/plain:ro" }, { plain + "/chat" }), "Chromium"));
}

class Refused : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    start_authority (true);
  }
};

/* What a filtered bus refused, and the option that lets it through. */
TEST_F (Refused, AndWhatWouldAllowIt)
{
  const Argv call = { "gdbus",         "call", "--session", "--dest=org.freedesktop.Notifications",
                      "--object-path", "/",    "--method",  "org.freedesktop.Notifications.Notify",
                      "--timeout=5" };
  Outcome refused = run_in ({ "--see-name=org.example.Other" }, call);

  EXPECT_NE (refused.status, 0);
  EXPECT_NE (refused.err.find ("--talk-name=org.freedesktop.Notifications"), std::string::npos) << refused.err;
  Outcome allowed = run_in ({ "--talk-name=org.freedesktop.Notifications" }, call);
  EXPECT_EQ (allowed.err.find ("--talk-name"), std::string::npos) << allowed.err;
}
