/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session bus, and the service on it. */
#include <csignal>

#include "battery.h"

using namespace hostile;

class OnSessionBus : public Battery {
protected:
  OnSessionBus () : Battery (Bus::SESSION)
  {
  }
  std::string
  address () const
  {
    return "unix:path=" + runtime () + "/bus";
  }
};

class BusNames : public OnSessionBus {
protected:
  void
  SetUp () override
  {
    OnSessionBus::SetUp ();
    write_file (dir () + "/services/org.example.Activatable.service",
                "[D-BUS Service]\nName=org.example.Activatable\nExec=/bin/false\n");
    connection ();
    give ("secret", "org.example.Secret");
    give ("unique", start ({ "--bus-peer", address (), "org.example.Secret" }));
    give ("allowed", "org.example.Allowed");
    start ({ "--bus-peer", address (), "org.example.Allowed" });
    give ("activatable", "org.example.Activatable");
    give ("socket", runtime () + "/bus");
    give ("plumbing", runtime () + "/sandbox");
  }
};
AS_EVERYBODY (BusNames);

static const Argv names = {
  "bus/call",        "bus/call-unique", "bus/two-destinations", "bus/own",
  "bus/activate",    "bus/list",        "bus/list-unique",      "bus/owner",
  "bus/pid",         "bus/credentials", "bus/eavesdrop",        "bus/monitor",
  "bus/environment", "bus/unfiltered",
};

TEST_P (BusNames, OnlyThoseThatAreNamed)
{
  hold (names, inside ("[Session Bus Policy]\norg.example.Allowed=talk\n"),
        inside ("[Context]\nsockets=session-bus;\n"));
}

/* Owning one name is owning no other. */
TEST_P (BusNames, OwningIsNoWayToOthers)
{
  hold (names, inside ("[Session Bus Policy]\norg.example.Battery.*=own\n"),
        inside ("[Context]\nsockets=session-bus;\n"));
}

TEST_P (BusNames, NoBusIsNone)
{
  hold ({ "bus/any" }, inside (""), inside ("[Session Bus Policy]\norg.example.Allowed=talk\n"));
  hold ({ "bus/unfiltered", "bus/plumbing" }, inside (""), outside ());
}

class Callers : public OnSessionBus {
protected:
  void
  SetUp () override
  {
    OnSessionBus::SetUp ();
    add_profile ("more", "[Profile]\nName=more\nInherits=default\n[Context]\nshared=network;\n");
    add_user_profile_at_home ("users-more",
                              "[Profile]\nName=users-more\nInherits=default\n[Context]\nshared=network;\n");
    id_ = launch_detached ({}, { "sleep", "1000" });
    give ("instance", "/org/example/Sandbox/instances/" + id_);
    give ("keeper", instances () + "/" + id_ + "/keeper");
  }
  /* The probe's control has stopped it. */
  void
  TearDown () override
  {
    EXPECT_TRUE (wait_for_state (id_, "exited"));
    OnSessionBus::TearDown ();
  }
  void
  add_user_profile_at_home (const std::string &name, const std::string &content)
  {
    write_file (home () + "/.config/sandbox/profiles/" + name + ".profile", content);
  }
  /* @way, while the authority says @answer. */
  Way
  told (const std::string &answer, const Way &way)
  {
    return [=] (const Argv &words) {
      say (answer);
      return way (words);
    };
  }

private:
  std::string id_;
};
AS_EVERYBODY (Callers);

/* A sandbox that may start others starts none that may more than itself, and reaches nobody else's. */
TEST_P (Callers, FromInside)
{
  const char *nesting = "[Context]\npersistent=.;\n[Session Bus Policy]\norg.example.Sandbox=talk\n";

  give ("profile", "battery");
  give ("other-profile", "more");
  give ("kept-profile", "battery");
  hold (
      { "callers/files",        "callers/one-file", "callers/network",       "callers/ipc",           "callers/devices",
        "callers/userns",       "callers/display",  "callers/session-bus",   "callers/name",          "callers/filter",
        "callers/allowed-call", "callers/procfs",   "callers/other-profile", "callers/id-of-another", "callers/handler",
        "callers/exec",         "callers/attach",   "callers/signal",        "callers/command",       "callers/policy",
        "callers/id",           "callers/objects",  "callers/profiles",      "callers/profile",       "callers/explain",
        "callers/keeper",       "callers/stop" },
      inside (nesting), told ("yes", outside ()));
}

class Unprivileged : public Callers {};
INSTANTIATE_TEST_SUITE_P (, Unprivileged, ::testing::Values (Who::LAUNCHER), name_of);

/* A program outside that may launch: nothing beyond what the administrator's profiles say, and nothing of other
 * clients'. */
TEST_P (Unprivileged, MayLaunchAndNothingElse)
{
  give ("profile", "more");
  give ("other-profile", "users-more");
  hold ({ "callers/files", "callers/one-file", "callers/ipc", "callers/devices", "callers/userns", "callers/display",
          "callers/session-bus", "callers/name", "callers/filter", "callers/allowed-call", "callers/procfs",
          "callers/other-profile", "callers/handler", "callers/exec", "callers/attach", "callers/signal",
          "callers/command", "callers/policy", "callers/stop" },
        told ("launch", outside ()), told ("yes", outside ()));
}

/* Another program's sandbox is none of ours: whoever is in a user namespace is a stranger. */
TEST_P (Unprivileged, NorInAnotherUserNamespace)
{
  give ("profile", "default");
  give ("other-profile", "users-more");
  hold ({ "callers/launch", "callers/profiles", "callers/profile", "callers/explain", "callers/objects", "callers/exec",
          "callers/stop" },
        told ("yes", outside ({ "unshare", "--user", "--map-current-user", "--" })), told ("yes", outside ()));
}
