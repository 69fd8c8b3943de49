/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of this machine that lead into a sandbox with a network of its own. */
#include <csignal>

#include "network.h"

using namespace e2e;

class Publish : public Network {
protected:
  void
  SetUp () override
  {
    Network::SetUp ();
    add_server ("server", "7080:80;7053:53/udp");
  }
  void
  add_server (const std::string &name, const std::string &ports)
  {
    add_profile (name, "[Profile]\nInherits=default\n[Context]\nshared=private-network;\n[Network]\npublish=" + ports
                           + ";\n");
  }
  /* Sends back in capitals what it gets, when its sender has ended, at TCP port 80 of @address and at 81; datagrams at
   * port 53. Says "ready". */
  static Argv
  server (const std::string &address = "127.0.0.1")
  {
    return { "python3", "-c",
             "import socket, sys, threading\n"
             "family = socket.AF_INET6 if ':' in '"
                 + address
                 + "' else socket.AF_INET\n"
                   "def stream(port):\n"
                   "  s = socket.socket(family); s.bind(('"
                 + address
                 + "', port)); s.listen(1024)\n"
                   "  def one(c):\n"
                   "    data = b''\n"
                   "    while (more := c.recv(65536)): data += more\n"
                   "    c.sendall(data.upper()); c.close()\n"
                   "  def serve():\n"
                   "    while True: threading.Thread(target=one, args=(s.accept()[0],), daemon=True).start()\n"
                   "  threading.Thread(target=serve, daemon=True).start()\n"
                   "def datagrams():\n"
                   "  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('0.0.0.0', 53))\n"
                   "  while True:\n"
                   "    data, peer = s.recvfrom(65536); s.sendto(data.upper(), peer)\n"
                   "stream(80); stream(8081)\n"
                   "threading.Thread(target=datagrams, daemon=True).start()\n"
                   "print('ready', flush=True); sys.stdin.readline()\n" };
  }
  Command
  serving (const std::string &profile, const Argv &words)
  {
    Command result = command (run_words ({ "--profile=" + profile }, words));

    result.keep_input = true;
    return result;
  }
  /* From this machine: what comes back of "hello", or the errno. */
  std::string
  call (const std::string &address, int port)
  {
    return run ({ { "python3", "-c",
                    "import errno, socket\n"
                    "try:\n"
                    "  s = socket.create_connection(('"
                        + address + "', " + std::to_string (port)
                        + "), 10)\n"
                          "  s.settimeout(20); s.sendall(b'hello'); s.shutdown(socket.SHUT_WR)\n"
                          "  data = b''\n"
                          "  while (more := s.recv(65536)): data += more\n"
                          "  print(data.decode(), end='')\n"
                          "except OSError as error: print(errno.errorcode.get(error.errno, error), end='')\n" } })
        .out;
  }
  std::string
  call_udp (const std::string &address, int port)
  {
    return run ({ { "python3", "-c",
                    "import errno, socket\n"
                    "s = socket.socket(socket.AF_INET6 if ':' in '"
                        + address
                        + "' else socket.AF_INET, socket.SOCK_DGRAM)\n"
                          "s.settimeout(20); s.connect(('"
                        + address + "', " + std::to_string (port)
                        + "))\n"
                          "try: s.send(b'hello'); print(s.recv(100).decode(), end='')\n"
                          "except OSError as error: print(errno.errorcode.get(error.errno, error), end='')\n" } })
        .out;
  }
};

TEST_F (Publish, LeadsInside)
{
  Process process (serving ("server", server ()));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  for (const char *address : { "127.0.0.1", "::1" }) {
    EXPECT_EQ (call (address, 7080), "HELLO") << address;
    EXPECT_EQ (call_udp (address, 7053), "HELLO") << address;
  }
  /* What listens inside and is not published, by its own number and by every other */
  for (int port : { 80, 8081, 7081 })
    EXPECT_EQ (call ("127.0.0.1", port), "ECONNREFUSED") << port;
  EXPECT_EQ (call_udp ("127.0.0.1", 7080), "ECONNREFUSED");
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
  EXPECT_EQ (call ("127.0.0.1", 7080), "ECONNREFUSED");
}

TEST_F (Publish, LeadsToWhatListensByIpv6)
{
  Process process (serving ("server", server ("::1")));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  EXPECT_EQ (call ("127.0.0.1", 7080), "HELLO");
  EXPECT_EQ (call ("::1", 7080), "HELLO");
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
}

/* At the loopback alone, unless an address is named. */
TEST_F (Publish, IsForThisMachineUnlessAnAddressIsNamed)
{
  add_server ("open", "192.168.77.2:7081:80;[fd77::2]:7082:80;0.0.0.0:7083:80;[::]:7053:53/udp");
  Process process (serving ("server", server ()));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  EXPECT_EQ (call ("127.0.0.1", 7080), "HELLO");
  for (const std::string &address : World::host ()) {
    EXPECT_EQ (call (address, 7080), "ECONNREFUSED") << address;
    EXPECT_EQ (call_udp (address, 7053), "ECONNREFUSED") << address;
  }
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);

  Process open (serving ("open", server ()));
  ASSERT_TRUE (open.expect ("ready\n")) << open.err ();
  EXPECT_EQ (call ("192.168.77.2", 7081), "HELLO");
  EXPECT_EQ (call ("127.0.0.1", 7081), "ECONNREFUSED");
  EXPECT_EQ (call ("fd77::2", 7082), "HELLO");
  EXPECT_EQ (call ("203.0.113.77", 7083), "HELLO");
  EXPECT_EQ (call_udp ("fd77::2", 7053), "HELLO");
  open.close_input ();
  EXPECT_EQ (open.wait ().status, 0);
}

TEST_F (Publish, SaysWhatCannotBe)
{
  add_server ("low", "999:80");
  add_server ("far", "192.0.2.1:7080:80");
  add_server ("odd", "7080:80:80:80");
  add_server ("taken", World::port () + ":80");
  add_profile ("shared", "[Profile]\nInherits=default\n[Context]\nshared=network;\n[Network]\npublish=7080:80;\n");
  add_profile ("without", "[Profile]\nInherits=default\n[Network]\npublish=7080:80;\n");

  EXPECT_TRUE (fails_with (run_in ({ "--profile=low" }, { "true" }), 125, { "publish", "127.0.0.1:999/tcp", "root" }));
  EXPECT_TRUE (fails_with (run_in ({ "--profile=far" }, { "true" }), 125, { "192.0.2.1:7080", "no such address" }));
  EXPECT_TRUE (fails_with (run_in ({ "--profile=odd" }, { "true" }), 125, { "7080:80:80:80", "PORT:INSIDE" }));
  EXPECT_TRUE (
      fails_with (run_in ({ "--profile=taken" }, { "true" }), 125, { "127.0.0.1:" + World::port (), "in use" }));
  EXPECT_TRUE (fails_with (run_in ({ "--profile=shared" }, { "true" }), 125, { "publish=", "--network=private" }));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=without" }, { "true" })));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=server" }, { "true" })));
  /* Two cannot have it, and nothing of the second is left */
  std::string first = launch_detached ({ "--profile=server" }, { "sleep", "600" });
  EXPECT_TRUE (
      fails_with (run_in ({ "--profile=server" }, { "true" }), 125, { "127.0.0.1:7053/udp", "in use", "EADDRINUSE" }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", first })));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=server" }, { "true" })));
}

/* More than the profile has takes approval, which nobody gives here; less does not. */
TEST_F (Publish, IsAskedForLikeEveryFacility)
{
  EXPECT_TRUE (fails_with (run_in ({ "--profile=own", "--publish=7080:80" }, { "true" }), 125, { "extend-network" }));
  EXPECT_TRUE (
      fails_with (run_in ({ "--profile=server", "--publish=0.0.0.0:7080:80" }, { "true" }), 125, { "extend-network" }));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=server", "--publish=!7080:80" }, { "true" })));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=server", "--publish=7080:80" }, { "true" })));
  EXPECT_NE (sandboxctl ({ "explain", "server" }).out.find ("7080:80"), std::string::npos);
}

/* Whoever dies, the port is free again. */
TEST_F (Publish, EndsWithTheKeeper)
{
  for (const char *victim : { "keeper", "sandbox-relay" }) {
    Process process (serving ("server", server ()));

    ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
    std::string id = new_instance ().id;
    EXPECT_EQ (call ("127.0.0.1", 7080), "HELLO");
    kill (victim[0] == 'k' ? record (id).keeper : process_of (id, victim), SIGKILL);
    EXPECT_TRUE (eventually ([&] { return call ("127.0.0.1", 7080) == "ECONNREFUSED"; })) << victim;
    process.close_input ();
    process.wait ();
  }
  EXPECT_TRUE (eventually ([&] { return run_in ({ "--profile=server" }, { "true" }).status == 0; }));
}

/* More at once than it has room for: the others wait. */
TEST_F (Publish, HoldsAFlood)
{
  const std::string flood = "import resource, socket, threading\n"
                            "resource.setrlimit(resource.RLIMIT_NOFILE, (2048, 2048))\n"
                            "idle = [socket.create_connection(('127.0.0.1', 7080), 60) for i in range(150)]\n"
                            "good = []\n"
                            "def one():\n"
                            "  s = socket.create_connection(('127.0.0.1', 7080), 60)\n"
                            "  s.sendall(b'x' * 100000); s.shutdown(socket.SHUT_WR)\n"
                            "  data = b''\n"
                            "  while (more := s.recv(65536)): data += more\n"
                            "  if data == b'X' * 100000: good.append(1)\n"
                            "threads = [threading.Thread(target=one) for i in range(300)]\n"
                            "for t in threads: t.start()\n"
                            "for t in threads: t.join()\n"
                            "d = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(300)]\n"
                            "for s in d: s.sendto(b'x', ('127.0.0.1', 7053))\n"
                            "def answers():\n"
                            "  for i in range(50):\n"
                            "    d[-1].settimeout(1); d[-1].sendto(b'last', ('127.0.0.1', 7053))\n"
                            "    try: return d[-1].recv(10) in (b'LAST', b'X')\n"
                            "    except OSError: pass\n"
                            "print(len(good), answers())\n";
  Process process (serving ("server", server ()));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  EXPECT_EQ (run ({ { "python3", "-c", flood } }).out, "300 True\n");
  EXPECT_EQ (call ("127.0.0.1", 7080), "HELLO");
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
}
