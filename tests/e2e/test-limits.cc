/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of an instance as a whole: what is asked of the systemd user manager, and what happens when it does not do it.
 * The manager is a mock; what a scope with these properties does is systemd's. */
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

class Limits : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    add_profile ("limited", "[Profile]\nInherits=default\n[Limits]\nmemory=512M\npids=100\ncpu=150%\nnofile=333\n");
    add_profile ("unlimited", "[Profile]\nInherits=default\n");
    add_profile ("files", "[Profile]\nInherits=default\n[Limits]\nnofile=333\ncore=0\n");
    add_profile ("pids", "[Profile]\nInherits=default\n[Limits]\npids=7\n");
    add_profile ("cpu", "[Profile]\nInherits=default\n[Limits]\ncpu=20%\n");
  }
  void
  start_manager (const std::string &behaviour)
  {
    Command what = command ({}); /* the bus is there */

    what.argv = { "/usr/bin/python3", "-B", places ().source + "/tests/e2e/mock-systemd.py", behaviour };
    manager_ = std::make_unique<Process> (what);
    ASSERT_TRUE (manager_->expect ("ready\n")) << manager_->err ();
    manager_->forget ();
  }
  /* The next thing that it was asked for. */
  Json
  asked ()
  {
    if (!manager_->expect ("}}\n"))
      throw std::runtime_error ("the manager is not asked: " + manager_->err ());
    Json request = Json::parse (manager_->out ());
    manager_->forget ();
    return request;
  }
  bool
  is_asked ()
  {
    return manager_->running () && !manager_->out ().empty ();
  }
  std::string
  launch (const std::string &profile, const std::string &app_id = "org.example.App")
  {
    return launch_detached ({ "--profile=" + profile, "--app-id=" + app_id }, { "sleep", "1000" });
  }
  std::string
  limits_of (const std::string &id)
  {
    return json ({ "show", "--json", id })["enforced"]["limits"].text ();
  }
  bool
  warns (const std::string &id, const std::string &words)
  {
    for (const Json &warning : json ({ "show", "--json", id })["enforced"]["warnings"].items ())
      if (warning.text ().find (words) != std::string::npos)
        return true;
    return false;
  }
  static rlim_t
  rlimit_of (pid_t pid, __rlimit_resource resource)
  {
    struct rlimit limit = {};

    EXPECT_EQ (prlimit (pid, resource, nullptr, &limit), 0) << strerror (errno);
    return limit.rlim_cur;
  }
  static std::string
  data_limit ()
  {
    return run (Command ({ "sh", "-c", "ulimit -d" })).out;
  }
  /* "limited": what a scope counts for all together is not counted for each process as well. */
  static void
  expect_rlimits (pid_t pid, bool scope)
  {
    EXPECT_EQ (rlimit_of (pid, RLIMIT_DATA), scope ? rlimit_of (getpid (), RLIMIT_DATA) : 512u << 20);
    EXPECT_EQ (rlimit_of (pid, RLIMIT_NPROC), scope ? rlimit_of (getpid (), RLIMIT_NPROC) : 100);
    EXPECT_EQ (rlimit_of (pid, RLIMIT_NOFILE), 333u);
  }
  void
  stop (const std::string &id)
  {
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
    EXPECT_TRUE (wait_for_state (id, "exited"));
  }
  void
  TearDown () override
  {
    manager_.reset ();
    OnBus::TearDown ();
  }

private:
  std::unique_ptr<Process> manager_;
};

TEST_F (Limits, EveryProperty)
{
  start_manager ("done");
  std::string id = launch ("limited");
  Json request = asked (), properties = request["properties"], types = request["types"];

  EXPECT_EQ (request["name"].text (), "app-sandbox-org.example.App-" + id + ".scope");
  EXPECT_EQ (request["mode"].text (), "fail");
  EXPECT_EQ (request["aux"].number (), 0);
  EXPECT_EQ (properties.size (), 7u) << properties.dump ();
  EXPECT_NE (properties["Description"].text ().find ("org.example.App"), std::string::npos);
  EXPECT_EQ (properties["Slice"].text (), "app.slice");
  EXPECT_EQ (properties["CollectMode"].text (), "inactive-or-failed");
  ASSERT_EQ (properties["PIDFDs"].size (), 1u);
  EXPECT_EQ (properties["PIDFDs"][0].number (), record (id).init);
  EXPECT_EQ (properties["MemoryMax"].text (), "536870912");
  EXPECT_EQ (properties["TasksMax"].text (), "101"); /* and sandbox-init */
  EXPECT_EQ (properties["CPUQuotaPerSecUSec"].text (), "1500000");
  EXPECT_EQ (types["PIDFDs"].text (), "ah");
  for (const char *name : { "MemoryMax", "TasksMax", "CPUQuotaPerSecUSec" })
    EXPECT_EQ (types[name].text (), "t") << name;
  EXPECT_EQ (limits_of (id), "scope");
  EXPECT_FALSE (warns (id, "cpu="));
  expect_rlimits (record (id).pid, true);
  kill_services ();
  EXPECT_EQ (limits_of (id), "scope") << "forgotten by the next service";
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "sh", "-c", "ulimit -d; ulimit -n" }).out, data_limit () + "333\n");
  stop (id);
}

/* A manager that knows no descriptors of processes gets the number. */
TEST_F (Limits, AnOlderManager)
{
  start_manager ("old");
  std::string id = launch ("limited");
  Json request = asked (), properties = request["properties"];

  EXPECT_FALSE (properties.has ("PIDFDs"));
  ASSERT_EQ (properties["PIDs"].size (), 1u);
  EXPECT_EQ (properties["PIDs"][0].number (), record (id).init);
  EXPECT_EQ (request["types"]["PIDs"].text (), "au");
  EXPECT_EQ (properties["MemoryMax"].text (), "536870912");
  EXPECT_EQ (limits_of (id), "scope");
  stop (id);
}

TEST_F (Limits, OnlyWhatIsLimited)
{
  start_manager ("done");
  std::string id = launch ("pids");
  Json properties = asked ()["properties"];
  EXPECT_EQ (properties["TasksMax"].text (), "8");
  EXPECT_FALSE (properties.has ("MemoryMax"));
  EXPECT_FALSE (properties.has ("CPUQuotaPerSecUSec"));
  stop (id);
  id = launch ("cpu");
  EXPECT_EQ (asked ()["properties"]["CPUQuotaPerSecUSec"].text (), "200000");
  EXPECT_EQ (limits_of (id), "scope");
  stop (id);
  /* Nothing that a cgroup does better */
  id = launch ("files");
  EXPECT_EQ (limits_of (id), "rlimit");
  stop (id);
  id = launch ("unlimited");
  EXPECT_EQ (limits_of (id), "none");
  stop (id);
  EXPECT_FALSE (is_asked ());
}

/* systemd.unit(5): everything but letters, digits, ":", "_" and "." */
TEST_F (Limits, Names)
{
  static const struct {
    const char *app_id, *escaped;
  } rows[] = {
    { "org.example.A-b", "org.example.A\\x2db" },
    { "org.example._x", "org.example._x" },
    { "gimp-2.10", "gimp\\x2d2.10" },
  };

  start_manager ("done");
  for (const auto &row : rows) {
    std::string id = launch ("pids", row.app_id);
    EXPECT_EQ (asked ()["name"].text (), std::string ("app-sandbox-") + row.escaped + "-" + id + ".scope");
    stop (id);
  }
}

/* Every process is in it from its first instruction on: nothing runs before the scope is there. */
TEST_F (Limits, BeforeTheApplication)
{
  start_manager ("silent");
  Process client (command (run_words ({ "--profile=limited" }, { "echo", "it runs" })));
  Json request = asked ();
  EXPECT_EQ (client.out (), "");
  Outcome outcome = client.wait ();
  EXPECT_EQ (outcome.out, "it runs\n") << outcome.err;
  EXPECT_EQ (outcome.status, 0);
}

TEST_F (Limits, ManagerIsSilent)
{
  start_manager ("silent");
  std::string id = launch ("limited");
  EXPECT_EQ (limits_of (id), "rlimit");
  EXPECT_TRUE (warns (id, "has not answered"));
  expect_rlimits (record (id).pid, false);
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "sh", "-c", "ulimit -d; ulimit -n" }).out, "524288\n333\n");
  kill_services ();
  EXPECT_TRUE (warns (id, "has not answered"));
  stop (id);
}

TEST_F (Limits, ManagerRefuses)
{
  start_manager ("refuse");
  std::string id = launch ("limited");
  EXPECT_EQ (limits_of (id), "rlimit");
  EXPECT_TRUE (warns (id, "not here"));
  stop (id);
}

TEST_F (Limits, JobFails)
{
  start_manager ("failed");
  std::string id = launch ("limited");
  EXPECT_EQ (limits_of (id), "rlimit");
  EXPECT_TRUE (warns (id, "failed"));
  stop (id);
}

TEST_F (Limits, NoManager)
{
  std::string id = launch ("limited");
  EXPECT_EQ (limits_of (id), "rlimit");
  expect_rlimits (record (id).pid, false);
  EXPECT_TRUE (warns (id, "cpu="));
  stop (id);
  id = launch ("cpu");
  EXPECT_EQ (limits_of (id), "none");
  stop (id);
}

/* A launch that is not approved asks for nothing, and one whose caller leaves meanwhile leaves nothing. */
TEST_F (Limits, NothingForNothing)
{
  start_manager ("silent");
  EXPECT_TRUE (fails_with (run_in ({ "--profile=limited", "--share=network" }, { "true" }), 125, { "extend-network" }));
  EXPECT_FALSE (is_asked ());
  Process client (command (run_words ({ "--profile=limited" }, { "sleep", "1000" })));
  asked ();
  client.kill (SIGKILL);
  client.wait ();
  EXPECT_TRUE (eventually ([this] { return records ().empty (); }));
}
