/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Wayland sockets of an instance's own, which the compositor knows as a sandbox's (security-context-v1). */
#include <csignal>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "compositor.h"
#include "facility.h"

using namespace e2e;
using Kind = Compositor::Kind;

static constexpr char ALL[] = "wl_compositor xdg_wm_base zwlr_screencopy_manager_v1 wp_security_context_manager_v1\n";
static constexpr char LESS[] = "wl_compositor xdg_wm_base\n";
static constexpr char WITH[] = "[Context]\nsockets=wayland;\n";

class Wayland : public Facility {
protected:
  explicit Wayland (Bus bus = Bus::SESSION) : Facility (bus)
  {
  }
  void
  SetUp () override
  {
    Facility::SetUp ();
    set_env ("WAYLAND_DISPLAY", "wayland-7");
    set_env ("WAYLAND_SOCKET", std::nullopt);
    define (WITH);
  }
  /* What still runs is stopped. */
  void
  TearDown () override
  {
    for (const Record &r : records ())
      if (r.state == "running") {
        EXPECT_TRUE (succeeds (sandboxctl ({ "stop", r.id })));
      }
    Facility::TearDown ();
  }
  std::string
  socket_path () const
  {
    return runtime () + "/wayland-7";
  }
  std::string
  start ()
  {
    return launch_detached ({ "--profile=tested" }, { "sleep", "1000" });
  }
  std::string
  globals_of (const std::string &id)
  {
    return sandboxctl ({ "exec", id, "--", "sh", "-c", list_globals () }).out;
  }
  static bool
  has_ended (Compositor &compositor, size_t i)
  {
    return eventually ([&] { return compositor.contexts ().size () > i && compositor.contexts ()[i].ended; });
  }
  bool
  shows (const std::string &id, const std::string &text)
  {
    return sandboxctl ({ "show", id }).out.find (text) != std::string::npos;
  }
};

/* Outside everything is there, inside what a sandbox may have; and the compositor was told whose it is. */
TEST_F (Wayland, CompositorKnowsTheSandbox)
{
  Compositor compositor (socket_path (), Kind::CONTEXTS);

  EXPECT_EQ (run (Command{ { "sh", "-c", list_globals () } }).out, ALL); /* the control */
  std::string id = start ();
  EXPECT_EQ (globals_of (id), LESS);
  auto contexts = compositor.contexts ();
  ASSERT_EQ (contexts.size (), 1u);
  EXPECT_EQ (contexts[0].engine, "org.example.Sandbox");
  EXPECT_EQ (contexts[0].app_id, "org.example.Tested");
  EXPECT_EQ (contexts[0].instance_id, id);
  EXPECT_TRUE (contexts[0].committed);
  EXPECT_FALSE (contexts[0].ended);
  EXPECT_EQ (contexts[0].clients, 1u);
  EXPECT_TRUE (json ({ "show", id, "--json" })["enforced"]["wayland-context"].boolean ());
  EXPECT_TRUE (shows (id, "wayland-context"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_TRUE (has_ended (compositor, 0));
}

/* As ever, and nobody says otherwise. */
TEST_F (Wayland, CompositorWithoutContexts)
{
  Compositor compositor (socket_path (), Kind::PLAIN);
  std::string id = start ();

  EXPECT_EQ (globals_of (id), "wl_compositor xdg_wm_base zwlr_screencopy_manager_v1\n");
  EXPECT_FALSE (json ({ "show", id, "--json" })["enforced"]["wayland-context"].boolean ());
  EXPECT_FALSE (shows (id, "wayland-context"));
  EXPECT_EQ (compositor.contexts ().size (), 0u);
}

/* Without the word there is no display, and nobody asks the compositor. */
TEST_F (Wayland, NotAskedFor)
{
  Compositor compositor (socket_path (), Kind::CONTEXTS);

  EXPECT_EQ (under ("", list_globals ()).out, "no display\n");
  EXPECT_EQ (compositor.clients (), 0u);
}

/* Each has its own, and one that ends ends no other's. */
TEST_F (Wayland, TwoInstances)
{
  Compositor compositor (socket_path (), Kind::CONTEXTS);
  std::string first = start (), second = start ();
  auto contexts = compositor.contexts ();

  ASSERT_EQ (contexts.size (), 2u);
  EXPECT_EQ (contexts[0].instance_id, first);
  EXPECT_EQ (contexts[1].instance_id, second);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", first })));
  EXPECT_TRUE (has_ended (compositor, 0));
  EXPECT_FALSE (compositor.contexts ()[1].ended);
  EXPECT_EQ (globals_of (second), LESS);
}

/* The service may go; the keeper takes the context with it, however it ends. */
TEST_F (Wayland, EndsWithTheKeeperAndNotWithTheService)
{
  Compositor compositor (socket_path (), Kind::CONTEXTS);
  std::string id = start ();

  kill_services ();
  EXPECT_EQ (globals_of (id), LESS);
  EXPECT_FALSE (compositor.contexts ()[0].ended);
  EXPECT_TRUE (json ({ "show", id, "--json" })["enforced"]["wayland-context"].boolean ());
  kill (record (id).keeper, SIGKILL);
  EXPECT_TRUE (has_ended (compositor, 0));
  EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "ps", "-q" }).out.find (id) == std::string::npos; }));
}

/* The application has no part of it: neither the pipe nor the directory of the socket. */
TEST_F (Wayland, ApplicationCannotReachItsEnds)
{
  Compositor compositor (socket_path (), Kind::CONTEXTS);
  Outcome outcome = under (WITH, "ls -l /proc/self/fd | grep -c 'pipe:\\|wayland'; ls -A $XDG_RUNTIME_DIR");

  EXPECT_EQ (outcome.out.find ("sandbox\n"), std::string::npos) << outcome.out;
  EXPECT_NE (outcome.out.find ("wayland-7\n"), std::string::npos) << outcome.out;
  EXPECT_TRUE (has_ended (compositor, 0));
}

/* A name that is a path, elsewhere. */
TEST_F (Wayland, AbsolutePath)
{
  std::string path = dir () + "/elsewhere/socket";
  Compositor compositor (path, Kind::CONTEXTS);

  set_env ("WAYLAND_DISPLAY", path);
  EXPECT_EQ (under (WITH, "echo $WAYLAND_DISPLAY; " + list_globals ()).out, path + "\n" + LESS);
  EXPECT_EQ (compositor.contexts ().size (), 1u);
}

TEST_F (Wayland, DefaultName)
{
  Compositor compositor (runtime () + "/wayland-0", Kind::CONTEXTS);

  set_env ("WAYLAND_DISPLAY", std::nullopt);
  EXPECT_EQ (under (WITH, list_globals ()).out, LESS);
}

/* A file that nobody listens at any more is what it was. */
TEST_F (Wayland, NobodyListens)
{
  listen_at (socket_path ());
  EXPECT_EQ (under (WITH, "test -S $XDG_RUNTIME_DIR/$WAYLAND_DISPLAY && echo there; " + list_globals ()).out,
             "there\nno display\n");
}

/* One who does not answer as a compositor does: the launch ends, with words, and leaves nothing. */
struct Answer {
  Kind kind;
  const char *name, *words; /* of the test; of the error */
};

class WaylandRefused : public Wayland, public ::testing::WithParamInterface<Answer> {};

TEST_P (WaylandRefused, AndNothingStarts)
{
  Compositor compositor (socket_path (), GetParam ().kind);
  Outcome outcome = run_in ({ "--profile=tested" }, { "echo", "started" });

  EXPECT_TRUE (fails_with (outcome, 125, { "Wayland compositor", socket_path (), GetParam ().words }));
  EXPECT_EQ (outcome.out, "");
  for (size_t i = 0; i < compositor.contexts ().size (); i++)
    EXPECT_TRUE (has_ended (compositor, i));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=default" }, { "true" }))); /* the others are not held up */
}

INSTANTIATE_TEST_SUITE_P (
    , WaylandRefused,
    ::testing::Values (Answer{ Kind::SILENT, "silent", "does not answer" },
                       Answer{ Kind::FULL, "full", "does not answer" }, Answer{ Kind::GARBAGE, "garbage", "EBADMSG" },
                       Answer{ Kind::ENDLESS, "endless", "EBADMSG" }, Answer{ Kind::LEAVES, "leaves", "ECONNRESET" },
                       Answer{ Kind::REFUSES, "refuses", "EPROTO" }, Answer{ Kind::VANISHES, "vanishes", "ECONNRESET" },
                       Answer{ Kind::STALLS, "stalls", "does not answer" }),
    [] (const auto &info) { return std::string (info.param.name); });

/* It goes while the instance runs: that one goes on. */
TEST_F (Wayland, CompositorEnds)
{
  auto compositor = std::make_unique<Compositor> (socket_path (), Kind::CONTEXTS);
  std::string id = start ();

  EXPECT_EQ (globals_of (id), LESS); /* the control */
  compositor.reset ();
  EXPECT_EQ (globals_of (id), "no display\n");
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "echo", "it runs" }).out, "it runs\n");
}

/* A connection that the caller was started with, which the compositor may trust more, stays with the caller. */
TEST_F (Wayland, InheritedConnectionStaysOutside)
{
  Compositor compositor (socket_path (), Kind::CONTEXTS);
  int pair[2];

  ASSERT_EQ (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
  Fd inner (pair[0]), outer (pair[1]);
  define (std::string (WITH) + "pass-environment=WAYLAND_SOCKET;WAYLAND_DEBUG;\n");
  Command words = command (run_words ({ "--profile=tested" }, { "sh", "-c",
                                                                "test -e /proc/self/fd/77 && echo passed; echo "
                                                                "${WAYLAND_SOCKET-none} ${WAYLAND_DEBUG-none}; "
                                                                    + list_globals () }));
  words.fds[77] = inner.get ();
  words.env["WAYLAND_DEBUG"] = "debug";                                     /* the control: a variable that is passed */
  EXPECT_EQ (run (words).out, std::string ("passed\nnone debug\n") + LESS); /* the same for the descriptor */
  words.env["WAYLAND_SOCKET"] = "77";
  EXPECT_EQ (run (words).out, std::string ("none debug\n") + LESS);
  words.argv.insert (words.argv.begin () + 2, "--fd=77"); /* who says so has it */
  EXPECT_EQ (run (words).out, std::string ("passed\nnone debug\n") + LESS);
}

/* What is taken away is taken away, with the connections told. */
TEST_F (Wayland, IsTakenAway)
{
  Compositor compositor (socket_path (), Kind::CONTEXTS);
  std::string id = start ();

  EXPECT_EQ (globals_of (id), LESS); /* the control */
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nosocket=wayland" })));
  EXPECT_EQ (globals_of (id), "no display\n");
}

TEST_F (Wayland, ExplainAndDoctorSay)
{
  auto explained = [this] { return sandboxctl ({ "explain", "tested" }).out; };
  auto doctor = [this] { return sandboxctl ({ "doctor" }).out; };
  auto state = [this] { return json ({ "doctor", "--json" })["wayland-context"]["state"].text (); };

  EXPECT_EQ (explained ().find ("compositor"), std::string::npos);
  EXPECT_EQ (doctor ().find ("compositor"), std::string::npos);
  {
    Compositor compositor (socket_path (), Kind::CONTEXTS);
    EXPECT_NE (explained ().find ("is known to your Wayland compositor"), std::string::npos);
    EXPECT_EQ (sandboxctl ({ "explain", "default" }).out.find ("compositor"), std::string::npos);
    EXPECT_NE (doctor ().find ("the compositor knows"), std::string::npos);
    EXPECT_EQ (state (), "works");
  }
  {
    Compositor compositor (socket_path (), Kind::PLAIN);
    EXPECT_NE (explained ().find ("a program like any other"), std::string::npos);
    EXPECT_NE (doctor ().find ("security-context-v1"), std::string::npos);
    EXPECT_EQ (state (), "limited");
  }
  Compositor compositor (socket_path (), Kind::GARBAGE);
  EXPECT_NE (explained ().find ("does not answer"), std::string::npos);
  EXPECT_EQ (state (), "missing");
}
