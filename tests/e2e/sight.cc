/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sight.h"

#include <gtest/gtest.h>

namespace e2e {

static const char *const files[] = {
  "status", "stat", "cmdline", "environ", "maps", "mem", "exe", "root", "cwd", "fd"
};
static const char *const reaches[] = { "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd" };
static const char *const calls[] = { "kill",       "ptrace",      "process_vm_readv",  "process_vm_writev",
                                     "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "sched" };

void
expect_reached (const Json &sight, const std::string &who)
{
  EXPECT_TRUE (sight["listed"].boolean ()) << who;
  for (const char *file : files)
    EXPECT_EQ (sight[file].text (), "OK") << who << ": " << file;
  for (const char *call : calls)
    EXPECT_EQ (sight[call].text (), "OK") << who << ": " << call;
}

void
expect_absent (const Json &sight, const std::string &who)
{
  EXPECT_FALSE (sight["listed"].boolean ()) << who;
  for (const char *file : files)
    EXPECT_EQ (sight[file].text (), "ENOENT") << who << ": " << file;
  for (const char *call : calls)
    EXPECT_EQ (sight[call].text (), "ESRCH") << who << ": " << call;
}

void
expect_hidden (const Json &sight, const std::string &who)
{
  EXPECT_FALSE (sight["listed"].boolean ()) << who;
  for (const char *file : files)
    EXPECT_EQ (sight[file].text (), "ENOENT") << who << ": " << file;
  for (const char *call : reaches)
    EXPECT_EQ (sight[call].text (), "EPERM") << who << ": " << call;
}

}
