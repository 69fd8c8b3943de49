/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attacks on what names mean: an application changes a tree that it may write, and somebody's next start goes by the
 * names in it. Each is a row: what the application may, what it does, who comes then, and what must not have come of
 * it. */
#pragma once

#include "battery.h"

namespace hostile {

/* "~/" at the beginning of a word is the home. Groups are those of a profile, "" for none at all. */
struct Attack {
  const char *name;
  Argv before = {};         /* what the user has done, outside: acts of hostile-probe */
  std::string first = {};   /* the first start's policy … */
  Argv acts = {};           /* … and what the application does there */
  std::string second = {};  /* the second start's … */
  Argv again = {};          /* … nothing: there is no second one */
  std::string planted = {}; /* what is not there afterwards; "": no act has read the secret */
  Argv control = {};        /* what does it without a sandbox; empty: the same acts, all of them */
  bool bare = false;        /* nothing of ours is in the home yet */
};

class Trees : public Battery {
protected:
  Trees () = default;
  explicit Trees (Bus bus) : Battery (bus)
  {
  }
  /* @path with the home in the place of its "~". */
  std::string at (const std::string &path) const;
  /* Everything in the home that an attack could want, as it is at first. */
  void lay_out (bool bare);
  /* The acts, in one way: the output, and what the command said where it did not start. */
  Outcome act (const Way &way, const Argv &acts);
  /* The first start is one that people need, and is not refused; or it @may_be. The second may be. */
  void attack (const Attack &attack, bool may_be_refused = false);

private:
  std::string came_of_it (const Attack &attack, const std::string &said) const;
};

}
