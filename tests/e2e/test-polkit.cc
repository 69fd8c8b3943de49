/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real polkitd decides. */
#include <csignal>

#include "polkit-stage.h"

using namespace e2e;

TEST_F (Polkit, IsThere)
{
  EXPECT_TRUE (eventually ([this] { return json ({ "doctor", "--json" })["authority"].text () == "polkit"; }));
}

TEST_F (Polkit, Yes)
{
  stage ({ "rules", rules ({}, "YES") });
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 7" }).status, 7);
  EXPECT_EQ (run_in ({ "--share=network" }, { "sh", "-c", "exit 8" }).status, 8);
}

TEST_F (Polkit, No)
{
  stage ({ "rules", rules ({}, "NO") });
  EXPECT_TRUE (
      fails_with (run_in ({}, { "true" }), 125, { ACTION + "launch", "is not allowed", "/etc/polkit-1/rules.d" }));
  expect_no_trace ();
}

TEST_F (Polkit, NoToOneOfSeveral)
{
  stage ({ "rules", rules ({ { "extend-devices", "NO" } }, "YES") });
  EXPECT_TRUE (
      fails_with (run_in ({ "--share=network", "--device=dri" }, { "true" }), 125, { ACTION + "extend-devices" }));
  expect_no_trace ();
  EXPECT_EQ (run_in ({ "--share=network" }, { "true" }).status, 0);
}

TEST_F (Polkit, AnsweredYes)
{
  Words prompts;

  stage ({ "rules", rules ({}, "AUTH_SELF") });
  EXPECT_EQ (run_with_agent ({}, { "sh", "-c", "exit 7" }, "yes", &prompts).status, 7);
  EXPECT_EQ (prompts, Words ({ "launch" }));
  EXPECT_EQ (run_with_agent ({ "--share=network", "--device=dri" }, { "sh", "-c", "exit 8" }, "yes", &prompts).status,
             8);
  EXPECT_EQ (prompts, Words ({ "launch", "extend-network", "extend-devices" }));
}

TEST_F (Polkit, AnsweredNo)
{
  Words prompts;

  stage ({ "rules", rules ({}, "AUTH_SELF") });
  EXPECT_TRUE (fails_with (run_with_agent ({ "--share=network" }, { "true" }, "no", &prompts), 125,
                           { ACTION + "launch", "authentication failed", "rules.d" }));
  EXPECT_EQ (prompts, Words ({ "launch" })) << "after a no nothing else is asked";
  expect_no_trace ();
}

TEST_F (Polkit, Dismissed)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  EXPECT_TRUE (fails_with (run_with_agent ({}, { "true" }, "cancel"), 125, { ACTION + "launch", "dismissed" }));
  expect_no_trace ();
  agent (getpid (), "cancel");
  EXPECT_EQ (launch (true).error, ERROR + "AuthenticationCanceled");
}

/* The peer-to-peer service of a machine without a session bus asks for the same. */
TEST_F (Polkit, WithoutASessionBus)
{
  set_env ("SANDBOX_BUS", "none");
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  Words prompts;
  EXPECT_EQ (run_with_agent ({ "--share=network" }, { "sh", "-c", "exit 9" }, "yes", &prompts).status, 9);
  EXPECT_EQ (prompts, Words ({ "launch", "extend-network" }));
  EXPECT_TRUE (fails_with (run_with_agent ({}, { "true" }, "no"), 125, { ACTION + "launch" }));
  set_env ("SANDBOX_BUS", std::nullopt);
}

/* No rule says anything: the defaults of our action file, for somebody who does not sit at the machine. */
TEST_F (Polkit, TheFileOfActions)
{
  Words prompts;

  EXPECT_EQ (run_with_agent ({ "--filesystem=/srv:ro" }, { "true" }, "yes", &prompts).status, 0);
  EXPECT_EQ (prompts, Words ({ "launch", "extend-files" }));
  EXPECT_TRUE (
      fails_with (run_in ({}, { "true" }), 125, { ACTION + "launch", "no authentication agent", "pkttyagent" }));
}

/* polkit keeps a yes for the process that it was given to; the service keeps none. */
TEST_F (Polkit, KeptForTheClient)
{
  Words prompts;

  stage ({ "rules", rules ({}, "AUTH_SELF_KEEP") });
  agent (getpid (), "yes");
  stop (launch (true));
  EXPECT_EQ (asked (getpid ()), Words ({ "launch" }));
  stop (launch (true));
  stop (launch (false));
  EXPECT_EQ (asked (getpid ()), Words ());
  stop (launch (true, MORE));
  EXPECT_EQ (asked (getpid ()), Words ({ "extend-network" }));
  kill_services ();
  stop (launch (false, MORE));
  EXPECT_EQ (asked (getpid ()), Words ());
  EXPECT_EQ (run_with_agent ({}, { "true" }, "yes", &prompts).status, 0);
  EXPECT_EQ (prompts, Words ({ "launch" })) << "another client has somebody else's yes";
  stage ({ "kill" });
  stage ({ "start" });
  EXPECT_EQ (launch (false).error, ERROR + "NotAuthorized") << "the service has kept what polkit has forgotten";
}

TEST_F (Polkit, NotKept)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  agent (getpid (), "yes");
  stop (launch (true));
  stop (launch (true));
  EXPECT_EQ (asked (getpid ()), Words ({ "launch", "launch" }));
}

TEST_F (Polkit, RulesChangeAtOnce)
{
  stage ({ "rules", rules ({}, "YES") });
  stop (launch (false, MORE));
  stage ({ "rules", rules ({ { "extend-network", "NO" } }, "YES") });
  EXPECT_EQ (launch (false, MORE).error, ERROR + "NotAuthorized");
  stop (launch (false));
  stage ({ "rules", rules ({}, "NO") });
  EXPECT_EQ (launch (false).error, ERROR + "NotAuthorized");
  stage ({ "rules", rules ({}, "YES") });
  stop (launch (false, MORE));
}

/* A change between two questions of one launch counts as well. */
TEST_F (Polkit, RulesChangeWhileAsking)
{
  stage ({ "rules", rules ({ { "launch", "AUTH_SELF" } }, "YES") });
  auto client = start_with_agent (run_words ({ "--share=network" }, { "true" }), "hold");
  ASSERT_TRUE (is_asked (client->pid (), "launch"));
  stage ({ "rules", rules ({ { "launch", "AUTH_SELF" }, { "extend-network", "NO" } }) });
  answer (client->pid (), "yes");
  EXPECT_TRUE (fails_with (client->wait (), 125, { ACTION + "extend-network" }));
  expect_no_trace ();
}

/* Everything is set up while the agent asks, nothing of the caller's has run, and a no takes it away. */
TEST_F (Polkit, PreparedAndThrownAway)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  std::string file = home () + "/touched";
  auto client = start_with_agent (run_words ({ "--filesystem=" + home () }, { "touch", file }), "hold");
  ASSERT_TRUE (is_asked (client->pid (), "launch"));
  EXPECT_TRUE (eventually ([this] { return helpers ().size () >= 3 && records ().size () == 1; }))
      << "it does not prepare";
  EXPECT_EQ (json ({ "ps", "--all", "--json" }).size (), 0u) << "it is shown before it is approved";
  answer (client->pid (), "yes");
  ASSERT_TRUE (is_asked (client->pid (), "extend-files"));
  EXPECT_FALSE (fs::exists (file));
  answer (client->pid (), "no");
  EXPECT_TRUE (fails_with (client->wait (), 125, { ACTION + "extend-files" }));
  expect_no_trace ();
  EXPECT_FALSE (fs::exists (file));
}

/* A home that is kept is not even made. */
TEST_F (Polkit, NoDirectoryBeforeTheYes)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  auto client = start_with_agent (run_words ({ "--profile=devel", "--app-id=org.example.Kept" }, { "true" }), "hold");
  ASSERT_TRUE (is_asked (client->pid (), "launch"));
  EXPECT_FALSE (fs::exists (dir () + "/data/sandbox"));
  answer (client->pid (), "no");
  EXPECT_TRUE (fails_with (client->wait (), 125, { ACTION + "launch" }));
  expect_no_trace ();
}

TEST_F (Polkit, KilledWhileAsking)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  auto client = start_with_agent (run_words ({}, { "true" }), "hold");
  ASSERT_TRUE (is_asked (client->pid (), "launch"));
  stage ({ "kill" });
  EXPECT_TRUE (fails_with (client->wait (), 125, { ACTION + "launch", "does not answer" }));
  expect_no_trace ();
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { ACTION + "launch", "does not answer", "try again" }))
      << "an authority that has gone is no free pass";
  stage ({ "start" });
  EXPECT_EQ (run_with_agent ({}, { "sh", "-c", "exit 3" }, "yes").status, 3);
}

/* It is there and does not know us: as if it were not there. */
TEST_F (Polkit, DoesNotKnowTheActions)
{
  stage ({ "forget_actions" });
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 4" }).status, 4);
  EXPECT_TRUE (fails_with (run_in ({ "--share=network" }, { "true" }), 125,
                           { ACTION + "extend-network", "org.example.Sandbox.policy", "/etc/sandbox/profiles" }));
}

/* One that hangs holds up nobody who needs no approval, and is no free pass either. */
TEST_F (Polkit, Hangs)
{
  stage ({ "rules", rules ({}, "YES") });
  std::string id = launch_detached ({}, { "sleep", "1000" });
  stage ({ "signal", "SIGSTOP" });
  Process client (command (run_words ({}, { "true" })));
  EXPECT_EQ (json ({ "explain", "--json", "default" })["actions"].size (), 1u);
  EXPECT_TRUE (client.running ());
  client.kill (SIGKILL);
  client.wait ();
  EXPECT_TRUE (eventually ([this] { return records ().size () == 1; }));
  /* Who may not bother anybody does not wait for it: less is shown than may be seen, and the rest is refused */
  Json others = json ({ "show", "--json", id });
  EXPECT_FALSE (others.has ("command"));
  EXPECT_EQ (others["state"].text (), "running");
  stage ({ "signal", "SIGCONT" });
  EXPECT_TRUE (json ({ "show", "--json", id }).has ("command"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (Polkit, HangsFromTheStart)
{
  stage ({ "signal", "SIGSTOP" });
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { ACTION + "launch", "does not answer", "try again" }));
  expect_no_trace ();
  stage ({ "signal", "SIGCONT" });
  stage ({ "rules", rules ({}, "YES") });
  EXPECT_TRUE (eventually ([this] { return run_in ({}, { "true" }).status == 0; })) << "it is not asked again";
}

/* Without the flag nobody is bothered, and the error says what to do. */
TEST_F (Polkit, OnlyInteractiveCallsAsk)
{
  stage ({ "rules", rules ({}, "AUTH_SELF") });
  agent (getpid (), "yes");
  Answer refused = launch (false);
  EXPECT_EQ (refused.error, ERROR + "NotAuthorized");
  EXPECT_NE (refused.text.find ("ALLOW_INTERACTIVE_AUTHORIZATION"), std::string::npos) << refused.text;
  EXPECT_NE (refused.text.find (ACTION + "launch"), std::string::npos) << refused.text;
  EXPECT_EQ (asked (getpid ()), Words ());
  expect_no_trace ();
  stop (launch (true));
  EXPECT_EQ (asked (getpid ()), Words ({ "launch" }));
}

/* What needs which class: exactly these are asked for. */
TEST_F (Polkit, Classes)
{
  static const struct {
    Argv options;
    Words actions;
  } rows[] = {
    { {}, {} },
    { { "--env=A=b" }, {} },
    { { "--app-id=org.example.Other", "--tty" }, {} },
    { { "--unshare=network", "--nosocket=x11", "--nofilesystem=home" }, {} },
    { { "--filesystem=/srv:ro" }, { "extend-files" } },
    { { "--filesystem=home" }, { "extend-files" } },
    { { "--persist=.config" }, { "extend-files" } },
    { { "--socket=ssh-auth" }, { "extend-files" } },
    { { "--share=network" }, { "extend-network" } },
    { { "--share=ipc" }, { "extend-devices" } },
    { { "--device=dri" }, { "extend-devices" } },
    { { "--device=all" }, { "extend-devices" } },
    { { "--allow=devel" }, { "extend-devices" } },
    { { "--allow=userns" }, { "extend-devices" } },
    { { "--procfs=hidepid=off" }, { "extend-devices" } },
    { { "--socket=session-bus" }, { "extend-bus" } },
    { { "--socket=system-bus" }, { "extend-bus" } },
    { { "--talk-name=org.example.Other" }, { "extend-bus" } },
    { { "--own-name=org.example.Own" }, { "extend-bus" } },
    { { "--system-talk-name=org.example.Other" }, { "extend-bus" } },
    { { "--socket=wayland" }, { "extend-display" } },
    { { "--socket=x11" }, { "extend-display" } },
    { { "--socket=pulseaudio" }, { "extend-display" } },
    { { "--filesystem=/srv", "--share=network", "--device=dri", "--socket=session-bus", "--socket=x11" },
      { "extend-files", "extend-network", "extend-devices", "extend-bus", "extend-display" } },
    { { "--profile=desktop" }, {} },
    { { "--profile=desktop", "--socket=wayland", "--device=dri", "--talk-name=org.freedesktop.Notifications" }, {} },
    { { "--profile=desktop", "--own-name=org.freedesktop.Notifications" }, { "extend-bus" } },
    { { "--profile=devel", "--share=network" }, {} },
    { { "--profile=served", "--filesystem=/srv/data:ro", "--filesystem=/srv/data/below" }, {} },
    { { "--profile=served", "--filesystem=/srv" }, { "extend-files" } },
  };

  add_profile ("served", "[Profile]\nInherits=default\n[Context]\nfilesystems=/srv/data;\n");
  stage ({ "rules", rules ({ { "launch", "YES" } }, "AUTH_SELF") });
  for (const auto &row : rows) {
    auto client = start_with_agent (run_words (row.options, { "true" }), "yes");
    client->wait (); /* whether it works here (a sound server, a graphics card) is not the question */
    EXPECT_EQ (asked (client->pid ()), row.actions) << shell_quote (row.options) << ": " << client->err ();
  }
}

/* What a user's own profile adds is asked for; what a vendor's or administrator's says is not. */
TEST_F (Polkit, UserProfiles)
{
  static const struct {
    const char *name, *content;
    Words actions;
  } rows[] = {
    { "default", "[Profile]\nInherits=strict\n", {} },
    { "offline", "[Profile]\nInherits=offline\n[Context]\nshared=network;\n", { "extend-network" } },
    { "mine", "[Profile]\nInherits=default\n", {} },
    { "mine",
      "[Profile]\nInherits=default\n[Context]\nshared=network;\nfilesystems=/srv:ro;\n",
      { "extend-files", "extend-network" } },
    { "mine", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.example.Other=talk\n", { "extend-bus" } },
    { "mine", "[Profile]\nInherits=default\n[Context]\nsockets=wayland;\n", { "extend-display" } },
  };

  stage ({ "rules", rules ({ { "launch", "YES" } }, "AUTH_SELF") });
  for (const auto &row : rows) {
    Words prompts;
    add_user_profile (row.name, row.content);
    run_with_agent ({ std::string ("--profile=") + row.name }, { "true" }, "yes", &prompts);
    EXPECT_EQ (prompts, row.actions) << row.name << ":\n" << row.content;
    fs::remove (user_profiles () + "/" + row.name + ".profile");
  }
  fs::create_directory (user_profiles () + "/default.profile.d");
  write_file (user_profiles () + "/default.profile.d/more.conf", "[Context]\ndevices=dri;\n");
  Words prompts;
  EXPECT_TRUE (fails_with (run_with_agent ({}, { "true" }, "no", &prompts), 125, { ACTION + "extend-devices" }));
  EXPECT_EQ (prompts, Words ({ "extend-devices" }));
}
