/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/network.h"

/* struct in6_ifreq of linux/ipv6.h, which libc's headers do not go together with */
typedef struct {
  struct in6_addr address;
  uint32_t prefix;
  int index;
} Request6;

static int
open_tap (void)
{
  struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
  int tap = open ("/dev/net/tun", O_RDWR | O_CLOEXEC), saved;

  memcpy (request.ifr_name, SBX_NETWORK_INTERFACE, sizeof SBX_NETWORK_INTERFACE);
  if (tap < 0 || ioctl (tap, TUNSETIFF, &request) == 0)
    return tap;
  saved = errno;
  close (tap);
  errno = saved;
  return -1;
}

static struct ifreq
request_of (const char *address)
{
  struct ifreq request = { .ifr_name = SBX_NETWORK_INTERFACE };
  struct sockaddr_in inet = { .sin_family = AF_INET };

  inet_pton (AF_INET, address, &inet.sin_addr);
  memcpy (&request.ifr_addr, &inet, sizeof inet);
  return request;
}

static int
set_up_ipv4 (int sock)
{
  struct ifreq request = request_of (SBX_NETWORK_ADDRESS);
  struct sockaddr_in gateway = { .sin_family = AF_INET };
  struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };

  if (ioctl (sock, SIOCSIFADDR, &request) < 0)
    return -1;
  request = request_of (SBX_NETWORK_MASK);
  if (ioctl (sock, SIOCSIFNETMASK, &request) < 0)
    return -1;
  request = (struct ifreq){ .ifr_name = SBX_NETWORK_INTERFACE, .ifr_mtu = SBX_NETWORK_MTU };
  if (ioctl (sock, SIOCSIFMTU, &request) < 0)
    return -1;
  request = (struct ifreq){ .ifr_name = SBX_NETWORK_INTERFACE, .ifr_flags = IFF_UP | IFF_RUNNING };
  if (ioctl (sock, SIOCSIFFLAGS, &request) < 0)
    return -1;
  inet_pton (AF_INET, SBX_NETWORK_GATEWAY, &gateway.sin_addr);
  memcpy (&route.rt_gateway, &gateway, sizeof gateway);
  route.rt_dst.sa_family = route.rt_genmask.sa_family = AF_INET;
  return ioctl (sock, SIOCADDRT, &route);
}

/* A setting of this network namespace; where /proc/sys cannot be written, it stays as it is. */
static void
set (const char *path, const char *value)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd >= 0) {
    (void) !write (fd, value, strlen (value));
    close (fd);
  }
}

/* Nobody else is there who could have the address, or who would be a router. */
static void
set_plain_ipv6 (void)
{
  static const char *const names[] = { "accept_dad", "accept_ra", "autoconf", "dad_transmits" };

  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[80];

    snprintf (path, sizeof path, "/proc/sys/net/ipv6/conf/" SBX_NETWORK_INTERFACE "/%s", names[i]);
    set (path, "0");
  }
}

/* As far as the kernel has it: without, there is none inside. */
static void
set_up_ipv6 (int sock)
{
  Request6 request = { .prefix = SBX_NETWORK_PREFIX6, .index = (int) if_nametoindex (SBX_NETWORK_INTERFACE) };
  struct in6_rtmsg route = { .rtmsg_flags = RTF_UP | RTF_GATEWAY, .rtmsg_metric = 1 };

  inet_pton (AF_INET6, SBX_NETWORK_ADDRESS6, &request.address);
  inet_pton (AF_INET6, SBX_NETWORK_GATEWAY6, &route.rtmsg_gateway);
  route.rtmsg_ifindex = request.index;
  if (ioctl (sock, SIOCSIFADDR, &request) == 0)
    (void) ioctl (sock, SIOCADDRT, &route);
}

/* As outside on most systems: programs of the user's group may send echo requests (icmp(7)). */
static void
allow_ping (void)
{
  char range[32];

  snprintf (range, sizeof range, "%u %u", (unsigned) getegid (), (unsigned) getegid ());
  set ("/proc/sys/net/ipv4/ping_group_range", range);
}

static int
configure (const char **failed)
{
  int inet = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), inet6 = socket (AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int rc = -1, saved;

  *failed = "the interface cannot be configured";
  set_plain_ipv6 ();
  if (inet >= 0)
    rc = set_up_ipv4 (inet);
  saved = errno;
  if (inet6 >= 0)
    set_up_ipv6 (inet6);
  allow_ping ();
  if (inet >= 0)
    close (inet);
  if (inet6 >= 0)
    close (inet6);
  errno = saved;
  return rc;
}

int
sbx_interface_make (const char **failed)
{
  int tap = open_tap (), saved;

  *failed = "no interface can be made with /dev/net/tun";
  if (tap < 0 || configure (failed) == 0)
    return tap;
  saved = errno;
  close (tap);
  errno = saved;
  return -1;
}
