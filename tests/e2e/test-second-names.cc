/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filesystems=PATH:ro@WHERE: a path of the host under another name inside. */
#include <filesystem>

#include "harness.h"

using namespace e2e;

class SecondNames : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    start_authority (true);
    std::filesystem::create_directories (tree () + "/sub");
    write_file (tree () + "/file", "content\n");
    write_file (tree () + "/sub/deep", "deep\n");
    write_file (tree () + "/secret", "secret\n");
  }
  std::string
  tree () const
  {
    return dir () + "/tree";
  }
  /* What @script prints in a sandbox with these words of filesystems=. */
  Outcome
  in (const Argv &words, const std::string &script)
  {
    Argv options;

    for (const std::string &word : words)
      options.push_back ((word[0] == '!' ? "--nofilesystem=" : "--filesystem=") + word.substr (word[0] == '!'));
    return run_in (options, { "sh", "-c", script });
  }
};

TEST_F (SecondNames, AreForReadingOnly)
{
  for (const std::string &where :
       { std::string ("~/there"), std::string ("/srv/far/there"), std::string ("/tmp/there") }) {
    std::string inside = where[0] == '~' ? "$HOME" + where.substr (1) : where;
    std::string script = "cd ";

    script.append (inside);
    script += " && cat file sub/deep; echo x 2>&- >new || echo closed; rm file 2>&- || echo kept";
    Outcome outcome = in ({ tree () + ":ro@" + where }, script);

    EXPECT_EQ (outcome.out, "content\ndeep\nclosed\nkept\n") << where << outcome.err;
  }
  EXPECT_EQ (read_file (tree () + "/file"), "content\n");
  EXPECT_FALSE (std::filesystem::exists (tree () + "/new"));
  EXPECT_EQ (in ({ tree () }, "echo x >" + tree () + "/new && echo open").out, "open\n") << "the control";
}

/* A file is one as well; and where the path itself is open for writing, it stays so by its own name alone. */
TEST_F (SecondNames, OfAFileAndBesideMore)
{
  EXPECT_EQ (in ({ tree () + "/file:ro@~/one" }, "cat ~/one").out, "content\n");
  EXPECT_EQ (in ({ tree (), tree () + "/sub:ro@~/sub" },
                 "echo more >" + tree () + "/sub/deep; cat ~/sub/deep; echo x 2>&- >~/sub/deep || echo closed")
                 .out,
             "more\nclosed\n");
  EXPECT_EQ (in ({ "./tree/file:ro@~/one" }, "true").status, 0) << "not there: left out";
}

/* What is taken out of the path is out of it under each name; so is what is closed in every sandbox. */
TEST_F (SecondNames, LeadToNothingThatIsClosed)
{
  set_env ("XDG_DATA_HOME", home () + "/.local/share");
  std::string look = "cat ~/there/secret 2>&- || echo closed; ls ~/there/sub 2>&- | wc -l";

  EXPECT_EQ (in ({ tree () + ":ro@~/there" }, look).out, "secret\n1\n") << "the control";
  EXPECT_EQ (in ({ tree () + ":ro@~/there", "!" + tree () + "/secret", "!" + tree () + "/sub" }, look).out,
             "closed\n0\n");
  EXPECT_EQ (in ({ tree () + ":ro@~/there", "!" + tree () }, "ls ~/there 2>&- || echo none").out, "none\n");
  std::filesystem::create_directories (home () + "/.local/share/sandbox/other");
  write_file (home () + "/.local/share/sandbox/other/mail", "mail\n");
  write_file (home () + "/plain", "plain\n");
  EXPECT_EQ (in ({ "~:ro@/mnt/home" },
                 "cat /mnt/home/plain; cat /mnt/home/.local/share/sandbox/other/mail 2>&- || echo closed")
                 .out,
             "plain\nclosed\n");
  EXPECT_EQ (in ({ home () + "/.local/share/sandbox/other:ro@/mnt/other" }, "cat /mnt/other/mail").out, "mail\n")
      << "named itself, it is open: the control";
}

/* By the real object, whatever link leads there. */
TEST_F (SecondNames, FollowLinksToWhatMayHaveNone)
{
  std::filesystem::create_symlink ("/proc", dir () + "/link");
  EXPECT_TRUE (fails_with (in ({ dir () + "/link:ro@/mnt/x" }, "ls /mnt/x"), 125, { "/proc", "another name" }));
  std::filesystem::remove (dir () + "/link");
  std::filesystem::create_symlink (tree (), dir () + "/link");
  EXPECT_EQ (in ({ dir () + "/link:ro@/mnt/x" }, "cat /mnt/x/file").out, "content\n");
  EXPECT_EQ (in ({ dir () + "/link:ro@/mnt/x", "!" + tree () + "/secret" }, "cat /mnt/x/file").out, "content\n");
}

TEST_F (SecondNames, AreInEmptyPlacesAlone)
{
  const std::string odd[] = { "/proc/x", "/dev/x", "/sys", "/run/x", "/usr/x", "/etc/x", "/tmp",
                              "/",       "~",      "x",    "~/../x", "/a//b",  "/a/",    "~/.config/sandbox" };

  for (const std::string &where : odd)
    EXPECT_TRUE (fails_with (in ({ tree () + ":ro@" + where }, "true"), 125, { "BadOption" })
                 || fails_with (in ({ tree () + ":ro@" + where }, "true"), 125, { "name" }))
        << where;
  EXPECT_TRUE (fails_with (in ({ tree () + ":rw@/mnt/x" }, "true"), 125, { "read only" }));
  write_file (home () + "/plain", "plain\n");
  EXPECT_TRUE (
      fails_with (in ({ tree (), "~/plain:ro@" + tree () + "/x" }, "true"), 125, { "something else is at", tree () }));
}

/* In a home that is kept a link of the application's leads nowhere. */
TEST_F (SecondNames, InAHomeThatIsKept)
{
  Argv kept = { "--app-id=org.example.Kept", "--persist=." };
  Argv named = { "--app-id=org.example.Kept", "--persist=.", "--filesystem=" + tree () + ":ro@~/there" };

  EXPECT_EQ (run_in (named, { "sh", "-c", "cat ~/there/file" }).out, "content\n");
  EXPECT_EQ (run_in (kept, { "sh", "-c", "rmdir ~/there 2>&-; ln -s /etc ~/there && echo planted" }).out, "planted\n");
  EXPECT_TRUE (fails_with (run_in (named, { "true" }), 125, { "there" }));
}

/* What is taken away while it runs is gone under both names; a name alone cannot be. */
TEST_F (SecondNames, AreTakenAway)
{
  std::string look = "cat /mnt/x/file 2>&- || echo gone; cat " + tree () + "/file 2>&- || echo gone";
  std::string id = launch_detached ({ "--filesystem=" + tree () + ":ro@/mnt/x" }, { "sleep", "1000" });
  std::string other = launch_detached ({ "--filesystem=" + tree () + ":ro@/mnt/x" }, { "sleep", "1000" });
  std::string part = launch_detached ({ "--filesystem=" + tree () + ":ro@/mnt/x" }, { "sleep", "1000" });

  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "sh", "-c", look }).out, "content\ncontent\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + tree () })));
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "sh", "-c", look }).out, "gone\ngone\n");
  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", other, "--nofilesystem=" + tree () + ":ro@/mnt/x" }), 125,
                           { "/mnt/x", tree (), "under both", "Nothing was changed" }));
  EXPECT_EQ (sandboxctl ({ "exec", other, "--", "sh", "-c", look }).out, "content\ncontent\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", part, "--nofilesystem=" + tree () + "/secret" })));
  EXPECT_EQ (sandboxctl ({ "exec", part, "--", "sh", "-c", look + "; cat /mnt/x/secret 2>&- || echo gone" }).out,
             "content\ncontent\ngone\n");
  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", part, "--filesystem=" + tree () + ":ro@/mnt/y" }), 125,
                           { "/mnt/y", "restriction" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "grant", part, "--filesystem=" + tree () + ":ro@/mnt/y" }), 125,
                           { "own path", "Nothing was changed" }));
  for (const std::string &each : { id, other, part })
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", each })));
}

/* A profile says it, explain and verify tell of it, and the score counts the path and not the name. */
TEST_F (SecondNames, InProfiles)
{
  add_profile ("named", "[Profile]\nName=named\nCommand=true\n[Context]\nfilesystems=" + tree () + ":ro@~/there;\n");
  add_profile ("keys", "[Profile]\nName=keys\n[Context]\nfilesystems=~/.ssh:ro@/mnt/harmless;\n");
  add_profile ("open", "[Profile]\nName=open\n[Context]\nfilesystems=~/.ssh:ro;\n");
  add_profile ("wrong", "[Profile]\nName=wrong\n[Context]\nfilesystems=" + tree () + ":ro@/proc/x;\n");
  EXPECT_EQ (run_in ({ "--profile=named" }, { "sh", "-c", "cat ~/there/file" }).out, "content\n");
  EXPECT_NE (sandboxctl ({ "explain", "named" }).out.find ("under another name"), std::string::npos)
      << sandboxctl ({ "explain", "named" }).out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "profile", "check", "named" })));
  EXPECT_TRUE (fails_with (sandboxctl ({ "profile", "check", "wrong" }), 125, { "/proc" }));
  std::filesystem::create_directories (home () + "/.ssh");
  std::string keys = sandboxctl ({ "profile", "score", "keys" }).out;
  std::string open = sandboxctl ({ "profile", "score", "open" }).out;
  EXPECT_NE (keys.find ("can read keys"), std::string::npos) << keys;
  EXPECT_EQ (keys.substr (0, keys.rfind ("All in all")), open.substr (0, open.rfind ("All in all")));
  Outcome verified = sandboxctl ({ "verify", "named" });
  EXPECT_EQ (verified.status, 0) << verified.out << verified.err;
  EXPECT_NE (verified.out.find ("reads " + home () + "/there"), std::string::npos) << verified.out;
}
