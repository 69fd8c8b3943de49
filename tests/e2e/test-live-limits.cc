/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of a running instance that become lower: of each process by the keeper, of all together by a scope. The
 * manager of scopes is a mock. */
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "live-stage.h"

class LiveLimits : public Live {
protected:
  /* The most that any process below init has; those that end meanwhile are passed over. */
  rlim_t
  most (const std::string &id, __rlimit_resource resource)
  {
    Record r = record (id);
    rlim_t most = 0;

    for (const auto &p : descendants (r.init)) {
      struct rlimit limit = {};

      if (p.pid != r.init && prlimit (p.pid, resource, nullptr, &limit) == 0)
        most = std::max (most, limit.rlim_max);
    }
    return most;
  }
  std::string
  policy (const std::string &id)
  {
    std::string shown = sandboxctl ({ "show", id }).out;

    return shown.substr (std::min (shown.find ("\nPolicy"), shown.size ()));
  }
};

/* Whoever runs then, in whatever namespace, and whoever is started later. */
TEST_F (LiveLimits, EveryProcess)
{
  std::string id = launch_detached (
      { "--profile=devel" },
      { "sh", "-c",
        "sleep 1000 & (exec unshare -rm sh -c 'sleep 1000 & exec sleep 1000') & (exec unshare -rmpf sleep 1000) & "
        "setsid sleep 1000 & sleep 0.5; touch /tmp/ready; sleep 1000" });

  EXPECT_SOON (id, "ls /tmp/ready", "/tmp/ready\n");
  EXPECT_GT (most (id, RLIMIT_NOFILE), 100u); /* the control */
  EXPECT_TRUE (works (id, "ulimit -n 101"));
  EXPECT_TRUE (succeeds (sandboxctl (
      { "restrict", id, "--limit=nofile=100", "--limit=memory=200M", "--limit=core=0", "--limit=pids=900" })));
  EXPECT_EQ (most (id, RLIMIT_NOFILE), 100u);
  EXPECT_EQ (most (id, RLIMIT_DATA), 200u << 20);
  EXPECT_EQ (most (id, RLIMIT_CORE), 0u);
  EXPECT_EQ (most (id, RLIMIT_NPROC), 900u);
  EXPECT_EQ (say (id, "ulimit -n; ulimit -Hn"), "100\n100\n");
  EXPECT_FALSE (works (id, "ulimit -n 101 2>/dev/null"));
  EXPECT_NE (policy (id).find ("nofile=100"), std::string::npos) << policy (id);
  EXPECT_EQ (json ({ "show", "--json", id })["enforced"]["limits"].text (), "rlimit");
  kill_services ();
  EXPECT_EQ (say (id, "ulimit -n"), "100\n");
}

/* What is asked for takes away and never adds. */
TEST_F (LiveLimits, AreNeverRaised)
{
  std::string id = start ({ "--limit=nofile=90" });

  EXPECT_EQ (most (id, RLIMIT_NOFILE), 90u);
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--limit=nofile=200" })));
  EXPECT_EQ (most (id, RLIMIT_NOFILE), 90u);
  EXPECT_NE (policy (id).find ("nofile=90"), std::string::npos) << policy (id);
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--limit=nofile=80" })));
  EXPECT_EQ (most (id, RLIMIT_NOFILE), 80u);
}

/* Processes that make others all the time, and commands that are started at that moment. */
TEST_F (LiveLimits, NobodyEscapes)
{
  std::string id = launch_detached (
      { "--profile=devel" }, { "sh", "-c",
                               "for i in 1 2 3 4; do sh -c 'while :; do sh -c \"sh -c true & sleep 0.02\"; done' & "
                               "done; touch /tmp/ready; wait" });

  EXPECT_SOON (id, "ls /tmp/ready", "/tmp/ready\n");
  std::vector<std::unique_ptr<Process> > commands;
  commands.reserve (6);
  for (int i = 0; i < 6; i++)
    commands.push_back (std::make_unique<Process> (command ({ "exec", id, "--", "sleep", "1000" })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--limit=nofile=100" })));
  for (int i = 0; i < 50; i++) {
    ASSERT_LE (most (id, RLIMIT_NOFILE), 100u);
    std::this_thread::sleep_for (std::chrono::milliseconds (10));
  }
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  for (auto &process : commands)
    (void) process->wait ();
}

/* A process that is being made has the limits of its parent from the beginning, and is seen only at the end: of one
 * with many mappings that takes long. */
TEST_F (LiveLimits, SlowForks)
{
  const std::string program =
      "import ctypes, os, time\n"
      "map = ctypes.CDLL(None).mmap\n"
      "map.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]\n"
      "for i in range(40000): map(None, 4096, 1 + 2 * (i % 2), 0x22, -1, 0)\n"
      "open('/tmp/ready', 'w')\n"
      "while True:\n"
      "  if os.fork() == 0:\n"
      "    time.sleep(0.2)\n"
      "    os._exit(0)\n"
      "  while os.waitpid(-1, os.WNOHANG) != (0, 0): pass\n";
  std::string id = launch_detached ({ "--profile=devel" }, { "python3", "-c", program });

  EXPECT_SOON (id, "ls /tmp/ready", "/tmp/ready\n");
  for (rlim_t most_files = 200; most_files > 195; most_files--) {
    EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--limit=nofile=" + std::to_string (most_files) })));
    for (int i = 0; i < 20; i++) {
      ASSERT_LE (most (id, RLIMIT_NOFILE), most_files);
      std::this_thread::sleep_for (std::chrono::milliseconds (2));
    }
  }
}

/* Without a scope nothing can limit processors. */
TEST_F (LiveLimits, RefusedWithoutAScope)
{
  std::string id = start ({});

  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", id, "--limit=cpu=50%", "--limit=nofile=100" }), 125,
                           { "cpu=", "nothing was changed" }));
  EXPECT_GT (most (id, RLIMIT_NOFILE), 100u);
  EXPECT_EQ (policy (id).find ("nofile"), std::string::npos);
}

class LiveScope : public LiveLimits {
protected:
  void
  start_manager (const std::string &behaviour)
  {
    Command what = command ({});

    what.argv = { "/usr/bin/python3", "-B", places ().source + "/tests/e2e/mock-systemd.py", behaviour };
    manager_ = std::make_unique<Process> (what);
    ASSERT_TRUE (manager_->expect ("ready\n")) << manager_->err ();
    manager_->forget ();
  }
  /* The next thing that it was asked for, of which it prints a line. */
  Json
  asked ()
  {
    size_t end = 0;

    if (!eventually ([&] {
          (void) manager_->running (); /* reads what there is */
          end = manager_->out ().find ('\n', read_);
          return end != std::string::npos;
        }))
      throw std::runtime_error ("the manager is not asked: " + manager_->err ());
    std::string line = manager_->out ().substr (read_, end - read_);
    read_ = end + 1;
    return Json::parse (line);
  }
  /* Whether it has been asked for something more, up to now. */
  bool
  is_asked ()
  {
    (void) manager_->running ();
    return manager_->out ().find ('\n', read_) != std::string::npos;
  }
  void
  TearDown () override
  {
    manager_.reset ();
    LiveLimits::TearDown ();
  }

private:
  std::unique_ptr<Process> manager_;
  size_t read_ = 0; /* bytes of what it has printed */
};

/* A limit of all together is the scope's, and no process gets one of its own for it. */
TEST_F (LiveScope, IsChanged)
{
  start_manager ("done");
  std::string id = start ({ "--limit=memory=512M", "--limit=cpu=150%", "--app-id=org.example.App" });
  EXPECT_EQ (asked ()["properties"]["MemoryMax"].text (), "536870912");
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--limit=memory=256M", "--limit=cpu=50%", "--limit=pids=40" })));
  Json request = asked ();
  EXPECT_EQ (request["name"].text (), "app-sandbox-org.example.App-" + id + ".scope");
  EXPECT_TRUE (request["runtime"].boolean ());
  EXPECT_EQ (request["properties"]["MemoryMax"].text (), "268435456");
  EXPECT_EQ (request["properties"]["CPUQuotaPerSecUSec"].text (), "500000");
  EXPECT_EQ (request["properties"]["TasksMax"].text (), "41"); /* and sandbox-init */
  EXPECT_NE (most (id, RLIMIT_DATA), 256u << 20);
  EXPECT_NE (policy (id).find ("memory=268435456"), std::string::npos) << policy (id);
  EXPECT_EQ (json ({ "show", "--json", id })["enforced"]["limits"].text (), "scope");
}

/* A manager that does not do it: nothing is changed. */
TEST_F (LiveScope, Refused)
{
  start_manager ("fixed");
  std::string id = start ({ "--limit=memory=512M" });

  (void) asked ();
  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", id, "--limit=memory=256M", "--limit=nofile=100" }), 125,
                           { "systemd does not change the limits of the scope" }));
  EXPECT_GT (most (id, RLIMIT_NOFILE), 100u);
  EXPECT_NE (policy (id).find ("memory=536870912"), std::string::npos) << policy (id);
}

/* When something else of the change cannot be made, the scope gets back what it had. */
TEST_F (LiveScope, IsUndone)
{
  std::string doc = home () + "/doc";

  start_manager ("done");
  std::string id = start ({ "--limit=memory=512M", "--filesystem=" + doc });
  (void) asked ();
  fs::rename (doc, home () + "/moved");
  make_file (doc + "/file", "another one");
  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", id, "--limit=memory=256M", "--nofilesystem=" + doc }), 125,
                           { "nothing was changed" }));
  EXPECT_EQ (asked ()["properties"]["MemoryMax"].text (), "268435456");
  EXPECT_EQ (asked ()["properties"]["MemoryMax"].text (), "536870912");
  EXPECT_NE (policy (id).find ("memory=536870912"), std::string::npos) << policy (id);
}

/* The service is killed when the scope has been changed and the keeper has not been told: the next one gives it back
 * what the record says, before it answers anybody. */
TEST_F (LiveScope, KilledInBetween)
{
  start_manager ("stalls");
  std::string id = start ({ "--limit=memory=512M" });

  (void) asked ();
  Process process (command ({ "restrict", id, "--limit=memory=256M" }));
  EXPECT_EQ (asked ()["properties"]["MemoryMax"].text (), "268435456");
  kill_services ();
  EXPECT_NE (process.wait ().status, 0);
  EXPECT_NE (policy (id).find ("memory=536870912"), std::string::npos) << policy (id);
  EXPECT_TRUE (is_asked ()); /* before that was answered */
  EXPECT_EQ (asked ()["properties"]["MemoryMax"].text (), "536870912");
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--limit=memory=128M" })));
  EXPECT_EQ (asked ()["properties"]["MemoryMax"].text (), "134217728");
  kill_services ();
  EXPECT_NE (policy (id).find ("memory=134217728"), std::string::npos) << policy (id);
  EXPECT_FALSE (is_asked ()); /* the control: nothing was in between */
}
