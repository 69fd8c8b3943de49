/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* X11: the user's display where the policy says so, by socket and cookie; and displays of a sandbox's own. */
#include <csignal>
#include <filesystem>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

static const char COOKIE[] = "00112233445566778899aabbccddeeff";

class X11 : public OnBus {
protected:
  /* A server that stands for the user's, with a cookie; the caller's DISPLAY and XAUTHORITY name it. */
  void
  SetUp () override
  {
    OnBus::SetUp ();
    for (const char *name : { "server", "client" })
      add_cookie (name, ":0", COOKIE);
    server_ = std::make_unique<Process> (
        Command ({ "Xvfb", "-displayfd", "1", "-auth", dir () + "/server", "-screen", "0", "640x480x24", "-noreset" }));
    ASSERT_TRUE (server_->expect ("\n")) << server_->err ();
    number_ = server_->out ().substr (0, server_->out ().find ('\n'));
    add_cookie ("client", ":" + number_, COOKIE);
    add_cookie ("client", ":61", "ffffffffffffffffffffffffffffffff");
    add_cookie ("wrong", ":" + number_, "ffffffffffffffffffffffffffffffff");
    set_env ("DISPLAY", ":" + number_);
    set_env ("XAUTHORITY", dir () + "/client");
    ASSERT_TRUE (succeeds (run (Command ({ "xdpyinfo" }))));
    add_profile ("shared", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\n");
    add_profile ("networked", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\nshared=network;\n");
    add_profile ("without", "[Profile]\nInherits=default\n[Context]\nshared=network;\n");
  }
  void
  TearDown () override
  {
    server_.reset ();
    OnBus::TearDown ();
  }
  void
  add_cookie (const std::string &file, const std::string &display, const std::string &cookie)
  {
    ASSERT_TRUE (succeeds (run (Command ({ "xauth", "-q", "-f", dir () + "/" + file, "add", display, ".", cookie }))));
  }
  std::string
  display () const
  {
    return ":" + number_;
  }

private:
  std::unique_ptr<Process> server_;
  std::string number_;
};

TEST_F (X11, IsSharedWhereThePolicySaysSo)
{
  for (const char *profile : { "shared", "networked" }) {
    Outcome outcome = run_in ({ "--profile=" + std::string (profile) }, { "xdpyinfo" });

    ASSERT_TRUE (succeeds (outcome)) << profile;
    EXPECT_NE (outcome.out.find ("dimensions:    640x480"), std::string::npos) << outcome.out;
  }
}

TEST_F (X11, TheOneCookieIsThere)
{
  Outcome outcome = run_in ({ "--profile=shared" }, { "sh", "-c", "xauth -n -i list; ls /tmp/.X11-unix" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find (COOKIE), std::string::npos) << outcome.out;
  EXPECT_EQ (std::count (outcome.out.begin (), outcome.out.end (), '\n'), 2) << outcome.out; /* a cookie, a socket */
  /* Nobody who asks for the plan is told */
  Outcome plan = sandboxctl ({ "explain", "--json", "shared", "--", "true" });
  ASSERT_TRUE (succeeds (plan));
  EXPECT_NE (plan.out.find ("Xauthority"), std::string::npos);
  EXPECT_EQ (plan.out.find (COOKIE), std::string::npos);
}

TEST_F (X11, TheCookieCounts)
{
  Command words = command (run_words ({ "--profile=shared" }, { "xdpyinfo" }));

  words.env["XAUTHORITY"] = dir () + "/wrong";
  Outcome outcome = run (words);
  EXPECT_NE (outcome.status, 0);
  EXPECT_NE (outcome.err.find ("unable to open display"), std::string::npos) << outcome.err;
  words.env["XAUTHORITY"] = dir () + "/nowhere";
  EXPECT_NE (run (words).status, 0);
}

/* Neither by the file nor by the abstract socket, of which there is one in the network that it shares. */
TEST_F (X11, IsNotThereOtherwise)
{
  std::string look =
      "echo ${DISPLAY-none}; ls /tmp/.X11-unix 2>/dev/null; DISPLAY=" + display () + " XAUTHORITY=/tmp/cookie xdpyinfo";
  Outcome outcome = run_in ({ "--profile=without", "--env=XAUTHORITY=/tmp/cookie" },
                            { "sh", "-c",
                              "xauth -q -f /tmp/cookie add " + display () + " . " + COOKIE
                                  + " 2>/dev/null; test -s /tmp/cookie && " + look });

  EXPECT_EQ (outcome.out, "none\n");
  EXPECT_NE (outcome.status, 0);
  EXPECT_NE (outcome.err.find ("unable to open display"), std::string::npos) << outcome.err;
}

TEST_F (X11, WithoutADisplay)
{
  Command words = command (run_words ({ "--profile=shared" }, { "sh", "-c", "echo ${DISPLAY-none}" }));

  words.env["DISPLAY"] = std::nullopt;
  EXPECT_EQ (run (words).out, "none\n");
  words.env["DISPLAY"] = ":4321";
  EXPECT_EQ (run (words).out, "none\n");
  Command detached = command ({ "run", "--profile=shared", "--detach", "--", "sleep", "1000" });
  detached.env["DISPLAY"] = ":4321";
  std::string id = run (detached).out.substr (0, 16);
  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("X display :4321 has no socket"), std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (X11, SharingItIsWarnedOf)
{
  std::string told = sandboxctl ({ "explain", "shared", "--", "true" }).out;

  EXPECT_NE (told.find ("every key and every window"), std::string::npos) << told;
  Json score = json ({ "profile", "score", "--json", "shared" });
  EXPECT_GE (score[0]["score"].number (), 4) << "of ten";
}
