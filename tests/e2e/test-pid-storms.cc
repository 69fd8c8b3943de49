/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pidns=session: applications that start, end and are killed at random, many at a time, and whoever serves them as
 * well. SBX_TEST_STORM=SECONDS goes on for so long, with a hundred at a time, instead of some rounds of eight;
 * SBX_TEST_SEED repeats one. Each test says how many there were. */
#include <chrono>
#include <cstdlib>
#include <list>
#include <map>
#include <unistd.h>

#include "dice.h"
#include "pid-stage.h"

using namespace e2e;

namespace {

/* At a time. */
unsigned
together ()
{
  return getenv ("SBX_TEST_STORM") ? 100 : 8;
}

/* A daemon, an orphan and a stopped one; what is told to end and does not takes init some seconds */
constexpr const char *leaves = "setsid sleep 1000 & (sleep 1000 &); sh -c 'kill -STOP $$' & ";
constexpr const char *stubborn = "setsid sh -c 'trap \"\" TERM; sleep 1000; sleep 1000' & ";

size_t
open_descriptors (pid_t pid)
{
  std::error_code ignored;
  size_t n = 0;

  for (std::filesystem::directory_iterator at ("/proc/" + std::to_string (pid) + "/fd", ignored), end; at != end; ++at)
    n++;
  return n;
}

}

class PidStorms : public PidStage {
protected:
  void
  SetUp () override
  {
    set_env ("SANDBOX_DUMPABLE", "1"); /* its descriptors are counted */
    PidStage::SetUp ();
  }
  /* Whether there is to be another one when @n have been started: @rounds of them, or as long as SBX_TEST_STORM says.
   */
  bool
  goes_on (unsigned n, unsigned some) const
  {
    const char *seconds = getenv ("SBX_TEST_STORM");

    if (!seconds)
      return n < static_cast<unsigned> (rounds (static_cast<int> (some)));
    return std::chrono::steady_clock::now () - begun_
           < std::chrono::seconds (atol (seconds) / 2); /* each of two tests */
  }
  /* Kills what has to do with the instance @id, or has it stopped. What its exit status is then. */
  std::set<int>
  end (const std::string &id)
  {
    Record r = record (id);

    switch (dice_.upto (5)) {
    case 0:
      ::kill (r.pid, SIGKILL);
      return { 128 + SIGKILL };
    case 1:
      ::kill (r.pid, SIGTERM);
      return { 128 + SIGTERM };
    case 2:
      ::kill (r.init, SIGKILL);
      return { 125 };
    case 3:
      ::kill (r.keeper, SIGKILL);
      return { 125 };
    case 4:
      ::kill (bwrap_of (r), SIGKILL);
      return { 125 };
    default:
      EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
      return { 128 + SIGKILL, 128 + SIGTERM };
    }
  }
  void
  expect_end (const std::string &id, const std::set<int> &right)
  {
    Outcome outcome = sandboxctl ({ "wait", id });

    right_["killed: " + std::to_string (outcome.status)]++;
    EXPECT_EQ (right.count (outcome.status), 1u) << id << ": " << outcome.status << " " << outcome.err;
    EXPECT_TRUE (wait_for_state (id, "exited")) << id;
  }
  /* One of the second test: it has ended by itself, or says what became of it. */
  void
  expect_said (const Outcome &outcome)
  {
    right_[outcome.status == 7 ? "ended by itself" : "said who was killed"]++;
    EXPECT_TRUE (outcome.status == 7 || (outcome.status == 125 && !outcome.err.empty ()))
        << outcome.status << outcome.out << outcome.err;
  }
  void
  report () const
  {
    printf (
        "%u were started, up to %zu at a time, in %lld s\n", started_, most_,
        static_cast<long long> (
            std::chrono::duration_cast<std::chrono::seconds> (std::chrono::steady_clock::now () - begun_).count ()));
    for (const auto &[what, n] : right_)
      printf ("  %s: %u\n", what.c_str (), n);
  }
  /* Neither a process, nor a mount, nor a socket, nor a sandbox-session; a record that was begun when its keeper was
   * killed goes when the service looks again. Processes that have lost their keeper come to the test, as to the host's
   * PID 1: a pid namespace ends when the last of them is reaped (pid_namespaces(7)). */
  void
  expect_silence ()
  {
    EXPECT_TRUE (eventually ([&] {
      std::vector<Record> all = (void (sandboxctl ({ "ps" })), records ());

      reap_strays ();
      return sessions ().empty ()
             && std::all_of (all.begin (), all.end (), [] (const Record &r) { return r.state == "exited"; });
    }));
    expect_nothing_left ();
    EXPECT_FALSE (std::filesystem::exists (instances () + "/session"));
    expect_records_go ();
  }
  /* Of what has ended, the last 128 are kept for five minutes, for `wait`, `why` and `ps --all`; then nothing is. */
  void
  expect_records_go ()
  {
    std::vector<Record> kept = records ();

    printf ("%zu records of what has ended are kept\n", kept.size ());
    EXPECT_LE (kept.size (), 128u);
    ASSERT_FALSE (kept.empty ());
    EXPECT_EQ (sandboxctl ({ "wait", kept.front ().id }).err.find ("there is no sandbox"), std::string::npos);
    kill_services ();
    for (const Record &r : kept)
      make_old (instances () + "/" + r.id + "/status");
    EXPECT_TRUE (eventually ([&] { return void (sandboxctl ({ "ps" })), records ().empty (); }))
        << records ().size () << " are left after their time";
    EXPECT_TRUE (fails_with (sandboxctl ({ "wait", kept.front ().id }), 125, { "there is no sandbox" }));
    for (const auto &entry : std::filesystem::directory_iterator (instances ()))
      EXPECT_FALSE (entry.is_directory ()) << entry.path ();
  }
  /* As if it had ended six minutes earlier. */
  static void
  make_old (const std::string &status)
  {
    std::string text = read_file (status), key = "\nExitTime=";
    size_t begin = text.find (key) + key.size (), end = text.find ('\n', begin);

    ASSERT_GT (begin, key.size ()) << text;
    write_file (status,
                text.replace (begin, end - begin, std::to_string (atoll (text.c_str () + begin) - 360000000LL)));
  }

  Dice dice_;
  unsigned started_ = 0;
  size_t most_ = 0;
  std::map<std::string, unsigned> right_; /* how they ended */
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now ();
};

/* Each is killed by itself, in one of six ways, or ends by itself; what it has left is gone with it, its exit status is
 * right, and the others are not disturbed. */
TEST_F (PidStorms, EachEndsAsItShould)
{
  std::string first = launch ();
  size_t alone = together_with (record (first).pid).size (), descriptors = open_descriptors (services ().at (0));
  std::list<std::string> running;

  for (unsigned n = 0; goes_on (n, 60) || !running.empty (); n++) {
    if (goes_on (n, 60) && (running.size () < together () && !dice_.one_in (3))) {
      std::string all = std::string (dice_.one_in (6) ? stubborn : "") + leaves;
      running.push_back (launch ({ "sh", "-c", all + "sleep 1000" }));
      started_++;
      most_ = std::max (most_, running.size ());
    } else if (goes_on (n, 60) && dice_.one_in (2)) {
      int status = static_cast<int> (dice_.upto (100));
      std::string last = "sleep 0." + std::to_string (dice_.upto (2)) + "; exit " + std::to_string (status);

      EXPECT_EQ (run_in (options (), { "sh", "-c", (dice_.one_in (4) ? std::string (leaves) : "") + last }).status,
                 status);
      started_++;
      right_[status == 0 ? "ended with 0" : "ended with another status"]++;
    } else if (!running.empty ()) {
      auto victim = std::next (running.begin (), dice_.upto (static_cast<unsigned> (running.size ()) - 1));
      std::set<int> right = end (*victim);

      expect_end (*victim, right);
      running.erase (victim);
    }
    for (const std::string &id : running)
      EXPECT_EQ (record (id).state, "running") << id;
  }
  report ();
  EXPECT_EQ (record (first).state, "running");
  EXPECT_TRUE (eventually ([&] { return together_with (record (first).pid).size () == alone; }));
  EXPECT_TRUE (eventually ([&] { return open_descriptors (services ().at (0)) <= descriptors + 2; }))
      << open_descriptors (services ().at (0)) << " descriptors, " << descriptors << " before";
  stop (first);
  expect_silence ();
}

/* Whoever serves them is killed at any step, also in the middle of a launch: what runs says what has become of it, and
 * nothing is left. */
TEST_F (PidStorms, WhoeverServesThemIsKilled)
{
  static const std::set<std::string> served_by = { "sandbox-keeper", "bwrap", "sandbox-init", "sandbox-session",
                                                   "sandboxd" };
  const char script[] = "setsid sleep 1000 & sleep 0.3; exit 7";
  std::list<Process> running;

  for (unsigned n = 0; goes_on (n, 30); n++) {
    running.emplace_back (command (run_words (options (), { "sh", "-c", script })));
    started_++;
    most_ = std::max (most_, running.size ());
    usleep (1000 * dice_.upto (60));
    if (dice_.one_in (2)) {
      std::vector<pid_t> there;

      for (const auto &p : descendants (getpid ()))
        if (served_by.count (p.name) > 0 && p.state != 'Z')
          there.push_back (p.pid);
      if (!there.empty ())
        ::kill (there[dice_.upto (static_cast<unsigned> (there.size ()) - 1)], SIGKILL);
    }
    while (running.size () >= together () || (!running.empty () && dice_.one_in (3))) {
      expect_said (running.front ().wait ());
      running.pop_front ();
    }
  }
  while (!running.empty ()) {
    expect_said (running.front ().wait ());
    running.pop_front ();
  }
  report ();
  EXPECT_EQ (run_in (options (), { "sh", "-c", "exit 4" }).status, 4) << "it serves on";
  expect_silence ();
}
