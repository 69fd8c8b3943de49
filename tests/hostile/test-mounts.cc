/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount points: where they are made, what is removed with them, and other mounts of the same. And inputs from the field
 * in which a name led to somewhere else. */
#include <cerrno>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "trees.h"

using namespace hostile;

namespace fs = std::filesystem;

class Mounts : public Trees {
protected:
  /* The kept home of the profile "battery". */
  std::string
  kept_home () const
  {
    return home () + "/.local/share/sandbox/org.example.Battery";
  }
  /* hostile-probe with @words, of which those between "@@" are files that the caller opens with it. */
  Outcome
  open_with (const std::string &groups, const Argv &words)
  {
    return run (inside (groups, { "--file-forwarding" }, "viewer") (words));
  }
};
AS_EVERYBODY (Mounts);

static const char kept[] = "[Context]\npersistent=.;\n";

/* While bwrap puts a sandbox together, the host's root is a directory in it. A link there leads out of the tree that is
 * made. */
TEST_P (Mounts, PointsAreMadeInTheSandboxAlone)
{
  std::string up;

  for (int i = 0; i < 12; i++)
    up += "../";
  for (const std::string &root : { std::string ("/oldroot"), "/newroot/" + up + "oldroot", up + "oldroot" }) {
    std::string place = root + home () + "/elsewhere";

    attack ({ "mounts/directory-elsewhere",
              { "mkdir", "~/docs/sub" },
              kept,
              { "link", place, "~/docs" },
              "[Context]\npersistent=.;\nfilesystems=~/docs/sub:ro;\n",
              { "read", "~/docs/sub" },
              "~/elsewhere/sub",
              { "mkdir", "~/elsewhere/sub" } });
    attack ({ "mounts/file-elsewhere",
              { "mkdir", "~/docs", "write", "~/docs/new" },
              kept,
              { "link", place, "~/docs" },
              "[Context]\npersistent=.;\nfilesystems=~/docs/new:ro;\n",
              { "read", "~/docs/new" },
              "~/elsewhere/new",
              { "write", "~/elsewhere/new" } });
    attack ({ "mounts/at-a-link",
              { "mkdir", "~/docs" },
              kept,
              { "link", place + "/made", "~/docs" },
              "[Context]\npersistent=.;\nfilesystems=~/docs:ro;\n",
              { "read", "~/docs" },
              "~/elsewhere/made",
              { "mkdir", "~/elsewhere/made" } });
  }
}

/* A mount point that was made for a file is taken away afterwards; by then its name is another one's. */
TEST_P (Mounts, WhatIsCleanedUpIsOurs)
{
  const char *opens = "[Context]\npersistent=.;\nforward=rw\n";
  auto prepare = [this] {
    lay_out (false);
    act (outside (), { "mkdir", "~/docs/sub", "write", "~/docs/sub/file", "mkdir", "~/elsewhere/sub" });
    write_file (at ("~/elsewhere/sub/file"), "");
  };
  auto is_gone = [this] { return fs::exists (at ("~/elsewhere/sub/file")) ? "" : "an empty file is gone"; };

  prepare ();
  act (outside (), { "remove", "~/elsewhere/sub/file" });
  std::string control = is_gone ();
  prepare ();
  Outcome outcome = open_with (opens, { "--do", "read", "@@", at ("~/docs/sub/file"), "@@", "rename", at ("~/docs"),
                                        at ("~/d"), "link", at ("~/elsewhere"), at ("~/docs") });
  EXPECT_EQ (outcome.status, 0) << outcome.err;
  for (const Record &one : records ())
    EXPECT_TRUE (wait_for_state (one.id, "exited"));
  usleep (100000); /* whatever comes after the end */
  hold ("mounts/clean-up", is_gone (), control);
}

/* What the application has not made is not in its home afterwards. */
TEST_P (Mounts, PointsDoNotStay)
{
  const char *opens = "[Context]\npersistent=.;\nforward=rw\n";
  auto left = [this] () -> std::string {
    for (const auto &entry : fs::directory_iterator (kept_home ()))
      return entry.path ().filename ();
    return "";
  };

  lay_out (false);
  act (inside (opens), { "mkdir", "~/docs" });
  std::string control = left ();
  lay_out (false);
  act (outside (), { "mkdir", "~/docs/sub", "write", "~/docs/sub/file" });
  EXPECT_NE (open_with (opens, { "--do", "read", "@@", at ("~/docs/sub/file"), "@@" }).out.find ("READ"),
             std::string::npos);
  for (const Record &one : records ())
    EXPECT_TRUE (wait_for_state (one.id, "exited"));
  eventually ([&] { return left ().empty () || getppid () == 0; });
  hold ("mounts/left-behind", left (), control);
}

/* The user opens what an application has left: a link, which is not the file that was meant. */
TEST_P (Mounts, OpenedByTheUser)
{
  for (const auto &[name, links] :
       std::map<std::string, Argv>{ { "links/opened-file", { "link", "~/secret/id", "~/w/photo.jpg" } },
                                    { "links/opened-below", { "link", "~/secret", "~/w/album" } } }) {
    std::string photo = at (name == "links/opened-file" ? "~/w/photo.jpg" : "~/w/album/id");
    auto read = [&] (const Outcome &outcome) {
      return outcome.out.find ("READ") == std::string::npos ? "" : "the secret is read";
    };

    lay_out (false);
    act (inside ("[Context]\nfilesystems=~/w;\n"), links);
    hold (name, read (open_with ("[Context]\nforward=ro\n", { "--do", "read", "@@", photo, "@@" })),
          read (run (outside () ({ "--do", "read", photo }))));
  }
}

/* Without a bus: a service on one would be in the other mount namespace. */
class SecondMounts : public Mounts {};
AS_USER_AND_ROOT (SecondMounts);

/* The same directories at a second place. */
TEST_P (SecondMounts, OfTheSame)
{
  std::string second = dir () + "/second", run_second = dir () + "/second-run";
  auto on_machine = [&] (const Way &way) -> Way {
    return [=] (const Argv &words) {
      Command all = way (words);
      Argv argv = {
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        "mkdir -p \"$1\" \"$3\"; mount --rbind \"$0\" \"$1\" && mount --rbind \"$2\" \"$3\" && shift 3 && exec \"$@\"",
        home (),
        second,
        runtime (),
        run_second
      };

      if (GetParam () == Who::ROOT)
        argv.erase (argv.begin () + 1, argv.begin () + 3);
      argv.insert (argv.end (), all.argv.begin (), all.argv.end ());
      all.argv = argv;
      return all;
    };
  };
  auto attempt = [&] (const std::string &name, const std::string &place, const Argv &acts, const std::string &planted) {
    auto one = [&] (const Way &way) -> std::string {
      lay_out (false);
      fs::create_directories (instances ());
      write_file (instances () + "/note", "the bystander's secret");
      Outcome outcome = act (on_machine (way), acts);
      bool is_there = !planted.empty () && fs::exists (at (planted));
      return is_there || outcome.out.find ("READ") != std::string::npos ? "it is there" : "";
    };
    hold (name, one (inside ("[Context]\nfilesystems=" + place + ";\n")), one (outside ()));
  };

  attempt ("mounts/second-home", second, { "read", second + "/.local/share/sandbox/org.example.Other/secret" }, "");
  attempt ("mounts/second-home-state", second, { "read", second + "/.local/state/sandbox/crashes/report" }, "");
  attempt ("mounts/second-home-profiles", second, { "write", second + "/.config/sandbox/profiles/evil.profile" },
           "~/.config/sandbox/profiles/evil.profile");
  attempt ("mounts/second-runtime", run_second, { "read", run_second + "/sandbox/note" }, "");
}

/* /run by its other name, as of a login session: what is closed in the one is closed in the other, and `explain` says
 * so of both. */
TEST_P (SecondMounts, VarRunIsRun)
{
  const char *name = "user/sandbox-session";
  std::string said;

  ASSERT_TRUE (mkdir (instances ().c_str (), 0700) == 0 || errno == EEXIST);
  const std::string enter =
      std::string ("mount -t tmpfs tmpfs /run && mkdir -p \"/run/$1\" && mount --rbind \"$0\" \"/run/$1\" && ")
      + "export XDG_RUNTIME_DIR=\"/run/$1\" DBUS_SESSION_BUS_ADDRESS=\"unix:path=/run/$1/bus\" && shift && exec \"$@\"";
  auto on_machine = [&] (const Way &way) -> Way {
    return [=] (const Argv &words) {
      Command all = way (words);
      Argv argv = { "unshare", "--user", "--map-root-user", "--mount", "sh", "-c", enter, runtime (), name };

      if (GetParam () == Who::ROOT)
        argv.erase (argv.begin () + 1, argv.begin () + 3);
      argv.insert (argv.end (), all.argv.begin (), all.argv.end ());
      all.argv = argv;
      return all;
    };
  };

  for (const std::string top : { "/run/", "/var/run/" }) {
    std::string place = top + name, groups = "[Context]\nfilesystems=" + place + ";\n";
    auto reads = [&] (const Way &way, const std::string &file) -> std::string {
      lay_out (false);
      for (const std::string path : { "/sandbox/note", "/bus", "/plain" })
        write_file (runtime () + path, "the bystander's secret");
      Outcome outcome = act (on_machine (way), { "read", place + file });
      return outcome.out.find ("READ") != std::string::npos ? "it is read" : "";
    };

    hold (top == "/run/" ? "mounts/run" : "mounts/var-run", reads (inside (groups), "/sandbox/note"),
          reads (outside (), "/sandbox/note"));
    hold (top == "/run/" ? "mounts/run-bus" : "mounts/var-run-bus", reads (inside (groups), "/bus"),
          reads (outside (), "/bus"));
    EXPECT_EQ (reads (inside (groups), "/plain"), "it is read") << "what is not closed is there by either name";
    Outcome outcome = run (on_machine ([&] (const Argv &words) { return command (words); }) ({ "explain", "battery" }));
    for (const std::string line : { "/sandbox: closed there", "/bus: closed there", "(UNSAFE)" })
      EXPECT_NE (outcome.out.find (line), std::string::npos) << top << ": " << outcome.out << outcome.err;
    EXPECT_TRUE (said.empty () || said == outcome.out) << said << outcome.out;
    said = outcome.out;
  }
}

/* Files that are not on the file system of their directory: one mounted by itself, one on a tmpfs, one on an overlay.
 * They are saved whole or not at all, granted, and taken away, as others are. */
TEST_P (SecondMounts, FilesThatAreElsewhere)
{
  std::string place = home () + "/elsewhere", files;
  Command all = command ({ "ps" });

  lay_out (false);
  for (const char *file : { "bound", "tmp/letter", "over/letter" })
    files += place + "/" + file + ";";
  add_profile ("viewer",
               "[Profile]\nInherits=default\nAppId=org.example.Viewer\n[Context]\npersistent=.;\nforward=rw\n");
  add_profile ("open", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + files + "\n");
  Argv argv = { "unshare",   "--user", "--map-root-user",
                "--mount",   "sh",     places ().source + "/tests/hostile/files-elsewhere",
                all.argv[0], place };
  if (GetParam () == Who::ROOT)
    argv.erase (argv.begin () + 1, argv.begin () + 3);
  all.argv = argv;
  Outcome outcome = run (all);
  for (const std::string file : { "bound", "tmp/letter", "over/letter" }) {
    bool saved = outcome.out.find (file + " saved\n") != std::string::npos;
    for (const std::string &line : { "old\n" + file + " new\n", file + (saved ? " newer\n" : " new\n"),
                                     file + " written\n", file + " not changed\n", file + " read\n", file + " gone\n" })
      EXPECT_NE (outcome.out.find (line), std::string::npos) << line << "in " << outcome.out << outcome.err;
  }
  EXPECT_NE (outcome.out.find ("fresh new\n"), std::string::npos) << outcome.out << outcome.err;
  EXPECT_NE (outcome.out.find ("moved new\nnewer\nfresh\nletter\nmoved\n"), std::string::npos)
      << outcome.out << outcome.err;
}

/* A directory in which an application stands is moved out of what it was granted: ".." leads nowhere then. */
TEST_P (Mounts, WhatIsMovedAwayLeadsNowhere)
{
  auto attempt = [&] (const Way &way) -> std::string {
    lay_out (false);
    act (outside (), { "mkdir", "~/w/x/d" });
    Process one (way ({ "--do", "stand", at ("~/w/x/d"), "read", "../../secret/id" }));
    if (!one.expect ("ready"))
      return "it does not start: " + one.err ();
    act (outside (), { "rename", "~/w/x/d", "~/w/d", "touch", "~/w/d/go" });
    return one.wait ().out.find ("READ") != std::string::npos ? "the secret is read" : "";
  };

  hold ("mounts/moved-away", attempt (inside ("[Context]\nfilesystems=~/w/x;\n")), attempt (outside ()));
}

class Cases : public Mounts {};
AS_EVERYBODY (Cases);

/* The user's own links at a place where something is mounted: absolute, relative, of ours. */
TEST_P (Cases, LinksInTheHome)
{
  for (const std::string &target : { at ("~/real"), std::string ("real") }) {
    lay_out (false);
    act (outside (), { "mkdir", "~/real", "write", "~/real/d", "link", target, "~/Documents" });
    Outcome outcome = act (inside ("[Context]\nfilesystems=home:ro;~/Documents:rw;\n"),
                           { "read", "~/Documents/d", "write", "~/Documents/new" });
    EXPECT_NE (outcome.out.find ("READ"), std::string::npos) << target << outcome.err;
    EXPECT_TRUE (fs::exists (at ("~/real/new"))) << target;
  }
  for (const char *ours : { "~/.config/sandbox", "~/.local/share/sandbox", "~/.local/state/sandbox" })
    for (const char *access : { "ro", "rw" }) {
      lay_out (false);
      act (outside (), { "rename", ours, "~/real", "link", "~/real", ours });
      Outcome outcome =
          act (inside (std::string ("[Context]\nfilesystems=home:") + access + ";\n"), { "read", "~/secret/id" });
      EXPECT_TRUE (outcome.out.find ("READ") != std::string::npos
                   || (outcome.status == 125 && outcome.err.find ("bwrap: ") == std::string::npos))
          << ours << outcome.err;
    }
}

/* As gedit, sed -i and g_file_replace () save. */
TEST_P (Cases, AFileIsSavedByRename)
{
  lay_out (false);
  write_file (at ("~/note"), "old");
  Outcome outcome = open_with ("[Context]\npersistent=.;\nforward=rw\n", { "--do", "save", "@@", at ("~/note"), "@@" });
  EXPECT_EQ (read_file (at ("~/note")), "the bystander's secret") << outcome.out << outcome.err;
}

/* One that is not there yet. */
TEST_P (Cases, ANewFileIsWhereItWasNamed)
{
  lay_out (false);
  Outcome outcome = open_with ("[Context]\npersistent=.;\nforward=rw\n", { "--do", "write", "@@", "fresh.txt", "@@" });
  EXPECT_TRUE (fs::exists (at ("~/fresh.txt")) || !outcome.err.empty ()) << "lost in the application's own home";
}

/* A start that is refused leaves nothing, least of all of root's in somebody else's home. */
class RootsCases : public Mounts {};
AS_ROOT (RootsCases);

TEST_P (RootsCases, NothingInTheHomeOfAnother)
{
  std::string theirs = dir () + "/theirs", run_dir = dir () + "/their-run";
  auto made = [&] (const std::string &where, const std::string &runtime_dir) -> std::string {
    Command all = inside (kept) ({ "--list" });
    all.env = { { "HOME", where }, { "XDG_DATA_HOME", where + "/.local/share" }, { "XDG_RUNTIME_DIR", runtime_dir } };
    run (all);
    return fs::exists (where + "/.local/share/sandbox/org.example.Battery") ? "a directory of root's" : "";
  };

  for (const std::string &one : { theirs, run_dir }) {
    fs::create_directories (one);
    ASSERT_EQ (chmod (one.c_str (), 0700), 0);
    ASSERT_EQ (chown (one.c_str (), 65534, 65534), 0);
  }
  hold ("state/root-leaves-directory", made (theirs, run_dir), made (home (), runtime ()));
}
