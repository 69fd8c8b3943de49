/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many changes of running instances: random ones, held against a model of the policy, and a thousand that must leave
 * nothing behind. */
#include <map>
#include <sstream>

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
    for (const auto &[taken, left] : taken_) {
      refused = refused || (is_below (path, taken) && access > left);
      if (is_below (taken, path) && access_at (named, taken) > left)
        named[taken] = left;
    }
    if (!refused)
      spaces_[0] = policy_ = all_of (named);
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
