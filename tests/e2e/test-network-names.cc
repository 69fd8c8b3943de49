/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in [Network] allow= and deny=: what a network of its own leads to by them, and what not. */
#include "network.h"

using namespace e2e;

/* find (NAME): its address, or "refused"; ask (ADDRESS, PORT): what is said there, "here" when somebody is, or an
 * errno. */
static const char *const words = "import errno, socket, sys\n"
                                 "def find(name):\n"
                                 "  try: return socket.gethostbyname(name)\n"
                                 "  except OSError: return 'refused'\n"
                                 "def ask(address, port=7001):\n"
                                 "  try: return socket.create_connection((address, port), 5).recv(9).decode().strip()\n"
                                 "  except OSError as error: return errno.errorcode.get(error.errno, 'nothing')\n"
                                 "def say(*what): print(*what, flush=True)\n";

class NetworkNames : public Network {
protected:
  std::string
  say (const std::vector<std::string> &options, const std::string &script)
  {
    Outcome outcome = run_in (options, { "python3", "-c", words + script });

    EXPECT_EQ (outcome.err, "");
    return outcome.out;
  }
};

/* An address is open when its name was asked for, and not before; the control is the same without rules. */
TEST_F (NetworkNames, OpenWhatTheyStandForWhenAsked)
{
  const std::string script = "say(ask('198.51.100.10'), find('some.example.org'), ask('198.51.100.10'))\n";

  EXPECT_EQ (say ({ "--profile=own" }, script), "outside 198.51.100.10 outside\n");
  EXPECT_EQ (say ({ "--profile=own", "--network-allow=*.example.org" }, script),
             "EHOSTUNREACH 198.51.100.10 outside\n");
  EXPECT_EQ (say ({ "--profile=own", "--network-allow=*.example.org:443" }, script),
             "EHOSTUNREACH 198.51.100.10 EHOSTUNREACH\n");
}

TEST_F (NetworkNames, AnswersNoOtherQuestion)
{
  const std::string script = "say(find('some.example.org'), find('example.org'), find('some.example.net'), "
                             "find('some.example.org.evil.net'))\n";
  const std::string there = World::named ();

  EXPECT_EQ (say ({ "--profile=own" }, script), there + " " + there + " " + there + " " + there + "\n");
  EXPECT_EQ (say ({ "--profile=own", "--network-allow=*.example.org" }, script), there + " refused refused refused\n");
  EXPECT_EQ (say ({ "--profile=own", "--network-allow=example.org" }, script),
             "refused " + there + " refused refused\n");
  EXPECT_EQ (say ({ "--profile=own", "--network-deny=example.org" }, script),
             there + " refused " + there + " " + there + "\n");
}

/* Whoever owns a name says which address it has: never one of this machine, nor one that is near (DNS rebinding). */
TEST_F (NetworkNames, OpenNothingNear)
{
  const std::string script = "for name in 'near.example.org', 'home.example.org':\n"
                             "  say(ask(find(name)))\n";

  EXPECT_EQ (say ({ "--profile=own", "--network-allow=*.example.org" }, script), "EHOSTUNREACH\nEHOSTUNREACH\n");
  add_profile ("near", "[Profile]\nInherits=default\n[Context]\nshared=private-network;\n"
                       "[Network]\nallow=lan;host;dns;\n");
  EXPECT_EQ (say ({ "--profile=near" }, script), "outside\nhost\n");
}

/* Another resolver would answer anything: DNS and DNS over TLS lead to no address that a name has. */
TEST_F (NetworkNames, LeadToNoOtherResolver)
{
  const std::string script = "say(ask(find('some.example.org'), 53), ask('198.51.100.10', 853))\n"
                             "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)\n"
                             "try: s.connect(('198.51.100.10', 53)); s.send(b'?'); s.recv(9)\n"
                             "except OSError as error: say(errno.errorcode.get(error.errno, 'nothing'))\n"
                             "say(ask('10.0.2.3', 53))\n";

  EXPECT_EQ (say ({ "--profile=own", "--network-allow=*.example.org" }, script),
             "EHOSTUNREACH EHOSTUNREACH\nEHOSTUNREACH\nEHOSTUNREACH\n");
  EXPECT_EQ (say ({ "--profile=own" }, script).substr (0, 26), "ECONNREFUSED ECONNREFUSED\n");
}

/* A flood of names takes the place of those that were asked for before, and no more. */
TEST_F (NetworkNames, HoldAFlood)
{
  const std::string script = "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)\n"
                             "for i in range(600):\n"
                             "  name = b'x%05d' % i\n"
                             "  question = b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\6' + name + "
                             "b'\\7example\\3org\\0\\0\\1\\0\\1'\n"
                             "  try: s.sendto(question, ('10.0.2.3', 53)); s.recv(512)\n"
                             "  except OSError: pass\n"
                             "say(find('some.example.org'), ask('198.51.100.10'), find('some.example.net'))\n";

  EXPECT_EQ (say ({ "--profile=own", "--network-allow=*.example.org" }, script), "198.51.100.10 outside refused\n");
}

TEST_F (NetworkNames, AreToldAndExplained)
{
  add_profile ("named", "[Profile]\nInherits=default\n[Context]\nshared=private-network;\n"
                        "[Network]\nallow=*.example.org;\n");
  Command asking = command (run_words ({ "--profile=named" }, { "python3", "-c",
                                                                std::string (words)
                                                                    + "say(find('some.example.net'))\n"
                                                                      "sys.stdin.readline()\n" }));
  asking.keep_input = true;
  Process process (asking);
  std::string id = new_instance ().id;

  ASSERT_TRUE (process.expect ("refused\n"));
  EXPECT_TRUE (eventually ([&] {
    std::string text = sandboxctl ({ "why", id }).out;
    return text.find ("addresses of some.example.net") != std::string::npos
           && text.find ("allow=*.example.org;some.example.net;") != std::string::npos;
  })) << sandboxctl ({ "why", id }).out;
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
  std::string text = sandboxctl ({ "explain", "named" }).out;
  EXPECT_NE (text.find ("*.example.org"), std::string::npos) << text;
  EXPECT_NE (text.find ("shares an address"), std::string::npos) << text;
}
