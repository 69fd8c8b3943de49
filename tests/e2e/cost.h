/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What something costs a process: of a processor, and of memory. */
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <unistd.h>

#include "process.h"

namespace e2e {

/* Seconds of a processor that @pid has had: utime and stime of proc_pid_stat(5). */
inline double
processor_of (pid_t pid)
{
  std::string text = read_file ("/proc/" + std::to_string (pid) + "/stat");
  const char *at = text.c_str () + text.rfind (')') + 1;

  for (int i = 0; i < 11; i++)
    at += 1 + strcspn (at + 1, " ");
  char *end = nullptr;
  double user = strtod (at, &end), system = strtod (end, nullptr);
  return (user + system) / static_cast<double> (sysconf (_SC_CLK_TCK));
}

inline long
resident_kib (pid_t pid)
{
  std::string text = read_file ("/proc/" + std::to_string (pid) + "/status");

  return strtol (text.c_str () + text.find ("VmRSS:") + 6, nullptr, 10);
}

/* From its making on: the time that passes, which is what a share of a processor is a share of, and what @pid takes of
 * one meanwhile. */
class Cost {
public:
  explicit Cost (pid_t pid) : pid_ (pid), begin_ (now ()), used_ (processor_of (pid)), memory_ (resident_kib (pid))
  {
  }
  double
  elapsed () const
  {
    return now () - begin_;
  }
  double
  used () const
  {
    return processor_of (pid_) - used_;
  }
  long
  grown_kib () const
  {
    return resident_kib (pid_) - memory_;
  }
  /* Prints it, too. */
  bool
  is_within (const char *what, double share) const
  {
    double took = used (), passed = elapsed ();

    std::printf ("%s: %.2f s of a processor in %.1f s (%.1f %%), %ld KiB more\n", what, took, passed,
                 took / passed * 100, grown_kib ());
    return took <= share * passed + 0.02; /* of which a tick of the clock either way */
  }

private:
  static double
  now ()
  {
    struct timespec time = {};

    clock_gettime (CLOCK_MONOTONIC, &time);
    return static_cast<double> (time.tv_sec) + static_cast<double> (time.tv_nsec) / 1e9;
  }
  pid_t pid_;
  double begin_, used_;
  long memory_;
};

}
