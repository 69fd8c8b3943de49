// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that a caller hands over are saved where they are: in place, by a rename, as new ones; and nothing is left
// behind.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <thread>
#include <unistd.h>

#include "dice.h"
#include "harness.h"

namespace fs = std::filesystem;
using namespace e2e;

class Save : public EitherBus {
protected:
  /* run --file-forwarding; "sh" of it, "$1" is @file. A home that is kept, or one that is empty each time. */
  Outcome
  save (const std::string &script, const std::string &file, const Argv &options = {})
  {
    Argv all = { "--profile=desktop", "--app-id=org.example.Save", "--file-forwarding" };

    all.insert (all.end (), options.begin (), options.end ());
    return run_in (all, { "sh", "-c", script, "sh", "@@", file, "@@" });
  }
  /* The same in ~/work. */
  Outcome
  in_work (const Argv &words)
  {
    Argv all = { "run", "--profile=desktop", "--app-id=org.example.Save", "--file-forwarding", "--" };

    all.insert (all.end (), words.begin (), words.end ());
    Command command = this->command (all);
    command.cwd = home () + "/work";
    return run (command);
  }
  std::string
  kept () const
  {
    return dir () + "/data/sandbox/org.example.Save";
  }
  /* What cleans up behind an application may be at it as well. */
  void
  forget_kept ()
  {
    EXPECT_TRUE (eventually ([this] {
      std::error_code problem;
      fs::remove_all (kept (), problem);
      return !problem && !fs::exists (kept ());
    }));
  }
  /* What is in the directories of all stages. */
  std::vector<std::string>
  stages () const
  {
    std::vector<std::string> found;

    if (fs::exists (dir () + "/data/sandbox/.open"))
      for (const auto &entry : fs::directory_iterator (dir () + "/data/sandbox/.open"))
        found.push_back (entry.path ());
    return found;
  }
};

EITHER_BUS (Save);

/* How programs save: each row writes "new\n" into $1. */
static const std::pair<const char *, const char *> ways[] = {
  { "in place", "echo new >\"$1\"" },
  { "rename over the name", "cd \"$(dirname \"$1\")\"; echo new >.tmp; mv .tmp \"$1\"" },
  { "rename where it leads", "t=$(readlink -f \"$1\"); echo new >\"$t.tmp\"; mv \"$t.tmp\" \"$t\"" },
  { "sed", "sed -i s/old/new/ \"$1\"" },
  { "removed and made", "rm \"$1\"; echo new >\"$1\"" },
  { "moved away and made", "mv \"$1\" \"$1~\"; echo new >\"$1\"; rm \"$1~\"" },
  { "hard link", "t=$(readlink -f \"$1\"); echo new >\"$t.tmp\"; ln -f \"$t.tmp\" \"$t\"" },
  { "twice", "sed -i s/old/middle/ \"$1\"; sed -i s/middle/new/ \"$1\"" },
  { "gio", "echo new | gio save \"$1\"" },
};

TEST_P (Save, EveryWay)
{
  for (const std::string where : { "", "/deep/er" })
    for (const auto &[name, script] : ways) {
      std::string file = home () + where + "/letter";

      if (std::string (name) == "gio" && access ("/usr/bin/gio", X_OK) != 0)
        continue;
      fs::create_directories (home () + where);
      write_file (file, "old\n");
      Outcome outcome = save (script, file);
      EXPECT_TRUE (succeeds (outcome)) << name;
      EXPECT_EQ (read_file (file), "new\n") << name << " in " << where;
      EXPECT_TRUE (fs::is_regular_file (fs::symlink_status (file))) << name;
    }
  EXPECT_TRUE (eventually ([&] { return stages ().empty (); }));
  EXPECT_TRUE (eventually ([&] { return !fs::exists (fs::symlink_status (kept () + "/letter")); }));
  EXPECT_TRUE (eventually ([&] { return !fs::exists (kept () + "/deep"); }));
}

/* Without a home that is kept. */
TEST_P (Save, InAnEmptyHome)
{
  add_profile ("empty", "[Profile]\nInherits=default\n[Context]\nforward=rw\n");
  for (const auto &[name, script] : ways) {
    write_file (home () + "/letter", "old\n");
    Outcome outcome =
        run_in ({ "--profile=empty", "--file-forwarding" }, { "sh", "-c", script, "sh", "@@", "letter", "@@" });
    EXPECT_EQ (read_file (home () + "/letter"), "new\n") << name << outcome.err;
  }
}

/* The control: what is handed over for reading stays as it is. */
TEST_P (Save, NotForReading)
{
  for (const auto &[name, script] : ways) {
    write_file (home () + "/letter", "old\n");
    save (script, home () + "/letter", { "--forward=ro" });
    EXPECT_EQ (read_file (home () + "/letter"), "old\n") << name;
  }
}

/* While it runs, and not only when it ends. */
TEST_P (Save, AtOnce)
{
  write_file (home () + "/letter", "old\n");
  std::string id =
      launch_detached ({ "--profile=desktop", "--app-id=org.example.Save", "--file-forwarding" },
                       { "sh", "-c", "sed -i s/old/new/ \"$1\"; sleep 1000", "sh", "@@", home () + "/letter", "@@" });
  EXPECT_TRUE (eventually ([&] { return read_file (home () + "/letter") == "new\n"; }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "exec", id, "--", "sh", "-c", "echo more >>" + home () + "/letter" })));
  EXPECT_EQ (read_file (home () + "/letter"), "new\nmore\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* A file that is named and is not there yet comes into being where it was named, and only when it is made. */
TEST_P (Save, ANewFile)
{
  fs::create_directory (home () + "/work");
  const std::vector<std::pair<std::string, std::string> > rows = {
    { "echo new >\"$1\"", "fresh.txt" },
    { "echo new >.tmp; mv .tmp \"$1\"", "moved.txt" },
    { "echo new >\"$1\"; sed -i s/new/newer/ \"$1\"; sed -i s/newer/new/ \"$1\"", "changed.txt" },
  };

  for (const auto &[script, name] : rows) {
    Outcome outcome = in_work ({ "sh", "-c", script, "sh", "@@", name, "@@" });
    EXPECT_TRUE (succeeds (outcome)) << name;
    EXPECT_EQ (read_file (home () + "/work/" + name), "new\n") << name;
    EXPECT_TRUE (eventually ([&] { return !fs::exists (fs::symlink_status (kept () + "/work/" + name)); })) << name;
    outcome = in_work ({ "sh", "-c", "test ! -e \"$1\" && mkdir \"$1\" && echo made", "sh", "@@", "other", "@@" });
    EXPECT_EQ (outcome.out, "made\n") << outcome.err;
    EXPECT_FALSE (fs::exists (home () + "/work/other")) << "nothing is made for a name that is not used as a file";
    EXPECT_TRUE (eventually ([&] { /* the service may be removing something there just now */
                                   std::error_code error;
                                   fs::remove_all (kept () + "/work", error);
                                   return !fs::exists (kept () + "/work");
    }));
  }
  EXPECT_TRUE (eventually ([&] { return stages ().empty (); }));
}

/* A bus takes few descriptors with one message, and words that are no files are no reason for more. */
TEST_P (Save, ManyWords)
{
  Argv words = { "sh", "-c", "echo $#", "sh", "@@" };

  for (int i = 0; i < 60; i++)
    words.push_back ("word-" + std::to_string (i));
  fs::create_directory (home () + "/work");
  for (int i = 0; i < 40; i++) { /* also in many places */
    fs::create_directory (home () + "/work/" + std::to_string (i));
    words.push_back (home () + "/work/" + std::to_string (i) + "/none");
  }
  words.push_back ("@@");
  EXPECT_EQ (in_work (words).out, "100\n");
}

/* A hostile application: what it puts in the place is a file of its own, or nothing. */
TEST_P (Save, WhatIsNoFile)
{
  write_file (home () + "/secret", "secret\n");
  for (const std::string &script : {
           "rm \"$1\"; ln -s " + home () + "/secret \"$1\"",
           std::string ("rm \"$1\"; mkfifo \"$1\""),
           std::string ("rm \"$1\"; mkdir \"$1\""),
           "t=$(readlink -f \"$1\"); rm \"$t\"; ln -s " + home () + "/secret \"$t\"",
           std::string ("t=$(readlink -f \"$1\"); rm \"$t\"; mkfifo \"$t\""),
           std::string ("rm \"$1\"; truncate -s 2T \"$1\""),
       }) {
    write_file (home () + "/letter", "old\n");
    save (script, home () + "/letter");
    EXPECT_EQ (read_file (home () + "/letter"), "old\n") << script;
    forget_kept ();
  }
  EXPECT_EQ (read_file (home () + "/secret"), "secret\n");
}

/* It keeps no way to the file for the next time. */
TEST_P (Save, NothingForTheNextTime)
{
  write_file (home () + "/letter", "old\n");
  Outcome outcome = save (
      "ln -L \"$1\" ~/mine 2>/dev/null && echo linked; t=$(readlink -f \"$1\"); ln \"$t\" ~/mine && echo linked; true",
      home () + "/letter");
  EXPECT_EQ (outcome.out, "") << "another name for the file in its own home";
  save ("sed -i s/old/new/ \"$1\"; ln -L \"$1\" ~/mine; true", home () + "/letter");
  outcome = run_in ({ "--profile=desktop", "--app-id=org.example.Save" },
                    { "sh", "-c", "cat ~/letter; echo written >~/mine; true" });
  EXPECT_EQ (outcome.out, "");
  EXPECT_EQ (read_file (home () + "/letter"), "new\n");
  struct stat st;
  ASSERT_EQ (stat ((home () + "/letter").c_str (), &st), 0);
  EXPECT_EQ (st.st_nlink, 1u);
}

/* As if it had been there for an hour. */
static void
age (const std::string &path)
{
  const struct timespec times[2] = { { time (nullptr) - 3600, 0 }, { time (nullptr) - 3600, 0 } };

  EXPECT_EQ (utimensat (AT_FDCWD, path.c_str (), times, 0), 0);
}

/* Killed: what is left goes with the next service. */
TEST_P (Save, AfterAKill)
{
  write_file (home () + "/letter", "old\n");
  std::string id =
      launch_detached ({ "--profile=desktop", "--app-id=org.example.Save", "--file-forwarding" },
                       { "sh", "-c", "sed -i s/old/new/ \"$1\"; sleep 1000", "sh", "@@", home () + "/letter", "@@" });
  EXPECT_TRUE (eventually ([&] { return read_file (home () + "/letter") == "new\n"; }));
  pid_t keeper = process_info (bwrap_of (record (id)))->parent;
  kill_services ();
  ASSERT_EQ (kill (keeper, SIGKILL), 0);
  ASSERT_EQ (stages ().size (), 1u);
  EXPECT_EQ (read_file (home () + "/letter"), "new\n");
  /* Another one of the application still gets the file, whatever lies in its place; stages that are too young stay */
  EXPECT_EQ (save ("cat \"$1\"", home () + "/letter").out, "new\n");
  for (const std::string &stage : stages ())
    age (stage);
  EXPECT_TRUE (eventually ([&] {
    (void) sandboxctl ({ "run", "--", "true" });
    if (bus () == Bus::SESSION)
      kill_services ();
    return stages ().empty ();
  }));
}

/* Two at the same time: each has it, and none takes it from the other when it ends. */
TEST_P (Save, TwoAtATime)
{
  write_file (home () + "/letter", "old\n");
  std::string id = launch_detached ({ "--profile=desktop", "--app-id=org.example.Save", "--file-forwarding" },
                                    { "sh", "-c", "sleep 1000", "sh", "@@", home () + "/letter", "@@" });
  EXPECT_TRUE (succeeds (save ("echo second >\"$1\"", home () + "/letter")));
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "cat", home () + "/letter" }).out, "second\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "exec", id, "--", "sh", "-c", "echo first >" + home () + "/letter" })));
  EXPECT_EQ (read_file (home () + "/letter"), "first\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* A link that an application may have made leads its user to no other file. */
TEST_P (Save, APlantedLink)
{
  fs::create_directories (home () + "/shared/album");
  fs::create_directories (home () + "/own");
  write_file (home () + "/secret", "secret\n");
  add_profile ("writer", "[Profile]\nInherits=default\n[Context]\nfilesystems=~/shared\n");
  for (const std::string &link : { home () + "/shared/photo", home () + "/shared/album/photo" }) {
    ASSERT_TRUE (succeeds (run_in ({ "--profile=writer" }, { "ln", "-s", home () + "/secret", link })));
    Outcome outcome = save ("cat \"$1\"; echo written >\"$1\"", link);
    EXPECT_TRUE (fails_with (outcome, 125, { link, "may have made", "writer" }));
    EXPECT_EQ (outcome.out, "");
  }
  /* A directory, too; and a file beside the link is opened as ever */
  ASSERT_EQ (symlink ((home () + "/own").c_str (), (home () + "/shared/dir").c_str ()), 0);
  write_file (home () + "/own/file", "own\n");
  EXPECT_TRUE (fails_with (save ("cat \"$1\"", home () + "/shared/dir/file"), 125, { home () + "/shared/dir" }));
  write_file (home () + "/shared/file", "seen\n");
  EXPECT_EQ (save ("cat \"$1\"", home () + "/shared/file").out, "seen\n");
  /* The control: where no application may write, a link is its user's */
  ASSERT_EQ (symlink ((home () + "/secret").c_str (), (home () + "/own/link").c_str ()), 0);
  EXPECT_EQ (save ("cat \"$1\"", home () + "/own/link").out, "secret\n");
  EXPECT_EQ (read_file (home () + "/secret"), "secret\n");
}

/* What a file of the user's and its directory are like outside. */
static std::string
look_outside (const std::string &file)
{
  struct stat st;

  if (lstat (file.c_str (), &st) != 0)
    return "nothing";
  std::string said = st.st_mode & 07000 ? "setuid" : "plain";
  if (getxattr (file.c_str (), "security.capability", nullptr, 0) > 0)
    said += ", capabilities";
  if (getxattr (file.c_str (), "system.posix_acl_access", nullptr, 0) > 0)
    said += ", access list";
  return said;
}

/* For python inside: gives the file "f" all that a file may have beside its content. */
static const std::string privileges =
    "import os, struct\n"
    "def give(f):\n"
    "  os.chmod(f, 0o4755)\n"
    "  acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *e) for e in ((1, 7, 2**32 - 1), (2, 7, 1), "
    "(4, 5, 2**32 - 1), (16, 7, 2**32 - 1), (32, 5, 2**32 - 1)))\n"
    "  try: os.setxattr(f, 'system.posix_acl_access', acl)\n"
    "  except OSError: pass\n"
    "  os.chmod(f, 0o6755)\n";

/* The same with a file capability, which takes a user namespace of its own. */
static const std::string capability =
    "import os, struct\n"
    "def give(f):\n"
    "  os.unshare(os.CLONE_NEWUSER) if hasattr(os, 'unshare') else "
    "__import__('ctypes').CDLL(None).unshare(0x10000000)\n"
    "  open('/proc/self/setgroups', 'w').write('deny')\n"
    "  open('/proc/self/uid_map', 'w').write('0 %d 1' % uid)\n"
    "  open('/proc/self/gid_map', 'w').write('0 %d 1' % gid)\n"
    "  os.setxattr(f, 'security.capability', struct.pack('<IIIII', 0x2000001, 1 << 21, 0, 0, 0))\n";

/* Ways to save a file that is more than its content. */
static const std::pair<const char *, const char *> privileged_ways[] = {
  { "renamed where it leads",
    "t = os.path.realpath(f)\nopen(t + '.n', 'w').write('new\\n')\ngive(t + '.n')\nos.rename(t + '.n', t)" },
  { "renamed over the name", "open(f + '.n', 'w').write('new\\n')\ngive(f + '.n')\nos.rename(f + '.n', f)" },
  { "in place", "open(f, 'w').write('new\\n')\ngive(f)" },
  { "afterwards", "t = os.path.realpath(f)\nopen(t + '.n', 'w').write('new\\n')\nos.rename(t + '.n', t)\nimport "
                  "time\ntime.sleep(0.2)\ngive(t)" },
  { "by another name", "t = os.path.realpath(f)\nopen(t, 'w').write('new\\n')\nos.mkdir(os.path.dirname(t) + '/d')\n"
                       "o = os.path.dirname(t) + '/d/o'\nos.link(t, o)\ngive(o)" },
};

/* Nobody outside gets more by executing what an application has saved, or by reading it. */
TEST_P (Save, WithoutPrivileges)
{
  add_profile ("saver",
               "[Profile]\nInherits=desktop\nAppId=org.example.Save\n[Context]\nfeatures=userns;weak-covers;\n");
  for (const auto &[name, how] : privileged_ways)
    for (const auto &[what, give] : { std::pair{ "setuid", privileges }, { "capability", capability } }) {
      std::string script = "import os\nuid, gid = os.getuid(), os.getgid()\n" + give + "import sys\nf = sys.argv[1]\n"
                           + how + "\nprint('done', flush=True)\nimport time\ntime.sleep(0.3)\n";
      std::string file = home () + "/letter", expected = std::string (name) == "in place"
                                                                 || std::string (name) == "afterwards"
                                                                 || std::string (name) == "by another name"
                                                             ? "plain, access list"
                                                             : "plain";
      fs::remove (file);
      write_file (file, "old\n");
      Outcome control = run (Command ({ "/usr/bin/python3", "-c", script, file }));
      EXPECT_NE (look_outside (file).find (std::string (what) == "setuid" ? "setuid" : "capabilities"),
                 std::string::npos)
          << "the control, " << name << ": " << look_outside (file) << control.err;
      fs::remove_all (home ());
      fs::create_directory (home ());
      write_file (file, "old\n");
      Outcome outcome =
          run_in ({ "--profile=saver", "--file-forwarding" }, { "/usr/bin/python3", "-c", script, "@@", file, "@@" });
      EXPECT_EQ (outcome.out, "done\n") << name << outcome.err;
      EXPECT_EQ (read_file (file), "new\n") << name;
      EXPECT_TRUE (look_outside (file) == "plain" || look_outside (file) == expected)
          << name << ", " << what << ": " << look_outside (file);
      forget_kept ();
    }
}

/* What is in a directory, in order. */
static std::string
list (const std::string &directory)
{
  std::vector<std::string> names;
  std::string result;

  for (const auto &entry : fs::directory_iterator (directory))
    names.push_back (entry.path ().filename ());
  std::sort (names.begin (), names.end ());
  for (const std::string &name : names)
    result += name + " ";
  return result;
}

/* While a large file is copied, the instance answers; and however it ends then, there is the old file or the new one.
 */
TEST_P (Save, ALargeFile)
{
  Argv start = { "--profile=desktop", "--app-id=org.example.Save", "--file-forwarding" };
  std::string file = home () + "/work/letter";
  Dice dice;

  fs::create_directory (home () + "/work");
  for (int i = 0; i < 4; i++) {
    write_file (file, "old\n");
    std::string id = launch_detached (start, { "sh", "-c",
                                               "rm \"$1\"; head -c 200M /dev/zero >~/big; truncate -s 1G ~/big; touch "
                                               "/tmp/ready; mv ~/big \"$1\"; sleep 1000",
                                               "sh", "@@", file, "@@" });
    EXPECT_TRUE (eventually ([&] {
      return sandboxctl ({ "exec", id, "--", "test", "-e", "/tmp/ready" }).status == 0;
    }));
    EXPECT_EQ (sandboxctl ({ "exec", id, "--", "echo", "answers" }).out, "answers\n");
    std::this_thread::sleep_for (std::chrono::microseconds (dice.upto (300000)));
    if (i == 0) {
      auto is_moved = [&] { return sandboxctl ({ "exec", id, "--", "sh", "-c", "! test -e ~/big" }).status == 0; };

      EXPECT_TRUE (eventually (is_moved));
      EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
      EXPECT_TRUE (wait_for_state (id, "exited"));
      EXPECT_EQ (fs::file_size (file), uintmax_t (1) << 30) << "it was complete before the end";
    } else {
      pid_t keeper = record (id).keeper;
      kill_services ();
      EXPECT_EQ (kill (keeper, SIGKILL), 0);
      EXPECT_TRUE (eventually ([&] { return list (home () + "/work") == "letter "; })) << list (home () + "/work");
      EXPECT_TRUE (read_file (file) == "old\n" || fs::file_size (file) == uintmax_t (1) << 30) << fs::file_size (file);
    }
    EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "ps" }).status == 0; }));
    forget_kept ();
    fs::remove (file);
  }
}

/* One that never stops growing is copied as it was when it was looked at, and holds up nobody's end. */
TEST_P (Save, AFileThatGrows)
{
  write_file (home () + "/letter", "old\n");
  std::string id = launch_detached ({ "--profile=desktop", "--app-id=org.example.Save", "--file-forwarding" },
                                    { "sh", "-c", "rm \"$1\"; while :; do head -c 100K /dev/zero; done >\"$1\"", "sh",
                                      "@@", home () + "/letter", "@@" });

  EXPECT_TRUE (eventually ([&] {
    return sandboxctl ({ "exec", id, "--", "sh", "-c", "test $(stat -c %s letter) -gt 1000000" }).status == 0;
  }));
  EXPECT_EQ (read_file (home () + "/letter"), "old\n") << "it has not been closed yet";
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_TRUE (eventually ([&] { return fs::file_size (home () + "/letter") > 1000000; }));
}

/* Trees that an application makes beside its file go with it, however deep they are. */
TEST_P (Save, ADeepTree)
{
  write_file (home () + "/letter", "old\n");
  Outcome outcome =
      save ("cd \"$(dirname \"$(readlink -f \"$1\")\")\" && for i in $(seq 300); do mkdir d && cd d || exit 9; "
            "done; chmod 0 .; echo made",
            home () + "/letter");
  EXPECT_EQ (outcome.out, "made\n") << outcome.err;
  EXPECT_TRUE (eventually ([&] { return stages ().empty (); }));
}

/* However many files it makes there, nobody waits for their removal. That is held up here, as by a disk. */
TEST_P (Save, ManyFiles)
{
  std::string all = dir () + "/data/sandbox/.open", file = home () + "/letter";

  write_file (file, "old\n");
  fs::create_directories (all);
  {
    Fd held (open (all.c_str (), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_EQ (flock (held.get (), LOCK_EX), 0);
    Outcome outcome =
        save ("cd \"$(dirname \"$(readlink -f \"$1\")\")\" && seq 20000 | xargs touch && ls | wc -l", file);
    EXPECT_EQ (outcome.out, "20001\n") << outcome.err;
    auto is_aside = [&] {
      auto found = stages ();
      return found.size () == 1 && fs::path (found[0]).extension () == ".gone";
    };
    EXPECT_TRUE (eventually (is_aside));
    EXPECT_TRUE (succeeds (sandboxctl ({ "ps" })));
    EXPECT_TRUE (succeeds (save ("echo new >\"$1\"", file)));
    EXPECT_EQ (read_file (file), "new\n");
    EXPECT_FALSE (stages ().empty ());
  }
  EXPECT_TRUE (eventually ([&] { return stages ().empty (); }));
}
