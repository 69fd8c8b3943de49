/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong is said once, clearly, with the documented exit status, and nothing is left behind. */
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

class BadInput : public EitherBus {
protected:
  /* `run --profile=broken` gives one error that names the file. */
  void
  expect_bad_profile (const std::vector<std::string> &words)
  {
    std::vector<std::string> all = words;

    all.push_back ("broken");
    EXPECT_TRUE (fails_with (run_in ({ "--profile=broken" }, { "true" }), 125, all));
    /* The others are not affected */
    EXPECT_EQ (run_in ({}, { "true" }).status, 0);
    expect_nothing_left ();
  }
  std::string
  broken () const
  {
    return admin_profiles () + "/broken.profile";
  }
};
EITHER_BUS (BadInput);

TEST_P (BadInput, ProfileThatIsNotThere)
{
  EXPECT_TRUE (fails_with (run_in ({ "--profile=defualt" }, { "true" }), 125, { "defualt", "default" }));
  EXPECT_TRUE (fails_with (run_in ({ "--profile=" }, { "true" }), 125, {}));
}

TEST_P (BadInput, ProfileNamesAreNotPaths)
{
  write_file (dir () + "/outside.profile", "[Profile]\nName=outside\n");
  for (const char *name : { "../../../outside", "/etc/passwd", "..", ".", "a/b", "default.profile/../default" })
    EXPECT_TRUE (fails_with (run_in ({ std::string ("--profile=") + name }, { "true" }), 125, { name })) << name;
}

TEST_P (BadInput, ProfileIsADirectory)
{
  ASSERT_EQ (mkdir (broken ().c_str (), 0755), 0);
  expect_bad_profile ({ "directory" });
}

TEST_P (BadInput, ProfileIsBinary)
{
  add_profile ("broken", std::string ("\x7f"
                                      "ELF\x02\x01\x01\xff\xfe\x80",
                                      10)
                             + std::string (500, '\xee'));
  expect_bad_profile ({});
}

TEST_P (BadInput, ProfileIsHuge)
{
  Fd fd (open (broken ().c_str (), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));

  ASSERT_EQ (ftruncate (fd.get (), 100 << 20), 0);
  expect_bad_profile ({});
}

TEST_P (BadInput, ProfileHasCarriageReturns)
{
  add_profile ("broken", "[Profile]\r\nName=broken\r\n[Context]\r\nshared=ipc;\r\n");
  expect_bad_profile ({ "broken.profile:1" });
}

TEST_P (BadInput, ProfileHasANul)
{
  add_profile ("broken", std::string ("[Profile]\nName=bro\0ken\n", 23));
  expect_bad_profile ({ "broken.profile:2" });
}

TEST_P (BadInput, ProfileHasAGroupTwice)
{
  add_profile ("broken", "[Profile]\nName=broken\n[Context]\nshared=ipc;\n[Context]\nshared=network;\n");
  expect_bad_profile ({ "broken.profile:5", "Context" });
}

TEST_P (BadInput, ProfileHasAKeyTwice)
{
  add_profile ("broken", "[Profile]\nName=broken\n[Context]\nshared=ipc;\nshared=network;\n");
  expect_bad_profile ({ "broken.profile:5", "shared" });
}

TEST_P (BadInput, ProfileHasAnUnknownKey)
{
  add_profile ("broken", "[Profile]\nName=broken\n[Context]\nsocket=x11;\n");
  expect_bad_profile ({ "broken.profile:4", "\"socket\"", "\"sockets\"" });
}

TEST_P (BadInput, ProfileHasAnUnknownGroup)
{
  add_profile ("broken", "[Profile]\nName=broken\n[Contxt]\nsockets=x11;\n");
  expect_bad_profile ({ "broken.profile:3", "Contxt", "Context" });
}

TEST_P (BadInput, ProfileHasAnUnknownGroupWithNothingInIt)
{
  add_profile ("broken", "[Profile]\nName=broken\n[Contxt]\n");
  expect_bad_profile ({ "broken.profile:3", "Contxt" });
}

TEST_P (BadInput, ProfileHasAnUnknownWord)
{
  add_profile ("broken", "[Profile]\nName=broken\n[Context]\nshared=netwrok;\n");
  expect_bad_profile ({ "broken.profile:4", "netwrok", "network" });
}

/* A mode that is none would open what was to be closed: on the command line, in a profile, in a call. */
TEST_P (BadInput, AModeThatIsNone)
{
  std::vector<std::string> words = { "~/x:rx", "unknown mode \"rx\"", "did you mean \"ro\"?" };
  std::string name = dir () + "/kept:rx";

  EXPECT_TRUE (fails_with (run_in ({ "--filesystem=~/x:rx" }, { "true" }), 125, words));
  add_profile ("broken", "[Context]\nfilesystems=~/x:rx;\n");
  words.push_back ("broken.profile:2:13:");
  expect_bad_profile (words);
  EXPECT_TRUE (fails_with (sandboxctl ({ "profile", "check", broken () }), 125, words));
  /* A name that has one at its end is written as the page says */
  ASSERT_EQ (mkdir (name.c_str (), 0755), 0);
  write_file (name + "/file", "content");
  add_profile ("bare", "[Context]\nfilesystems=" + name + "/;\n");
  add_profile ("moded", "[Context]\nfilesystems=" + name + ":ro;\n");
  for (const char *profile : { "--profile=bare", "--profile=moded" })
    EXPECT_EQ (run_in ({ profile }, { "cat", name + "/file" }).out, "content") << profile;
  EXPECT_TRUE (succeeds (run_in ({ "--profile=bare" }, { "touch", name + "/file" })));
  EXPECT_NE (run_in ({ "--profile=moded" }, { "touch", name + "/file" }).status, 0);
}

TEST_P (BadInput, ProfileIsAFifo)
{
  ASSERT_EQ (mkfifo (broken ().c_str (), 0644), 0);
  expect_bad_profile ({});
}

TEST_P (BadInput, ProfileIsALinkToItself)
{
  ASSERT_EQ (symlink ("broken.profile", broken ().c_str ()), 0);
  expect_bad_profile ({});
}

TEST_P (BadInput, ProfileCannotBeRead)
{
  add_profile ("broken", "[Profile]\nName=broken\n");
  ASSERT_EQ (chmod (broken ().c_str (), 0), 0);
  expect_bad_profile ({});
}

TEST_P (BadInput, ProfileInheritsFromItself)
{
  add_profile ("broken", "[Profile]\nName=broken\nInherits=broken\n");
  expect_bad_profile ({ "broken.profile:3" });
}

TEST_P (BadInput, VerbsAndOptionsThatDoNotExist)
{
  EXPECT_TRUE (fails_with (sandboxctl ({ "rnu" }), 125, { "rnu", "run" }));
  EXPECT_TRUE (fails_with (sandboxctl ({}), 125, {}));
  EXPECT_TRUE (fails_with (run_in ({ "--no-such-option" }, { "true" }), 125, { "--no-such-option" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "ps", "--no-such-option" }), 125, { "--no-such-option" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "show" }), 125, {}));
  for (const char *word : { "lst", "show", "remove" })
    EXPECT_TRUE (fails_with (sandboxctl ({ "crashes", word }), 125, { "crashes takes" })) << word;
  for (const char *word : { "--delay=0", "--delay=3601", "--delay=-1" })
    EXPECT_TRUE (fails_with (sandboxctl ({ "top", word }), 125, { "--delay takes seconds" })) << word;
  EXPECT_TRUE (fails_with (sandboxctl ({ "run", "--" }), 125, {}));
  EXPECT_TRUE (fails_with (run_in ({ "--env=NOVALUE" }, { "true" }), 125, { "NOVALUE" }));
  EXPECT_TRUE (fails_with (run_in ({ "--env==x" }, { "true" }), 125, {}));
  EXPECT_TRUE (fails_with (run_in ({ "--app-id=a/b" }, { "true" }), 125, { "application id" }));
  EXPECT_TRUE (fails_with (run_in ({ "--share=netwrok" }, { "true" }), 125, { "netwrok" }));
}

TEST_P (BadInput, EmptyCommand)
{
  Outcome outcome = run_in ({}, { "" });

  EXPECT_TRUE (outcome.status == 125 || outcome.status == 127) << outcome.status;
  EXPECT_FALSE (outcome.err.empty ());
}

TEST_P (BadInput, CommandWithBytesThatAreNotUtf8)
{
  EXPECT_TRUE (fails_with (run_in ({}, { "no-such-\xff-command" }), 127, { "no-such-" }));
}

/* A script without an interpreter line, one with an interpreter that is not there, an empty file. */
TEST_P (BadInput, CommandsThatAreNoPrograms)
{
  EXPECT_EQ (run_in ({}, { "sh", "-c", "printf '#!/no/such/interpreter\\n' >/tmp/s; chmod +x /tmp/s; /tmp/s" }).status,
             127);
  EXPECT_TRUE (fails_with (run_in ({}, { "/etc/passwd/x" }), 126, { "/etc/passwd/x" }));
}

TEST_P (BadInput, WorkingDirectoryIsGone)
{
  std::string gone = dir () + "/gone";
  Command here = command ({ "run", "--", "pwd" });

  ASSERT_EQ (mkdir (gone.c_str (), 0755), 0);
  here.cwd = gone;
  here.child = [&gone] { rmdir (gone.c_str ()); };
  EXPECT_TRUE (fails_with (run (here), 125, { "directory" }));
}

TEST_P (BadInput, WorkingDirectoryIsNotInTheSandbox)
{
  std::string elsewhere = dir () + "/elsewhere";
  Command here = command ({ "run", "--", "pwd" });

  ASSERT_EQ (mkdir (elsewhere.c_str (), 0755), 0);
  here.cwd = elsewhere;
  Outcome outcome = run (here);
  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out, home () + "\n");
}

TEST_P (BadInput, WorkingDirectoryAskedForIsNotThere)
{
  EXPECT_TRUE (fails_with (run_in ({ "--cwd=/no/such/directory" }, { "pwd" }), 125, { "/no/such/directory" }));
  EXPECT_EQ (run_in ({ "--cwd=/usr" }, { "pwd" }).out, "/usr\n");
}

/* The sandbox's environment is its own: the caller's size does not matter. */
TEST_P (BadInput, EnvironmentOfFourMebibytes)
{
  Command big = command ({ "run", "--", "sh", "-c", "env | wc -c; exit 5" });

  for (int i = 0; i < 40; i++)
    big.env["BIG" + std::to_string (i)] = std::string (105000, 'x');
  /* execve takes a quarter of the stack's limit, and 6 MiB at most */
  big.child = [] {
    struct rlimit limit = { 64 << 20, 64 << 20 };
    struct rlimit now;
    getrlimit (RLIMIT_STACK, &now);
    limit.rlim_max = now.rlim_max;
    setrlimit (RLIMIT_STACK, &limit);
  };
  Outcome outcome = run (big);
  EXPECT_EQ (outcome.status, 5) << outcome.err.substr (0, 300);
  EXPECT_LT (atoi (outcome.out.c_str ()), 10000);
}

/* What is asked for with --env does arrive, or is refused in words. */
TEST_P (BadInput, EnvironmentOptionsOfAMebibyte)
{
  Argv options;

  for (int i = 0; i < 10; i++)
    options.push_back ("--env=BIG" + std::to_string (i) + "=" + std::string (100000, 'x'));
  Outcome outcome = run_in (options, { "sh", "-c", "env | wc -c" });
  ASSERT_TRUE (succeeds (outcome));
  EXPECT_GT (atoi (outcome.out.c_str ()), 1000000);
}

TEST_P (BadInput, MoreThanAKernelTakes)
{
  Argv words = { "true" };

  /* One more byte than MAX_ARG_STRLEN allows cannot be given to sandboxctl, so: many that fit here and not there */
  for (int i = 0; i < 15; i++)
    words.push_back (std::string (120000, 'x'));
  Argv options;
  for (int i = 0; i < 2; i++)
    options.push_back ("--env=BIG" + std::to_string (i) + "=" + std::string (110000, 'y'));
  Outcome outcome = run_in (options, words);
  EXPECT_TRUE (outcome.status == 0 || outcome.status == 125 || outcome.status == 126)
      << outcome.status << outcome.err.substr (0, 300);
  EXPECT_EQ (outcome.err.empty (), outcome.status == 0);
}

/* Output into nowhere would be lost in silence, and input from nowhere is never what was meant. */
TEST_P (BadInput, ClosedStandardDescriptors)
{
  const struct {
    Stream Command::*stream;
    std::string name, remedy;
  } cases[] = { { &Command::in, "standard input", "</dev/null" }, { &Command::out, "standard output", ">/dev/null" } };

  for (const auto &one : cases) {
    Command closed = command ({ "run", "--", "sh", "-c", "exit 23" });

    (closed.*one.stream).kind = Stream::CLOSED;
    EXPECT_TRUE (fails_with (run (closed), 125, { one.name, one.remedy })) << one.name;
  }
  Command silent = command ({ "run", "--", "sh", "-c", "exit 23" });
  silent.err.kind = Stream::CLOSED;
  EXPECT_EQ (run (silent).status, 125);
}

/* What a service of its own inherits from the caller. */
TEST_P (BadInput, Umask)
{
  for (mode_t mask : { 0777, 0277, 0 }) {
    Command words = command ({ "run", "--", "echo", "it runs" });

    words.child = [mask] { umask (mask); };
    EXPECT_EQ (run (words).out, "it runs\n") << mask;
  }
  EXPECT_EQ (run_in ({}, { "echo", "it runs" }).out, "it runs\n") << "what is left behind";
}

TEST_P (BadInput, FewDescriptors)
{
  for (rlim_t most : { 256, 64 }) {
    Command words = command ({ "run", "--", "sh", "-c", "ulimit -Hn" });

    words.child = [most] {
      rlimit limit = { most, most };
      setrlimit (RLIMIT_NOFILE, &limit);
    };
    Outcome outcome = run (words);
    EXPECT_EQ (outcome.status, 0) << most << ": " << outcome.err;
  }
}

/* The service of a bus is not limited by it. */
TEST_P (BadInput, FilesMayNotBeLarge)
{
  for (rlim_t most : { 0, 1024, 1536, 2048, 3072, 4096 }) {
    Command words = command ({ "run", "--", "echo", "it runs" });

    words.child = [most] {
      rlimit limit = { most, most };
      setrlimit (RLIMIT_FSIZE, &limit);
    };
    Outcome outcome = run (words);
    if (outcome.status == 0)
      EXPECT_EQ (outcome.out, "it runs\n") << most;
    else
      EXPECT_TRUE (fails_with (outcome, 125, {})) << most;
    EXPECT_EQ (outcome.err.find ("died"), std::string::npos) << most << ": " << outcome.err;
    EXPECT_EQ (outcome.err.find ("without a word"), std::string::npos) << most << ": " << outcome.err;
    expect_nothing_left ();
  }
  EXPECT_EQ (run_in ({}, { "echo", "it runs" }).out, "it runs\n");
}

TEST_P (BadInput, OutputToAFullDevice)
{
  Fd full (open ("/dev/full", O_WRONLY | O_CLOEXEC));
  Command listing = command ({ "ps" });

  listing.out = Stream::to (full.get ());
  EXPECT_TRUE (fails_with (run (listing), 125, {}));
  Command echo = command ({ "run", "--", "sh", "-c", "echo x; exit 44" });
  echo.out = Stream::to (full.get ());
  EXPECT_EQ (run (echo).status, 44);
}

TEST_P (BadInput, OutputToABrokenPipe)
{
  Command echo = command ({ "run", "--", "sh", "-c", "while echo x; do :; done 2>/dev/null; exit 44" });
  {
    Pipe pipe;
    echo.out = Stream::to (dup (pipe.write.get ()));
  }
  Outcome outcome = run (echo);
  EXPECT_EQ (outcome.status, 128 + SIGPIPE) << outcome.err;
  close (echo.out.fd);
}

TEST_P (BadInput, HelpAndVersionAreNotErrors)
{
  for (const Argv &words :
       std::vector<Argv>{ { "--help" }, { "run", "--help" }, { "ps", "--help" }, { "--version" } }) {
    Outcome outcome = sandboxctl (words);

    EXPECT_TRUE (succeeds (outcome)) << shell_quote (words);
    EXPECT_FALSE (outcome.out.empty ());
    EXPECT_TRUE (outcome.err.empty ()) << outcome.err;
  }
}
