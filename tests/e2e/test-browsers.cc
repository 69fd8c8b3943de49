/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chromium and Firefox, their own sandboxes active, on a page from a local server. */
#include <csignal>
#include <exception>
#include <sstream>
#include <unistd.h>

#include "cdp.h"
#include "harness.h"

using namespace e2e;

class Browsers : public EitherBus {
protected:
  void
  SetUp () override
  {
    EitherBus::SetUp ();
    std::string site = places ().source + "/tests/e2e/site";
    Command command ({ "python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", site });
    server_ = std::make_unique<Process> (command);
    ASSERT_TRUE (server_->expect (") ...")) << server_->err ();
    std::string said = server_->out ();
    size_t at = said.find ("port ") + 5;
    url_ = "http://127.0.0.1:" + said.substr (at, said.find (' ', at) - at) + "/";
  }
  void
  TearDown () override
  {
    server_.reset ();
    EitherBus::TearDown ();
  }
  const std::string &
  url () const
  {
    return url_;
  }
  /* Both colours of the page are there, each with its share. */
  void
  expect_the_page (const std::string &png)
  {
    Command command ({ places ().source + "/tests/e2e/png-summary.py" });
    command.input = png;
    Outcome outcome = run (command);
    ASSERT_TRUE (succeeds (outcome)) << png.size () << " bytes";
    std::map<std::string, int> shares;
    std::istringstream lines (outcome.out);
    int width = 0, height = 0, share;
    std::string colour;

    lines >> width >> height;
    while (lines >> colour >> share)
      shares[colour] = share;
    EXPECT_GE (width, 400);
    EXPECT_GE (height, 300);
    EXPECT_GE (shares["#c81e5a"], 20) << outcome.out;
    EXPECT_LE (shares["#c81e5a"], 30) << outcome.out;
    EXPECT_GE (shares["#0a7832"], 50) << outcome.out;
  }

private:
  std::unique_ptr<Process> server_;
  std::string url_;
};
EITHER_BUS (Browsers);

/* A running Chromium; says what it printed when the test ends badly. */
struct Browser {
  static Command
  prepared (Command command, Cdp &cdp)
  {
    cdp.prepare (command);
    return command;
  }
  explicit Browser (const Command &command) : process (prepared (command, cdp))
  {
    cdp.started ();
  }
  ~Browser ()
  {
    if (std::uncaught_exceptions () > 0) {
      bool runs = process.running ();
      ADD_FAILURE () << (runs ? "it runs; " : "it has ended; ") << "it printed: " << process.err ();
    }
  }

  Cdp cdp;
  Process process;
};

static const Argv chromium = { "run",
                               "--profile=browser",
                               "--app-id=org.chromium.Chromium",
                               "--",
                               "chromium",
                               "--headless",
                               "--disable-gpu",
                               "--remote-debugging-pipe",
                               "--no-first-run",
                               "--disable-background-networking",
                               "--disable-component-update",
                               "--disable-sync",
                               "--disable-quic",
                               "about:blank" };

TEST_P (Browsers, Chromium)
{
  Browser browser (command (chromium));
  Cdp &cdp = browser.cdp;

  EXPECT_NE (cdp.call ("Browser.getVersion")["product"].text ().find ("Chrom"), std::string::npos);
  cdp.open (url ());
  EXPECT_EQ (cdp.evaluate ("document.getElementById('text').textContent"), "six times seven is 42");
  expect_the_page (cdp.screenshot ());

  cdp.open ("chrome://sandbox");
  ASSERT_TRUE (
      eventually ([&] { return cdp.evaluate ("document.body.innerText").find ("sandboxed") != std::string::npos; }));
  std::string status = cdp.evaluate ("document.body.innerText");
  EXPECT_NE (status.find ("You are adequately sandboxed"), std::string::npos) << status;
  for (const char *row : { "Layer 1 Sandbox\tNamespace", "PID namespaces\tYes", "Network namespaces\tYes",
                           "Seccomp-BPF sandbox\tYes", "Seccomp-BPF sandbox supports TSYNC\tYes" })
    EXPECT_NE (status.find (row), std::string::npos) << row << "\n" << status;

  /* What a peer in the same sandbox sees: the browser, and nobody who is not of it */
  Outcome listing = sandboxctl ({ "exec", new_instance ().id, "--", "ps", "-eo", "pid=,args=" });
  ASSERT_TRUE (succeeds (listing));
  std::istringstream lines (listing.out);
  int others = 0, browsers = 0;
  for (std::string line; std::getline (lines, line);)
    (line.find ("chrom") != std::string::npos ? browsers : others)++;
  EXPECT_GE (browsers, 1) << listing.out;
  EXPECT_EQ (others, 1) << "besides ps itself: " << listing.out;

  cdp.call ("Browser.close");
  EXPECT_EQ (browser.process.wait ().status, 0) << browser.process.err ();
}

TEST_P (Browsers, ChromiumEndsWithItsCaller)
{
  Browser browser (command (chromium));

  browser.cdp.open (url ());
  browser.process.kill (SIGKILL);
  browser.process.wait ();
  ASSERT_EQ (records ().size (), 1u);
  EXPECT_TRUE (wait_for_state (records ()[0].id, "exited"));
}

TEST_P (Browsers, Firefox)
{
  Outcome outcome =
      run_in ({ "--profile=browser", "--app-id=org.mozilla.firefox" },
              { "sh", "-c",
                "mkdir -p ~/profile && firefox --headless --no-remote --profile ~/profile --window-size 800,600 "
                "--screenshot ~/shot.png \"$1\" >&2 && cat ~/shot.png",
                "sh", url () });

  ASSERT_TRUE (succeeds (outcome));
  expect_the_page (outcome.out);
  /* The home is kept for the application, and is not the user's */
  outcome = run_in ({ "--profile=browser", "--app-id=org.mozilla.firefox" }, { "sh", "-c", "ls ~" });
  EXPECT_NE (outcome.out.find ("shot.png"), std::string::npos) << outcome.out;
  outcome = run_in ({ "--profile=browser", "--app-id=org.example.Other" }, { "sh", "-c", "ls ~" });
  EXPECT_EQ (outcome.out.find ("shot.png"), std::string::npos) << outcome.out;
  EXPECT_NE (access ((home () + "/shot.png").c_str (), F_OK), 0);
}
