/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel tells of the machine to who asks through a socket, and families of sockets that nobody needs. */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostile.h"

/* The connector tells whoever has asked of every process of the machine that starts or ends. */
static Finding
try_process_events (const Given *all)
{
  return judge (socket (AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR));
}

/* The protocol's number with rubbish above the 32 bits that the kernel looks at. */
static Finding
try_process_events_high_bits (const Given *all)
{
  return judge (syscall (SYS_socket, (long) AF_NETLINK, (long) SOCK_DGRAM, 0x100000000L | NETLINK_CONNECTOR));
}

/* Whether the kernel lists the UNIX socket that listens at the abstract name "abstract". */
static Finding
try_unix_sockets (const Given *all)
{
  int has = file_has ("/proc/net/unix", given (all, "abstract"));

  return has < 0 ? refused (errno) : has ? breach ("its name is listed") : refused_because ("it is not listed");
}

static Finding
makes (int family, int type)
{
  int sock = socket (family, type | SOCK_CLOEXEC, 0);

  /* A kernel without it says what the filter says; EPERM and the like come from code that was reached */
  if (sock >= 0)
    return breach ("a socket of family %d", family);
  return errno == EPERM || errno == EACCES || errno == ESOCKTNOSUPPORT || errno == EPROTONOSUPPORT
             ? breach ("family %d is reached: errno %d", family, errno)
             : refused (errno);
}

/* Raw packets: a family that every kernel has, and whose refusal by the kernel (EPERM) differs from the filter's. */
static Finding
try_packets (const Given *all)
{
  return makes (AF_PACKET, SOCK_RAW);
}

/* A pair of any family but UNIX: the kernel looks for the family before it says that there are no pairs. */
static Finding
try_pair (const Given *all)
{
  int pair[2];

  if (socketpair (AF_INET, SOCK_STREAM, 0, pair) == 0)
    return breach ("a pair");
  return errno == EOPNOTSUPP ? breach ("the family's code was reached") : refused (errno);
}

const Probe netlink_probes[] = {
  { "process-events", try_process_events },
  { "process-events-high-bits", try_process_events_high_bits },
  { "unix-sockets", try_unix_sockets },
  { "packets", try_packets },
  { "pair", try_pair },
  { 0 },
};
