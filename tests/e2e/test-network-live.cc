/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a network of its own leads, changed while it runs. */
#include "network.h"

using namespace e2e;

class NetworkLive : public Network {
protected:
  /* Reads a stream from @address and says "flows" once, and then how it ended; "again" on its input connects anew and
   * says "open" or the errno. */
  static Argv
  stream_from (const std::string &address)
  {
    return { "python3", "-c",
             "import errno, socket, sys, threading\n"
             "where = ('"
                 + address + "', " + World::stream_port ()
                 + ")\n"
                   "def read():\n"
                   "  try:\n"
                   "    s = socket.create_connection(where, 5)\n"
                   "    s.settimeout(60)\n"
                   "    s.recv(1000); print('flows', flush=True)\n"
                   "    while s.recv(65536): pass\n"
                   "    print('closed', flush=True)\n"
                   "  except OSError as error: print('stopped', errno.errorcode.get(error.errno, error), flush=True)\n"
                   "threading.Thread(target=read, daemon=True).start()\n"
                   "for line in sys.stdin:\n"
                   "  try: socket.create_connection(where, 5); print('open', flush=True)\n"
                   "  except OSError as error: print('refused', flush=True)\n" };
  }
  Command
  starting (const std::vector<std::string> &options, const Argv &words)
  {
    Command result = command (run_words (options, words));

    result.keep_input = true;
    return result;
  }
};

/* What is open already ends at once, with a reset; what is not named goes on. */
TEST_F (NetworkLive, StopsARunningDownload)
{
  Process named (starting ({ "--profile=own" }, stream_from ("198.51.100.10")));
  std::string id = new_instance ().id;
  Process other (starting ({ "--profile=own" }, stream_from ("198.51.100.10")));

  ASSERT_TRUE (named.expect ("flows\n"));
  ASSERT_TRUE (other.expect ("flows\n"));
  named.forget ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--network-deny=198.51.100.0/24" })));
  EXPECT_TRUE (named.expect ("stopped ECONNRESET\n")) << named.out ();
  named.forget ();
  named.write ("again\n");
  EXPECT_TRUE (named.expect ("refused\n")) << named.out ();
  other.forget ();
  other.write ("again\n");
  EXPECT_TRUE (other.expect ("open\n")) << other.out ();
  EXPECT_EQ (other.out ().find ("stopped"), std::string::npos);
  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("198.51.100.0/24"), std::string::npos);
  for (Process *process : { &named, &other }) {
    process->close_input ();
    EXPECT_EQ (process->wait ().status, 0);
  }
}

/* A download from elsewhere is not touched by what is closed beside it. */
TEST_F (NetworkLive, LeavesTheRestAsItIs)
{
  Process process (starting ({ "--profile=own" }, stream_from ("2001:db8:1::10")));
  std::string id = new_instance ().id;

  ASSERT_TRUE (process.expect ("flows\n"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--network-deny=198.51.100.0/24" })));
  process.forget ();
  process.write ("again\n");
  EXPECT_TRUE (process.expect ("open\n")) << process.out ();
  EXPECT_EQ (process.out ().find ("stopped"), std::string::npos) << process.out ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--network-allow=none,dns" })));
  EXPECT_TRUE (process.expect ("stopped ECONNRESET\n")) << process.out ();
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
}

/* Restrict is for good, so it takes nothing that it cannot keep; and it never adds. */
TEST_F (NetworkLive, TakesNothingFromASharedNetwork)
{
  std::string whole = launch_detached ({ "--profile=whole" }, { "sleep", "60" });
  std::string own = launch_detached ({ "--profile=own" }, { "sleep", "60" });
  const Argv lan = { "python3", "-c",
                     "import socket\n"
                     "try: socket.create_connection(('192.168.77.1', "
                         + World::port ()
                         + "), 5); print('open')\n"
                           "except OSError: print('refused')\n" };
  Argv inside = { "exec", own, "--" };

  EXPECT_TRUE (fails_with (sandboxctl ({ "restrict", whole, "--network-deny=lan" }), 125,
                           { "shared with the host", "--network=private" }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", own, "--network-allow=lan,internet,dns" })));
  inside.insert (inside.end (), lan.begin (), lan.end ());
  EXPECT_EQ (sandboxctl (inside).out, "refused\n");
  for (const std::string &id : { whole, own })
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* Who asks where its network does not lead is told of in `why`, with the words that would allow it. */
TEST_F (NetworkLive, SaysWhereItDidNotLead)
{
  const Argv asks = { "python3", "-c",
                      "import socket, sys\n"
                      "def ask(address, port):\n"
                      "  try: socket.create_connection((address, port), 5)\n"
                      "  except OSError: pass\n"
                      "for address in ('192.168.77.1', '192.168.77.1', '203.0.113.77', 'fd77::1', '198.51.100.10'):\n"
                      "  ask(address, "
                          + World::port ()
                          + ")\n"
                            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                            "s.sendto(b'?', ('10.55.0.1', 99))\n"
                            "print('asked', flush=True); sys.stdin.readline()\n" };
  Process process (starting ({ "--profile=own", "--network-deny=10.55.0.0/16" }, asks));
  std::string id = new_instance ().id, port = World::port ();
  std::map<std::string, std::string> seen;

  ASSERT_TRUE (process.expect ("asked\n"));
  ASSERT_TRUE (eventually ([&] {
    Json denied = json ({ "why", "--json", id })["denied"];

    for (size_t i = 0; i < denied.size (); i++)
      if (denied[i]["source"].text () == "network")
        seen[denied[i]["object"].text () + " " + denied[i]["action"].text ()] = denied[i]["need"].text ();
    return seen.size () >= 4;
  }));
  EXPECT_EQ (seen, (std::map<std::string, std::string>{ { "192.168.77.1 tcp:" + port, "lan" },
                                                        { "203.0.113.77 tcp:" + port, "host" },
                                                        { "fd77::1 tcp:" + port, "lan" },
                                                        { "10.55.0.1 udp:99", "lan" } }));
  std::string text = sandboxctl ({ "why", id }).out;
  EXPECT_NE (text.find ("2 times"), std::string::npos) << text;
  for (const std::string &line : { "192.168.77.1:" + port + "/tcp;", "[fd77::1]:" + port + "/tcp;",
                                   "host:" + port + "/tcp;", std::string ("deny=!10.55.0.0/16;") })
    EXPECT_NE (text.find (line), std::string::npos) << line << text;
  EXPECT_EQ (text.find ("198.51.100.10"), std::string::npos) << text; /* the control: that one got there */
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
}

/* A scan of all ports takes no more room than a few tries, and is counted all the same. */
TEST_F (NetworkLive, CountsAScanInBounds)
{
  const Argv scan = { "python3", "-c",
                      "import socket, sys\n"
                      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                      "for port in range(1, 3001):\n"
                      "  try: s.sendto(b'?', ('192.168.77.2', port))\n"
                      "  except OSError: pass\n"
                      "print('asked', flush=True); sys.stdin.readline()\n" };
  Process process (starting ({ "--profile=own" }, scan));
  std::string id = new_instance ().id;

  ASSERT_TRUE (process.expect ("asked\n"));
  EXPECT_TRUE (eventually ([&] { return json ({ "why", "--json", id })["more"].number () > 500; }));
  EXPECT_LE (json ({ "why", "--json", id })["denied"].size (), 32U);
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
}

/* What has crossed is counted, in both directions, and told. */
TEST_F (NetworkLive, CountsWhatCrosses)
{
  Process process (starting ({ "--profile=own" }, stream_from ("198.51.100.10")));
  std::string id = new_instance ().id;

  ASSERT_TRUE (process.expect ("flows\n"));
  EXPECT_TRUE (eventually ([&] {
    Json traffic = json ({ "show", "--json", id })["traffic"];
    return traffic[0].number () > 100000 && traffic[1].number () > 1000;
  })) << sandboxctl ({ "show", "--json", id }).out;
  /* A service that has just come is told by the keeper in a moment */
  EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "show", id }).out.find (" in, ") != std::string::npos; }));
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
  std::string whole = launch_detached ({ "--profile=whole" }, { "sleep", "60" });
  EXPECT_EQ (json ({ "show", "--json", whole })["traffic"][0].number (), 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", whole })));
}
