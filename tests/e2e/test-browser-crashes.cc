/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The crash handlers of Chromium and Firefox, which are theirs: each kind of process leaves a minidump inside. */
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "minidump.h"

using namespace e2e;
namespace fs = std::filesystem;

/* The number of a process inside: the second of NSpid, as the sandbox's pid namespace is below this one. */
static uint32_t
number_inside (pid_t pid)
{
  std::istringstream lines (read_file ("/proc/" + std::to_string (pid) + "/status"));

  for (std::string line; std::getline (lines, line);) {
    std::istringstream words (line);
    std::string label;
    uint32_t outside = 0, inside = 0;

    if (words >> label && label == "NSpid:" && words >> outside >> inside)
      return inside;
  }
  return 0;
}

/* Ticks of CPU time that these have used; proc(5), fields 14 and 15 of stat. */
static unsigned long
used_time (const std::vector<ProcessInfo> &processes)
{
  unsigned long sum = 0;

  for (const ProcessInfo &one : processes) {
    std::string stat = read_file ("/proc/" + std::to_string (one.pid) + "/stat");
    std::istringstream words (stat.substr (std::min (stat.size (), stat.rfind (')') + 1)));
    std::string skipped;
    unsigned long user = 0, kernel = 0;

    for (int i = 3; i < 14; i++)
      words >> skipped;
    words >> user >> kernel;
    sum += user + kernel;
  }
  return sum;
}

class BrowserCrashes : public OnBus, public ::testing::WithParamInterface<int> {
protected:
  static int
  signo ()
  {
    return GetParam ();
  }
  void
  start (const std::string &app_id, const Argv &options, const Argv &words)
  {
    Argv all = { "--profile=browser", "--app-id=" + app_id };

    inside_ = dir () + "/data/sandbox/" + app_id;
    all.insert (all.end (), options.begin (), options.end ());
    browser_ = std::make_unique<Process> (command (run_words (all, words)));
    instance_ = new_instance ();
  }
  /* Waits until the browser has come to rest: one that is hit while it starts has not set up its handlers yet. */
  void
  settle ()
  {
    EXPECT_TRUE (eventually ([this] {
      std::vector<ProcessInfo> before = descendants (instance_.keeper);
      unsigned long used = used_time (before);

      usleep (500000);
      std::vector<ProcessInfo> after = descendants (instance_.keeper);
      return after.size () == before.size () && used_time (after) - used <= 2;
    })) << describe (descendants (instance_.keeper));
  }
  /* The process whose command line has @word. Waits for it. */
  pid_t
  process (const std::string &word)
  {
    pid_t found = -1;

    EXPECT_TRUE (eventually ([&] {
      for (const ProcessInfo &one : descendants (instance_.keeper))
        if (one.state != 'Z' && one.command.find (word) != std::string::npos)
          found = one.pid;
      return found > 0 || !browser_->running ();
    }));
    EXPECT_GT (found, 0) << "no " << word << " in\n" << describe (descendants (instance_.keeper)) << browser_->err ();
    return found;
  }
  /* Its main thread gets the signal, as if it had made the mistake; the one new dump says so. */
  void
  expect_dump (pid_t victim, const std::string &directory)
  {
    std::set<std::string> known = dumps (directory);
    uint32_t number = number_inside (victim);
    std::optional<Minidump> dump;

    ASSERT_GT (victim, 0);
    ASSERT_EQ (syscall (SYS_tgkill, victim, victim, signo ()), 0) << strerror (errno);
    ASSERT_TRUE (eventually ([&] { return (dump = new_dump (directory, known)).has_value (); }));
    EXPECT_EQ (dump->signal, static_cast<uint32_t> (signo ()));
    EXPECT_EQ (dump->thread, number);
    EXPECT_GE (dump->threads.size (), 2u);
    EXPECT_GT (dump->crashed ().stack, 0u);
    EXPECT_GT (dump->crashed ().context, 0u);
  }
  std::string
  inside (const std::string &path) const
  {
    return inside_ + "/" + path;
  }
  const Record &
  instance () const
  {
    return instance_;
  }
  Process &
  browser ()
  {
    return *browser_;
  }

private:
  static std::set<std::string>
  dumps (const std::string &directory)
  {
    std::set<std::string> found;
    std::error_code none;

    for (const auto &entry : fs::directory_iterator (directory, none))
      if (entry.path ().extension () == ".dmp")
        found.insert (entry.path ());
    return found;
  }
  /* The one that is not @known, when it can be read: Firefox writes in the very place. */
  static std::optional<Minidump>
  new_dump (const std::string &directory, const std::set<std::string> &known)
  {
    std::set<std::string> now = dumps (directory);

    for (const std::string &one : known)
      now.erase (one);
    EXPECT_LE (now.size (), 1u);
    try {
      return now.empty () ? std::nullopt : std::optional (Minidump::parse (read_file (*now.begin ())));
    } catch (const std::runtime_error &) {
      return std::nullopt;
    }
  }

  std::unique_ptr<Process> browser_;
  Record instance_;
  std::string inside_;
};

INSTANTIATE_TEST_SUITE_P (, BrowserCrashes, ::testing::Values (SIGSEGV, SIGABRT),
                          [] (const auto &info) { return std::string (sigabbrev_np (info.param)); });

TEST_P (BrowserCrashes, Chromium)
{
  start ("org.chromium.Chromium", { "--env=BREAKPAD_DUMP_LOCATION=" + home () + "/dumps" },
         { "chromium", "--headless", "--enable-crash-reporter", "--remote-debugging-port=0", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
           "about:blank" });
  std::string pending = inside ("dumps/pending");
  for (const char *type : { "renderer", "gpu-process", "utility" }) {
    SCOPED_TRACE (type);
    process (std::string ("--type=") + type);
    settle ();
    expect_dump (process (std::string ("--type=") + type), pending);
    EXPECT_TRUE (browser ().running ()) << browser ().err ();
  }
  SCOPED_TRACE ("main");
  expect_dump (instance ().pid, pending);
  EXPECT_EQ (browser ().wait ().status, 128 + signo ());
}

TEST_P (BrowserCrashes, Firefox)
{
  start ("org.mozilla.firefox", { "--env=MOZ_CRASHREPORTER=1", "--env=MOZ_CRASHREPORTER_NO_REPORT=1" },
         { "sh", "-c", "mkdir -p ~/profile && exec firefox --headless --no-remote --profile ~/profile about:blank" });
  std::string minidumps = inside ("profile/minidumps");
  for (const char *type : { " tab", " utility" }) {
    SCOPED_TRACE (type);
    process (type);
    settle ();
    expect_dump (process (type), minidumps);
    EXPECT_TRUE (browser ().running ()) << browser ().err ();
  }
  SCOPED_TRACE ("main");
  expect_dump (instance ().pid, minidumps);
  /* Of SIGABRT it makes an exit status itself, outside as well */
  EXPECT_EQ (browser ().wait ().status, signo () == SIGABRT ? SIGABRT : 128 + signo ());
}
