/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a running instance loses: tried from inside, by processes that were there before. */
#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "dice.h"
#include "live-stage.h"

TEST_F (Live, FilesBecomeReadOnly)
{
  std::string id = start ({ "--filesystem=" + home () + "/doc", "--filesystem=" + home () + "/other" });

  EXPECT_TRUE (writes (id, home () + "/doc"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + home () + "/doc:ro" })));
  EXPECT_FALSE (writes (id, home () + "/doc"));
  EXPECT_FALSE (writes (id, home () + "/doc/sub"));
  EXPECT_TRUE (reads (id, home () + "/doc/file"));
  EXPECT_TRUE (writes (id, home () + "/other")); /* the control: what was not named */
}

TEST_F (Live, FilesGo)
{
  std::string id = start ({ "--filesystem=" + home () + "/doc", "--filesystem=" + home () + "/other" });

  EXPECT_TRUE (reads (id, home () + "/doc/file"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + home () + "/doc" })));
  EXPECT_FALSE (reads (id, home () + "/doc/file"));
  EXPECT_FALSE (writes (id, home () + "/doc"));
  EXPECT_TRUE (reads (id, home () + "/other/file"));
  EXPECT_EQ (sandboxctl ({ "show", id }).out.find ("filesystems=" + home () + "/doc"), std::string::npos);
}

/* An application with a mount namespace of its own, made by @words, which says in there every 50 ms what it finds at
 * @path: "TEXT" or "gone", in its file /tmp/found, and whether it can write there, in /tmp/written. */
static Argv
with_namespace (const std::string &words, const std::string &path)
{
  return { "sh", "-c",
           words
               + " sh -c 'while :; do (cat \"$0/file\" || echo gone) > /tmp/found.new 2>/dev/null; mv /tmp/found.new "
                 "/tmp/found; (echo y > \"$0/by-nested\" && echo yes || echo no) > /tmp/written.new 2>/dev/null; mv "
                 "/tmp/written.new /tmp/written; sleep 0.05; done' "
               + path };
}

class LiveNamespaces : public Live, public ::testing::WithParamInterface<std::pair<const char *, const char *> > {};

/* What it has made before, under whatever name that shows the files. */
TEST_P (LiveNamespaces, AreReached)
{
  std::string doc = home () + "/doc", words = GetParam ().first, path = GetParam ().second;

  for (std::string *text : { &words, &path })
    for (size_t at; (at = text->find ("DOC")) != std::string::npos;)
      text->replace (at, 3, doc);
  std::string id = launch_detached ({ "--profile=devel", "--filesystem=" + doc }, with_namespace (words, path));

  EXPECT_SOON (id, "cat /tmp/found", "secret");
  EXPECT_SOON (id, "cat /tmp/written", "yes\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + doc + ":ro" })));
  EXPECT_SOON (id, "cat /tmp/written", "no\n");
  EXPECT_SOON (id, "cat /tmp/found", "secret");
  Outcome outcome = sandboxctl ({ "restrict", id, "--nofilesystem=" + doc });
  EXPECT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find ("is in a sandbox that the application has made"), std::string::npos) << outcome.out;
  EXPECT_SOON (id, "cat /tmp/found", "gone\n");
  EXPECT_FALSE (reads (id, doc + "/file"));
}
INSTANTIATE_TEST_SUITE_P (
    , LiveNamespaces,
    ::testing::Values (std::make_pair ("unshare -rm", "DOC"), std::make_pair ("bwrap --dev-bind / /", "DOC"),
                       std::make_pair ("bwrap --dev-bind / / --bind DOC /var/tmp", "/var/tmp"),
                       std::make_pair ("mkdir /tmp/a; unshare -rm sh -c 'mount --bind DOC /tmp/a; exec \"$@\"' sh",
                                       "/tmp/a"),
                       std::make_pair ("unshare -rm unshare -rm", "DOC")));

static std::string
script ()
{
  return read_file (places ().source + "/tests/e2e/threaded.py");
}

/* The mount namespace of one thread, also when the first one of its process has ended. */
TEST_F (Live, Threads)
{
  std::string doc = home () + "/doc";

  for (const char *leader : { "stays", "ends" }) {
    std::string id = launch_detached ({ "--profile=devel", "--filesystem=" + doc },
                                      { "python3", "-c", script (), std::to_string (CLONE_NEWUSER),
                                        std::to_string (CLONE_NEWNS), leader, doc + "/file" });

    EXPECT_SOON (id, "cat /tmp/found", "secret");
    Outcome outcome = sandboxctl ({ "restrict", id, "--nofilesystem=" + doc });
    EXPECT_TRUE (succeeds (outcome));
    EXPECT_NE (outcome.out.find ("is in a sandbox that the application has made"), std::string::npos) << outcome.out;
    EXPECT_SOON (id, "cat /tmp/found", "gone");
  }
}

/* What one has open that its process has not. */
TEST_F (Live, ThreadsWithDescriptorsOfTheirOwn)
{
  std::string doc = home () + "/doc";
  std::string id =
      launch_detached ({ "--profile=devel", "--filesystem=" + doc },
                       { "python3", "-c", script (), "0", std::to_string (CLONE_FILES), "stays", doc + "/file" });

  EXPECT_SOON (id, "cat /tmp/found", "secret");
  std::string all = sandboxctl ({ "restrict", id, "--filesystem=" + doc + ":ro" }).out;
  EXPECT_NE (all.find ("has open " + doc + "/file"), std::string::npos) << all;
}

/* The way to what has become read-only cannot be made another one. */
TEST_F (Live, TheWayStays)
{
  std::string doc = home () + "/doc", way = doc + "/a/b", turn = "mv " + doc + "/a " + doc + "/z";

  make_file (way + "/s/file", "kept");
  make_file (way + "/t/file", "kept too");
  std::string id = launch_detached ({ "--profile=default", "--filesystem=" + doc }, { "sleep", "1000" });
  EXPECT_TRUE (works (id, turn + " && mv " + doc + "/z " + doc + "/a")); /* the control */
  EXPECT_TRUE (
      succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + way + "/s:ro", "--nofilesystem=" + way + "/t" })));
  EXPECT_FALSE (works (id, turn));
  EXPECT_FALSE (works (id, "mv " + way + " " + doc + "/z"));
  EXPECT_FALSE (works (id, "echo x > " + way + "/s/file"));
  EXPECT_FALSE (reads (id, way + "/t/file"));
  EXPECT_TRUE (works (id, "echo x > " + way + "/beside"));
  /* Once more, below what keeps the way now */
  make_file (way + "/u/v/file", "kept");
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + way + "/u/v:ro" })));
  EXPECT_FALSE (works (id, "mv " + way + "/u " + way + "/w"));
  EXPECT_FALSE (works (id, "echo x > " + way + "/u/v/file"));
}

/* Names that the application has turned are refused, and nothing is changed. */
TEST_F (Live, TurnedNames)
{
  std::string doc = home () + "/doc", hooks = doc + "/hooks";

  make_file (hooks + "/file", "h");
  std::string id = launch_detached ({ "--profile=default", "--filesystem=" + doc }, { "sleep", "1000" });
  EXPECT_TRUE (works (id, "mv " + hooks + " " + doc + "/other; ln -s " + home () + "/other " + hooks));
  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", id, "--filesystem=" + hooks + ":ro" }), 125,
                           { "is a link, which the application may have made", "Nothing was changed" }));
  EXPECT_EQ (sandboxctl ({ "show", id }).out.find (hooks), std::string::npos);
  /* Whoever may write there by another name of it may have made the link as well */
  std::string alias = home () + "/alias", outer = home () + "/outer";
  std::filesystem::create_directories (outer + "/real/part");
  std::filesystem::create_directory_symlink (outer, alias);
  id = launch_detached ({ "--profile=default", "--filesystem=" + alias }, { "sleep", "1000" });
  EXPECT_TRUE (works (id, "ln -s real " + alias + "/turned"));
  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", id, "--filesystem=" + alias + "/turned/part:ro" }), 125,
                           { "is a link, which the application may have made", outer + "/turned" }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + alias + "/real/part:ro" })));
  /* What it has by one name is not taken away by another, and it is not said that it was */
  id = launch_detached ({ "--profile=default", "--filesystem=" + outer }, { "sleep", "1000" });
  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", id, "--nofilesystem=" + alias + "/real/part" }), 125,
                           { outer + "/real/part", "Nothing was changed" }));
  EXPECT_TRUE (works (id, "ls " + outer + "/real/part"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + outer + "/real/part" })));
  EXPECT_FALSE (works (id, "ls " + outer + "/real/part/.. >/dev/null && touch " + outer + "/real/part/x"));
  /* With namespaces of its own it could rename what lies in a place that it may write to */
  std::string nested = launch_detached ({ "--profile=devel", "--filesystem=" + doc }, { "sleep", "1000" });
  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", nested, "--filesystem=" + doc + "/sub:ro" }), 125,
                           { "features=userns", "features=weak-covers" }));
  EXPECT_TRUE (writes (nested, doc + "/sub"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", nested, "--filesystem=" + doc + ":ro" })));
  EXPECT_FALSE (writes (nested, doc + "/sub"));
}

/* And what it makes later cannot get it back. */
TEST_F (Live, LaterNamespaces)
{
  std::string doc = home () + "/doc";
  std::string id = start ({ "--filesystem=" + doc });
  std::string undo = "unshare -rm sh -c 'umount -l \"$0\"; mount -o remount,rw,bind \"$0\"; ";

  EXPECT_TRUE (works (id, undo + "echo x > \"$0/again\"' " + doc));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + doc + ":ro" })));
  EXPECT_FALSE (works (id, undo + "echo x > \"$0/again\"' " + doc));
  EXPECT_TRUE (works (id, undo + "cat \"$0/file\"' " + doc));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + doc })));
  EXPECT_FALSE (works (id, undo + "cat \"$0/file\"' " + doc));
  EXPECT_FALSE (works (id, "mkdir -p /tmp/b; unshare -rm sh -c 'mount --bind / /tmp/b; cat /tmp/b$0/file' " + doc));
}

/* A part of what is open, and everything except a part. */
TEST_F (Live, Parts)
{
  std::string doc = home () + "/doc";
  std::string id = start ({ "--filesystem=" + doc });

  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + doc + "/sub" })));
  EXPECT_FALSE (reads (id, doc + "/sub/file"));
  EXPECT_FALSE (works (id, "mv " + doc + "/sub " + doc + "/sub2"));
  EXPECT_TRUE (writes (id, doc));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + doc + ":ro" })));
  EXPECT_FALSE (writes (id, doc));
  EXPECT_FALSE (reads (id, doc + "/sub/file"));
  EXPECT_TRUE (reads (id, doc + "/file"));

  std::string other = start ({ "--filesystem=" + doc + ":ro", "--filesystem=" + doc + "/sub" });
  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", other, "--nofilesystem=" + doc }), 125, { "stays open" }));
  EXPECT_TRUE (reads (other, doc + "/file"));
  EXPECT_TRUE (writes (other, doc + "/sub"));

  make_file (doc + "/sub/deep/file", "deep");
  std::string third = launch_detached ({ "--profile=default", "--filesystem=" + doc, "--filesystem=" + doc + "/sub:ro",
                                         "--filesystem=" + doc + "/sub/deep" },
                                       { "sleep", "1000" });
  EXPECT_TRUE (writes (third, doc + "/sub/deep"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", third, "--filesystem=" + doc + ":ro" })));
  EXPECT_FALSE (writes (third, doc));
  EXPECT_TRUE (writes (third, doc + "/sub/deep"));
}

TEST_F (Live, SingleFiles)
{
  std::string file = home () + "/doc/file";
  std::string id = start ({ "--filesystem=" + file });

  EXPECT_TRUE (works (id, "echo more >> " + file));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + file + ":ro" })));
  EXPECT_FALSE (works (id, "echo more >> " + file));
  EXPECT_TRUE (reads (id, file));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + file })));
  EXPECT_FALSE (reads (id, file));
}

/* What processes have open is told, and what they have not open is not. */
TEST_F (Live, TellsWhatIsHeld)
{
  std::string doc = home () + "/doc";
  std::string id = launch_detached (
      { "--profile=devel", "--filesystem=" + doc },
      { "sh", "-c",
        "exec 7>>" + doc + "/file 8<" + doc + "/sub/file; cd " + doc + "/sub; touch /tmp/ready; sleep 1000" });

  EXPECT_SOON (id, "ls /tmp/ready", "/tmp/ready\n");
  Json rows = json ({ "restrict", id, "--json", "--filesystem=" + doc + ":ro" });
  std::string text = sandboxctl ({ "restrict", id, "--json", "--filesystem=" + doc + ":ro" }).out;
  EXPECT_EQ (text, "[]\n"); /* it is read-only already */
  std::string all = sandboxctl ({ "restrict", id, "--nofilesystem=" + doc }).out;
  EXPECT_NE (all.find ("has open " + doc + "/file"), std::string::npos) << all;
  EXPECT_NE (all.find ("has open " + doc + "/sub/file"), std::string::npos) << all;
  EXPECT_NE (all.find ("works in " + doc + "/sub"), std::string::npos) << all;
  EXPECT_EQ (all.find ("/tmp/ready"), std::string::npos) << all;
}

/* What is not told for want of room is said to be missing. */
TEST_F (Live, TellsThatThereIsMore)
{
  std::string doc = home () + "/doc";
  std::string id = launch_detached ({ "--profile=devel", "--filesystem=" + doc },
                                    { "python3", "-c",
                                      "import os, sys, time\n"
                                      "held = [os.open(sys.argv[1] + '/file', os.O_RDONLY) for i in range(900)]\n"
                                      "for i in range(5):\n"
                                      "  if os.fork() == 0: time.sleep(1000)\n"
                                      "open('/tmp/ready', 'w')\n"
                                      "time.sleep(1000)\n",
                                      doc });

  EXPECT_SOON (id, "ls /tmp/ready", "/tmp/ready\n");
  Outcome outcome = sandboxctl ({ "restrict", id, "--nofilesystem=" + doc });
  EXPECT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find ("have more than can be told"), std::string::npos) << outcome.out.substr (0, 200);
}

/* Refused before anything is changed. */
TEST_F (Live, Refused)
{
  std::string doc = home () + "/doc";
  std::string id = start ({ "--filesystem=" + doc, "--talk-name=org.example.Talk", "--limit=nofile=1000" });
  struct {
    std::string option, words;
  } rows[] = { { "--unshare=network", "network" },
               { "--disallow=userns", "userns" },
               { "--seccomp-tier=strict", "strict" } };

  std::string before = sandboxctl ({ "show", id }).out;
  for (const auto &row : rows) {
    EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", id, row.option, "--nofilesystem=" + doc }), 125,
                             { "cannot be taken away while the instance runs" }))
        << row.option;
    EXPECT_TRUE (writes (id, doc)) << row.option;
  }
  EXPECT_TRUE (
      fails_with (sandboxctl ({ "restrict", id, "--nofilesystem=" + doc + "/nothing" }), 125, { "not there" }));
  EXPECT_EQ (sandboxctl ({ "show", id }).out, before);
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + doc }))); /* the control */
  EXPECT_FALSE (reads (id, doc + "/file"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_NE (sandboxctl ({ "restrict", id, "--nofilesystem=" + doc }).status, 0);
}

/* It takes away and never adds. */
TEST_F (Live, AddsNothing)
{
  std::string doc = home () + "/doc", other = home () + "/other";
  std::string id = start ({ "--filesystem=" + doc + ":ro" });

  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + other, "--filesystem=" + doc })));
  EXPECT_FALSE (reads (id, other + "/file"));
  EXPECT_FALSE (writes (id, doc));
  EXPECT_TRUE (reads (id, doc + "/file"));
}

/* The next service knows of it; what is started later is under it too. */
TEST_F (Live, IsWrittenDown)
{
  std::string doc = home () + "/doc";
  std::string id = start ({ "--filesystem=" + doc });

  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + doc + ":ro" })));
  std::string before = sandboxctl ({ "show", id }).out;
  EXPECT_NE (before.find (doc + ":ro"), std::string::npos) << before;
  EXPECT_NE (before.find ("Restricted"), std::string::npos) << before;
  kill_services ();
  EXPECT_EQ (sandboxctl ({ "show", id }).out, before);
  EXPECT_FALSE (writes (id, doc));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + doc })));
  EXPECT_FALSE (reads (id, doc + "/file"));
}

/* A socket, by object as well: the second name of it is that of a directory that is open. */
TEST_F (Live, SocketsGo)
{
  std::string pulse = runtime () + "/pulse", other = runtime () + "/pipewire-0";
  Fd server{ socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
  struct sockaddr_un address = {};

  fs::create_directories (pulse);
  address.sun_family = AF_UNIX;
  snprintf (address.sun_path, sizeof address.sun_path, "%s/native", pulse.c_str ());
  ASSERT_EQ (bind (server.get (), reinterpret_cast<struct sockaddr *> (&address), sizeof address), 0);
  Fd second{ socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
  snprintf (address.sun_path, sizeof address.sun_path, "%s", other.c_str ());
  ASSERT_EQ (bind (second.get (), reinterpret_cast<struct sockaddr *> (&address), sizeof address), 0);
  std::string id = start ({ "--socket=pulseaudio", "--socket=pipewire" });

  EXPECT_TRUE (works (id, "test -S " + pulse + "/native"));
  EXPECT_TRUE (works (id, "test -S " + other));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nosocket=pulseaudio" })));
  EXPECT_FALSE (works (id, "test -S " + pulse + "/native"));
  EXPECT_TRUE (works (id, "test -S " + other));
  EXPECT_EQ (sandboxctl ({ "show", id }).out.find ("sockets=pulseaudio"), std::string::npos);
}

/* Random restrictions, held against a model of the policy: what is there of a few directories, for processes that are
 * started, and for those in mount namespaces that the application makes in between; with services that are killed in
 * between. SBX_TEST_LIVE: how many restrictions (200). */
class LiveModel : public Live {
protected:
  enum Access { NONE, RO, RW };
  using Rules = std::map<std::string, Access>; /* every path of the universe */

  void
  SetUp () override
  {
    Live::SetUp ();
    for (const char *top : { "a", "b", "c" })
      for (const char *sub : { "", "/x", "/y" }) {
        paths_.push_back (home () + "/t/" + top + sub);
        make_file (paths_.back () + "/file", "there");
      }
  }
  static std::string
  above (const std::string &path)
  {
    return fs::path (path).parent_path ().string ();
  }
  /* Which paths a policy names: those that are not as what is above them. */
  static Rules
  named (const Rules &rules)
  {
    Rules result;

    for (const auto &[path, access] : rules) {
      auto parent = rules.find (above (path));
      if ((parent == rules.end () ? NONE : parent->second) != access)
        result[path] = access;
    }
    return result;
  }
  static Access
  access_at (const Rules &rules, std::string path)
  {
    for (; path.size () > 1; path = above (path)) {
      auto rule = rules.find (path);
      if (rule != rules.end ())
        return rule->second;
    }
    return NONE;
  }
  /* The meet of @rules and of them with @path put over them. */
  Rules
  restricted (const Rules &rules, const std::string &path, Access access) const
  {
    Rules asked = named (rules), result;

    asked[path] = access;
    for (const std::string &one : paths_)
      result[one] = std::min (rules.at (one), access_at (asked, one));
    return result;
  }
  /* Whether something stays open in what would go. */
  bool
  is_refused (const Rules &from, const Rules &to) const
  {
    for (const std::string &one : paths_)
      for (const std::string &in : paths_)
        if (to.at (one) == NONE && from.at (one) != NONE && above (in) == one && to.at (in) == from.at (in)
            && to.at (in) != NONE)
          return true;
    return false;
  }
  std::string
  script () const
  {
    std::string text = "for p in";

    for (const std::string &path : paths_)
      text += " " + path;
    return text
           + "; do if ! grep -q there $p/file; then printf 0; elif echo x > $p/new; then printf 2; else printf 1; fi; "
             "done 2>/dev/null";
  }
  std::string
  expected (const Rules &rules) const
  {
    std::string text;

    for (const std::string &path : paths_)
      text += std::to_string (static_cast<int> (rules.at (path)));
    return text;
  }
  /* One instance, until nothing is left of it or @most restrictions have been made. Returns how many there were. */
  unsigned sequence (Dice &dice, unsigned most);

  std::vector<std::string> paths_;
};

unsigned
LiveModel::sequence (Dice &dice, unsigned most)
{
  Argv options;
  Rules rules;
  unsigned n = 0, namespaces = 0;

  for (const std::string &path : paths_) {
    bool top = above (path) == home () + "/t";
    rules[path] = top ? static_cast<Access> (dice.upto (2)) : rules.at (above (path));
    if (top && rules[path] != NONE)
      options.push_back ("--filesystem=" + path + (rules[path] == RO ? ":ro" : ""));
  }
  std::string id = start (options), steps;
  EXPECT_EQ (say (id, script ()), expected (rules));
  for (; n < most && expected (rules) != std::string (paths_.size (), '0'); n++) {
    std::string path = paths_[dice.upto (static_cast<unsigned> (paths_.size ()) - 1)];
    Access access = dice.one_in (2) ? RO : NONE;
    Rules next = restricted (rules, path, access);
    bool refused = is_refused (rules, next);

    steps += " " + path + (access == RO ? ":ro" : ":none");
    if (dice.one_in (4)) { /* one that stays, and says at any time what it sees */
      std::string number = std::to_string (namespaces++);
      say (id, "setsid unshare -rm sh -c 'while :; do (" + script () + ") > /tmp/n.new" + number + "; mv /tmp/n.new"
                   + number + " /tmp/n" + number + "; sleep 0.3; done' > /dev/null 2>/tmp/err" + number
                   + " < /dev/null & i=0; while ! [ -e /tmp/n" + number
                   + " ] && [ $i -lt 200 ]; do i=$((i + 1)); sleep 0.05; done");
      EXPECT_TRUE (works (id, "test -e /tmp/n" + number)) << steps << say (id, "cat /tmp/err" + number);
    }
    if (dice.one_in (10))
      kill_services ();
    Outcome outcome =
        sandboxctl ({ "restrict", id, access == RO ? "--filesystem=" + path + ":ro" : "--nofilesystem=" + path });
    EXPECT_EQ (outcome.status == 0, !refused) << steps << ": " << outcome.err;
    if (!refused)
      rules = next;
    EXPECT_EQ (say (id, script ()), expected (rules)) << steps;
    if (HasFailure ())
      break;
  }
  for (unsigned i = 0; i < namespaces && !HasFailure (); i++)
    EXPECT_SOON (id, "cat /tmp/n" + std::to_string (i), expected (rules));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  return n;
}

TEST_F (LiveModel, Random)
{
  const char *wanted = getenv ("SBX_TEST_LIVE");
  unsigned all = wanted ? static_cast<unsigned> (strtoul (wanted, nullptr, 10)) : 200, n = 0;
  Dice dice;

  while (n < all && !HasFailure ())
    n += 1 + sequence (dice, 12);
}

/* However many there are, none leaves a descriptor or a process behind. */
TEST_F (Live, LeavesNothing)
{
  const char *wanted = getenv ("SBX_TEST_LIVE");
  unsigned all = wanted ? static_cast<unsigned> (strtoul (wanted, nullptr, 10)) : 100;
  std::string many = home () + "/many";

  for (unsigned i = 0; i < all; i++)
    make_file (many + "/" + std::to_string (i) + "/file", "there");
  std::string id = start ({ "--filesystem=" + many });
  pid_t keeper = record (id).keeper;
  auto count = [keeper] { /* room for descriptors: it only grows */
                          std::ifstream status ("/proc/" + std::to_string (keeper) + "/status");
                          std::string word;
                          int n = 0;

                          while (status >> word && word != "FDSize:")
                            ;
                          status >> n;
                          return n;
  };
  auto processes = [keeper] { return descendants (keeper).size (); };
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + many + "/0" })));
  auto descriptors = count ();
  auto running = processes ();
  for (int i = 0; i < 50; i++) { /* without what is just about to end */
    std::this_thread::sleep_for (std::chrono::milliseconds (10));
    running = std::min (running, processes ());
  }
  for (unsigned i = 1; i < all && !HasFailure (); i++)
    EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + many + "/" + std::to_string (i) })));
  EXPECT_EQ (count (), descriptors);
  EXPECT_TRUE (eventually ([&] { return processes () == running; })) << describe (descendants (keeper));
  EXPECT_EQ (say (id, "cat " + many + "/*/file 2>/dev/null; grep -c " + many + "/ /proc/self/mountinfo"),
             std::to_string (all) + "\n");
}

/* Killed at any moment, keeper or service: the policy that is shown is the one before or the one after, and it is in
 * force; nothing runs on with half of it. */
TEST_F (Live, KilledInBetween)
{
  std::string doc = home () + "/doc", other = home () + "/other";
  Dice dice;

  for (int i = 0; i < 12 && !HasFailure (); i++) {
    std::string id = start ({ "--filesystem=" + doc, "--filesystem=" + other });
    Record r = record (id);
    bool keeper = i % 2 == 0;
    Process process (command ({ "restrict", id, "--nofilesystem=" + doc, "--nofilesystem=" + other }));

    std::this_thread::sleep_for (std::chrono::microseconds (dice.upto (40000)));
    if (keeper)
      kill (r.keeper, SIGKILL);
    else
      kill_services ();
    (void) process.wait ();
    std::string shown = sandboxctl ({ "show", id }).out;
    size_t policy = shown.find ("\nPolicy");
    bool first = shown.find (doc, policy) != std::string::npos,
         second = shown.find (other, policy) != std::string::npos;
    EXPECT_EQ (first, second) << shown;
    if (keeper) {
      EXPECT_TRUE (wait_for_state (id, "exited"));
      continue;
    }
    /* The keeper goes on without the service that has asked */
    for (int j = 0; j < 50 && reads (id, doc + "/file") != first; j++)
      first = sandboxctl ({ "show", id }).out.find (doc, policy) != std::string::npos;
    EXPECT_EQ (reads (id, doc + "/file"), reads (id, other + "/file"));
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  }
}
