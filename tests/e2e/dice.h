/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chance that can be repeated: the seed is printed, and can be given again with SBX_TEST_SEED. */
#pragma once

#include <cstdio>
#include <cstdlib>
#include <random>

namespace e2e {

class Dice {
public:
  Dice ()
  {
    const char *given = getenv ("SBX_TEST_SEED");
    unsigned seed = given ? static_cast<unsigned> (strtoul (given, nullptr, 10)) : std::random_device{}();

    printf ("SBX_TEST_SEED=%u\n", seed);
    engine_.seed (seed);
  }
  /* From 0 to @most. */
  unsigned
  upto (unsigned most)
  {
    return std::uniform_int_distribution<unsigned> (0, most) (engine_);
  }
  unsigned long long
  bits ()
  {
    return engine_ ();
  }
  bool
  one_in (unsigned n)
  {
    return upto (n - 1) == 0;
  }

private:
  std::mt19937_64 engine_;
};

}
