/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network of the sandbox's own, in a world that is made for the test (world.h): what it reaches and what not, beside
 * the host's own network, which reaches all of it. */
#include <algorithm>
#include <csignal>

#include "network.h"

using namespace e2e;

static std::vector<std::string>
all ()
{
  std::vector<std::string> list = World::host ();

  list.insert (list.end (), World::near ().begin (), World::near ().end ());
  list.insert (list.end (), World::internet ().begin (), World::internet ().end ());
  return list;
}

TEST_F (Network, ReachesTheInternetAndNothingNear)
{
  auto own = ask ("own", all ()), whole = ask ("whole", all ());

  for (const char *kind : { "tcp ", "udp " }) {
    for (const std::string &address : World::internet ()) {
      EXPECT_EQ (own[kind + address], "outside") << kind << address;
      EXPECT_EQ (whole[kind + address], "outside") << kind << address;
    }
    for (const std::string &address : World::host ()) {
      EXPECT_TRUE (own[kind + address] == "EHOSTUNREACH" || own[kind + address] == "EACCES")
          << kind << address << " " << own[kind + address];
      EXPECT_EQ (whole[kind + address], "host") << kind << address;
    }
    for (const std::string &address : World::near ()) {
      EXPECT_TRUE (own[kind + address] == "EHOSTUNREACH" || own[kind + address] == "EACCES")
          << kind << address << " " << own[kind + address];
      EXPECT_EQ (whole[kind + address], "outside") << kind << address;
    }
  }
}

/* The names under which the stack itself would lead to the host: its gateway and its resolver. */
TEST_F (Network, HasNoWayToTheHostThroughTheStack)
{
  std::vector<std::string> ways = { "127.0.0.1",        "::1",     "10.0.2.2",
                                    "10.0.2.3",         "fd00::2", "fd00::3",
                                    "::ffff:127.0.0.1", "0.0.0.0", "255.255.255.255",
                                    "64:ff9b::7f00:1" };

  for (const auto &[what, answer] : ask ("own", ways)) {
    EXPECT_NE (answer, "host") << what;
    EXPECT_NE (answer, "outside") << what;
  }
  EXPECT_EQ (ask ("whole", { "127.0.0.1" })["tcp 127.0.0.1"], "host");
}

TEST_F (Network, FindsNames)
{
  std::string script = "import socket\nprint(socket.gethostbyname('somewhere.example.org'))\n"
                       "print(socket.create_connection(('somewhere.example.org', "
                       + World::port () + ")).recv(100).decode())\n";
  Outcome outcome = python ("own", script);

  EXPECT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out, World::named () + "\noutside\n\n");
  EXPECT_EQ (run_in ({ "--profile=own" }, { "cat", "/etc/resolv.conf" }).out, "nameserver 10.0.2.3\n");
}

TEST_F (Network, SendsEchoRequests)
{
  const std::string script = "import socket, sys\n"
                             "def ping(address):\n"
                             "  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)\n"
                             "  s.settimeout(1)\n"
                             "  try:\n"
                             "    s.connect((address, 0)); s.send(bytes([8, 0, 0, 0, 0, 0, 0, 1]) + b'x' * 8)\n"
                             "    return s.recv(100)[0] == 0\n"
                             "  except OSError:\n"
                             "    return False\n";
  Outcome own = python ("own", script + "print(ping('198.51.100.10'), ping('192.168.77.1'), ping('203.0.113.77'))");
  Outcome whole = python ("whole", script + "print(ping('198.51.100.10'), ping('192.168.77.1'))");

  EXPECT_EQ (own.out, "True False False\n") << own.err;
  EXPECT_EQ (whole.out, "True True\n") << whole.err;
}

/* Nobody inside has a right over the network namespace: neither the application nor a namespace of its own making. */
TEST_F (Network, CannotBeChangedFromInside)
{
  const std::string script = "import ctypes, errno, fcntl, os, socket, struct\n"
                             "libc = ctypes.CDLL(None, use_errno=True)\n"
                             "def attempt(what, act):\n"
                             "  try:\n"
                             "    act(); print(what, 'done')\n"
                             "  except OSError as error:\n"
                             "    print(what, errno.errorcode[error.errno])\n"
                             "def down(name):\n"
                             "  request = struct.pack('16sh', name, 0)\n"
                             "  fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, request)\n"
                             "def tries(name):\n"
                             "  attempt('down', lambda: down(name))\n"
                             "  attempt('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 255))\n"
                             "tries(b'tap0')\n"
                             "if libc.unshare(0x10000000): raise OSError(ctypes.get_errno(), 'unshare')\n"
                             "tries(b'tap0')\n"
                             "if libc.unshare(0x40000000): raise OSError(ctypes.get_errno(), 'unshare')\n"
                             "tries(b'lo')\n";
  Outcome outcome = python ("nested", script);

  EXPECT_EQ (outcome.out, "down EPERM\nraw EPERM\ndown EPERM\nraw EPERM\ndown done\nraw done\n") << outcome.err;
}

/* An address that this machine gets while the sandbox runs is closed as well: before, it was on the Internet. */
TEST_F (Network, ClosesAnAddressThatIsNew)
{
  std::string script = "import socket, sys, time\n"
                       "def ask():\n"
                       "  try: return socket.create_connection(('198.51.100.10', "
                       + World::port ()
                       + "), 2).recv(9).decode().strip()\n"
                         "  except OSError as error: return 'refused'\n"
                         "print(ask(), flush=True)\n"
                         "sys.stdin.readline()\n"
                         "for i in range(50):\n"
                         "  if ask() == 'refused': break\n"
                         "  time.sleep(0.1)\n"
                         "print(ask(), flush=True)\n"
                         "sys.stdin.readline()\n"
                         "for i in range(50):\n"
                         "  if ask() == 'outside': break\n"
                         "  time.sleep(0.1)\n"
                         "print(ask(), flush=True)\n";
  Command words = command (run_words ({ "--profile=own" }, { "python3", "-c", script }));
  words.keep_input = true;
  Process process (words);

  EXPECT_TRUE (process.expect ("outside\n"));
  World::administer ("ip addr add 198.51.100.10/32 dev lo");
  process.forget ();
  process.write ("\n");
  EXPECT_TRUE (process.expect ("refused\n"));
  World::administer ("ip addr del 198.51.100.10/32 dev lo");
  process.write ("\n");
  EXPECT_TRUE (process.expect ("outside\n")) << process.out ();
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
}

class Parts : public Network, public ::testing::WithParamInterface<const char *> {};
INSTANTIATE_TEST_SUITE_P (, Parts, ::testing::Values ("slirp4netns", "sandbox-border"), [] (const auto &info) {
  return info.param == std::string ("slirp4netns") ? "stack" : "border";
});

/* Whichever is killed: no network, never the host's, and it is said. */
TEST_P (Parts, LeavesNoNetworkWhenItIsKilled)
{
  std::string script = "import socket, sys\n"
                       "for line in sys.stdin:\n"
                       "  for address in ('198.51.100.10', '203.0.113.77'):\n"
                       "    try: print(socket.create_connection((address, "
                       + World::port ()
                       + "), 2).recv(9).decode().strip(), flush=True)\n"
                         "    except OSError as error: print('refused', flush=True)\n";
  Command words = command (run_words ({ "--profile=own" }, { "python3", "-c", script }));
  words.keep_input = true;
  Process process (words);
  std::string id = new_instance ().id;

  process.write ("\n");
  EXPECT_TRUE (process.expect ("outside\nrefused\n"));
  EXPECT_TRUE (json ({ "show", "--json", id })["enforced"]["private-network"].boolean ());
  pid_t pid = process_of (id, GetParam ());
  ASSERT_GT (pid, 0) << describe (descendants (record (id).keeper));
  kill (pid, SIGKILL);
  EXPECT_TRUE (eventually ([&] { return !json ({ "show", "--json", id })["enforced"]["private-network"].boolean (); }));
  EXPECT_TRUE (
      eventually ([&] { return process_of (id, "slirp4netns") < 0 && process_of (id, "sandbox-border") < 0; }));
  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("NO: a network of its own"), std::string::npos);
  process.forget ();
  process.write ("\n");
  EXPECT_TRUE (process.expect ("refused\nrefused\n")) << process.out ();
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
}

TEST_F (Network, IsRefusedWhereItCannotBeMade)
{
  set_env ("SANDBOX_SLIRP4NETNS", "/nonexistent/slirp4netns");
  Outcome outcome = run_in ({ "--profile=own" }, { "true" });

  EXPECT_TRUE (fails_with (outcome, 125, { "a network of its own", "slirp4netns", "apt install slirp4netns" }));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=own", "--network=none" }, { "true" })));
  EXPECT_NE (sandboxctl ({ "doctor" }).out.find ("apt install slirp4netns"), std::string::npos);
}

/* The profile for what is made for the network; what it has not got can be had by a word, and nothing is shared
 * instead of it. */
TEST_F (Network, IsWhatOnlineHas)
{
  const std::string outside = World::internet ()[0], near = World::near ()[0], host = World::host ()[0];
  auto answers = ask ("online", { outside, near, host });

  EXPECT_EQ (answers["tcp " + outside], "outside");
  EXPECT_NE (answers["tcp " + near], "outside");
  EXPECT_NE (answers["tcp " + host], "host");
  set_env ("SANDBOX_SLIRP4NETNS", "/nonexistent/slirp4netns");
  EXPECT_TRUE (fails_with (run_in ({ "--profile=online" }, { "true" }), 125,
                           { "a network of its own", "apt install slirp4netns", "--network=shared" }));
}

TEST_F (Network, IsChosenByAnOption)
{
  const Argv count = { "sh", "-c", "grep -c : /proc/net/dev" };

  EXPECT_EQ (run_in ({ "--profile=whole", "--network=private" }, count).out, "2\n"); /* lo and its own */
  EXPECT_EQ (run_in ({ "--profile=whole", "--network=none" }, count).out, "1\n");
  EXPECT_EQ (run_in ({ "--profile=own", "--network=none" }, count).out, "1\n");
  EXPECT_TRUE (fails_with (run_in ({ "--profile=whole", "--network=some" }, { "true" }), 125,
                           { "--network=some", "none, private, shared" }));
  EXPECT_EQ (run_in ({ "--profile=own", "--network=shared" }, { "true" }).status, 125); /* needs approval */
}
