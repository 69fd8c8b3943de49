/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "process.h"

namespace e2e {

static const char *const port_number = "7001", *const stream_number = "7010";

const std::vector<std::string> &
World::host ()
{
  static const std::vector<std::string> list = { "192.168.77.2", "203.0.113.77", "fd77::2", "2001:db8:77::77" };
  return list;
}

const std::vector<std::string> &
World::near ()
{
  static const std::vector<std::string> list = { "192.168.77.1",    "10.55.0.1",     "172.20.1.1", "100.100.100.200",
                                                 "169.254.169.254", "168.63.129.16", "fd77::1",    "fd00:ec2::254" };
  return list;
}

const std::vector<std::string> &
World::internet ()
{
  static const std::vector<std::string> list = { "198.51.100.10", "2001:db8:1::10" };
  return list;
}

const std::string &
World::port ()
{
  static const std::string port = port_number;
  return port;
}

const std::string &
World::stream_port ()
{
  static const std::string port = stream_number;
  return port;
}

std::string
World::named ()
{
  return internet ()[0];
}

/* The host's resolver, as /etc/resolv.conf names it first. */
static std::string
resolver ()
{
  std::ifstream file ("/etc/resolv.conf");
  std::string word, address;

  while (file >> word)
    if (word == "nameserver" && file >> address && address.find (':') == std::string::npos)
      return address;
  return "127.0.0.1"; /* as resolv.conf(5) has it where none is named */
}

const std::vector<std::string> &
World::resolvers ()
{
  static const std::vector<std::string> list = { resolver (), "198.51.100.53" };
  return list;
}

const std::vector<std::string> &
World::internet_named ()
{
  static const std::vector<std::string> list = { named (), "198.51.100.77" };
  return list;
}

static void
must (bool good, const char *what)
{
  if (!good)
    throw std::runtime_error (std::string (what) + ": " + strerror (errno));
}

static void
shell (const std::string &command)
{
  if (system (("PATH=/usr/sbin:/sbin:$PATH; set -e; " + command).c_str ()) != 0)
    throw std::runtime_error ("failed: " + command);
}

static void
put (const char *path, const std::string &text)
{
  Fd fd (open (path, O_WRONLY | O_CLOEXEC));

  must (write (fd.get (), text.data (), text.size ()) == static_cast<ssize_t> (text.size ()), path);
}

static void
map_ids (unsigned uid, unsigned from_uid, unsigned gid, unsigned from_gid)
{
  put ("/proc/self/setgroups", "deny");
  put ("/proc/self/uid_map", std::to_string (uid) + " " + std::to_string (from_uid) + " 1");
  put ("/proc/self/gid_map", std::to_string (gid) + " " + std::to_string (from_gid) + " 1");
}

static std::string
add_addresses (const std::vector<std::string> &list, const std::string &device)
{
  std::string commands;

  for (const std::string &address : list)
    commands += "ip addr add " + address + (address.find (':') == std::string::npos ? "/32" : "/128 nodad") + " dev "
                + device + "; ";
  return commands;
}

/* At @address, or at all. */
static int
listen_at (int type, const std::string &address, int number)
{
  struct sockaddr_storage at = {};
  auto *inet = reinterpret_cast<struct sockaddr_in *> (&at);
  auto *inet6 = reinterpret_cast<struct sockaddr_in6 *> (&at);
  bool ipv4 = inet_pton (AF_INET, address.c_str (), &inet->sin_addr) == 1;

  must (ipv4 || address.empty () || inet_pton (AF_INET6, address.c_str (), &inet6->sin6_addr) == 1, "an address");
  at.ss_family = ipv4 ? AF_INET : AF_INET6;
  (ipv4 ? inet->sin_port : inet6->sin6_port) = htons (static_cast<uint16_t> (number));
  int sock = socket (at.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  must (bind (sock, reinterpret_cast<struct sockaddr *> (&at), ipv4 ? sizeof *inet : sizeof *inet6) == 0, "bind");
  must (type == SOCK_DGRAM || listen (sock, 1024) == 0, "listen");
  return sock;
}

/* Who answers, and what. */
struct Answerer {
  int sock;
  bool stream, dns;
  std::string text; /* of a resolver: the address of every name */
};

/* An answer to the question @bytes: one address of IPv4, and none of IPv6. */
static std::string
answer_dns (std::string bytes, const std::string &usual)
{
  size_t end = bytes.find ('\0', 12);

  if (bytes.size () < 17 || end == std::string::npos || end + 5 > bytes.size ())
    return "";
  bool ipv4 = bytes[end + 2] == 1;
  bytes.resize (end + 5);
  bytes[2] = '\x81';
  bytes[3] = '\x80';
  bytes.replace (6, 6, std::string (ipv4 ? "\0\1\0\0\0\0" : "\0\0\0\0\0\0", 6));
  if (ipv4) {
    char address[4];
    std::string first = bytes.substr (12, 5);
    std::string named = first == "\4near" ? World::near ()[0] : first == "\4home" ? World::host ()[1] : usual;
    inet_pton (AF_INET, named.c_str (), address);
    bytes += std::string ("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4", 12) + std::string (address, 4);
  }
  return bytes;
}

static void
answer (const Answerer &self)
{
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  char bytes[2048];

  if (self.stream) {
    Fd sock (accept4 (self.sock, nullptr, nullptr, SOCK_CLOEXEC));
    (void) send (sock.get (), self.text.data (), self.text.size (), MSG_NOSIGNAL);
    return;
  }
  ssize_t n = recvfrom (self.sock, bytes, sizeof bytes, 0, reinterpret_cast<struct sockaddr *> (&from), &size);
  std::string said =
      self.dns ? answer_dns (std::string (bytes, n > 0 ? static_cast<size_t> (n) : 0), self.text) : self.text;
  if (n > 0)
    (void) sendto (self.sock, said.data (), said.size (), 0, reinterpret_cast<struct sockaddr *> (&from), size);
}

static std::vector<Answerer> answerers;

static void
serve_for_ever ()
{
  std::vector<struct pollfd> polled;

  for (const Answerer &each : answerers)
    polled.push_back ({ each.sock, POLLIN, 0 });
  while (poll (polled.data (), polled.size (), -1) >= 0 || errno == EINTR)
    for (size_t i = 0; i < polled.size (); i++)
      if (polled[i].revents)
        answer (answerers[i]);
}

/* Until the other end is gone. */
static void
send_for_ever (int number)
{
  Fd sock (number);
  const std::string bytes (1000, 'x');

  while (send (sock.get (), bytes.data (), bytes.size (), MSG_NOSIGNAL) > 0)
    std::this_thread::sleep_for (std::chrono::milliseconds (5));
}

/* The sockets at which streams begin. */
static std::vector<int> streams;

static void
serve_streams (int sock)
{
  struct pollfd polled = { sock, POLLIN, 0 };

  while (poll (&polled, 1, -1) >= 0 || errno == EINTR) {
    int one = accept4 (sock, nullptr, nullptr, SOCK_CLOEXEC);
    if (one >= 0)
      std::thread (send_for_ever, one).detach ();
  }
}

/* A datagram is answered from the address that it was sent to. */
static void
add_answerers (const std::string &text, const std::vector<std::string> &addresses)
{
  answerers.push_back ({ listen_at (SOCK_STREAM, "", atoi (port_number)), true, false, text + "\n" });
  streams.push_back (listen_at (SOCK_STREAM, "", atoi (stream_number)));
  for (const std::string &address : addresses)
    answerers.push_back ({ listen_at (SOCK_DGRAM, address, atoi (port_number)), false, false, text + "\n" });
}

static void
add_resolver (const std::string &address, const std::string &named)
{
  answerers.push_back ({ listen_at (SOCK_DGRAM, address, 53), false, true, named });
}

/* A shell outside of what a test takes for its own processes; it ends with the test. */
static int administrator = -1;

static void
start_administrator ()
{
  int ends[2];

  must (pipe2 (ends, O_CLOEXEC) == 0, "pipe");
  prctl (PR_SET_CHILD_SUBREAPER, 0);
  pid_t middle = fork ();
  if (middle == 0) {
    if (fork () == 0) {
      dup2 (ends[0], 0);
      execl ("/bin/sh", "sh", static_cast<char *> (nullptr));
    }
    _exit (0);
  }
  waitpid (middle, nullptr, 0);
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  close (ends[0]);
  administrator = ends[1];
}

void
World::administer (const std::string &command)
{
  std::string line = "PATH=/usr/sbin:/sbin:$PATH; " + command + "\n";

  must (write (administrator, line.data (), line.size ()) == static_cast<ssize_t> (line.size ()), "administer");
}

static void
make_outside ()
{
  std::string own = resolver ();
  bool is_near = own.rfind ("127.", 0) != 0;
  std::vector<std::string> addresses = World::near ();

  addresses.insert (addresses.end (), World::internet ().begin (), World::internet ().end ());
  addresses.push_back (World::resolvers ()[1]);
  if (is_near)
    addresses.push_back (own);
  shell ("ip link set lo up; ip addr add 192.168.77.1/24 dev cable1; ip addr add fd77::1/64 dev cable1 nodad; "
         "ip link set cable1 up; ip route add default via 192.168.77.2; ip -6 route add default via fd77::2; "
         + add_addresses (addresses, "lo"));
  add_answerers ("outside", addresses);
  if (is_near)
    add_resolver (own, World::named ());
  add_resolver (World::resolvers ()[1], World::internet_named ()[1]);
}

static void
make_host ()
{
  shell ("ip link set lo up; ip addr add 192.168.77.2/24 dev cable0; ip addr add fd77::2/64 dev cable0 nodad; "
         "ip link set cable0 up; ip route add default via 192.168.77.1; ip -6 route add default via fd77::1; "
         + add_addresses ({ World::host ()[1], World::host ()[3] }, "lo"));
  put ("/proc/sys/net/ipv4/ping_group_range", "0 0");
  std::vector<std::string> addresses = World::host ();
  addresses.insert (addresses.end (), { "127.0.0.1", "::1" });
  add_answerers ("host", addresses);
  if (resolver ().rfind ("127.", 0) == 0)
    add_resolver (resolver (), World::named ());
}

/* Over the machine's own, which stays as it is. */
static void
make_etc ()
{
  must (unshare (CLONE_NEWNS) == 0, "mount namespace");
  shell ("mount -t tmpfs tmpfs /mnt; mkdir /mnt/upper /mnt/work; "
         "mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work,userxattr /etc");
}

static void
make (bool own_etc)
{
  unsigned uid = getuid (), gid = getgid ();

  (void) World::resolvers (); /* before anybody names another */
  must (unshare (CLONE_NEWUSER | CLONE_NEWNET) == 0, "namespaces");
  map_ids (0, uid, 0, gid);
  if (own_etc)
    make_etc ();
  Fd outside (open ("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  must (unshare (CLONE_NEWNET) == 0, "network namespace");
  shell ("ip link add cable0 type veth peer name cable1");
  Fd host (open ("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  shell ("ip link set cable1 netns /proc/" + std::to_string (getpid ()) + "/fd/" + std::to_string (outside.get ()));
  must (setns (outside.get (), CLONE_NEWNET) == 0, "setns");
  make_outside ();
  must (setns (host.get (), CLONE_NEWNET) == 0, "setns");
  make_host ();
  start_administrator ();
  /* An ordinary user again, who has no power over the two */
  must (unshare (CLONE_NEWUSER) == 0, "user namespace");
  map_ids (uid, 0, gid, 0);
  std::thread (serve_for_ever).detach ();
  for (int sock : streams)
    std::thread (serve_streams, sock).detach ();
}

std::string
World::enter (bool own_etc)
{
  static const std::string problem = [own_etc] () -> std::string {
    try {
      make (own_etc);
    } catch (const std::exception &error) {
      return error.what ();
    }
    return "";
  }();

  return problem;
}

}
