/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many changes of running instances: random ones, held against a model of the policy, and a thousand that must leave
 * nothing behind. */
#include <map>
#include <sstream>
#include <sys/resource.h>

#include "dice.h"
#include "live-agents.h"

/* What there is of a few directories, for processes that fork, leave for mount namespaces of their own, execute
 * themselves and are killed, while the instance is granted and loses things and services are killed.
 *
 * The model: a policy is a function from paths to access. Every mount namespace has one: the instance's own has that of
 * the policy; another one has what the one that it was made from had at that time, and loses what the policy loses.
 * SBX_TEST_LIVE_MODEL: how many steps (2,000). */
class LiveModel : public LiveAgents {
protected:
  enum Access { NONE, RO, RW };
  using Rules = std::map<std::string, Access>; /* every path of the universe */
  struct Agent {
    bool is_there = false;
    std::string pid; /* inside; of slot 0, which stays, unknown */
    size_t space = 0;
  };
  static constexpr unsigned SLOTS = 6, STEPS = 50;

  void
  SetUp () override
  {
    LiveAgents::SetUp ();
    paths_.push_back (home () + "/t");
    for (const char *top : { "a", "b" })
      for (const char *sub : { "", "/x", "/y" })
        paths_.push_back (home () + "/t/" + top + sub);
    for (const std::string &path : paths_)
      make_file (path + "/file", "there");
  }
  static std::string
  above (const std::string &path)
  {
    return fs::path (path).parent_path ().string ();
  }
  static bool
  is_below (const std::string &path, const std::string &top)
  {
    return path == top || path.compare (0, top.size () + 1, top + "/") == 0;
  }
  static Access
  access_at (const Rules &named, std::string path)
  {
    for (; path.size () > 1; path = above (path)) {
      auto rule = named.find (path);
      if (rule != named.end ())
        return rule->second;
    }
    return NONE;
  }
  /* Which paths a policy names: those that are not as what is above them. */
  static Rules
  names_of (const Rules &rules)
  {
    Rules result;

    for (const auto &[path, access] : rules) {
      auto parent = rules.find (above (path));
      if ((parent == rules.end () ? NONE : parent->second) != access)
        result[path] = access;
    }
    return result;
  }
  Rules
  all_of (const Rules &named) const
  {
    Rules result;

    for (const std::string &path : paths_)
      result[path] = access_at (named, path);
    return result;
  }
  static Rules
  meet (const Rules &a, const Rules &b)
  {
    Rules result = a;

    for (auto &[path, access] : result)
      access = std::min (access, b.at (path));
    return result;
  }
  /* Whether something stays open in what would go. */
  bool
  stays_open (const Rules &to) const
  {
    for (const std::string &one : paths_)
      for (const std::string &in : paths_)
        if (policy_.at (one) != NONE && to.at (one) == NONE && above (in) == one && to.at (in) != NONE)
          return true;
    return false;
  }
  std::string
  text_of (const Rules &rules) const
  {
    std::string text;

    for (const std::string &path : paths_)
      text += std::to_string (static_cast<int> (rules.at (path)));
    return text;
  }
  /* What is shown of a policy, as text_of () has it. */
  std::string
  text_of_shown (const std::string &shown) const
  {
    std::istringstream items (shown);
    Rules named;

    for (std::string item; std::getline (items, item, ';');) {
      std::string end = item.size () > 3 ? item.substr (item.size () - 3) : "";
      bool none = !item.empty () && item[0] == '!', read_only = end == ":ro";

      if (read_only || end == ":rw")
        item.resize (item.size () - 3);
      named[item.substr (none)] = none ? NONE : read_only ? RO : RW;
    }
    return text_of (all_of (named));
  }
  void
  say_step (const std::string &text)
  {
    story_ += " " + text;
  }
  const std::string &
  any_path (Dice &dice) const
  {
    return paths_[dice.upto (static_cast<unsigned> (paths_.size ()) - 1)];
  }
  unsigned
  any_agent (Dice &dice) const
  {
    unsigned slot;

    do
      slot = dice.upto (SLOTS - 1);
    while (!agents_[slot].is_there);
    return slot;
  }

  void begin (Dice &dice);
  void grant (Dice &dice);
  void take_away (Dice &dice);
  void have_child (Dice &dice);
  void leave (Dice &dice);
  void execute (Dice &dice);
  void end_one (Dice &dice);
  void end_services (Dice &dice);
  void step (Dice &dice);
  void compare ();

  std::vector<std::string> paths_;
  Rules policy_;
  std::vector<std::pair<std::string, Access> > taken_; /* what Restrict has left of paths */
  std::vector<Rules> spaces_;                          /* the first one is the instance's */
  Agent agents_[SLOTS];
  std::string story_;
};

void
LiveModel::begin (Dice &dice)
{
  Argv options;
  Rules named;

  for (const std::string &path : paths_)
    if (dice.one_in (4)) {
      named[path] = dice.one_in (2) ? RO : RW;
      options.push_back ("--filesystem=" + path + (named[path] == RO ? ":ro" : ""));
    }
  policy_ = all_of (named);
  taken_.clear ();
  spaces_ = { policy_ };
  for (Agent &agent : agents_)
    agent = {};
  agents_[0].is_there = true;
  start_agents (options, SLOTS, paths_);
  story_ = "from " + text_of (policy_) + ":";
}

void
LiveModel::grant (Dice &dice)
{
  const std::string &path = any_path (dice);
  Access access = dice.one_in (2) ? RO : RW;
  bool refused = false;

  say_step ("+" + path + (access == RO ? ":ro" : ":rw"));
  std::string problem = grant_call (path, access == RW);
  if (policy_.at (path) < access) {
    Rules named = names_of (policy_);

    named[path] = access;
    Rules next = all_of (named);
    for (const auto &[taken, left] : taken_) {
      refused = refused || (is_below (path, taken) && access > left);
      for (const std::string &one : paths_) /* what was taken does not come back, and what is there does not go */
        if (is_below (one, taken))
          next[one] = std::min (next[one], std::max (left, policy_.at (one)));
    }
    if (!refused)
      spaces_[0] = policy_ = next;
  }
  EXPECT_EQ (problem.empty (), !refused) << story_ << ": " << problem;
}

void
LiveModel::take_away (Dice &dice)
{
  const std::string &path = any_path (dice);
  Access access = dice.one_in (2) ? RO : NONE;
  Rules before = names_of (policy_), asked = before;

  say_step ("-" + path + (access == RO ? ":ro" : ""));
  std::string problem = restrict_call (access == RO ? path + ":ro" : "!" + path);
  asked[path] = access;
  Rules next = meet (policy_, all_of (asked));
  bool refused = stays_open (next);
  EXPECT_EQ (problem.empty (), !refused) << story_ << ": " << problem;
  if (refused)
    return;
  asked = names_of (next);
  for (const std::string &one : paths_) {
    bool is_named = before.find (one) != before.end () || asked.find (one) != asked.end ();
    if (is_named && next.at (one) < policy_.at (one))
      taken_.emplace_back (one, next.at (one));
  }
  policy_ = next;
  for (Rules &rules : spaces_)
    rules = meet (rules, policy_);
}

void
LiveModel::have_child (Dice &dice)
{
  unsigned parent = any_agent (dice), slot = dice.upto (SLOTS - 1);
  Agent &agent = agents_[slot];

  if (agent.is_there)
    return;
  say_step ("fork " + std::to_string (parent) + ">" + std::to_string (slot));
  std::string text = "f " + std::to_string (slot);
  EXPECT_EQ (send (links_[parent].get (), text.data (), text.size (), MSG_NOSIGNAL),
             static_cast<ssize_t> (text.size ()));
  agent = { true, hear (slot), agents_[parent].space };
  EXPECT_NE (atoi (agent.pid.c_str ()), 0) << story_ << ": " << agent.pid;
}

void
LiveModel::leave (Dice &dice)
{
  unsigned slot = any_agent (dice);

  if (slot == 0) /* one is to see what is granted */
    return;
  say_step ("unshare " + std::to_string (slot));
  EXPECT_EQ (ask (slot, "u"), "OK") << story_;
  spaces_.push_back (spaces_[agents_[slot].space]);
  agents_[slot].space = spaces_.size () - 1;
}

void
LiveModel::execute (Dice &dice)
{
  unsigned slot = any_agent (dice);

  say_step ("exec " + std::to_string (slot));
  EXPECT_EQ (ask (slot, "x"), "OK") << story_;
}

void
LiveModel::end_one (Dice &dice)
{
  unsigned slot = any_agent (dice), by = any_agent (dice);

  if (slot == 0 || by == slot)
    return;
  say_step ("kill " + std::to_string (slot));
  EXPECT_EQ (ask (by, "k " + agents_[slot].pid), "OK") << story_;
  agents_[slot] = {};
}

void
LiveModel::end_services (Dice &dice)
{
  if (!dice.one_in (6))
    return;
  say_step ("service");
  kill_services ();
}

void
LiveModel::step (Dice &dice)
{
  static constexpr struct {
    unsigned weight;
    void (LiveModel::*act) (Dice &);
  } rows[] = { { 7, &LiveModel::grant },       { 7, &LiveModel::take_away }, { 4, &LiveModel::have_child },
               { 3, &LiveModel::leave },       { 2, &LiveModel::execute },   { 2, &LiveModel::end_one },
               { 1, &LiveModel::end_services } };
  unsigned all = 0;

  for (const auto &row : rows)
    all += row.weight;
  unsigned chosen = dice.upto (all - 1);
  for (const auto &row : rows) {
    if (chosen < row.weight) {
      (this->*row.act) (dice);
      return;
    }
    chosen -= row.weight;
  }
}

void
LiveModel::compare ()
{
  hear_out ();
  std::string shown = shown_files ();

  EXPECT_EQ (text_of_shown (shown), text_of (policy_)) << shown << " " << story_;
  for (unsigned i = 0; i < SLOTS; i++)
    if (agents_[i].is_there) {
      EXPECT_EQ (ask (i, "q"), text_of (spaces_[agents_[i].space])) << "agent " << i << " " << story_;
    }
}

TEST_F (LiveModel, Random)
{
  const char *wanted = getenv ("SBX_TEST_LIVE_MODEL");
  unsigned all = wanted ? static_cast<unsigned> (strtoul (wanted, nullptr, 10)) : 2000;
  Dice dice;

  for (unsigned n = 0; n < all && !HasFailure ();) {
    begin (dice);
    compare ();
    for (unsigned i = 0; i < STEPS && n < all && !HasFailure (); i++, n++) {
      step (dice);
      compare ();
    }
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id_, "--grace=0" })));
  }
}

/* A thousand changes leave neither a descriptor nor a process behind, in the keeper or the service, and inside no mount
 * but one for each. SBX_TEST_LIVE_CHANGES: how many (1,000). */
class LiveMany : public LiveAgents {
protected:
  size_t
  count_mounts ()
  {
    return std::stoul (say (id_, "grep -c . /proc/self/mountinfo"));
  }
  /* What a keeper or a service has open nobody may look at. But a descriptor gets the lowest number that is free: where
   * only those below @limit may be used, nothing works any more when many are taken. */
  static void
  limit (const std::vector<pid_t> &processes, rlim_t limit)
  {
    for (pid_t pid : processes) {
      struct rlimit both;

      ASSERT_EQ (prlimit (pid, RLIMIT_NOFILE, nullptr, &both), 0);
      both.rlim_cur = limit;
      ASSERT_EQ (prlimit (pid, RLIMIT_NOFILE, &both, nullptr), 0);
    }
  }
};

TEST_F (LiveMany, ChangesLeaveNothing)
{
  const char *wanted = getenv ("SBX_TEST_LIVE_CHANGES");
  unsigned all = (wanted ? static_cast<unsigned> (strtoul (wanted, nullptr, 10)) : 1000) / 2;
  std::string many = home () + "/many";
  auto one = [&many] (unsigned i) { return many + "/" + std::to_string (i); };

  for (unsigned i = 0; i <= all + 1; i++)
    make_file (one (i) + "/file", "there");
  start_agents ({ "--filesystem=" + one (0), "--filesystem=" + one (all + 1) }, 1, { one (0), one (1), one (all) });
  pid_t keeper = record (id_).keeper;
  EXPECT_EQ (restrict_call ("!" + one (0)), "");
  size_t mounts = count_mounts ();
  std::vector<pid_t> daemons = services ();
  ASSERT_EQ (daemons.size (), 1u);
  for (unsigned i = 1; i <= all && !HasFailure (); i++) {
    EXPECT_EQ (grant_call (one (i), i % 2), "");
    if (i == 1 || i == all) {
      EXPECT_EQ (ask (0, "q"), i == 1 ? "020" : i % 2 ? "002" : "001");
    }
    if (i % 8 == 0) { /* it was taken away for good */
      EXPECT_NE (grant_call (one (0), false), "");
    }
    EXPECT_EQ (restrict_call ("!" + one (i)), "");
    hear_out ();
  }
  EXPECT_EQ (ask (0, "q"), "000");
  EXPECT_EQ (services (), daemons);
  EXPECT_EQ (count_mounts (), mounts + 2 * all);
  /* bwrap, init, the agent */
  EXPECT_TRUE (eventually ([keeper] { return descendants (keeper).size () <= 3; })) << describe (descendants (keeper));
  limit ({ keeper, daemons[0] }, 64);
  EXPECT_EQ (restrict_call ("!" + one (all + 1)), "");
}

/* The control: of a process that keeps a hundred open it would be seen. */
TEST_F (LiveMany, DescriptorsThatStayAreSeen)
{
  std::vector<Fd> kept;

  for (int i = 0; i < 100; i++)
    kept.emplace_back (open ("/dev/null", O_RDONLY | O_CLOEXEC));
  limit ({ getpid () }, 64);
  Fd one{ open ("/dev/null", O_RDONLY | O_CLOEXEC) };
  EXPECT_EQ (one.get (), -1);
  kept.clear ();
  one.reset (open ("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_GE (one.get (), 0);
  limit ({ getpid () }, 1024);
}
