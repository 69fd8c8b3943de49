/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Destinations that a network of its own is given while it runs. */
#include "network.h"

using namespace e2e;

class NetworkGrant : public NetworkOf<OnBus> {
protected:
  virtual bool
  is_approved () const
  {
    return true;
  }
  void
  SetUp () override
  {
    NetworkOf<OnBus>::SetUp ();
    if (is_approved ())
      start_authority (true);
  }
  void
  TearDown () override
  {
    for (const Record &r : records ())
      if (r.state == "running") {
        EXPECT_TRUE (succeeds (sandboxctl ({ "stop", r.id, "--grace=0" })));
      }
    NetworkOf<OnBus>::TearDown ();
  }
  std::string
  start (const Argv &options)
  {
    return launch_detached (options, { "sleep", "1000" });
  }
  std::string
  shown (const std::string &id)
  {
    return sandboxctl ({ "show", id }).out;
  }
};

TEST_F (NetworkGrant, OpensWhatIsNamedAndNothingElse)
{
  std::string id = start ({ "--profile=own" });

  EXPECT_EQ (ask_from (id, "192.168.77.1"), "refused\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--network-allow=192.168.77.0/24:" + World::port () })));
  EXPECT_EQ (ask_from (id, "192.168.77.1"), "open\n");
  EXPECT_EQ (ask_from (id, "10.55.0.1"), "refused\n");
  EXPECT_EQ (ask_from (id, "198.51.100.10"), "open\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--network-allow=[fd77::1],10.55.0.0/16" })));
  EXPECT_EQ (ask_from (id, "fd77::1"), "open\n");
  EXPECT_EQ (ask_from (id, "10.55.0.1"), "open\n");
  std::string text = shown (id);
  EXPECT_NE (text.find ("Granted"), std::string::npos) << text;
  EXPECT_NE (text.find ("192.168.77.0/24:" + World::port ()), std::string::npos) << text;
  Json grants = json ({ "show", "--json", id })["grants"];
  ASSERT_EQ (grants.size (), 2U);
  EXPECT_EQ (grants[1]["network"][0].text (), "[fd77::1]");
  /* What it has already is no news */
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--network-allow=10.55.0.1:80" })));
  EXPECT_EQ (json ({ "show", "--json", id })["grants"].size (), 2U);
}

/* This machine is reached through the stack, and by what of it was open from the start. */
TEST_F (NetworkGrant, OpensNoHostThatWasClosedAtTheStart)
{
  std::string id = start ({ "--profile=own" });
  std::string with = start ({ "--profile=own", "--network-allow=internet,dns,host:9" });

  EXPECT_TRUE (fails_with (sandboxctl ({ "grant", id, "--network-allow=host:" + World::port () }), 125,
                           { "--network-allow=host" }));
  EXPECT_EQ (ask_from (id, "192.168.77.2"), "refused\n");
  EXPECT_EQ (ask_from (with, "192.168.77.2"), "refused\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", with, "--network-allow=host:" + World::port () })));
  EXPECT_EQ (ask_from (with, "192.168.77.2"), "open\n");
}

/* Names as well: the resolver is asked for what is named, and for nothing else. */
TEST_F (NetworkGrant, OpensNames)
{
  std::string id = start ({ "--profile=own", "--network-allow=none" });
  auto find = [&] (const std::string &name) {
    return sandboxctl ({ "exec", id, "--", "python3", "-c",
                         "import socket\n"
                         "try: socket.create_connection(('"
                             + name + "', " + World::port ()
                             + "), 5); print('open')\n"
                               "except OSError: print('refused')\n" })
        .out;
  };

  EXPECT_EQ (find ("some.example.org"), "refused\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--network-allow=*.example.org" })));
  EXPECT_EQ (find ("some.example.org"), "open\n");
  EXPECT_EQ (find ("some.example.net"), "refused\n");
  EXPECT_EQ (find ("198.51.100.11"), "refused\n");
}

/* What was taken away stays so, whole and in part; and so does what is denied. */
TEST_F (NetworkGrant, GivesNothingBack)
{
  std::string id = start ({ "--profile=own", "--network-allow=lan,internet,dns", "--network-deny=172.20.0.0/16" });
  const Argv again[] = { { "--network-allow=lan" },
                         { "--network-allow=192.168.77.1" },
                         { "--network-allow=lan:" + World::port () + "/tcp" },
                         { "--network-allow=198.51.100.10" },
                         { "--network-allow=172.20.1.1" } };

  EXPECT_EQ (ask_from (id, "192.168.77.1"), "open\n"); /* the control */
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--network-allow=none,internet,dns" })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--network-deny=198.51.100.0/24" })));
  for (const Argv &options : again) {
    Argv words = { "grant", id };
    words.insert (words.end (), options.begin (), options.end ());
    EXPECT_TRUE (fails_with (sandboxctl (words), 125, { "for good" })) << options[0];
  }
  for (const char *address : { "192.168.77.1", "198.51.100.10", "172.20.1.1" })
    EXPECT_EQ (ask_from (id, address), "refused\n") << address;
  EXPECT_EQ (ask_from (id, "2001:db8:1::10"), "open\n");
  EXPECT_EQ (json ({ "show", "--json", id })["restrictions"][0]["network"][0].text (), "lan");
}

/* For a time: then it is closed, and what was granted for good stays. */
TEST_F (NetworkGrant, EndsByItself)
{
  std::string id = start ({ "--profile=own" });

  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--network-allow=192.168.77.1", "--until=2" })));
  EXPECT_EQ (json ({ "show", "--json", id })["grants"].size (), 1U);
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--network-allow=10.55.0.1" })));
  EXPECT_TRUE (eventually ([&] { return json ({ "show", "--json", id })["grants"][0].has ("ended"); }));
  EXPECT_EQ (ask_from (id, "192.168.77.1"), "refused\n");
  EXPECT_EQ (ask_from (id, "10.55.0.1"), "open\n");
  /* It was not taken away */
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--network-allow=192.168.77.1" })));
  EXPECT_EQ (ask_from (id, "192.168.77.1"), "open\n");
}

TEST_F (NetworkGrant, SaysWhatCannotBe)
{
  std::string whole = start ({ "--profile=whole" }), none = start ({ "--profile=default" });
  std::string ports = start ({ "--profile=own", "--connect=443" });

  for (const std::string &id : { whole, none })
    EXPECT_TRUE (fails_with (sandboxctl ({ "grant", id, "--network-allow=lan" }), 125, { "--network=private" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "grant", ports, "--network-allow=lan:80" }), 125, { "Landlock", "connect=" }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", ports, "--network-allow=lan:80/udp,lan:443" })));
  EXPECT_TRUE (fails_with (sandboxctl ({ "grant", ports, "--network-deny=lan" }), 125, { "restrict" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "grant", ports, "--network-allow=!lan" }), 125, { "takes away" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "grant", ports, "--network-allow=intranet" }), 125, { "intranet" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "grant", ports }), 125, { "grant takes" }));
}

class NetworkGrantUnapproved : public NetworkGrant {
protected:
  bool
  is_approved () const override
  {
    return false;
  }
};

TEST_F (NetworkGrantUnapproved, GivesNothing)
{
  std::string id = start ({ "--profile=own" });

  EXPECT_TRUE (fails_with (sandboxctl ({ "grant", id, "--network-allow=lan" }), 125, { "extend-network" }));
  EXPECT_EQ (ask_from (id, "192.168.77.1"), "refused\n");
  EXPECT_EQ (ask_from (id, "198.51.100.10"), "open\n");
  EXPECT_EQ (json ({ "show", "--json", id })["grants"].size (), 0U);
  EXPECT_TRUE (succeeds (sandboxctl ({ "grant", id, "--network-allow=internet:80" }))); /* which it has */
}
