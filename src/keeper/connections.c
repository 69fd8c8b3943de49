/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel tells of a connection in the network namespace of the end that has connected, and of one that the server
 * has not let in yet in the server's (unix_stream_connect () in net/unix/af_unix.c). So both are looked at. */
#include "keeper/connections.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/peers.h"
#include "keeper/reach.h"

#define NETWORKS 64 /* different network namespaces of the instance's processes at most */

typedef struct {
  const SbxNarrowing *narrowing;
  const SbxHeldServers *servers;
  const SbxNamespaces *own;
  int networks[NETWORKS];
  size_t n_networks;
  bool incomplete;
  int out; /* of the child */
} Find;

static bool
is_of_sidecar (const SbxHeldServers *servers, const SbxPeer *peer)
{
  for (unsigned kind = 0; kind < SBX_N_SIDECARS; kind++) {
    char part[64];

    snprintf (part, sizeof part, "/%s/%s/", servers->id, sbx_sidecars[kind].directory);
    if ((servers->cut >> kind & 1) && strstr (peer->name, part))
      return true;
  }
  return false;
}

/* The path of the socket that is gone, or NULL: the connection has not to do with the change. */
static const char *
find_gone (const Find *self, const SbxPeer *peer)
{
  const SbxNarrowing *narrowing = self->narrowing;

  for (size_t i = 0; i < narrowing->n_sockets; i++) {
    const SbxNarrowSocket *file = &narrowing->sockets[i];

    if (peer->inode == (uint32_t) file->inode && peer->major == file->major && peer->minor == file->minor)
      return narrowing->text + file->path;
  }
  for (size_t i = 0; peer->name[0] && i < self->servers->n_rows; i++)
    if (self->servers->rows[i].kind == SBX_NARROW_GONE && sbx_narrow_is_below (peer->name, self->servers->rows[i].path))
      return peer->name;
  return NULL;
}

static void
judge (void *data, const SbxPeer *peer)
{
  Find *self = data;
  SbxConnection row = { .socket = peer->other, .is_cut = is_of_sidecar (self->servers, peer) };
  const char *path = row.is_cut ? "" : find_gone (self, peer);

  if (!path)
    return;
  snprintf (row.path, sizeof row.path, "%s", path);
  if (write (self->out, &row, sizeof row) != (ssize_t) sizeof row) /* at most PIPE_BUF: whole or not at all */
    self->incomplete = true;
}

/* Ends with a row of zeros when that was all. */
static void __attribute__ ((noreturn)) run_child (Find *self, pid_t parent)
{
  const SbxConnection end = { 0 };

  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid () != parent || sbx_peers_list (judge, self) < 0)
    _exit (1);
  if (self->n_networks > 0 && setns (self->own->owner, CLONE_NEWUSER) < 0)
    _exit (1);
  for (size_t i = 0; i < self->n_networks; i++)
    if (setns (self->networks[i], CLONE_NEWNET) < 0 || sbx_peers_list (judge, self) < 0)
      _exit (1);
  if (!self->incomplete)
    (void) !write (self->out, &end, sizeof end);
  _exit (0);
}

static bool
is_known (const Find *self, const struct stat *st)
{
  struct stat known;

  if (stat ("/proc/self/ns/net", &known) == 0 && known.st_ino == st->st_ino && known.st_dev == st->st_dev)
    return true;
  for (size_t i = 0; i < self->n_networks; i++)
    if (fstat (self->networks[i], &known) == 0 && known.st_ino == st->st_ino && known.st_dev == st->st_dev)
      return true;
  return false;
}

static int
collect_network (void *data, pid_t pid, int directory)
{
  Find *self = data;
  int fd = openat (directory, "ns/net", O_RDONLY | O_CLOEXEC);
  struct stat st;

  if (fd < 0 || fstat (fd, &st) < 0) {
    self->incomplete = self->incomplete || (errno != ENOENT && errno != ESRCH); /* one that has ended has none */
  } else if (!is_known (self, &st)) {
    if (self->n_networks < NETWORKS) {
      self->networks[self->n_networks++] = fd;
      return 0;
    }
    self->incomplete = true;
  }
  if (fd >= 0)
    close (fd);
  return 0;
}

static bool
keep (SbxConnections *self, size_t *room, const SbxConnection *row)
{
  if (self->n == *room) {
    size_t more = *room ? *room * 2 : 16;
    SbxConnection *rows = realloc (self->rows, more * sizeof *rows);

    if (!rows)
      return false;
    self->rows = rows;
    *room = more;
  }
  self->rows[self->n++] = *row;
  return true;
}

static void
read_rows (SbxConnections *self, int fd)
{
  bool complete = false;
  SbxConnection row;
  size_t room = 0;
  ssize_t n;

  while ((n = read (fd, &row, sizeof row)) == (ssize_t) sizeof row || (n < 0 && errno == EINTR)) {
    if (n < 0)
      continue;
    complete = row.socket == 0;
    if (complete || !keep (self, &room, &row))
      break;
  }
  self->incomplete = self->incomplete || !complete;
}

static void
look (SbxConnections *self, Find *find)
{
  pid_t parent = getpid (), pid;
  int ends[2];

  self->incomplete = true;
  if (pipe2 (ends, O_CLOEXEC) < 0)
    return;
  find->out = ends[1];
  pid = fork ();
  if (pid == 0)
    run_child (find, parent);
  close (ends[1]);
  self->incomplete = find->incomplete;
  if (pid > 0)
    read_rows (self, ends[0]);
  else
    self->incomplete = true;
  close (ends[0]);
  while (pid > 0 && waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    ;
}

void
sbx_connections_find (SbxConnections *self, const SbxNarrowing *narrowing, const SbxHeldServers *servers,
                      const SbxNamespaces *own, pid_t init)
{
  Find find = { .narrowing = narrowing, .servers = servers, .own = own };
  bool any = servers->cut != 0;

  *self = (SbxConnections){ 0 };
  for (size_t i = 0; !any && i < servers->n_rows; i++)
    any = servers->rows[i].kind == SBX_NARROW_GONE;
  if (!any)
    return;
  if (sbx_reach_processes (init, collect_network, &find) < 0)
    find.incomplete = true;
  look (self, &find);
  for (size_t i = 0; i < find.n_networks; i++)
    close (find.networks[i]);
}
