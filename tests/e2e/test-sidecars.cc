/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The programs that serve a sandbox from outside of it, the buses' proxy and the X server: what they are kept to, and
 * that they have nothing else. What their filters let through is in tests/unit/test-filter.c. */
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sstream>
#include <unistd.h>

#include "display.h"

using namespace e2e;

class Sidecars : public OnDisplay, public ::testing::WithParamInterface<const char *> {
protected:
  void
  SetUp () override
  {
    OnDisplay::SetUp ();
    if (HasFatalFailure ())
      return;
    add_profile ("served", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\nx11=nested\n[Session Bus Policy]\n"
                           "org.example.Allowed=talk\n[Limits]\nmemory=300M\n");
    Command words = command ({ "run", "--profile=served", "--detach", "--", "sleep", "1000" });
    if (GetParam () == std::string ("Xvfb"))
      words.env["DISPLAY"] = std::nullopt;
    id_ = run (words).out.substr (0, 16);
    for (const auto &process : descendants (record (id_).keeper))
      if (process.name == GetParam ()) {
        pid_ = process.pid;
        first_ = process.parent;
      }
    ASSERT_GT (pid_, 0) << describe (descendants (record (id_).keeper));
  }
  void
  TearDown () override
  {
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id_ })));
    OnDisplay::TearDown ();
  }
  static std::string
  proc (pid_t pid, const std::string &name)
  {
    return "/proc/" + std::to_string (pid) + "/" + name;
  }
  std::string id_;
  pid_t pid_ = -1, first_ = -1; /* PID 1 in there: bwrap */
};

INSTANTIATE_TEST_SUITE_P (, Sidecars, ::testing::Values ("xdg-dbus-proxy", "Xephyr", "Xvfb"), [] (const auto &info) {
  std::string name = info.param;
  return name == "xdg-dbus-proxy" ? "proxy" : name;
});

static std::string
field (const std::string &status, const std::string &name)
{
  size_t at = status.find ("\n" + name + ":\t");

  at += at == std::string::npos ? 0 : name.size () + 3;
  return at == std::string::npos ? "none" : status.substr (at, status.find ('\n', at) - at);
}

TEST_P (Sidecars, HasAFilterAndNoPrivileges)
{
  for (pid_t pid : { pid_, first_ }) {
    std::string status = read_file (proc (pid, "status"));

    EXPECT_EQ (field (status, "Seccomp"), "2") << status;
    EXPECT_EQ (field (status, "NoNewPrivs"), "1") << status;
    for (const char *set : { "CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd" })
      EXPECT_EQ (field (status, set), "0000000000000000") << set << "\n" << status;
  }
  /* Every thread */
  for (const auto &thread : std::filesystem::directory_iterator (proc (pid_, "task")))
    EXPECT_EQ (field (read_file (thread.path () / "status"), "Seccomp"), "2") << thread.path ();
}

/* Where there is something mounted, and how: "/usr ro". */
static std::set<std::string>
mounts (const std::string &mountinfo)
{
  std::istringstream lines (mountinfo);
  std::set<std::string> found;

  for (std::string line; std::getline (lines, line);) {
    std::istringstream words (line);
    std::string skipped, place, options;

    words >> skipped >> skipped >> skipped >> skipped >> place >> options;
    found.insert (place + " " + options.substr (0, 2));
  }
  for (const char *top : { "/bin", "/sbin", "/lib", "/lib32", "/lib64" }) /* where they are no links to /usr */
    found.erase (std::string (top) + " ro");
  return found;
}

TEST_P (Sidecars, SeesTheSystemsProgramsAndItsSockets)
{
  std::set<std::string> expected = { "/ ro", "/usr ro", "/etc/ld.so.cache ro" };
  std::string directory = instances () + "/" + id_;

  if (GetParam () == std::string ("xdg-dbus-proxy"))
    expected.insert ({ "/.flatpak-info ro", directory + "/bus rw", runtime () + "/bus ro" });
  else
    expected.insert ({ "/dev/null rw", "/dev/urandom rw", "/tmp rw", "/run/cookies ro", "/tmp/.X11-unix rw" });
  if (GetParam () == std::string ("Xephyr"))
    expected.insert ("/tmp/.X11-unix/X0 ro");
  EXPECT_EQ (mounts (read_file (proc (pid_, "mountinfo"))), expected);
  /* Its root is nobody's to write to, though it is its own */
  EXPECT_NE (::access (proc (pid_, "root/").c_str (), W_OK), 0);
  EXPECT_EQ (errno, EROFS);
}

TEST_P (Sidecars, HasNamespacesOfItsOwn)
{
  std::string network = read_file (proc (pid_, "net/dev"));
  pid_t application = record (id_).pid;

  for (const char *name : { "ns/user", "ns/pid", "ns/mnt", "ns/ipc", "ns/net", "ns/uts" }) {
    auto own = std::filesystem::read_symlink (proc (pid_, name));

    EXPECT_NE (own, std::filesystem::read_symlink (proc (getpid (), name))) << name;
    EXPECT_NE (own, std::filesystem::read_symlink (proc (application, name))) << name;
  }
  EXPECT_EQ (std::count (network.begin (), network.end (), ':'), 1) << network;
  EXPECT_NE (network.find (" lo:"), std::string::npos) << network;
}

/* Neither its cookies nor its filter, nor anything of the keeper's or the service's. */
TEST_P (Sidecars, KeepsNoDescriptorOfOthers)
{
  for (pid_t pid : { pid_, first_ })
    for (const auto &fd : std::filesystem::directory_iterator (proc (pid, "fd"))) {
      std::string what = std::filesystem::read_symlink (fd.path ());

      EXPECT_TRUE (what == "/dev/null" || what.rfind ("pipe:", 0) == 0 || what.rfind ("socket:", 0) == 0
                   || what.rfind ("anon_inode:[event", 0) == 0)
          << fd.path () << " " << what;
    }
}

TEST_P (Sidecars, HasALimit)
{
  std::string limits = read_file (proc (pid_, "limits")),
              expected = "Max data size             314572800            314572800";

  EXPECT_NE (limits.find (expected), std::string::npos) << limits;
}
