/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FURNISH ──▶ the ports are taken, in the host's network, or the launch fails ──▶ both ──▶ the process that leads them
 * inside (relay.h), which then is the only one that has them. It ends with the instance, and with its keeper. */
#include "keeper/parts/published.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/end.h"
#include "keeper/keeper.h"
#include "keeper/launch.h"
#include "keeper/relay.h"

typedef struct {
  SbxPartState head;
  SbxRelay relay;   /* its sockets, until the process has them */
  SbxWatch control; /* of that process */
  bool stands;      /* it leads inside */
  pid_t pid;        /* or 0 */
} SbxPorts;

/* "127.0.0.1:8080/tcp". */
static void
describe (const SbxPublished *row, char *text, size_t size)
{
  char address[INET6_ADDRSTRLEN] = "127.0.0.1";

  if (row->elsewhere)
    (void) inet_ntop (row->is_ipv6 ? AF_INET6 : AF_INET, row->bytes, address, sizeof address);
  snprintf (text, size, row->is_ipv6 ? "[%s]:%u/%s" : "%s:%u/%s", address, (unsigned) row->port,
            row->protocol == IPPROTO_TCP ? "tcp" : "udp");
}

static void __attribute__ ((noreturn)) refuse (SbxPorts *self, const SbxPublished *row)
{
  char text[80];
  int saved = errno;

  describe (row, text, sizeof text);
  sbx_keeper_fail (self->head.keeper, SBX_STEP_PUBLISH, saved, text);
}

/* It stands, or has ended. */
static void
serve_control (SbxWatch *watch)
{
  SbxPorts *self = SBX_OWNER (watch, SbxPorts, control);
  char byte;

  if (!self->stands && read (watch->fd, &byte, 1) == 1) {
    self->stands = true;
    return;
  }
  sbx_watch_close (watch);
  if (self->head.keeper->state < SBX_KEEPER_RUNNING)
    sbx_keeper_fail (self->head.keeper, SBX_STEP_PUBLISH, 0, "the process that leads the ports inside has ended");
}

static int
set_up (void *state)
{
  SbxPorts *self = state;

  return sbx_loop_add (&self->head.keeper->loop, &self->control, SBX_ORDER_PARTS, serve_control, NULL);
}

static int
furnish (void *state, const SbxBlock *block)
{
  SbxPorts *self = state;
  SbxRecord record = { 0 };
  SbxPublished row;

  if (!sbx_block_next (block, SBX_TAG_PUBLISHED, &record))
    return 0;
  for (size_t i = 0; i < record.length / sizeof row; i++) {
    memcpy (&row, (const uint8_t *) record.value + i * sizeof row, sizeof row);
    if (!sbx_published_is_valid (&row)) {
      errno = EBADMSG;
      return -1;
    }
    if (sbx_relay_listen (&self->relay, &row) < 0)
      refuse (self, &row);
  }
  return 0;
}

static int
start_relay (SbxPorts *self)
{
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return -1;
  self->relay.control = ends[1];
  self->pid = fork ();
  if (self->pid == 0)
    sbx_relay_run (&self->relay);
  close (ends[1]);
  if (self->pid > 0) {
    sbx_watch_open (&self->control, ends[0]);
    return 0;
  }
  close (ends[0]);
  self->pid = 0;
  return -1;
}

static int
fill (void *state)
{
  SbxPorts *self = state;
  char path[64];
  int rc;

  if (self->relay.n == 0)
    return 0;
  snprintf (path, sizeof path, "/proc/%d/ns/net", (int) self->head.keeper->init.pid);
  self->relay.user = sbx_launch_namespaces (self->head.keeper)->owner;
  self->relay.network = open (path, O_RDONLY | O_CLOEXEC);
  if (self->relay.network < 0)
    return -1;
  rc = start_relay (self);
  close (self->relay.network);
  sbx_relay_close (&self->relay);
  return rc;
}

static bool
waits (const void *state)
{
  const SbxPorts *self = state;

  return self->pid != 0 && !self->stands;
}

static bool
reaped (void *state, pid_t pid, int status)
{
  SbxPorts *self = state;

  if (pid != self->pid)
    return false;
  self->pid = 0;
  if (!self->stands && self->control.fd >= 0)
    serve_control (&self->control);
  return true;
}

static void
end (void *state)
{
  SbxPorts *self = state;

  sbx_relay_close (&self->relay);
  sbx_watch_close (&self->control);
  if (self->pid > 0)
    kill (self->pid, SIGKILL);
}

static bool
is_gone (void *state)
{
  const SbxPorts *self = state;

  return self->pid == 0;
}

const SbxPart sbx_part_published = {
  .name = "published",
  .step = SBX_STEP_PUBLISH,
  .size = sizeof (SbxPorts),
  .set_up = set_up,
  .furnish = furnish,
  .fill = fill,
  .waits = waits,
  .reaped = reaped,
  .end = end,
  .is_gone = is_gone,
};
