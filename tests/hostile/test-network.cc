/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports, networks, and what netlink tells. */
#include <atomic>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>

#include "battery.h"

using namespace hostile;

class Ports : public Battery {
protected:
  void
  SetUp () override
  {
    int port, other;

    Battery::SetUp ();
    listener_ = listen_at_port (SOCK_STREAM, port);
    ASSERT_EQ (listen (listener_.get (), 256), 0);
    listen_at_port (SOCK_STREAM, other); /* closed again: nobody has it */
    give ("port", std::to_string (port));
    give ("free", std::to_string (other));
    /* As long as there are letters */
    echo_ = listen_at_port (SOCK_DGRAM, port);
    give ("udp", std::to_string (port));
    need_bystander ();
  }

  Fd listener_, echo_;
};
AS_EVERYBODY (Ports);

/* Answers one datagram after the other while it lives. */
class Echo {
public:
  explicit Echo (int sock)
      : thread_ ([this, sock] {
          struct timeval patience = { 0, 50000 };
          setsockopt (sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
          while (!ended_) {
            struct sockaddr_storage from;
            socklen_t size = sizeof from;
            char byte;
            if (recvfrom (sock, &byte, 1, 0, reinterpret_cast<struct sockaddr *> (&from), &size) > 0)
              (void) sendto (sock, &byte, 1, 0, reinterpret_cast<struct sockaddr *> (&from), size);
          }
        })
  {
  }
  ~Echo ()
  {
    ended_ = true;
    thread_.join ();
  }

private:
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

/* Each way in which TCP connects or is bound; other ports than those of the probes are named. */
TEST_P (Ports, OnlyThoseThatAreNamed)
{
  const char *limited = "[Context]\nshared=network;\n[Network]\nconnect=1;\nbind=1;\n";

  if (!refused_below (4, limited))
    hold ({ "ports/connect", "ports/bind", "ports/mptcp-connect", "ports/mptcp-bind", "ports/mptcp-high-bits",
            "ports/mapped-address", "ports/mapped-bind", "ports/fast-open", "ports/fast-open-message",
            "ports/fast-open-messages", "ports/fast-open-option", "ports/bind-unspecified", "ports/listen" },
          inside (limited), inside ("[Context]\nshared=network;\n"));
}

/* Without a network there is nobody at 127.0.0.1 and no name that is known. */
TEST_P (Ports, NoNetworkIsNone)
{
  Echo echo (echo_.get ());

  hold ({ "ports/connect", "ports/mptcp-connect", "ports/mapped-address", "ports/fast-open", "ports/fast-open-message",
          "ports/fast-open-messages", "ports/fast-open-option", "ports/datagram", "ports/abstract-socket",
          "netlink/unix-sockets" },
        inside (""), outside ());
}

/* Abstract names belong to the network, and are closed where that is shared: from Landlock's ABI 6 on, as `explain`
 * says. */
TEST_P (Ports, AbstractNamesAreClosed)
{
  hold ({ "ports/abstract-socket" }, inside ("[Context]\nshared=network;\n"), outside ());
}

class Netlink : public Battery {};
AS_EVERYBODY (Netlink);

TEST_P (Netlink, TellsNothingOfTheMachine)
{
  hold ({ "netlink/process-events", "netlink/process-events-high-bits", "netlink/packets", "netlink/pair" },
        inside ("[Context]\nshared=network;\n"), outside ());
}
