/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is started in an instance later finds there what the instance has, whatever is around the one who starts it, and
 * whichever service does it. */
#include "compositor.h"
#include "display.h"
#include "facility.h"

using namespace e2e;

/* The same script in the instance @id, for a caller and with a service that have @surroundings around them. */
static Outcome
exec_with (Command command, const Environment &surroundings)
{
  for (const auto &[name, value] : surroundings)
    command.env[name] = value;
  return run (command);
}

/* What still runs at the end of a test is stopped. */
template <typename Base> class Stopping : public Base {
protected:
  void
  TearDown () override
  {
    for (const Record &r : this->records ())
      if (r.state == "running") {
        EXPECT_TRUE (succeeds (this->sandboxctl ({ "stop", r.id })));
      }
    Base::TearDown ();
  }
};

class Exec : public Stopping<EitherBus> {
protected:
  /* Puts `default` and @groups into a profile, and starts one with that. */
  std::string
  launch_with (const std::string &groups)
  {
    add_profile ("tested", "[Profile]\nName=tested\nInherits=default\nAppId=org.example.Tested\n" + groups);
    return launch_detached ({ "--profile=tested" }, { "sleep", "1000" });
  }
  Command
  say (const std::string &id, const std::string &script)
  {
    return command ({ "exec", id, "--", "sh", "-c", script });
  }
  /* That @script says @expected in the instance, for each of @callers, with the service that has launched it, one of
   * the caller's own, and the one that comes after both. */
  void
  expect (const std::string &id, const std::string &script, const std::string &expected,
          const std::vector<Environment> &callers)
  {
    for (bool replaced : { false, true }) {
      if (replaced)
        kill_services ();
      for (Environment caller : callers)
        for (const auto &bus : { std::optional<std::string> ("none"), std::optional<std::string> () }) {
          if (bus)
            caller["SANDBOX_BUS"] = bus;
          else
            caller.erase ("SANDBOX_BUS");
          if (!bus && caller.count ("DBUS_SESSION_BUS_ADDRESS"))
            continue; /* which is where the service is */
          Outcome outcome = exec_with (say (id, script), caller);
          EXPECT_EQ (outcome.out, expected) << outcome.err;
        }
    }
  }
};
EITHER_BUS (Exec);

/* Without a bus each command has a service of its own, which stays for a moment. */
TEST_P (Exec, ManyInARow)
{
  std::string id = launch_with (""), all;
  Command command (
      { "sh", "-c", "for i in $(seq 80); do \"$0\" exec \"$1\" -- echo $i || exit 1; done", places ().sandboxctl, id });

  for (const auto &[name, value] : this->command ({}).env)
    command.env[name] = value;
  Outcome outcome = run (command);
  EXPECT_TRUE (succeeds (outcome));
  for (int i = 1; i <= 80; i++)
    all += std::to_string (i) + "\n";
  EXPECT_EQ (outcome.out, all);
}

TEST_P (Exec, NeedsNoBwrap)
{
  std::string id = launch_with ("");

  expect (id, "echo inside", "inside\n", { {}, { { "SANDBOX_BWRAP", "/nope" } } });
  EXPECT_NE (
      exec_with (command ({ "run", "--", "true" }), { { "SANDBOX_BWRAP", "/nope" }, { "SANDBOX_BUS", "none" } }).status,
      0);
}

/* The Wayland display and the socket of the sound of the instance, with and without. */
TEST_P (Exec, HasTheSocketsOfTheInstance)
{
  const std::string script = "echo ${WAYLAND_DISPLAY-none} ${PULSE_SERVER-none} ${SSH_AUTH_SOCK-none} $HOME "
                             "$XDG_RUNTIME_DIR",
                    places = " " + home () + " " + runtime () + "\n";
  const std::vector<Environment> callers = {
    {},
    { { "WAYLAND_DISPLAY", std::nullopt }, { "SSH_AUTH_SOCK", std::nullopt } },
    { { "WAYLAND_DISPLAY", "wayland-8" }, { "SSH_AUTH_SOCK", runtime () + "/agent-8" }, { "HOME", dir () + "/tmp" } }
  };
  Compositor without_wayland (runtime () + "/wayland-8", Compositor::Kind::PLAIN);
  Fd other_agent = listen_at (runtime () + "/agent-8");

  set_env ("WAYLAND_DISPLAY", "wayland-7"); /* which is not there */
  set_env ("SSH_AUTH_SOCK", std::nullopt);
  std::string without = launch_with ("[Context]\nsockets=wayland;pulseaudio;ssh-auth;\n");
  Compositor wayland (runtime () + "/wayland-7", Compositor::Kind::PLAIN);
  Fd sound = listen_at (runtime () + "/pulse/native"), agent = listen_at (runtime () + "/agent-7");
  set_env ("SSH_AUTH_SOCK", runtime () + "/agent-7");
  kill_services ();
  std::string with = launch_with ("[Context]\nsockets=wayland;pulseaudio;ssh-auth;\n");

  expect (with, script, "wayland-7 unix:" + runtime () + "/pulse/native " + runtime () + "/ssh-auth" + places, callers);
  expect (without, script, "none none none" + places, callers);
}

/* The instance's X display, whichever the caller has, and none where it has none. */
class ExecOnDisplay : public Stopping<OnDisplay> {
protected:
  Outcome
  exec (const std::string &id, const Environment &surroundings)
  {
    return exec_with (command ({ "exec", id, "--", "sh", "-c", "echo ${DISPLAY-none}; xdpyinfo >/dev/null 2>&1" }),
                      surroundings);
  }
};

TEST_F (ExecOnDisplay, HasTheDisplayOfTheInstance)
{
  const std::vector<Environment> callers = {
    {},
    { { "DISPLAY", std::nullopt }, { "XAUTHORITY", std::nullopt } },
    { { "DISPLAY", ":4711" }, { "XAUTHORITY", "/nowhere" } },
    { { "DISPLAY", std::nullopt }, { "SANDBOX_BUS", "none" } },
  };

  add_profile ("tested",
               "[Profile]\nName=tested\nInherits=default\nAppId=org.example.Tested\n[Context]\nsockets=x11;\n");
  std::string with = launch_detached ({ "--profile=tested" }, { "sleep", "1000" });
  Command blind = command ({ "run", "--detach", "--profile=tested", "--", "sleep", "1000" });
  blind.env["DISPLAY"] = std::nullopt;
  std::string without = run (blind).out.substr (0, 16), first = exec (with, {}).out;
  EXPECT_NE (first, "none\n");

  for (bool replaced : { false, true }) {
    if (replaced)
      kill_services ();
    for (const Environment &caller : callers) {
      Outcome outcome = exec (with, caller);

      EXPECT_EQ (outcome.out, first);
      EXPECT_EQ (outcome.status, 0) << outcome.err;
      EXPECT_EQ (exec (without, caller).out, "none\n");
    }
  }
}

/* The buses of the instance, filtered and whole, and none where it has none. */
TEST_P (Exec, HasTheBusesOfTheInstance)
{
  const std::string script = "echo ${DBUS_SESSION_BUS_ADDRESS-none}";
  const std::vector<Environment> callers = { {},
                                             { { "DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere" } },
                                             { { "DBUS_SESSION_BUS_ADDRESS", "unix:path=" + dir () + "/other-bus" } } };
  const std::string filtered = "[Session Bus Policy]\norg.example.Allowed=talk\n";
  Fd other = listen_at (dir () + "/other-bus"), own;
  Command blind = command ({ "run", "--detach", "--profile=tested", "--", "sleep", "1000" });

  if (bus () == Bus::NONE)
    own = listen_at (runtime () + "/bus");
  std::string proxied = launch_with (filtered);
  blind.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nowhere";
  blind.env["SANDBOX_BUS"] = "none";
  std::string without = run (blind).out.substr (0, 16);
  ASSERT_EQ (without.size (), 16u);
  std::string whole = launch_with ("[Context]\nsockets=session-bus;\n");

  expect (proxied, script, "unix:path=/run/sandbox/bus/session\n", callers);
  expect (without, script, "none\n", callers);
  expect (whole, script, "unix:path=" + runtime () + "/bus\n", callers);
}

/* What is the caller's to say stays so. */
TEST_P (Exec, TheRestIsTheCallers)
{
  std::string id = launch_with ("[Environment]\nA=policy\nB=policy\n");

  EXPECT_EQ (exec_with (command ({ "exec", "--env=B=caller", "--unset-env=SHELL", id, "--", "sh", "-c",
                                   "echo $A $B $LANG $TERM ${SHELL-none}" }),
                        { { "LANG", "C" }, { "TERM", "dumb" } })
                 .out,
             "policy caller C dumb none\n");
}

/* A record that does not say what its box offers: nothing is guessed. */
TEST_P (Exec, NotWithoutAnInfoFile)
{
  std::string id = launch_with (""), file = instances () + "/" + id + "/info", text = read_file (file);
  size_t at = text.find ("\nOffers="), end = text.find ('\n', at + 1);

  ASSERT_NE (at, std::string::npos);
  kill_services ();
  write_file (file, text.erase (at, end - at));
  EXPECT_TRUE (fails_with (sandboxctl ({ "exec", id, "--", "true" }), 125, { "start it again" }));
  EXPECT_EQ (json ({ "show", "--json", id })["state"].text (), "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}
