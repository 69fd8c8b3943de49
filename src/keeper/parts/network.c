/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network of the sandbox's own on its way:
 *
 *   FURNISH ──▶ stack (a sidecar, in the host's network) ──▶ listens at its socket ─────────────┐
 *   both    ──▶ keeper: tries until it listens, connects ──▶ forks the border process (crossing.h) ──▶ interface,
 *               address, routes; its rows and this machine's addresses are told ──▶ report ──▶ START may go on
 *
 * The application does not run before the border stands. Either of the two that ends takes the other with it, and the
 * interface goes: what is left is a sandbox without a network, and Enforced says so. It is never the host's. */
#include "keeper/parts/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper/crossing.h"
#include "keeper/denied.h"
#include "keeper/end.h"
#include "keeper/host-addresses.h"
#include "keeper/keeper.h"
#include "keeper/launch.h"
#include "keeper/parts/sidecar.h"
#include "wire/network.h"

#define TRY_AGAIN_MS 1 /* until the stack listens, 3 ms after it was started */
#define OBEY_MS 5000   /* within which the border goes by an order; it takes microseconds */
#define ASKED_MS 1000  /* between two times that services are told of names */

/* Where packets may go. */
typedef struct {
  uint32_t n;
  SbxDestination rows[SBX_DESTINATIONS];
} Rows;

typedef struct {
  SbxSidecar sidecar;
  SbxWatch attempt;       /* due: connect again */
  SbxWatch control;       /* to the border process */
  SbxWatch changes;       /* of this machine's addresses */
  SbxWatch patience;      /* due: the border has not gone by its order in time */
  SbxWatch telling;       /* due: services are told which names were asked for */
  int user, network;      /* the sandbox's namespaces, until the border process has them; or -1 */
  SbxCrossingOrder order; /* what that process goes by */
  uint32_t obeyed;        /* the order of its last report */
  bool again;             /* there is more to order when it has gone by the last one */
  Rows before;            /* with @changes_rows: what to go back to */
  bool changes_rows;      /* a change is being made that has other rows */
  pid_t crossing;         /* that process, or 0 */
  SbxTraffic traffic;     /* as of its last report */
  SbxAskedNames asked;    /* so far */
  int64_t told;           /* when services were told of that last */
  bool stands;            /* its interface is there */
  char complaint[64];     /* what the stack has said last, for a launch that fails; NUL-terminated */
} SbxNetwork;

static void __attribute__ ((noreturn)) fail (SbxNetwork *self, int error, const char *text)
{
  sbx_keeper_fail (self->sidecar.head.keeper, SBX_STEP_NETWORK, error, text);
}

static int
open_network (pid_t pid)
{
  char path[64];

  snprintf (path, sizeof path, "/proc/%d/ns/net", (int) pid);
  return open (path, O_RDONLY | O_CLOEXEC);
}

static void
close_namespaces (SbxNetwork *self)
{
  if (self->user >= 0)
    close (self->user);
  if (self->network >= 0)
    close (self->network);
  self->user = self->network = -1;
}

/* 0, or -1: it does not listen any more, or cannot keep up. */
static int
tell_border (SbxNetwork *self)
{
  self->order.number++;
  sbx_host_addresses_list (&self->order.border.host);
  return send (self->control.fd, &self->order, sizeof self->order, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -1 : 0;
}

static void
start_border (SbxNetwork *self, int stack)
{
  SbxCrossing crossing = { .user = self->user, .network = self->network, .stack = stack };
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    fail (self, errno, "");
  crossing.control = ends[1];
  self->crossing = fork ();
  if (self->crossing == 0)
    sbx_crossing_run (&crossing);
  if (self->crossing < 0) {
    self->crossing = 0;
    fail (self, errno, "");
  }
  close (ends[1]);
  close (stack);
  close_namespaces (self);
  sbx_watch_open (&self->control, ends[0]);
  (void) tell_border (self); /* one that has ended is seen by that */
}

/* Through the descriptor of the record's directory, whose path may be longer than sun_path. */
static int
connect_stack (const SbxNetwork *self)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), saved;

  snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s/" SBX_NETWORK_SOCKET,
            self->sidecar.head.keeper->record.directory, sbx_sidecars[SBX_SIDECAR_NETWORK].directory);
  if (sock < 0 || connect (sock, (struct sockaddr *) &address, sizeof address) == 0)
    return sock;
  saved = errno;
  close (sock);
  errno = saved;
  return -1;
}

/* The stack takes one connection, so nobody else comes to it any more. That it ends instead of listening is seen by its
 * end. */
static void
try_to_connect (SbxNetwork *self)
{
  int stack = connect_stack (self);

  if (stack >= 0)
    start_border (self, stack);
  else if (errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN)
    self->attempt.due = sbx_loop_now () + TRY_AGAIN_MS;
  else
    fail (self, errno, "the stack cannot be reached");
}

static void
attempt_again (SbxWatch *watch)
{
  try_to_connect (SBX_OWNER (watch, SbxNetwork, attempt));
}

static int
fill (void *state)
{
  SbxNetwork *self = state;
  const SbxKeeper *keeper = self->sidecar.head.keeper;
  int changes;

  if (self->sidecar.pid == 0)
    return 0;
  self->user = fcntl (sbx_launch_namespaces (self->sidecar.head.keeper)->owner, F_DUPFD_CLOEXEC, 0);
  self->network = open_network (keeper->init.pid);
  changes = sbx_host_addresses_watch ();
  if (changes >= 0)
    sbx_watch_open (&self->changes, changes);
  if (self->user < 0 || self->network < 0 || changes < 0)
    return -1;
  try_to_connect (self);
  return 0;
}

/* Takes everything down: whichever has ended, the other is of no use. */
static void
take_down (SbxNetwork *self)
{
  sbx_watch_close (&self->control);
  sbx_watch_close (&self->changes);
  self->attempt.due = self->patience.due = 0;
  self->again = false;
  close_namespaces (self);
  if (self->crossing > 0)
    kill (self->crossing, SIGKILL);
  if (self->sidecar.pid > 0)
    kill (self->sidecar.pid, SIGKILL);
}

/* The words of an address, a protocol and a port, as wire/denials.h has them. */
static void
count_refused (SbxDenials *denials, const SbxCrossingRefused *row)
{
  static const uint32_t needs[] = {
    [SBX_PLACE_INTERNET] = SBX_NETWORK_NEEDS_INTERNET,
    [SBX_PLACE_LAN] = SBX_NETWORK_NEEDS_LAN,
    [SBX_PLACE_HOST] = SBX_NETWORK_NEEDS_HOST,
    [SBX_PLACE_DNS] = SBX_NETWORK_NEEDS_DNS,
    [SBX_PLACE_NETWORK] = SBX_NETWORK_NEEDS_NOWHERE,
    [SBX_PLACE_NAME] = SBX_NETWORK_NEEDS_NOWHERE,
    [SBX_N_DESTINATION_PLACES] = SBX_NETWORK_NEEDS_NOWHERE,
    [SBX_PLACE_NOWHERE] = SBX_NETWORK_NEEDS_NOWHERE,
  };
  const bool tcp = row->what.protocol == SBX_PROTOCOL_TCP, udp = row->what.protocol == SBX_PROTOCOL_UDP;
  char address[INET6_ADDRSTRLEN], name[SBX_NAME_SIZE] = "", action[16] = "icmp";

  if (row->count == 0 || row->what.place >= sizeof needs / sizeof *needs
      || !inet_ntop (row->what.is_ipv6 ? AF_INET6 : AF_INET, row->what.bytes, address, sizeof address))
    return;
  if (tcp || udp)
    snprintf (action, sizeof action, "%s:%u", tcp ? "tcp" : "udp", (unsigned) row->what.port);
  memcpy (name, row->what.name, strnlen (row->what.name, sizeof name - 1));
  (void) sbx_denials_add_times (denials, SBX_DENIAL_NETWORK, *name ? name : address, *name ? "dns" : action,
                                needs[row->what.place], row->count);
}

/* What the border has refused. */
static void
take_refused (SbxNetwork *self, const SbxCrossingReport *report)
{
  SbxKeeper *keeper = self->sidecar.head.keeper;

  for (uint32_t i = 0; i < report->n && i < SBX_CROSSING_REFUSED; i++)
    count_refused (&keeper->denied.table, &report->rows[i]);
  sbx_denials_drop (&keeper->denied.table, report->more);
  sbx_denied_have_news (keeper);
}

static SbxMessage
describe_traffic (const SbxNetwork *self)
{
  return (SbxMessage){ .type = SBX_MSG_TRAFFIC, .traffic = self->traffic };
}

static void
take_traffic (SbxNetwork *self, const SbxTraffic *traffic)
{
  SbxMessage message;

  if (memcmp (traffic, &self->traffic, sizeof *traffic) == 0)
    return;
  self->traffic = *traffic;
  message = describe_traffic (self);
  sbx_services_tell (&self->sidecar.head.keeper->services, &message, -1);
}

static SbxMessage
describe_asked (const SbxNetwork *self, uint32_t slot)
{
  const SbxAskedName *row = &self->asked.rows[slot];
  SbxMessage message = { .type = SBX_MSG_ASKED, .slot = slot, .value = (int32_t) row->count, .start_time = row->last };

  memcpy (message.text, row->name, sizeof row->name);
  return message;
}

static void
tell_asked (SbxWatch *watch)
{
  SbxNetwork *self = SBX_OWNER (watch, SbxNetwork, telling);

  self->told = sbx_loop_now ();
  for (uint32_t i = 0; i < SBX_ASKED_NAMES; i++) {
    SbxMessage message = describe_asked (self, i);

    if (self->asked.rows[i].changed)
      sbx_services_tell (&self->sidecar.head.keeper->services, &message, -1);
    self->asked.rows[i].changed = 0;
  }
}

/* What the resolver was asked; however much that is, nobody is told of it more often than once in ASKED_MS. */
static void
take_asked (SbxNetwork *self, const SbxAskedNames *asked)
{
  const uint64_t before = self->asked.n_asked;

  sbx_asked_names_join (&self->asked, asked);
  if (self->asked.n_asked != before && self->telling.due == 0)
    self->telling.due = self->told + ASKED_MS;
}

static void
came (void *state, SbxServiceLink *service)
{
  const SbxNetwork *self = state;
  SbxMessage message = describe_traffic (self);

  if (self->sidecar.pid == 0)
    return;
  (void) sbx_service_link_tell (service, &message);
  for (uint32_t i = 0; i < SBX_ASKED_NAMES; i++) {
    message = describe_asked (self, i);
    if (self->asked.rows[i].count > 0)
      (void) sbx_service_link_tell (service, &message);
  }
}

/* Has the border go by what it is to go by. It has one order at a time, so that they do not queue up when addresses
 * come and go; nobody waits for it here. One that does not go by it in time is taken down, and so is one that cannot be
 * told: rather no network than one with more than there may be. */
static void
enforce (SbxNetwork *self)
{
  if (self->control.fd < 0)
    return;
  self->again = self->obeyed != self->order.number;
  if (!self->again && tell_border (self) < 0) {
    take_down (self);
    return;
  }
  if (self->stands && self->patience.due == 0)
    self->patience.due = sbx_loop_now () + OBEY_MS;
}

/* The border has said which order it goes by. */
static void
take_obeyed (SbxNetwork *self, uint32_t number)
{
  self->obeyed = number;
  if (self->obeyed != self->order.number)
    return;
  self->patience.due = 0;
  if (self->again)
    enforce (self);
}

/* Reads a report. False: there is none yet. */
static bool
read_report (SbxNetwork *self)
{
  SbxCrossingReport report = { .error = 0 };
  ssize_t n = recv (self->control.fd, &report, sizeof report, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return false;
  report.what[sizeof report.what - 1] = '\0';
  if (n == (ssize_t) sizeof report && report.error == 0) {
    self->stands = true;
    take_refused (self, &report);
    take_traffic (self, &report.traffic);
    take_asked (self, &report.asked);
    take_obeyed (self, report.number);
  } else if (self->sidecar.head.keeper->state < SBX_KEEPER_RUNNING) {
    fail (self, report.error, n == (ssize_t) sizeof report ? report.what : "the process at its border has ended");
  } else {
    take_down (self);
  }
  return true;
}

/* Its report, or its end. */
static void
serve_control (SbxWatch *watch)
{
  (void) read_report (SBX_OWNER (watch, SbxNetwork, control));
}

/* What it has said meanwhile counts, if it was us who had no time. */
static void
lose_patience (SbxWatch *watch)
{
  SbxNetwork *self = SBX_OWNER (watch, SbxNetwork, patience);

  while (self->control.fd >= 0 && self->patience.due == 0 && self->obeyed != self->order.number && read_report (self))
    ;
  if (self->control.fd >= 0 && self->patience.due == 0 && self->obeyed != self->order.number)
    take_down (self);
}

static void
serve_changes (SbxWatch *watch)
{
  SbxNetwork *self = SBX_OWNER (watch, SbxNetwork, changes);

  sbx_host_addresses_drain (watch->fd);
  enforce (self);
}

/* Reads where packets may go: 1; 0: @records say nothing of it. */
static int
read_rows (const SbxBlock *records, uint32_t tag, Rows *rows)
{
  SbxRecord record = { 0 };

  if (!sbx_block_next (records, tag, &record))
    return 0;
  rows->n = record.length / sizeof *rows->rows; /* as many as there is room for: wire/block.c */
  memcpy (rows->rows, record.value, record.length);
  for (uint32_t i = 0; i < rows->n; i++)
    if (!sbx_destination_is_valid (&rows->rows[i])) {
      errno = EBADMSG;
      return -1;
    }
  return 1;
}

static void
set_rows (SbxNetwork *self, const Rows *rows)
{
  self->order.border.n = rows->n;
  memcpy (self->order.border.rows, rows->rows, sizeof rows->rows);
}

static Rows
get_rows (const SbxNetwork *self)
{
  Rows rows = { .n = self->order.border.n };

  memcpy (rows.rows, self->order.border.rows, sizeof rows.rows);
  return rows;
}

static int
start (void *state, const SbxBlock *records)
{
  Rows rows = { 0 };

  if (read_rows (records, SBX_TAG_SIDECAR_TO, &rows) < 0)
    return -1;
  set_rows (state, &rows);
  return sbx_sidecar_start (state, records);
}

/* The rows of a running instance are other ones. Nothing else of the change is made before they are in force, and so
 * nobody is told that it is done: change_waits (). */
static int
changing (void *state, const SbxBlock *block)
{
  SbxNetwork *self = state;
  Rows rows = { 0 };
  int found = read_rows (block, SBX_TAG_TO, &rows);

  if (found > 0 && self->sidecar.pid == 0 && self->crossing == 0 && !self->stands) { /* it was never there */
    errno = EINVAL;
    return -1;
  }
  if (found <= 0)
    return found;
  self->before = get_rows (self);
  self->changes_rows = true;
  set_rows (self, &rows);
  enforce (self);
  return 0;
}

static int
change_waits (const void *state)
{
  const SbxNetwork *self = state;

  return self->changes_rows && self->control.fd >= 0 && (self->again || self->obeyed != self->order.number);
}

static void
changed (void *state, bool done)
{
  SbxNetwork *self = state;

  if (self->changes_rows && !done) {
    set_rows (self, &self->before);
    enforce (self);
  }
  self->changes_rows = false;
}

static int
set_up (void *state)
{
  SbxNetwork *self = state;
  SbxLoop *loop = &self->sidecar.head.keeper->loop;

  self->user = self->network = -1;
  if (sbx_loop_add (loop, &self->attempt, SBX_ORDER_PARTS, NULL, attempt_again) < 0
      || sbx_loop_add (loop, &self->control, SBX_ORDER_PARTS, serve_control, NULL) < 0
      || sbx_loop_add (loop, &self->changes, SBX_ORDER_PARTS, serve_changes, NULL) < 0
      || sbx_loop_add (loop, &self->patience, SBX_ORDER_PARTS, NULL, lose_patience) < 0
      || sbx_loop_add (loop, &self->telling, SBX_ORDER_PARTS, NULL, tell_asked) < 0)
    return -1;
  return sbx_sidecar_set_up (&self->sidecar);
}

static bool
waits (const void *state)
{
  const SbxNetwork *self = state;

  return sbx_sidecar_waits (&self->sidecar) || (self->sidecar.pid != 0 && !self->stands);
}

static bool
reaped (void *state, pid_t pid, int status)
{
  SbxNetwork *self = state;
  bool border = pid == self->crossing;

  if (border)
    self->crossing = 0;
  else if (!sbx_sidecar_reaped (&self->sidecar, pid, status))
    return false;
  if (border && self->sidecar.head.keeper->state < SBX_KEEPER_RUNNING)
    serve_control (&self->control); /* why */
  take_down (self);
  return true;
}

static void
end (void *state)
{
  SbxNetwork *self = state;

  if (self->telling.due != 0)
    tell_asked (&self->telling);
  self->telling.due = 0;
  take_down (self);
  sbx_sidecar_end (&self->sidecar);
}

static bool
is_gone (void *state)
{
  SbxNetwork *self = state;

  return self->crossing == 0 && sbx_sidecar_is_gone (&self->sidecar);
}

/* It chatters about what it does; what it has said last may be why it gave up. */
static void
take_log (SbxSidecar *sidecar, const char *bytes, size_t n)
{
  SbxNetwork *self = SBX_OWNER (sidecar, SbxNetwork, sidecar);
  size_t kept = n < sizeof self->complaint ? n : sizeof self->complaint - 1;

  memcpy (self->complaint, bytes + n - kept, kept);
  self->complaint[kept] = '\0';
  for (char *c = self->complaint; *c; c++)
    if ((unsigned char) *c < ' ')
      *c = ' ';
}

static const char *
explain (SbxSidecar *sidecar)
{
  SbxNetwork *self = SBX_OWNER (sidecar, SbxNetwork, sidecar);

  sbx_sidecar_read (sidecar);
  return self->complaint;
}

static const SbxSidecarAbout about = {
  .closes_link = true,
  .logs_errors = true,
  .ending = "slirp4netns has ended: ",
  .log = take_log,
  .explain = explain,
};

const SbxPart sbx_part_network = {
  .name = "network",
  .step = SBX_STEP_NETWORK,
  .size = sizeof (SbxNetwork),
  .is_sidecar = true,
  .kind = SBX_SIDECAR_NETWORK,
  .enforced = SBX_ENFORCED_NETWORK,
  .about = &about,
  .set_up = set_up,
  .start = start,
  .fill = fill,
  .waits = waits,
  .changing = changing,
  .change_waits = change_waits,
  .changed = changed,
  .came = came,
  .reaped = reaped,
  .end = end,
  .is_gone = is_gone,
};
