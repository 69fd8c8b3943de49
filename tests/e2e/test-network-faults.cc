/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network of its own under load, in bad hands, and when what it is made of dies. */
#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "network.h"

using namespace e2e;

class NetworkFaults : public Network {};

TEST_F (NetworkFaults, CarriesAThousandConnectionsAtOnce)
{
  const std::string script = "import select, socket, sys\n"
                             "n, good, socks = 1000, 0, {}\n"
                             "poll = select.poll()\n"
                             "for i in range(n):\n"
                             "  s = socket.socket(); s.setblocking(False); s.connect_ex(('198.51.100.10', "
                             + World::port ()
                             + "))\n"
                               "  socks[s.fileno()] = s; poll.register(s, select.POLLIN)\n"
                               "while socks:\n"
                               "  ready = poll.poll(60000)\n"
                               "  if not ready: break\n"
                               "  for fd, _ in ready:\n"
                               "    try: good += socks[fd].recv(100) == b'outside\\n'\n"
                               "    except OSError: pass\n"
                               "    poll.unregister(fd); socks.pop(fd).close()\n"
                               "print(good)\n";

  EXPECT_EQ (python ("own", "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))\n" + script).out,
             "1000\n");
}

/* Each address of this machine, and what stands for its loopback: nothing answers, whoever listens there. */
TEST_F (NetworkFaults, NothingOfTheHostAnswersAScan)
{
  std::vector<std::string> addresses = World::host ();
  auto scan = [this] (const std::string &profile, const std::vector<std::string> &list) {
    std::string words;

    for (const std::string &address : list)
      words += "'" + address + "', ";
    return python (profile, "import socket\n"
                            "found = []\n"
                            "for address in ["
                                + words
                                + "]:\n"
                                  "  for port in list(range(1, 513)) + ["
                                + World::port () + ", " + World::stream_port ()
                                + "]:\n"
                                  "    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)\n"
                                  "    s.settimeout(5)\n"
                                  "    if s.connect_ex((address, port)) == 0: found.append(port)\n"
                                  "    s.close()\n"
                                  "print(sorted(set(found)))\n")
        .out;
  };

  EXPECT_NE (scan ("whole", addresses).find (World::port () + ", " + World::stream_port ()), std::string::npos);
  addresses.insert (addresses.end (), { "10.0.2.2", "fd00::2", "127.0.0.1" });
  EXPECT_EQ (scan ("own", addresses), "[]\n");
}

/* What the local network would hear, if it were sent there. */
TEST_F (NetworkFaults, NobodyHearsWhatIsSentToMany)
{
  const std::string script = "import socket\n"
                             "for family, address in ((socket.AF_INET, '224.0.0.251'), (socket.AF_INET, "
                             "'192.168.77.255'),\n"
                             "                        (socket.AF_INET, '255.255.255.255'), (socket.AF_INET6, "
                             "'ff02::fb')):\n"
                             "  s = socket.socket(family, socket.SOCK_DGRAM)\n"
                             "  s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)\n"
                             "  try: s.sendto(b'hello', (address, 5353))\n"
                             "  except OSError: pass\n";
  Fd sock (socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in at = {};
  struct ip_mreqn group = {};
  struct pollfd polled = { sock.get (), POLLIN, 0 };
  char bytes[16];

  at.sin_family = AF_INET;
  at.sin_port = htons (5353);
  inet_pton (AF_INET, "224.0.0.251", &group.imr_multiaddr);
  inet_pton (AF_INET, World::host ()[0].c_str (), &group.imr_address);
  ASSERT_EQ (bind (sock.get (), reinterpret_cast<struct sockaddr *> (&at), sizeof at), 0);
  ASSERT_EQ (setsockopt (sock.get (), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), 0);
  EXPECT_TRUE (succeeds (python ("own", script)));
  EXPECT_EQ (poll (&polled, 1, 0), 0);
  EXPECT_TRUE (succeeds (python ("whole", script)));
  EXPECT_EQ (poll (&polled, 1, 10000), 1);
  EXPECT_EQ (recv (sock.get (), bytes, sizeof bytes, 0), 5);
}

/* Datagrams of nothing in particular for the resolver, which the border reads where rules have names. */
TEST_F (NetworkFaults, OutlivesGarbage)
{
  const std::string script =
      "import os, random, socket\n"
      "random.seed(7)\n"
      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
      "for i in range(2000):\n"
      "  question = bytearray(b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4some\\7example\\3org\\0\\0\\1\\0\\1')\n"
      "  for j in range(random.randrange(8)): question[random.randrange(len(question))] = "
      "random.randrange(256)\n"
      "  try: s.sendto(bytes(question[:random.randrange(len(question) + 1)]) + "
      "os.urandom(random.choice((0, 0, 9, 900))), ('10.0.2.3', 53))\n"
      "  except OSError: pass\n"
      "print(socket.gethostbyname('some.example.org'))\n";

  EXPECT_EQ (run_in ({ "--profile=own", "--network-allow=*.example.org" }, { "python3", "-c", script }).out,
             World::named () + "\n");
}

/* A stack, and a border, that stand still, as when a machine sleeps: nobody takes their place, and afterwards what was
 * open goes on. */
TEST_F (NetworkFaults, GoesOnWhereItStoodStill)
{
  const std::string script = "import socket, sys\n"
                             "def ask(address):\n"
                             "  try: return socket.create_connection((address, "
                             + World::port ()
                             + "), 2).recv(100).decode().strip()\n"
                               "  except OSError: return 'nobody'\n"
                               "kept = socket.create_connection(('198.51.100.10', "
                             + World::stream_port ()
                             + "))\n"
                               "kept.settimeout(60); kept.recv(1000); print('flows', flush=True)\n"
                               "sys.stdin.readline()\n"
                               "print(*[ask(a) for a in ('198.51.100.10', '192.168.77.2', '10.0.2.2')], flush=True)\n"
                               "sys.stdin.readline()\n"
                               "n = 0\n"
                               "while n < 1000000: n += len(kept.recv(65536))\n"
                               "print('goes on', ask('198.51.100.10'), flush=True)\n";

  for (const char *name : { "slirp4netns", "sandbox-border" }) {
    Command starting = command (run_words ({ "--profile=own" }, { "python3", "-c", script }));
    starting.keep_input = true;
    Process process (starting);

    ASSERT_TRUE (process.expect ("flows\n")) << process.err ();
    std::string id = new_instance ().id;
    pid_t still = process_of (id, name);
    ASSERT_GT (still, 0);
    kill (still, SIGSTOP);
    process.write ("\n");
    EXPECT_TRUE (process.expect ("nobody nobody nobody\n")) << name << process.out ();
    EXPECT_EQ (json ({ "show", "--json", id })["state"].text (), "running");
    kill (still, SIGCONT);
    process.write ("\n");
    EXPECT_TRUE (process.expect ("goes on outside\n")) << name << process.out ();
    process.close_input ();
    EXPECT_EQ (process.wait ().status, 0);
  }
}

/* Everything that can be sent without a capability, to every place there is; and the network is as it was. */
TEST_F (NetworkFaults, OutlivesGarbageToEveryPlace)
{
  const std::string script =
      "import os, random, socket\n"
      "random.seed(11)\n"
      "places = ('10.0.2.2', '10.0.2.3', '10.0.2.1', '10.0.2.255', '198.51.100.10', '192.168.77.2', "
      "'255.255.255.255',\n"
      "          'fd00::2', 'fd00::3', 'fe80::1%tap0', 'ff02::1%tap0', '2001:db8:1::10')\n"
      "for i in range(3000):\n"
      "  place = random.choice(places)\n"
      "  family = socket.AF_INET6 if ':' in place else socket.AF_INET\n"
      "  kinds = [(socket.SOCK_DGRAM, 0), (socket.SOCK_DGRAM, 58 if ':' in place else 1), (socket.SOCK_DGRAM, 136)]\n"
      "  try:\n"
      "    s = socket.socket(family, *random.choice(kinds))\n"
      "    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)\n"
      "    if family == socket.AF_INET: s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, "
      "os.urandom(random.choice((0, 4, "
      "40))))\n"
      "  except OSError: pass\n"
      "  try: s.sendto(os.urandom(random.choice((0, 1, 7, 8, 100, 1500, 60000))), (place, random.choice((7, 53, 67, "
      "69, "
      "5353, random.randrange(1, 65536)))))\n"
      "  except OSError: pass\n"
      "  s.close()\n"
      "print(socket.create_connection(('198.51.100.10', "
      + World::port () + "), 20).recv(100).decode().strip(), socket.gethostbyname('some.example.org'))\n";

  EXPECT_EQ (python ("own", script).out, "outside " + World::named () + "\n");
}

/* A border that stands still and cannot be told of a change: who asked for that waits, nobody else does. It is tried
 * again where this machine was so slow that it was taken down first, after its five seconds. */
TEST_F (NetworkFaults, NobodyElseWaitsForABorderThatStandsStill)
{
  bool held = true;

  for (int i = 0; held && i < 10; i++) {
    std::string id = launch_detached ({ "--profile=own" }, { "sleep", "600" });
    pid_t border = process_of (id, "sandbox-border");
    ASSERT_GT (border, 0);
    kill (border, SIGSTOP);
    Process restricting (command ({ "restrict", id, "--network-deny=198.51.100.0/24" }));
    /* The keeper has begun: it has written down what is to be */
    EXPECT_TRUE (eventually ([&] {
      return access ((instances () + "/" + id + "/info.new").c_str (), F_OK) == 0 || !restricting.running ();
    }));
    EXPECT_EQ (sandboxctl ({ "exec", id, "--", "echo", "here" }).out, "here\n");
    held = process_of (id, "sandbox-border") != border || !restricting.running ();
    kill (border, SIGCONT);
    EXPECT_EQ (restricting.wait ().status, 0);
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
  }
  EXPECT_FALSE (held);
}

/* A border that stands still for longer than that is taken down, and the network with it. */
TEST_F (NetworkFaults, ABorderThatDoesNotObeyIsTakenDown)
{
  std::string id = launch_detached ({ "--profile=own" }, { "sleep", "600" });
  pid_t border = process_of (id, "sandbox-border"), stack = process_of (id, "slirp4netns");

  ASSERT_GT (border, 0);
  EXPECT_TRUE (json ({ "show", "--json", id })["enforced"]["private-network"].boolean ());
  kill (border, SIGSTOP);
  (void) sandboxctl ({ "restrict", id, "--network-deny=198.51.100.0/24" });
  EXPECT_TRUE (eventually ([&] { return !process_exists (border) && !process_exists (stack); }));
  EXPECT_TRUE (eventually ([&] { return !json ({ "show", "--json", id })["enforced"]["private-network"].boolean (); }));
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "sh", "-c", "grep -c tap0 /proc/net/dev" }).out, "0\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id, "--grace=0" })));
}

/* Addresses come and go while it stands still: it has the last word of them when it goes on. */
TEST_F (NetworkFaults, WhatChangesMeanwhileIsInForceAfterwards)
{
  const std::string script = "import socket, sys\n"
                             "def ask():\n"
                             "  try: return socket.create_connection(('198.51.100.10', "
                             + World::port ()
                             + "), 5).recv(9).decode().strip()\n"
                               "  except OSError: return 'refused'\n"
                               "for line in sys.stdin: print(ask(), flush=True)\n";
  Command starting = command (run_words ({ "--profile=own" }, { "python3", "-c", script }));
  starting.keep_input = true;
  Process process (starting);
  auto asked = [&] {
    process.forget ();
    process.write ("\n");
    EXPECT_TRUE (process.expect ("\n")) << process.err ();
    return process.out ();
  };
  std::string id = new_instance ().id;
  pid_t border = process_of (id, "sandbox-border");

  ASSERT_GT (border, 0);
  EXPECT_EQ (asked (), "outside\n");
  kill (border, SIGSTOP);
  for (int i = 0; i < 3; i++)
    World::administer ("ip addr add 198.51.100.10/32 dev lo; ip addr del 198.51.100.10/32 dev lo");
  World::administer ("ip addr add 198.51.100.10/32 dev lo; touch " + dir () + "/done");
  EXPECT_TRUE (eventually ([&] { return access ((dir () + "/done").c_str (), F_OK) == 0; }));
  kill (border, SIGCONT);
  EXPECT_TRUE (eventually ([&] { return asked () == "refused\n"; }));
  World::administer ("ip addr del 198.51.100.10/32 dev lo");
  if (process_exists (border)) { /* it was not too slow */
    EXPECT_TRUE (eventually ([&] { return asked () == "outside\n"; }));
  }
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
}

/* The keeper's end is everybody's: nothing is left that could carry a packet. */
TEST_F (NetworkFaults, NothingOutlivesTheKeeper)
{
  std::string id = launch_detached ({ "--profile=own" }, { "sleep", "600" });
  pid_t keeper = record (id).keeper, stack = process_of (id, "slirp4netns"), border = process_of (id, "sandbox-border");

  ASSERT_GT (stack, 0);
  ASSERT_GT (border, 0);
  kill (keeper, SIGKILL);
  EXPECT_TRUE (eventually ([&] { return !process_exists (stack) && !process_exists (border); }));
}
