/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/host-addresses.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
add (SbxHostAddresses *addresses, const struct sockaddr *address)
{
  SbxHostAddress *row = &addresses->rows[addresses->n];

  if (!address || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
    return true;
  if (addresses->n == SBX_HOST_ADDRESSES)
    return false;
  row->is_ipv6 = address->sa_family == AF_INET6;
  if (row->is_ipv6)
    memcpy (row->bytes, &((const struct sockaddr_in6 *) (const void *) address)->sin6_addr, 16);
  else
    memcpy (row->bytes, &((const struct sockaddr_in *) (const void *) address)->sin_addr, 4);
  addresses->n++;
  return true;
}

void
sbx_host_addresses_list (SbxHostAddresses *addresses)
{
  struct ifaddrs *list;

  memset (addresses, 0, sizeof *addresses);
  addresses->unknown = getifaddrs (&list) < 0;
  if (addresses->unknown)
    return;
  for (const struct ifaddrs *row = list; row && !addresses->unknown; row = row->ifa_next)
    addresses->unknown = !add (addresses, row->ifa_addr);
  freeifaddrs (list);
}

int
sbx_host_addresses_watch (void)
{
  struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
  int sock = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

  if (sock < 0 || bind (sock, (struct sockaddr *) &address, sizeof address) == 0)
    return sock;
  close (sock);
  return -1;
}

void
sbx_host_addresses_drain (int sock)
{
  char bytes[8192];

  while (recv (sock, bytes, sizeof bytes, 0) > 0)
    ;
}
