/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tests run as an ordinary user, those with SBX_TEST_AS_ROOT excepted, in an environment that is the same
 * everywhere. */
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/close_range.h>
#include <map>
#include <pwd.h>
#include <string>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static constexpr char test_user[] = "sandbox-test"; /* made by tests/runner */

/* Executes this program again as that user: a process that has changed its ids is not dumpable, and would not be
 * allowed to look at itself. */
static int
drop_root (char **argv)
{
  struct passwd *user = getpwnam (test_user);

  if (!user) {
    fprintf (stderr, "there is no user \"%s\": start this through tests/runner\n", test_user);
    return 1;
  }
  if (setgroups (0, nullptr) < 0 || setgid (user->pw_gid) < 0 || setuid (user->pw_uid) < 0) {
    perror ("becoming an ordinary user");
    return 1;
  }
  execv ("/proc/self/exe", argv);
  fprintf (stderr, "user \"%s\" cannot execute %s: %s\n", test_user, argv[0], strerror (errno));
  return 1;
}

static void
make_environment ()
{
  static const char *const kept[] = { "SBX_TEST_BUILD",     "SBX_TEST_SOURCE",  "SBX_TEST_PREFIX",
                                      "SBX_TEST_SANITIZED", "SBX_TEST_LIVE",    "SBX_TEST_TIMEOUT_SCALE",
                                      "SBX_TEST_SEED",      "SBX_TEST_STORM",   "SBX_TEST_STAGE",
                                      "SBX_TEST_AS_ROOT",   "SBX_KERNEL_FACTS", "SBX_VISIBILITY",
                                      "ASAN_OPTIONS",       "UBSAN_OPTIONS",    "LSAN_OPTIONS",
                                      "GTEST_OUTPUT" };
  std::map<std::string, std::string> values;
  struct passwd *user = getpwuid (getuid ());

  for (const char *name : kept)
    if (const char *value = getenv (name))
      values[name] = value;
  clearenv ();
  for (const auto &[name, value] : values)
    setenv (name.c_str (), value.c_str (), 1);
  setenv ("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
  setenv ("LANG", "C.UTF-8", 1);
  setenv ("TERM", "xterm", 1);
  setenv ("SHELL", "/bin/bash", 1);
  setenv ("USER", user ? user->pw_name : "nobody", 1);
  setenv ("LOGNAME", user ? user->pw_name : "nobody", 1);
}

int
main (int argc, char **argv)
{
  if (getuid () == 0 && !getenv ("SBX_TEST_AS_ROOT"))
    return drop_root (argv);
  testing::InitGoogleTest (&argc, argv);
  close_range (3, ~0U, 0);
  umask (022);
  signal (SIGPIPE, SIG_IGN);
  /* Whatever a test leaves behind becomes a child of ours, and is found */
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  make_environment ();
  return RUN_ALL_TESTS ();
}
