/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names on filtered buses that a running instance is given. */
#include "bus-stage.h"

class GrantNames : public LiveBuses {
protected:
  static constexpr const char *FIRST = "--talk-name=org.example.First", *SECOND = "--talk-name=org.example.Second";

  Outcome
  grant (const std::string &id, const Argv &options)
  {
    Argv words = { "grant", id };

    words.insert (words.end (), options.begin (), options.end ());
    return sandboxctl (words);
  }
  std::string
  start_with (const Argv &options)
  {
    Argv all = { "--profile=default" };

    all.insert (all.end (), options.begin (), options.end ());
    return launch_detached (all, { "sleep", "1000" });
  }
  /* An application that stays connected, which was started with the first of both names. */
  std::string
  start_client ()
  {
    return launch_detached ({ "--profile=default", FIRST },
                            { "python3", "-c", read_file (places ().source + "/tests/e2e/bus-client.py") });
  }
  bool
  owns (const std::string &id, const std::string &name)
  {
    return works (id, "gdbus call --session -d org.freedesktop.DBus -o / -m org.freedesktop.DBus.RequestName " + name
                          + " 0 >/dev/null 2>&1");
  }
  Json
  grants (const std::string &id)
  {
    return json ({ "show", "--json", id })["grants"];
  }
  std::string
  policy_of (const std::string &id)
  {
    std::string shown = sandboxctl ({ "show", id }).out;
    return shown.substr (shown.find ("\nPolicy"));
  }
};

/* At once for whoever connects from then on; who is connected goes on with what it had. */
TEST_F (GrantNames, OpensWhatIsNamedAndNothingElse)
{
  std::string id = start_client ();

  EXPECT_SOON (id, "cat /tmp/said", "first\n");
  EXPECT_FALSE (pings (id, "org.example.Second"));
  EXPECT_TRUE (succeeds (grant (id, { SECOND })));
  EXPECT_TRUE (pings (id, "org.example.Second"));
  EXPECT_TRUE (pings (id, "org.example.First"));
  EXPECT_EQ (say (id, "cat /tmp/connections /tmp/said"), "1\nfirst\n");
  EXPECT_EQ (proxies (id).size (), 2u);
  EXPECT_FALSE (owns (id, "org.example.Mine"));
  EXPECT_TRUE (succeeds (grant (id, { "--own-name=org.example.Mine" })));
  EXPECT_TRUE (owns (id, "org.example.Mine"));
  EXPECT_FALSE (owns (id, "org.example.Other"));
  EXPECT_EQ (say (id, "cat /tmp/connections"), "1\n");
  EXPECT_NE (policy_of (id).find ("org.example.Second=talk"), std::string::npos);
  std::string text = sandboxctl ({ "show", id }).out;
  EXPECT_NE (text.find ("Granted"), std::string::npos) << text;
  Json rows = grants (id);
  ASSERT_EQ (rows.size (), 2U);
  EXPECT_EQ (rows[0]["facilities"]["Session Bus Policy"]["org.example.Second"].text (), "talk");
  EXPECT_GT (rows[0]["pid"].number (), 0);
  EXPECT_GT (rows[0]["time"].number (), 0);
  /* What it has already is no news */
  EXPECT_TRUE (succeeds (grant (id, { SECOND, "--see-name=org.example.First" })));
  EXPECT_EQ (grants (id).size (), 2U);
  /* The next service knows it too */
  kill_services ();
  EXPECT_TRUE (pings (id, "org.example.Second"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--no-talk-name=org.example.Second" })));
  EXPECT_FALSE (pings (id, "org.example.Second"));
  EXPECT_SOON (id, "cat /tmp/connections", "2\n"); /* nothing of the filters before is left */
  EXPECT_EQ (proxies (id).size (), 1u);
}

TEST_F (GrantNames, Reconnect)
{
  std::string id = start_client ();

  EXPECT_SOON (id, "cat /tmp/said", "first\n");
  std::vector<pid_t> before = proxies (id);
  EXPECT_TRUE (succeeds (grant (id, { SECOND, "--reconnect" })));
  EXPECT_SOON (id, "cat /tmp/said", "first second\n");
  EXPECT_EQ (say (id, "cat /tmp/connections"), "2\n");
  for (pid_t proxy : before)
    EXPECT_FALSE (process_exists (proxy));
}

/* A filter that serves nobody any more does not stay; many that do are too many, and one more is refused. */
TEST_F (GrantNames, FiltersOfBeforeEnd)
{
  static const char connect[] =
      "python3 -c \"import os,socket,time\n"
      "s = socket.socket(socket.AF_UNIX); s.connect(os.environ['DBUS_SESSION_BUS_ADDRESS'].split('path=')[1])\n"
      "open('/tmp/connected', 'a').write('x'); time.sleep(1000)\" > /dev/null 2>&1 < /dev/null & ";
  std::string id = start_with ({ FIRST });
  auto one = [] (int i) { return "--talk-name=org.example.N" + std::to_string (i); };

  for (int i = 0; i < 12; i++)
    EXPECT_TRUE (succeeds (grant (id, { one (i) })));
  EXPECT_EQ (proxies (id).size (), 1u);
  int n = 0, stay = 0;
  Outcome outcome;
  do {
    say (id, std::string ("setsid ") + connect);
    EXPECT_SOON (id, "cat /tmp/connected", std::string (static_cast<size_t> (n) + 1, 'x'));
    outcome = grant (id, { one (100 + n) });
    stay += outcome.status == 0;
  } while (outcome.status == 0 && ++n < 20);
  EXPECT_GE (stay, 3);
  EXPECT_TRUE (fails_with (outcome, 125, { "reconnect" }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--no-talk-name=org.example.N0" })));
  EXPECT_EQ (proxies (id).size (), 1u);
  EXPECT_TRUE (succeeds (grant (id, { one (200) })));
}

/* What was taken away stays so, whole and in part, by whatever name. */
TEST_F (GrantNames, GivesNothingBack)
{
  std::string id = start_with ({ "--talk-name=org.example.*", "--talk-name=org.freedesktop.portal.Camera",
                                 "--own-name=net.example.Mine", "--see-name=net.example.Seen" });

  EXPECT_TRUE (pings (id, "org.example.Second")); /* the control */
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, FIRST, "--no-talk-name=org.example.*" })));
  EXPECT_TRUE (pings (id, "org.example.First"));
  EXPECT_FALSE (pings (id, "org.example.Second"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--no-talk-name=org.freedesktop.portal.Camera" })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--talk-name=net.example.Mine" })));
  for (const char *again :
       { "--talk-name=org.example.*", "--talk-name=org.example.Second", "--talk-name=org.*",
         "--own-name=org.example.Second.Deep", "--see-name=org.example.Second",
         "--talk-name=org.freedesktop.portal.Camera", "--talk-name=org.freedesktop.*",
         "--talk-name=org.freedesktop.portal.Desktop", "--own-name=net.example.Mine", "--own-name=net.example.*" })
    EXPECT_TRUE (fails_with (grant (id, { again }), 125, { "for good" })) << again;
  kill_services ();
  EXPECT_TRUE (fails_with (grant (id, { SECOND }), 125, { "for good" }));
  EXPECT_FALSE (pings (id, "org.example.Second"));
  EXPECT_FALSE (owns (id, "net.example.Mine"));
  EXPECT_EQ (grants (id).size (), 0U);
  /* What it never had, and what it has */
  EXPECT_TRUE (succeeds (grant (id, { "--own-name=net.example.Seen" })));
  EXPECT_TRUE (owns (id, "net.example.Seen"));
  EXPECT_TRUE (succeeds (grant (id, { FIRST })));
  Json taken = json ({ "show", "--json", id })["restrictions"];
  EXPECT_EQ (taken[0]["session-bus"]["org.example.*"].text (), "none");
  EXPECT_EQ (taken[2]["session-bus"]["net.example.Mine"].text (), "talk");
}

/* Even when all were taken away, there is a place to which another one can come. */
TEST_F (GrantNames, AfterTheLastWasTaken)
{
  std::string id = start_with ({ FIRST });

  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--no-talk-name=org.example.First" })));
  EXPECT_TRUE (proxies (id).empty ());
  EXPECT_TRUE (succeeds (grant (id, { SECOND })));
  EXPECT_TRUE (pings (id, "org.example.Second"));
  EXPECT_FALSE (pings (id, "org.example.First"));
  EXPECT_TRUE (json ({ "show", "--json", id })["enforced"]["filtered-bus"].boolean ());
}

/* For a time: then nobody has it any more, and what was granted for good stays. */
TEST_F (GrantNames, EndsByItself)
{
  std::string id = start_with ({ "--talk-name=org.example.Other" });

  EXPECT_TRUE (succeeds (grant (id, { SECOND, "--until=3" })));
  EXPECT_EQ (grants (id).size (), 1U);
  EXPECT_TRUE (grants (id)[0].has ("deadline"));
  EXPECT_TRUE (succeeds (grant (id, { FIRST, "--until=exit" })));
  EXPECT_TRUE (eventually ([&] { return grants (id)[0].has ("ended"); }));
  EXPECT_FALSE (pings (id, "org.example.Second"));
  EXPECT_TRUE (pings (id, "org.example.First"));
  EXPECT_EQ (policy_of (id).find ("org.example.Second"), std::string::npos);
  EXPECT_EQ (json ({ "show", "--json", id })["restrictions"].size (), 0u);
  /* It was not taken away; and again, for good on top of a time */
  EXPECT_TRUE (succeeds (grant (id, { SECOND, "--until=2" })));
  EXPECT_TRUE (succeeds (grant (id, { SECOND, "--until=exit" })));
  EXPECT_TRUE (eventually ([&] { return grants (id)[2].has ("ended"); }));
  EXPECT_TRUE (pings (id, "org.example.Second"));
}

TEST_F (GrantNames, EveryNamespace)
{
  std::string id = launch_detached ({ "--profile=devel", FIRST },
                                    { "sh", "-c",
                                      "exec unshare -rm sh -c 'while :; do (" + ping ("org.example.Second")
                                          + " && echo yes || echo no) > /tmp/new; mv /tmp/new /tmp/second; done'" });

  EXPECT_SOON (id, "cat /tmp/second", "no\n");
  EXPECT_TRUE (succeeds (grant (id, { SECOND })));
  EXPECT_SOON (id, "cat /tmp/second", "yes\n");
}

/* What was started from inside of it gets no more than it has. */
TEST_F (GrantNames, NoMoreThanTheStarter)
{
  std::string id = start_with ({ FIRST, "--talk-name=org.example.Sandbox" });
  std::string launch =
      "gdbus call --session -d org.example.Sandbox -o /org/example/Sandbox -m org.example.Sandbox.Launch default "
      "\"[b'sleep', b'1000']\" \"{'policy': <{'Session Bus Policy': <{'org.example.First': 'talk'}>}>}\"";
  Outcome launched = sandboxctl ({ "exec", id, "--", "sh", "-c", launch });
  size_t at = launched.out.find ("instances/");

  ASSERT_NE (at, std::string::npos) << launched.out << launched.err;
  std::string below = launched.out.substr (at + 10, 16);
  ASSERT_TRUE (wait_for_state (below, "running"));
  EXPECT_TRUE (pings (below, "org.example.First"));
  EXPECT_TRUE (fails_with (grant (below, { SECOND }), 125, { "started from inside of " + id }));
  EXPECT_FALSE (pings (below, "org.example.Second"));
  EXPECT_TRUE (succeeds (grant (id, { SECOND })));
  EXPECT_FALSE (pings (below, "org.example.Second"));
  EXPECT_TRUE (succeeds (grant (below, { SECOND })));
  EXPECT_TRUE (pings (below, "org.example.Second"));
}

TEST_F (GrantNames, SaysWhatCannotBe)
{
  std::string none = launch_detached ({ "--profile=default" }, { "sleep", "1000" });
  std::string whole = start_with ({ "--socket=session-bus" }), some = start_with ({ FIRST });

  EXPECT_TRUE (fails_with (grant (none, { FIRST }), 125, { "without that bus", "Start it with" }));
  EXPECT_TRUE (fails_with (grant (whole, { FIRST }), 125, { "the whole session bus" }));
  EXPECT_TRUE (fails_with (grant (some, { "--system-talk-name=org.example.First" }), 125, { "system bus" }));
  EXPECT_TRUE (fails_with (grant (some, { "--talk-name=org.a11y.Bus" }), 125, { "screen readers" }));
  EXPECT_TRUE (fails_with (grant (some, { "--share=network", SECOND }), 125, { "network", "nothing was changed" }));
  EXPECT_TRUE (fails_with (grant (some, { "--no-talk-name=org.example.First" }), 125, { "takes something away" }));
  EXPECT_TRUE (fails_with (grant (some, { "--talk-name=not a name" }), 125, { "not a bus name" }));
  EXPECT_FALSE (pings (some, "org.example.Second"));
  EXPECT_EQ (grants (some).size (), 0U);
}

class GrantNamesUnapproved : public GrantNames {
protected:
  bool
  is_approved () const override
  {
    return false;
  }
};

TEST_F (GrantNamesUnapproved, GivesNothing)
{
  std::string id = launch_detached ({ "--profile=desktop" }, { "sleep", "1000" });

  EXPECT_TRUE (fails_with (grant (id, { FIRST }), 125, { "extend-bus" }));
  EXPECT_EQ (grants (id).size (), 0U);
}
