/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of the desktop that a running instance is given. */
#include "live-stage.h"
#include "socket-stage.h"

class GrantSockets : public Live {
protected:
  Outcome
  grant (const std::string &id, const Argv &options)
  {
    Argv words = { "grant", id };

    words.insert (words.end (), options.begin (), options.end ());
    return sandboxctl (words);
  }
  bool
  connects (const std::string &id, const std::string &path)
  {
    return works (id, "python3 -c \"import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])\" " + path
                          + " 2>/dev/null");
  }
  Json
  grants (const std::string &id)
  {
    return json ({ "show", "--json", id })["grants"];
  }
};

/* --socket=WORD, and where programs look for it. */
struct PluggedRow {
  const char *word, *path;
};

class GrantSocket : public GrantSockets, public ::testing::WithParamInterface<PluggedRow> {};

TEST_P (GrantSocket, IsThereAtOnceAndGoesForGood)
{
  std::string path = runtime () + "/" + GetParam ().path, word = std::string ("socket=") + GetParam ().word;
  Server server (path, false);
  std::string id = launch_detached ({ "--profile=default" }, { "sleep", "1000" });

  EXPECT_FALSE (connects (id, path));
  EXPECT_TRUE (succeeds (grant (id, { "--" + word })));
  EXPECT_TRUE (connects (id, path));
  Json rows = grants (id);
  ASSERT_EQ (rows.size (), 1U);
  EXPECT_EQ (rows[0]["facilities"]["Context"]["sockets"].text (), std::string (GetParam ().word) + ";");
  EXPECT_GT (rows[0]["pid"].number (), 0);
  EXPECT_NE (sandboxctl ({ "show", id }).out.find (std::string ("sockets=") + GetParam ().word), std::string::npos);
  EXPECT_TRUE (succeeds (grant (id, { "--" + word }))); /* which it has */
  EXPECT_EQ (grants (id).size (), 1U);
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--no" + word })));
  EXPECT_FALSE (connects (id, path));
  EXPECT_TRUE (fails_with (grant (id, { "--" + word }), 125, { "for good" }));
  kill_services ();
  EXPECT_TRUE (fails_with (grant (id, { "--" + word }), 125, { "for good" }));
  EXPECT_FALSE (connects (id, path));
}
INSTANTIATE_TEST_SUITE_P (, GrantSocket,
                          ::testing::Values (PluggedRow{ "pulseaudio", "pulse/native" },
                                             PluggedRow{ "pipewire", "pipewire-0" },
                                             PluggedRow{ "gpg-agent", "gnupg/S.gpg-agent" }),
                          [] (const ::testing::TestParamInfo<PluggedRow> &info) {
                            std::string name = info.param.word;
                            name.erase (std::remove (name.begin (), name.end (), '-'), name.end ());
                            return name;
                          });

TEST_F (GrantSockets, EndsByItself)
{
  std::string path = runtime () + "/pipewire-0";
  Server server (path, false);
  std::string id = launch_detached ({ "--profile=default" }, { "sleep", "1000" });

  EXPECT_TRUE (succeeds (grant (id, { "--socket=pipewire", "--until=2" })));
  EXPECT_TRUE (grants (id)[0].has ("deadline"));
  EXPECT_TRUE (eventually ([&] { return grants (id)[0].has ("ended"); }));
  EXPECT_FALSE (connects (id, path));
  EXPECT_EQ (json ({ "show", "--json", id })["restrictions"].size (), 0u);
  EXPECT_TRUE (succeeds (grant (id, { "--socket=pipewire" }))); /* it was not taken away */
  EXPECT_TRUE (connects (id, path));
}

/* What lies in a place that was taken away does not come back as a socket. */
TEST_F (GrantSockets, GivesNoPlaceBack)
{
  std::string path = runtime () + "/pipewire-0";
  Server server (path, false);
  std::string id = launch_detached ({ "--profile=default", "--filesystem=" + path }, { "sleep", "1000" });

  EXPECT_TRUE (connects (id, path)); /* the control */
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--nofilesystem=" + path })));
  EXPECT_FALSE (connects (id, path));
  EXPECT_TRUE (fails_with (grant (id, { "--socket=pipewire" }), 125, { "for good" }));
  EXPECT_FALSE (connects (id, path));
}

TEST_F (GrantSockets, SaysWhatCannotBe)
{
  Server pulse (runtime () + "/pulse/native", false), wayland (runtime () + "/wayland-0", false);
  std::string id = launch_detached ({ "--profile=default" }, { "sleep", "1000" });

  for (const char *word : { "x11", "fallback-x11", "wayland", "ssh-auth", "session-bus", "system-bus" })
    EXPECT_TRUE (fails_with (grant (id, { std::string ("--socket=") + word }), 125,
                             { "told", std::string ("--socket=") + word }))
        << word;
  EXPECT_TRUE (fails_with (grant (id, { "--socket=pipewire" }), 125, { "no such socket" }));
  EXPECT_TRUE (fails_with (grant (id, { "--socket=pulseaudio", "--socket=gpg-agent" }), 125, { "one at a time" }));
  EXPECT_TRUE (fails_with (grant (id, { "--socket=pulseaudio", "--device=dri" }), 125, { "dri", "Start it" }));
  EXPECT_FALSE (connects (id, runtime () + "/pulse/native"));
  EXPECT_EQ (grants (id).size (), 0U);
}

class GrantSocketsUnapproved : public GrantSockets {
protected:
  bool
  is_approved () const override
  {
    return false;
  }
};

/* Each by the action of its class. */
TEST_F (GrantSocketsUnapproved, GivesNothing)
{
  static const struct {
    const char *word, *path, *action;
  } rows[] = { { "pulseaudio", "pulse/native", "extend-display" },
               { "gpg-agent", "gnupg/S.gpg-agent", "extend-files" },
               { "cups", "printer", "extend-devices" } };

  set_env ("CUPS_SERVER", runtime () + "/printer");
  std::string id = launch_detached ({ "--profile=default" }, { "sleep", "1000" });
  for (const auto &row : rows) {
    Server server (runtime () + "/" + row.path, false);

    EXPECT_TRUE (fails_with (grant (id, { std::string ("--socket=") + row.word }), 125,
                             { std::string ("org.example.Sandbox.") + row.action }));
  }
  EXPECT_FALSE (works (id, "test -e /run/cups/cups.sock || test -e \"$XDG_RUNTIME_DIR/pulse\""));
  EXPECT_EQ (grants (id).size (), 0U);
}

class GrantLent : public GrantSocketsUnapproved {
protected:
  void
  SetUp () override
  {
    GrantSocketsUnapproved::SetUp ();
    if (!HasFatalFailure ())
      start_authority_that_says (approved ());
  }
  std::string
  approved () const
  {
    return dir () + "/approved";
  }
};

/* What is there for a time only is asked for once more when it is to stay, whatever new thing comes with it. */
TEST_F (GrantLent, BecomesPermanentByItsOwnGateOnly)
{
  const std::string second = "--talk-name=org.example.Second", printer = "--socket=cups";
  Server server (runtime () + "/printer", false);

  set_env ("CUPS_SERVER", runtime () + "/printer");
  write_file (approved (), "launch control observe extend-bus");
  std::string id = launch_detached ({ "--profile=default", "--talk-name=org.example.First" }, { "sleep", "1000" });
  EXPECT_TRUE (succeeds (grant (id, { second, "--until=1h" })));
  write_file (approved (), "launch control observe extend-devices");
  EXPECT_TRUE (fails_with (grant (id, { second, printer }), 125, { "org.example.Sandbox.extend-bus" }));
  EXPECT_EQ (grants (id).size (), 1U);
  /* The new thing alone needs no more than it is */
  EXPECT_TRUE (succeeds (grant (id, { printer })));
  write_file (approved (), "launch control observe extend-bus");
  EXPECT_TRUE (succeeds (grant (id, { second })));
}
