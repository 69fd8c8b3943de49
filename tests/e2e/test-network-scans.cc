/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every port of every address of this machine, from inside; and flows of datagrams, as QUIC makes them. */
#include "network.h"

using namespace e2e;

class NetworkScans : public Network {
protected:
  /* Which ports of @addresses answer by TCP and by UDP, sorted: "tcp [...]\nudp [...]\n". All of them are asked, a few
   * hundred at a time. */
  std::string
  scan (const std::string &profile, const std::vector<std::string> &addresses)
  {
    std::string words;

    for (const std::string &address : addresses)
      words += "'" + address + "', ";
    return python (profile, "import select, socket\n"
                            "def family(address): return socket.AF_INET6 if ':' in address else socket.AF_INET\n"
                            "def tcp(address, ports):\n"
                            "  poll, socks, found = select.poll(), {}, []\n"
                            "  for port in ports:\n"
                            "    s = socket.socket(family(address)); s.setblocking(False)\n"
                            "    if s.connect_ex((address, port)) in (0, 115):\n" /* EINPROGRESS */
                            "      socks[s.fileno()] = s, port; poll.register(s, select.POLLOUT)\n"
                            "    else: s.close()\n"
                            "  while socks:\n"
                            "    ready = poll.poll(5000)\n"
                            "    if not ready: break\n"
                            "    for fd, _ in ready:\n"
                            "      s, port = socks.pop(fd); poll.unregister(fd)\n"
                            "      if s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0 and s.getsockname() != "
                            "s.getpeername():\n" /* itself */
                            "        found.append(port)\n"
                            "      s.close()\n"
                            "  for s, _ in socks.values(): s.close()\n"
                            "  return found\n"
                            "def udp(address):\n"
                            "  s = socket.socket(family(address), socket.SOCK_DGRAM); found = set()\n"
                            "  s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)\n"
                            "  def hear(wait):\n"
                            "    s.settimeout(wait)\n"
                            "    try:\n"
                            "      while True:\n"
                            "        said, (_, port, *_) = s.recvfrom(100)\n"
                            "        if said != b'?': found.add(port)\n" /* which is our own */
                            "    except OSError: pass\n"
                            "  for port in range(1, 65536):\n"
                            "    s.settimeout(5)\n"
                            "    try: s.sendto(b'?', (address, port))\n"
                            "    except OSError: pass\n"
                            "    if port % 256 == 0: hear(0)\n"
                            "  hear(1)\n"
                            "  return found\n"
                            "heard = {'tcp': set(), 'udp': set()}\n"
                            "for address in ["
                                + words
                                + "]:\n"
                                  "  for first in range(1, 65536, 256):\n"
                                  "    heard['tcp'].update(tcp(address, range(first, min(first + 256, 65536))))\n"
                                  "  heard['udp'].update(udp(address))\n"
                                  "for kind in heard: print(kind, sorted(heard[kind]))\n")
        .out;
  }
};

/* Two tests, so that neither takes a machine that is busy too long. */
TEST_F (NetworkScans, NoPortOfTheHostAnswersByIpv4)
{
  EXPECT_EQ (scan ("own", { World::host ()[0], World::host ()[1], "10.0.2.2", "127.0.0.1" }), "tcp []\nudp []\n");
}

TEST_F (NetworkScans, NoPortOfTheHostAnswersByIpv6)
{
  EXPECT_EQ (scan ("own", { World::host ()[2], World::host ()[3], "fd00::2", "::1" }), "tcp []\nudp []\n");
}

/* The same finds all that listens where the network is the host's. */
TEST_F (NetworkScans, FindsWhatIsThereOnASharedNetwork)
{
  for (const std::string &address : { World::host ()[0], World::host ()[3] }) {
    std::string found = scan ("whole", { address });

    EXPECT_NE (found.find ("tcp [" + World::port () + ", " + World::stream_port () + "]"), std::string::npos) << found;
    EXPECT_NE (found.find ("udp [" + World::port ()), std::string::npos) << found;
  }
}

/* What QUIC does: datagrams of 1,200 bytes by hundreds, of which each is answered, from a port that changes; and a
 * destination that is closed while it goes on. Lost ones are sent again, as QUIC does. */
TEST_F (NetworkScans, CarriesFlowsOfDatagrams)
{
  const std::string script = "import errno, socket, sys\n"
                             "def connected(address):\n"
                             "  s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, "
                             "socket.SOCK_DGRAM)\n"
                             "  s.connect((address, "
                             + World::port ()
                             + ")); s.settimeout(2)\n"
                               "  return s\n"
                               "def exchange(s):\n"
                               "  for _ in range(20):\n"
                               "    try: s.send(b'q' * 1200); return s.recv(100)\n"
                               "    except TimeoutError: pass\n"
                               "for address in ('198.51.100.10', '2001:db8:1::10'):\n"
                               "  good = 0\n"
                               "  for moved in range(4):\n"
                               "    s = connected(address)\n"
                               "    good += sum(exchange(s) == b'outside\\n' for i in range(100))\n"
                               "  print(address, good, flush=True)\n"
                               "s = connected('198.51.100.10')\n"
                               "for line in sys.stdin:\n"
                               "  try: print(exchange(s).decode().strip(), flush=True)\n"
                               "  except OSError as error: print(errno.errorcode[error.errno], flush=True)\n";
  Command starting = command (run_words ({ "--profile=own" }, { "python3", "-c", script }));
  starting.keep_input = true;
  Process process (starting);

  EXPECT_TRUE (process.expect ("198.51.100.10 400\n2001:db8:1::10 400\n")) << process.out () << process.err ();
  process.write ("\n");
  EXPECT_TRUE (process.expect ("outside\n"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", new_instance ().id, "--network-deny=198.51.100.0/24/udp" })));
  process.write ("\n");
  EXPECT_TRUE (process.expect ("EHOSTUNREACH\n")) << process.out ();
  process.close_input ();
  EXPECT_EQ (process.wait ().status, 0);
}
