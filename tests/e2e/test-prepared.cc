/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sandboxes that are kept ready: used for what they fit, empty until then, gone when they would not be as new, and not
 * to be told from one that was made for its launch. */
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <unistd.h>

#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

class Prepared : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    if (HasFatalFailure ())
      return;
    fs::create_directory (programs_ = dir () + "/programs");
    for (const auto &program : { places ().keeper, places ().init, places ().dump, places ().open, places ().session })
      fs::copy_file (program, programs_ + "/" + fs::path (program).filename ().string ());
    set_env ("SANDBOX_LIBEXECDIR", programs_);
    set_service_options ("--prepared=1");
    fs::create_directory (home () + "/doc");
    write_file (home () + "/doc/file", "mine");
    add_profile ("files", "[Profile]\nInherits=default\n[Context]\nfilesystems=~/doc;\npersistent=.kept;\n");
    add_profile ("online", "[Profile]\nInherits=default\n[Context]\nshared=network;\n");
  }
  Json
  about ()
  {
    return Json::parse (sandboxctl ({ "doctor", "--json" }).out)["prepared"];
  }
  bool
  waits (long long n)
  {
    return eventually ([&] { return about ()["waiting"].number () == n; });
  }
  /* The processes with that name, by their parents' names where one is wanted. */
  std::vector<pid_t>
  find (const std::string &name)
  {
    std::vector<pid_t> pids;

    for (const auto &process : descendants (getpid ()))
      if (process.name == name && process.state != 'Z')
        pids.push_back (process.pid);
    return pids;
  }
  /* The keeper of the only sandbox that waits; that of an instance which has been answered for may take a moment more.
   */
  pid_t
  waiting_keeper ()
  {
    std::vector<pid_t> keepers;

    EXPECT_TRUE (eventually ([&] { return (keepers = find ("sandbox-keeper")).size () == 1; }));
    EXPECT_EQ (keepers.size (), 1u);
    return keepers.empty () ? -1 : keepers[0];
  }
  pid_t
  waiting_init ()
  {
    for (const auto &process : descendants (waiting_keeper ()))
      if (process.name == "sandbox-init")
        return process.pid;
    return -1;
  }
  /* Starts one, so that a sandbox of its kind is kept ready; returns the keeper of that. */
  pid_t
  make_one (const Argv &options = {})
  {
    EXPECT_TRUE (succeeds (run_in (options, { "true" })));
    EXPECT_TRUE (waits (1));
    return waiting_keeper ();
  }
  /* Whether a launch with @options uses the sandbox of @keeper. */
  bool
  uses (pid_t keeper, const Argv &options = {})
  {
    std::string id = launch_detached (options, { "sleep", "1000" });
    bool same = record (id).keeper == keeper;

    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
    return same;
  }
  static std::string
  proc (pid_t pid, const std::string &name)
  {
    return "/proc/" + std::to_string (pid) + "/" + name;
  }

  std::string programs_;
};

TEST_F (Prepared, IsUsedOnceAndMadeAgain)
{
  pid_t keeper = make_one ();

  EXPECT_TRUE (uses (keeper));
  EXPECT_FALSE (uses (keeper));
  EXPECT_TRUE (waits (1));
  EXPECT_NE (waiting_keeper (), keeper);
}

/* One serves launches that differ in files, application and command; another kind of sandbox is another one. */
TEST_F (Prepared, ServesItsKind)
{
  EXPECT_TRUE (uses (make_one (), { "--profile=files", "--app-id=org.example.Other" }));
  EXPECT_TRUE (waits (1));
  EXPECT_FALSE (uses (waiting_keeper (), { "--profile=online" }));
}

/* One whose processes are among those of others, and one with a network of its own, are made for their launch: neither
 * do they take a sandbox of another kind, nor is one of theirs kept. */
TEST_F (Prepared, ServesNoneThatIsNotItsOwn)
{
  pid_t keeper = make_one ();

  add_profile ("shared", "[Profile]\nInherits=default\n[Procfs]\npidns=session\n");
  add_profile ("own", "[Profile]\nInherits=default\n[Context]\nshared=private-network;\n");
  EXPECT_FALSE (uses (keeper, { "--profile=shared" }));
  EXPECT_FALSE (uses (keeper, { "--profile=own" }));
  sleep (5); /* longer than one is waited for above */
  EXPECT_TRUE (waits (1));
  EXPECT_EQ (waiting_keeper (), keeper);
  EXPECT_TRUE (uses (keeper));
}

/* A handler looks into another sandbox, and its keeper is a child of that one's. */
TEST_F (Prepared, ServesNoHandler)
{
  start_authority (true);
  pid_t keeper = make_one ();
  std::string target = launch_detached ({}, { "sleep", "1000" });

  EXPECT_EQ (record (target).keeper, keeper);
  ASSERT_TRUE (waits (1));
  Process handler (command ({ "attach", target, "--profile=tracer", "--", "sh", "-c", "echo there; exec sleep 1000" }));
  ASSERT_TRUE (handler.expect ("there")) << handler.err ();
  std::vector<pid_t> keepers = find ("sandbox-keeper");
  EXPECT_EQ (keepers.size (), 3u);
  EXPECT_EQ (std::count_if (keepers.begin (), keepers.end (),
                            [&] (pid_t pid) { return process_info (pid)->parent == keeper; }),
             1);
  EXPECT_EQ (about ()["waiting"].number (), 1);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", target })));
}

/* Nobody is told of it but by doctor: it is no instance, and its processes are in none. */
TEST_F (Prepared, IsNoInstance)
{
  make_one ();
  for (const char *name : { "sandbox-keeper", "bwrap", "sandbox-init" }) {
    std::vector<pid_t> pids = find (name);

    EXPECT_FALSE (pids.empty ()) << name;
    for (pid_t pid : pids)
      EXPECT_EQ (sandboxctl ({ "identify", std::to_string (pid) }).out.substr (0, 1), "0") << name;
  }
  EXPECT_EQ (sandboxctl ({ "ps", "--json" }).out.find ("\"running\""), std::string::npos);
  EXPECT_EQ (sandboxctl ({ "ps", "--json" }).out.find ("\"starting\""), std::string::npos);
  for (const Record &one : records ())
    EXPECT_EQ (one.state, "exited") << one.id;
  std::string id = launch_detached ({}, { "sleep", "1000" });
  EXPECT_NE (sandboxctl ({ "ps", "--json" }).out.find ("\"running\""), std::string::npos);
  EXPECT_EQ (sandboxctl ({ "identify", std::to_string (record (id).init) }).out.substr (0, 16), id);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
}

/* What is done to a running one works as in any. */
TEST_F (Prepared, CanBeChangedAndEntered)
{
  std::string other = home () + "/other";

  fs::create_directory (other);
  write_file (other + "/file", "given");
  start_authority (true);
  pid_t keeper = make_one ();
  std::string id = launch_detached ({ "--profile=files" }, { "sleep", "1000" });
  ASSERT_EQ (record (id).keeper, keeper);
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "cat", home () + "/doc/file" }).out, "mine");
  EXPECT_NE (sandboxctl ({ "exec", id, "--", "cat", other + "/file" }).out, "given");
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--filesystem=" + other })));
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "cat", other + "/file" }).out, "given");
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + home () + "/doc" })));
  EXPECT_NE (sandboxctl ({ "exec", id, "--", "cat", home () + "/doc/file" }).out, "mine");
  EXPECT_NE (sandboxctl ({ "procfs", id, "--", "ps", "ax" }).out.find ("sleep 1000"), std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
}

/* Nothing of the user's is in it, nor a name; in what it becomes there is. */
TEST_F (Prepared, IsEmpty)
{
  make_one ({ "--profile=files" });
  std::string mounts = read_file (proc (waiting_init (), "mountinfo"));
  size_t records_before = records ().size ();

  ASSERT_NE (mounts.find (" /usr "), std::string::npos) << mounts;
  EXPECT_EQ (mounts.find ("/doc "), std::string::npos) << mounts;
  EXPECT_EQ (mounts.find (".kept"), std::string::npos) << mounts;
  EXPECT_EQ (read_file (proc (waiting_init (), "environ")), std::string ("PWD=/\0", 6)); /* bwrap's chdir */
  EXPECT_EQ (records_before, 1u);                                                        /* of what has ended */
  std::string id = launch_detached ({ "--profile=files" }, { "sleep", "1000" });
  mounts = read_file (proc (record (id).init, "mountinfo"));
  EXPECT_NE (mounts.find ("/doc "), std::string::npos) << mounts;
  EXPECT_NE (mounts.find (".kept"), std::string::npos) << mounts;
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "cat", home () + "/doc/file" }).out, "mine");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* What an application could tell it by: numbers, descriptors, the mount table, when it was started, limits. */
TEST_F (Prepared, LooksLikeANewOne)
{
  static const char probe[] =
      "ls /proc | grep '^[0-9]'; echo $$ $PPID; ls -l /proc/self/fd | sed 's/.* \\([0-9]* ->\\)/\\1/;s/[0-9]*\\]/]/';"
      "cut -d' ' -f5- /proc/self/mountinfo | sort; cat /proc/self/limits /proc/self/cgroup; umask;"
      "grep -E '^(Sig|Cap|Seccomp|NoNewPrivs|Umask|NSpid|NSsid|Uid|Gid|Groups|Cpus_allowed_list)' "
      "/proc/self/status; cut -d' ' -f4-8,18-20,41 /proc/self/stat; cat /proc/self/oom_score_adj; env | sort;"
      "hostname; ls -A / /tmp /run /dev; pwd; id";
  static const char age[] = "read up rest < /proc/uptime; set -- $(cut -d')' -f2 /proc/self/stat);"
                            "echo $(( ${up%.*} - ${20} / 100 ))";
  const Argv options = { "--profile=files" };
  Outcome fresh = run_in (options, { "sh", "-c", probe });

  ASSERT_TRUE (succeeds (fresh));
  ASSERT_TRUE (waits (1));
  pid_t keeper = waiting_keeper ();
  Outcome prepared = run_in (options, { "sh", "-c", probe });
  EXPECT_EQ (prepared.out, fresh.out);
  /* `run` has its status before the keeper has ended; one that was not used goes on waiting */
  EXPECT_TRUE (eventually ([&] { return find ("sandbox-keeper") != std::vector<pid_t>{ keeper }; }))
      << "it was not used";
  ASSERT_TRUE (waits (1));
  EXPECT_LE (std::stoi (run_in (options, { "sh", "-c", age }).out), 1); /* it has waited for longer */
}

/* What would be made otherwise now is not used: a program of ours, the policy. */
TEST_F (Prepared, IsNotUsedWhenAProgramHasChanged)
{
  pid_t keeper = make_one ();

  fs::copy_file (programs_ + "/sandbox-init", programs_ + "/new");
  fs::rename (programs_ + "/new", programs_ + "/sandbox-init");
  EXPECT_FALSE (uses (keeper));
  EXPECT_TRUE (uses (make_one ())); /* the new one's */
}

TEST_F (Prepared, IsNotUsedWhenTheProfileHasChanged)
{
  static const char profile[] = "[Profile]\nInherits=default\n";

  add_profile ("tested", profile);
  pid_t keeper = make_one ({ "--profile=tested" });
  add_profile ("tested", std::string (profile) + "[Context]\nshared=network;\n");
  EXPECT_FALSE (uses (keeper, { "--profile=tested" }));
  EXPECT_EQ (
      run_in ({ "--profile=tested" }, { "sh", "-c", "ls /sys/class/net 2>/dev/null; grep -c : /proc/net/dev" }).out,
      std::to_string (std::count_if (fs::directory_iterator ("/sys/class/net"), fs::directory_iterator (),
                                     [] (const auto &) { return true; }))
          + "\n");
}

/* Whoever of them is killed, nothing is left behind, and launches go on. */
TEST_F (Prepared, GoesWithTheService)
{
  make_one ();
  ASSERT_FALSE (find ("sandbox-init").empty ());
  kill_services ();
  expect_nothing_left ();
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
}

TEST_F (Prepared, GoesWithItsKeeper)
{
  pid_t keeper = make_one ();

  ASSERT_EQ (::kill (keeper, SIGKILL), 0);
  EXPECT_TRUE (eventually ([&] { return find ("sandbox-init").empty () && find ("bwrap").empty (); }));
  EXPECT_EQ (about ()["waiting"].number (), 0);
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
}

TEST_F (Prepared, GoesWithItsBwrap)
{
  make_one ();
  for (pid_t pid : find ("bwrap"))
    ::kill (pid, SIGKILL);
  EXPECT_TRUE (eventually ([&] { return find ("sandbox-keeper").empty (); }));
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
}

TEST_F (Prepared, IsTold)
{
  make_one ();
  EXPECT_EQ (about ()["room"].number (), 1);
  EXPECT_GT (about ()["memory"].number (), 50000);
  if (!getenv ("SBX_TEST_SANITIZED")) { /* sanitizers take twice as much for themselves */
    EXPECT_LT (about ()["memory"].number (), 3000000);
  }
  EXPECT_NE (sandboxctl ({ "doctor" }).out.find ("sandboxes kept ready"), std::string::npos);
}

TEST_F (Prepared, CanBeTurnedOff)
{
  set_service_options ("--prepared=0");
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
  EXPECT_EQ (about ()["room"].number (), 0);
  EXPECT_EQ (about ()["detail"].text (), "off");
  sleep (5); /* longer than one is waited for above */
  EXPECT_TRUE (find ("sandbox-keeper").empty ());
}
