/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a running instance gets: tried from inside, by processes that were there before. */
#include <csignal>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dice.h"
#include "live-stage.h"

class Grant : public Live {
protected:
  Outcome
  grant (const std::string &id, const std::string &what)
  {
    return sandboxctl ({ "grant", id, "--filesystem=" + what });
  }
  /* What `show` says, and what is mounted inside. */
  std::string
  whole (const std::string &id)
  {
    return sandboxctl ({ "show", id }).out + say (id, "cat /proc/self/mountinfo; ls -lR /srv /mnt ~ 2>&1");
  }
  /* Refused with @words, and nothing is changed. */
  ::testing::AssertionResult
  is_refused (const std::string &id, const std::string &what, const std::vector<std::string> &words)
  {
    std::string before = whole (id);
    Outcome outcome = grant (id, what);
    ::testing::AssertionResult result = fails_with (outcome, 125, words);
    std::string after = whole (id);

    if (!result)
      return result;
    return after == before ? ::testing::AssertionSuccess ()
                           : ::testing::AssertionFailure () << what << " changed something:\n"
                                                            << before << "\nis now\n"
                                                            << after;
  }
};

TEST_F (Grant, Files)
{
  std::string doc = home () + "/doc", other = home () + "/other", id = start ({});

  EXPECT_FALSE (reads (id, doc + "/file"));
  EXPECT_TRUE (succeeds (grant (id, doc)));
  EXPECT_EQ (say (id, "cat " + doc + "/file"), "secret");
  EXPECT_TRUE (writes (id, doc));
  EXPECT_TRUE (fs::exists (doc + "/written"));
  EXPECT_FALSE (reads (id, other + "/file")); /* the control: what was not named */
  EXPECT_TRUE (succeeds (grant (id, other + ":ro")));
  EXPECT_TRUE (reads (id, other + "/file"));
  EXPECT_FALSE (writes (id, other));
  EXPECT_TRUE (succeeds (grant (id, other + ":rw")));
  EXPECT_TRUE (writes (id, other));
}

/* A process that runs already sees it, and one file is no more than that. */
TEST_F (Grant, IsSeenByWhatRuns)
{
  std::string file = home () + "/doc/file";
  std::string id = launch_detached (
      { "--profile=default" },
      { "sh", "-c", "while ! cat " + file + " > /tmp/found 2>/dev/null; do sleep 0.02; done; sleep 1000" });

  EXPECT_SOON (id, "cat /tmp/found", "");
  EXPECT_TRUE (succeeds (grant (id, file + ":ro")));
  EXPECT_SOON (id, "cat /tmp/found", "secret");
  EXPECT_FALSE (works (id, "echo x >> " + file));
  EXPECT_FALSE (reads (id, home () + "/doc/sub/file"));
}

TEST_F (Grant, Create)
{
  std::string path = home () + "/new/deep", id = start ({});

  EXPECT_TRUE (fails_with (grant (id, path), 125, { path, "No such file" }));
  EXPECT_TRUE (succeeds (grant (id, path + ":create")));
  EXPECT_TRUE (writes (id, path));
  EXPECT_TRUE (fs::exists (path + "/written"));
}

/* Closed to everybody, and closed by the policy: closed in what is granted too, under any name. */
TEST_F (Grant, KeepsClosed)
{
  std::string id = launch_detached ({ "--profile=default" }, { "sleep", "1000" });
  std::string config = dir () + "/config", data = dir () + "/data";

  make_file (config + "/editor/rc", "settings");
  make_file (data + "/sandbox/org.example.Other/secret", "kept");
  make_file (data + "/notes", "mine");
  add_user_profile ("mine", "[Context]\n");
  EXPECT_TRUE (succeeds (grant (id, config)));
  EXPECT_TRUE (reads (id, config + "/editor/rc"));
  EXPECT_TRUE (writes (id, config + "/editor"));
  EXPECT_TRUE (works (id, "cat " + user_profiles () + "/mine.profile"));
  EXPECT_FALSE (works (id, "echo > " + user_profiles () + "/mine.profile"));
  EXPECT_FALSE (works (id, "mv " + config + "/sandbox " + config + "/away"));
  EXPECT_TRUE (succeeds (grant (id, data)));
  EXPECT_TRUE (reads (id, data + "/notes"));
  EXPECT_FALSE (reads (id, data + "/sandbox/org.example.Other/secret"));
  EXPECT_TRUE (is_refused (id, data + "/sandbox/org.example.Other", { "closed to every sandbox" }));
  EXPECT_TRUE (is_refused (id, runtime () + "/sandbox", { "cannot be granted" }));
  EXPECT_TRUE (is_refused (id, runtime () + "/bus", { "bus" }));
  EXPECT_EQ (say (id, "grep -c sandbox/org.example.Other /proc/self/mountinfo"), "0\n");
}

/* Of a rule of the profile for something in it that is less. */
TEST_F (Grant, KeepsExceptions)
{
  std::string doc = home () + "/doc";
  std::string id = launch_detached (
      { "--profile=default", "--filesystem=" + doc + ":ro", "--nofilesystem=" + doc + "/sub" }, { "sleep", "1000" });

  EXPECT_TRUE (reads (id, doc + "/file"));
  EXPECT_FALSE (writes (id, doc));
  EXPECT_TRUE (succeeds (grant (id, doc)));
  EXPECT_TRUE (writes (id, doc));
  EXPECT_FALSE (reads (id, doc + "/sub/file"));
  EXPECT_TRUE (succeeds (grant (id, doc + "/sub:ro")));
  EXPECT_TRUE (reads (id, doc + "/sub/file"));
  EXPECT_FALSE (writes (id, doc + "/sub"));
  /* What is then as open as all around it is no exception any more */
  EXPECT_TRUE (succeeds (grant (id, doc + "/sub")));
  EXPECT_TRUE (writes (id, doc + "/sub"));
  EXPECT_TRUE (writes (id, doc));
  id = launch_detached ({ "--profile=default", "--filesystem=" + doc + ":ro", "--nofilesystem=" + doc + "/sub" },
                        { "sleep", "1000" });
  EXPECT_FALSE (reads (id, doc + "/sub/file"));
  EXPECT_TRUE (succeeds (grant (id, doc + "/sub:ro")));
  EXPECT_TRUE (reads (id, doc + "/sub/file"));
  EXPECT_TRUE (reads (id, doc + "/file"));
  EXPECT_FALSE (writes (id, doc + "/sub"));
}

TEST_F (Grant, UndoesNoRestriction)
{
  std::string doc = home () + "/doc", all = home () + "/all";
  make_file (all + "/in/file", "inner");
  make_file (all + "/in/deep/file", "deep");
  std::string id = start ({ "--filesystem=" + doc, "--filesystem=" + all + "/in" });

  EXPECT_TRUE (
      succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + doc + ":ro", "--nofilesystem=" + all + "/in" })));
  EXPECT_TRUE (is_refused (id, doc, { "taken away", "for good" }));
  EXPECT_TRUE (is_refused (id, doc + "/sub", { "taken away", "for good" }));
  EXPECT_TRUE (is_refused (id, all + "/in:ro", { "taken away", "for good" }));
  EXPECT_TRUE (is_refused (id, all + "/in/deep:ro", { "taken away", "for good" }));
  make_file (all + "/rest", "rest");
  kill_services (); /* the next one knows of it */
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--filesystem=" + all + ":ro" })));
  EXPECT_TRUE (reads (id, all + "/rest"));
  EXPECT_FALSE (reads (id, all + "/in/file"));
  EXPECT_FALSE (reads (id, all + "/in/deep/file"));
  EXPECT_FALSE (writes (id, doc));
  EXPECT_TRUE (reads (id, doc + "/file"));
  /* And what was granted can be taken away, for good */
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + all })));
  EXPECT_FALSE (reads (id, all + "/rest"));
  EXPECT_TRUE (is_refused (id, all + ":ro", { "for good" }));
}

/* A part of which something was left is gone with all of it, and does not come back as a part of something larger. */
TEST_F (Grant, UndoesNoLaterRestriction)
{
  std::string all = home () + "/all";

  make_file (all + "/in/deep/file", "deep");
  make_file (all + "/rest/file", "rest");
  std::string id = start ({ "--filesystem=" + all + "/in" });
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + all + "/in/deep:ro" })));
  EXPECT_TRUE (reads (id, all + "/in/deep/file"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + all + "/in:ro" })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + all + "/in" })));
  EXPECT_FALSE (reads (id, all + "/in/deep/file"));
  EXPECT_TRUE (succeeds (grant (id, all)));
  EXPECT_TRUE (reads (id, all + "/rest/file"));
  EXPECT_FALSE (reads (id, all + "/in/deep/file"));
  EXPECT_EQ (sandboxctl ({ "show", id }).out.find (all + "/in/deep:ro;"), std::string::npos);
}

/* The same where what it lay in was granted and taken in between. */
TEST_F (Grant, UndoesNoRestrictionOfWhatItLiesIn)
{
  std::string all = home () + "/all", deep = all + "/in/deep";

  make_file (deep + "/file", "deep");
  make_file (all + "/rest/file", "rest");
  std::string id = start ({ "--filesystem=" + deep });
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--filesystem=" + deep + ":ro" })));
  EXPECT_TRUE (succeeds (grant (id, all + "/in:ro")));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + all + "/in" })));
  EXPECT_FALSE (reads (id, deep + "/file"));
  EXPECT_TRUE (succeeds (grant (id, all)));
  EXPECT_TRUE (reads (id, all + "/rest/file"));
  EXPECT_FALSE (reads (id, deep + "/file"));
}

/* One clear error each, and nothing is changed. */
TEST_F (Grant, Refused)
{
  std::string top = home () + "/odd", id = launch_detached ({ "--profile=default" }, { "sleep", "1000" });

  make_file (top + "/target/file", "x");
  fs::create_symlink (top + "/target", top + "/link");
  fs::create_symlink ("nowhere", top + "/broken");
  ASSERT_EQ (mkfifo ((top + "/fifo").c_str (), 0600), 0);
  fs::create_directories (top + "/shut/in");
  fs::permissions (top + "/shut", fs::perms::none);
  std::string deep = top;
  for (int i = 0; i < 10000; i++)
    deep += "/d";

  EXPECT_TRUE (is_refused (id, top + "/link", { "is a link", top + "/target" }));
  EXPECT_TRUE (is_refused (id, top + "/broken", { "broken", "No such file" }));
  EXPECT_TRUE (is_refused (id, top + "/fifo", { "FIFO" }));
  EXPECT_TRUE (is_refused (id, "/dev/null", { "device" }));
  EXPECT_TRUE (is_refused (id, "/dev", { "/dev", "devices=" }));
  EXPECT_TRUE (is_refused (id, "/proc/self", { "/proc" }));
  if (geteuid () != 0) {
    EXPECT_TRUE (is_refused (id, top + "/shut/in", { "shut/in", "Permission denied" }));
  }
  EXPECT_TRUE (is_refused (id, deep, { "4095" }));
  EXPECT_TRUE (is_refused (id, top + "/missing", { "missing", "No such file" }));
  EXPECT_TRUE (is_refused (id, "/", { "/" }));
  EXPECT_TRUE (is_refused (id, "/tmp", { "/tmp", "disappear" }));
  EXPECT_TRUE (is_refused (id, home (), { home (), "disappear" }));
  EXPECT_TRUE (is_refused (id, "/usr", { "reading" }));
  for (const char *option : { "--talk-name=org.example.Talk", "--share=network", "--socket=wayland", "--device=dri" })
    EXPECT_TRUE (fails_with (sandboxctl ({ "grant", id, "--filesystem=" + top + "/target", option }), 125,
                             { "be granted", "Start it" }))
        << option;
  EXPECT_FALSE (reads (id, top + "/target/file"));
  fs::permissions (top + "/shut", fs::perms::owner_all);
  EXPECT_TRUE (succeeds (grant (id, top + "/target"))); /* the control */
  EXPECT_TRUE (reads (id, top + "/target/file"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_TRUE (fails_with (grant (id, top), 125, { "ended" }));
}

/* The application has put something of its own in the place. */
TEST_F (Grant, PlaceIsTaken)
{
  std::string doc = home () + "/doc", id = start ({});

  EXPECT_TRUE (works (id, "ln -s /tmp " + doc));
  EXPECT_TRUE (is_refused (id, doc, { doc, "link" }));
  EXPECT_TRUE (works (id, "rm " + doc + "; echo mine > " + doc));
  EXPECT_TRUE (is_refused (id, doc, { doc, "mounted" }));
  EXPECT_TRUE (works (id, "rm " + doc + "; mkdir " + doc));
  EXPECT_TRUE (succeeds (grant (id, doc)));
  EXPECT_TRUE (reads (id, doc + "/file"));
}

/* The application renames what is made of the place. A grant that fails leaves nothing of it, whatever it is called by
 * then. */
TEST_F (Grant, TurnedPlaces)
{
  std::string doc = home () + "/top/place/doc";
  int failed = 0;

  make_file (doc + "/file", "secret");
  for (int i = 0; i < 10 || (failed == 0 && i < 60); i++) {
    std::string id = start ({});

    (void) say (id, "cd; rm -rf top turned /tmp/turns"); /* what one that succeeded has left in the kept home */
    Process process (command ({ "exec", id, "--", "sh", "-c",
                                "cd; touch /tmp/turns; while :; do mv top turned; mv turned top; done 2>/dev/null" }));

    EXPECT_SOON (id, "ls /tmp/turns", "/tmp/turns\n");
    Outcome outcome = grant (id, doc);
    process.kill (SIGKILL);
    (void) process.wait ();
    if (outcome.status != 0) {
      failed++;
      EXPECT_TRUE (fails_with (outcome, 125, { "nothing was changed" }));
      EXPECT_EQ (say (id, "cd; ls -d top turned 2>/dev/null; grep -c /place/ /proc/self/mountinfo"), "0\n");
      EXPECT_EQ (sandboxctl ({ "show", id }).out.find ("filesystems=" + doc), std::string::npos);
    }
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  }
  EXPECT_GT (failed, 0);
}

/* A link that an application may have made leads nowhere. */
TEST_F (Grant, PlantedLinks)
{
  std::string doc = home () + "/doc", secret = home () + "/secret";
  std::string id = start ({ "--filesystem=" + doc });

  make_file (secret + "/in/file", "no");
  EXPECT_TRUE (works (id, "ln -s " + secret + " " + doc + "/way"));
  EXPECT_TRUE (is_refused (id, doc + "/way/in", { "link", secret + "/in" }));
  EXPECT_FALSE (reads (id, secret + "/in/file"));
  EXPECT_TRUE (succeeds (grant (id, secret + "/in"))); /* the control */
}

/* Shown at once, by who and when; the next service knows of it; it is the policy of what is started later. */
TEST_F (Grant, IsWrittenDown)
{
  std::string doc = home () + "/doc", id = start ({});

  EXPECT_EQ (sandboxctl ({ "show", id }).out.find ("Granted"), std::string::npos);
  EXPECT_TRUE (succeeds (grant (id, doc + ":ro")));
  std::string shown = sandboxctl ({ "show", id }).out;
  EXPECT_NE (shown.find ("Granted"), std::string::npos) << shown;
  EXPECT_NE (shown.find ("by process "), std::string::npos) << shown;
  EXPECT_NE (shown.find ("filesystems=" + doc + ":ro"), std::string::npos) << shown;
  kill_services ();
  EXPECT_EQ (sandboxctl ({ "show", id }).out, shown);
  EXPECT_TRUE (succeeds (grant (id, doc + ":ro"))); /* it has that already */
  EXPECT_EQ (sandboxctl ({ "show", id }).out, shown);
}

/* Namespaces that were made before are copies; those that are made later have it. */
TEST_F (Grant, Namespaces)
{
  std::string doc = home () + "/doc";
  std::string id =
      launch_detached ({ "--profile=devel" }, { "unshare", "-rm", "sh", "-c",
                                                "while :; do test -e " + doc
                                                    + "/file && touch /tmp/seen; touch /tmp/ready; sleep 0.05; done" });

  EXPECT_SOON (id, "ls /tmp/ready", "/tmp/ready\n");
  EXPECT_TRUE (succeeds (grant (id, doc)));
  EXPECT_TRUE (reads (id, doc + "/file"));
  EXPECT_TRUE (works (id, "unshare -rm cat " + doc + "/file"));
  EXPECT_FALSE (works (id, "unshare -rm sh -c 'umount -l " + doc + "/file; umount " + doc + "'"));
  EXPECT_FALSE (works (id, "sleep 0.3; test -e /tmp/seen"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + doc })));
  EXPECT_FALSE (reads (id, doc + "/file"));
}

/* None leaves a descriptor, a process or a mount behind that is not its own. */
TEST_F (Grant, LeavesNothing)
{
  const char *wanted = getenv ("SBX_TEST_LIVE");
  unsigned all = wanted ? static_cast<unsigned> (strtoul (wanted, nullptr, 10)) : 40;
  std::string many = home () + "/many";

  for (unsigned i = 0; i <= all; i++)
    make_file (many + "/" + std::to_string (i) + "/file", "there");
  std::string id = start ({});
  pid_t keeper = record (id).keeper;
  auto descriptors = [keeper] {
    auto all_of_them = fs::directory_iterator ("/proc/" + std::to_string (keeper) + "/fd");
    return std::distance (begin (all_of_them), end (all_of_them));
  };

  EXPECT_TRUE (succeeds (grant (id, many + "/0")));
  size_t mounts = std::stoul (say (id, "grep -c . /proc/self/mountinfo"));
  auto before = geteuid () == 0 ? descriptors () : 0; /* a keeper lets nobody else look into it */
  for (unsigned i = 1; i <= all && !HasFailure (); i++) {
    std::string one = many + "/" + std::to_string (i);

    EXPECT_TRUE (succeeds (grant (id, one + (i % 2 ? ":ro" : ""))));
    EXPECT_FALSE (grant (id, one + "/nothing").status == 0);
  }
  EXPECT_EQ (std::stoul (say (id, "grep -c . /proc/self/mountinfo")), mounts + all);
  EXPECT_EQ (geteuid () == 0 ? descriptors () : 0, before);
  EXPECT_TRUE (eventually ([&] { return descendants (keeper).size () <= 4; })) << describe (descendants (keeper));
  EXPECT_EQ (say (id, "cat " + many + "/*/file | wc -c"), std::to_string ((all + 1) * 5) + "\n");
}

/* Killed at any moment, keeper or service: the policy that is shown is the one before or the one after, and it is in
 * force. */
TEST_F (Grant, KilledInBetween)
{
  std::string doc = home () + "/doc";
  Dice dice;

  for (int i = 0; i < 10 && !HasFailure (); i++) {
    std::string id = start ({});
    Record r = record (id);
    bool keeper = i % 2 == 0;
    Process process (command ({ "grant", id, "--filesystem=" + doc }));
    auto is_shown = [&] { return sandboxctl ({ "show", id }).out.find ("filesystems=" + doc) != std::string::npos; };

    std::this_thread::sleep_for (std::chrono::microseconds (dice.upto (60000)));
    if (keeper)
      kill (r.keeper, SIGKILL);
    else
      kill_services ();
    (void) process.wait ();
    if (keeper) {
      EXPECT_TRUE (wait_for_state (id, "exited"));
      continue;
    }
    EXPECT_TRUE (eventually ([&] { return reads (id, doc + "/file") == is_shown (); })) << i;
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  }
}

/* The gate: extend-files, and nothing else. */
class GrantGate : public OnBus {};

TEST_F (GrantGate, AsksForFiles)
{
  std::string answer = dir () + "/answer", doc = home () + "/doc";
  auto say = [&answer] (const char *word) { std::ofstream (answer) << word; };

  make_file (doc + "/file", "secret");
  say ("launch");
  start_authority_that_says (answer);
  std::string id = launch_detached ({ "--profile=default" }, { "sleep", "1000" });
  EXPECT_TRUE (
      fails_with (sandboxctl ({ "grant", id, "--filesystem=" + doc }), 125, { "org.example.Sandbox.extend-files" }));
  EXPECT_NE (sandboxctl ({ "exec", id, "--", "cat", doc + "/file" }).status, 0);
  say ("yes");
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--filesystem=" + doc })));
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "cat", doc + "/file" }).status, 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
}

/* Over D-Bus: what and where have to agree. */
class GrantCall : public Grant {
protected:
  /* The error, or "". */
  std::string
  call (const std::string &id, int fd, const std::string &where, GVariant *access)
  {
    GError *error = nullptr;
    GUnixFDList *fds = g_unix_fd_list_new ();
    GVariantBuilder how;
    int handle = g_unix_fd_list_append (fds, fd, nullptr);
    std::string result;

    g_variant_builder_init (&how, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&how, "{sv}", "access", access);
    GVariant *reply = g_dbus_connection_call_with_unix_fd_list_sync (
        connection (), "org.example.Sandbox", ("/org/example/Sandbox/instances/" + id).c_str (),
        "org.example.Sandbox.Instance", "Grant",
        g_variant_new ("(h@aya{sv})", handle, g_variant_new_bytestring (where.c_str ()), &how), nullptr,
        G_DBUS_CALL_FLAGS_NONE, -1, fds, nullptr, nullptr, &error);
    if (reply)
      g_variant_unref (reply);
    else
      result = error->message;
    g_clear_error (&error);
    g_object_unref (fds);
    return result;
  }
};

TEST_F (GrantCall, ObjectAndPath)
{
  std::string doc = home () + "/doc", other = home () + "/other", id = start ({});
  Fd fd{ open (doc.c_str (), O_PATH | O_CLOEXEC) }, link{ -1 };

  EXPECT_NE (call (id, fd.get (), other, g_variant_new_string ("ro")).find ("is not what the descriptor is open on"),
             std::string::npos);
  EXPECT_NE (call (id, fd.get (), "relative", g_variant_new_string ("ro")).find ("not an absolute path"),
             std::string::npos);
  EXPECT_NE (call (id, fd.get (), doc + "/../doc", g_variant_new_string ("ro")).find ("not an absolute path"),
             std::string::npos);
  EXPECT_NE (call (id, fd.get (), doc, g_variant_new_string ("all")).find ("not ro, rw or create"), std::string::npos);
  EXPECT_NE (call (id, fd.get (), doc, g_variant_new_boolean (TRUE)).find ("has type"), std::string::npos);
  fs::create_symlink (doc, home () + "/sym");
  link = Fd{ open ((home () + "/sym").c_str (), O_PATH | O_NOFOLLOW | O_CLOEXEC) };
  EXPECT_NE (call (id, link.get (), "", g_variant_new_string ("ro")).find ("a link"), std::string::npos);
  EXPECT_FALSE (reads (id, doc + "/file"));
  EXPECT_FALSE (reads (id, other + "/file"));
  fs::rename (doc, home () + "/moved");
  make_file (doc + "/file", "another");
  EXPECT_NE (call (id, fd.get (), doc, g_variant_new_string ("ro")).find ("is not what the descriptor is open on"),
             std::string::npos);
  EXPECT_EQ (call (id, fd.get (), "", g_variant_new_string ("ro")), ""); /* wherever it is now */
  EXPECT_TRUE (reads (id, home () + "/moved/file"));
  EXPECT_FALSE (reads (id, doc + "/file"));
}
