/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layers of an instance on their way:
 *
 *   FURNISH ──▶ gatherer: a child in namespaces of its own ──▶ opens and clones what is outside ──▶ trees ─┐
 *   READY   ──▶ a child that joins the sandbox: opens each place from the sandbox's root ──────────────────┴─▶ mounts
 *
 * START waits until it is done. A gatherer that hangs in somebody's file system holds up this launch and nothing else.
 */
#include "keeper/parts/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/end.h"
#include "keeper/enter.h"
#include "keeper/keeper.h"
#include "keeper/launch.h"
#include "keeper/lay.h"
#include "wire/layout.h"
#include "wire/sys.h"

typedef struct {
  SbxPartState head;
  SbxWatch link;    /* from the gatherer: can be read when it has got everything, or has failed */
  pid_t gatherer;   /* or 0 */
  SbxLayer *layers; /* NULL: none, or they are mounted */
  size_t n;
  void *bytes; /* that they point into */
  bool ready;  /* the sandbox is */
} SbxLayersPart;

/* The block does not stay mapped, so the records are copied. */
static int
copy_layers (SbxLayersPart *self, const SbxBlock *block, size_t n, size_t size)
{
  SbxRecord record = { 0 };
  char *at;

  self->bytes = at = malloc (size);
  self->layers = calloc (n, sizeof *self->layers);
  if (!self->bytes || !self->layers)
    return -1;
  while (sbx_block_next (block, SBX_TAG_LAYER, &record)) {
    memcpy (at, record.value, record.length);
    if (!sbx_layer_read (&self->layers[self->n], at, record.length)) {
      errno = EBADMSG;
      return -1;
    }
    at += record.length;
    self->n++;
  }
  return 0;
}

static int
read_layers (SbxLayersPart *self, const SbxBlock *block)
{
  SbxRecord record = { 0 };
  size_t n = 0, size = 0;

  while (sbx_block_next (block, SBX_TAG_LAYER, &record)) {
    n++;
    size += record.length;
  }
  return n == 0 ? 0 : copy_layers (self, block, n, size);
}

static void __attribute__ ((noreturn)) run_gatherer (const SbxLayersPart *self, pid_t keeper, int link)
{
  sigset_t none;

  prctl (PR_SET_NAME, "sandbox-gather");
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  /* Only the socket: what the keeper holds must not live as long as we may have to */
  if (getppid () != keeper || dup2 (link, SBX_GATHERER_LINK_FD) != SBX_GATHERER_LINK_FD
      || sbx_sys_close_range (SBX_GATHERER_LINK_FD + 1, ~0U, 0) < 0)
    _exit (1);
  sbx_gather (self->layers, self->n, SBX_GATHERER_LINK_FD);
  _exit (0);
}

static int
furnish (void *state, const SbxBlock *block)
{
  SbxLayersPart *self = state;
  pid_t keeper = getpid ();
  int pair[2];

  if (read_layers (self, block) < 0)
    return -1;
  if (self->n == 0)
    return 0;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return -1;
  self->gatherer = fork ();
  if (self->gatherer == 0)
    run_gatherer (self, keeper, pair[1]);
  close (pair[1]);
  if (self->gatherer < 0) {
    self->gatherer = 0;
    close (pair[0]);
    return -1;
  }
  sbx_watch_open (&self->link, pair[0]);
  return 0;
}

typedef struct {
  const SbxLayersPart *part;
  int answer; /* a pipe */
} Laying;

/* In a child inside. What it has to say goes through the pipe. */
static int
lay (void *data)
{
  const Laying *laying = data;
  SbxLayerFailure failure = { SBX_LAYER_FAULT_NAMESPACE, 0, 0 };
  int root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (root < 0)
    failure.error = errno;
  else if (sbx_lay_all (laying->part->layers, laying->part->n, root, laying->part->link.fd, &failure) == 0)
    failure.fault = SBX_LAYER_FAULT_NONE;
  while (write (laying->answer, &failure, sizeof failure) < 0 && errno == EINTR)
    ;
  return 0;
}

static void
forget (SbxLayersPart *self)
{
  sbx_watch_close (&self->link);
  free (self->layers);
  free (self->bytes);
  self->layers = NULL;
  self->bytes = NULL;
  self->n = 0;
}

static void __attribute__ ((noreturn)) fail (SbxLayersPart *self, const SbxLayerFailure *failure)
{
  char text[SBX_MESSAGE_TEXT + 1];

  sbx_layer_failure_text (failure, self->layers, self->n, text, sizeof text);
  sbx_keeper_fail (self->head.keeper, SBX_STEP_FILES, failure->error, text);
}

static void
lay_them (SbxLayersPart *self, const SbxNamespaces *namespaces)
{
  SbxLayerFailure failure = { SBX_LAYER_FAULT_PROTOCOL, 0, 0 };
  Laying laying = { self, -1 };
  int ends[2], rc;
  ssize_t n = -1;

  if (pipe2 (ends, O_CLOEXEC) < 0) {
    failure.error = errno;
    fail (self, &failure);
  }
  laying.answer = ends[1];
  rc = sbx_enter (namespaces, false, lay, &laying);
  close (ends[1]);
  if (rc == 0)
    n = read (ends[0], &failure, sizeof failure);
  close (ends[0]);
  if (n != (ssize_t) sizeof failure)
    failure = (SbxLayerFailure){ SBX_LAYER_FAULT_PROTOCOL, rc, 0 };
  if (failure.fault != SBX_LAYER_FAULT_NONE)
    fail (self, &failure);
  forget (self);
}

static int
fill (void *state)
{
  SbxLayersPart *self = state;
  struct pollfd gathered = { .fd = self->link.fd, .events = POLLIN };

  self->ready = true;
  if (self->layers && poll (&gathered, 1, 0) > 0)
    lay_them (self, sbx_launch_namespaces (self->head.keeper));
  self->link.paused = false;
  return 0;
}

/* The trees are there, or it has failed; this waits for the sandbox. */
static void
serve (SbxWatch *watch)
{
  SbxLayersPart *self = SBX_OWNER (watch, SbxLayersPart, link);
  const SbxInitLink *init = &self->head.keeper->init;
  SbxNamespaces namespaces;

  if (!self->ready) {
    watch->paused = true;
    return;
  }
  if (sbx_namespaces_open (&namespaces, init->pid, init->end.fd) < 0)
    sbx_keeper_fail (self->head.keeper, SBX_STEP_NAMESPACES, errno, "");
  lay_them (self, &namespaces);
  sbx_namespaces_close (&namespaces);
}

static bool
waits (const void *state)
{
  const SbxLayersPart *self = state;

  return self->layers != NULL;
}

static int
set_up (void *state)
{
  SbxLayersPart *self = state;

  return sbx_loop_add (&self->head.keeper->loop, &self->link, SBX_ORDER_PARTS, serve, NULL);
}

static bool
reaped (void *state, pid_t pid, int status)
{
  SbxLayersPart *self = state;

  if (self->gatherer != pid)
    return false;
  self->gatherer = 0;
  return true;
}

static void
end (void *state)
{
  SbxLayersPart *self = state;

  if (self->gatherer > 0)
    kill (self->gatherer, SIGKILL);
}

/* In the middle of an answer of a FUSE file system it cannot be killed. */
static bool
may_hang (const void *state, pid_t pid)
{
  const SbxLayersPart *self = state;

  return self->gatherer == pid;
}

const SbxPart sbx_part_layers = {
  .name = "layers",
  .step = SBX_STEP_FILES,
  .size = sizeof (SbxLayersPart),
  .set_up = set_up,
  .furnish = furnish,
  .fill = fill,
  .waits = waits,
  .reaped = reaped,
  .end = end,
  .may_hang = may_hang,
};
