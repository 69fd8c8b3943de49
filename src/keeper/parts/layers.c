/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layers of a box and of an instance on their way:
 *
 *   PREPARE, FURNISH ──▶ gatherer: a child in namespaces of its own ──▶ opens and clones what is outside ──▶ trees ─┐
 *   READY ──▶ a child that joins the sandbox: opens each place from the sandbox's root ────────────────────────▶ mounts
 *
 * A gatherer costs a millisecond, so those of the box wait for FURNISH, and both have one; a box that is there before
 * anybody has asked for it gets its own at once. START waits until all is done. A gatherer that hangs in somebody's
 * file system holds up this launch and nothing else. It also makes a Wayland socket of the instance's own
 * (keeper/context.h); what ends that is here. */
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
#include "keeper/state.h"
#include "wire/fdmap.h"
#include "wire/layout.h"
#include "wire/sys.h"

/* The records of one block, copied: it does not stay mapped. */
typedef struct SbxLayerBytes SbxLayerBytes;
struct SbxLayerBytes {
  SbxLayerBytes *next;
  char bytes[];
};

/* Layers that one gatherer looks up. */
typedef struct {
  SbxLayer *layers;
  size_t n;
  SbxLayerBytes *bytes; /* that they point into */
} SbxLayerBatch;

typedef struct {
  SbxPartState head;
  SbxWatch link;       /* from the gatherer: can be read when it has got everything, or has failed */
  pid_t gatherer;      /* or 0 */
  SbxLayerBatch now;   /* what it looks up, until that is mounted */
  SbxLayerBatch later; /* what has no gatherer yet */
  bool ready;          /* the sandbox is */
  int context;         /* the end of a pipe; its closing ends the instance's own Wayland socket. Or -1 */
} SbxLayersPart;

/* What the gatherer gets of ours: its link, and what it makes a Wayland socket with, or -1. */
typedef struct {
  int link, directory, end;
} Handed;

static void
clear_batch (SbxLayerBatch *self)
{
  for (SbxLayerBytes *at = self->bytes, *next; at; at = next) {
    next = at->next;
    free (at);
  }
  free (self->layers);
  *self = (SbxLayerBatch){ 0 };
}

/* Adds the @n layers of @block, of @size bytes. */
static int
copy_layers (SbxLayerBatch *self, const SbxBlock *block, uint32_t tag, size_t n, size_t size)
{
  SbxLayer *layers = reallocarray (self->layers, self->n + n, sizeof *layers);
  SbxLayerBytes *bytes = layers ? malloc (sizeof *bytes + size) : NULL;
  SbxRecord record = { 0 };
  char *at;

  if (layers)
    self->layers = layers;
  if (!bytes)
    return -1;
  bytes->next = self->bytes;
  self->bytes = bytes;
  at = bytes->bytes;
  while (sbx_block_next (block, tag, &record)) {
    memcpy (at, record.value, record.length);
    if (!sbx_layer_read (&layers[self->n], at, record.length)) {
      errno = EBADMSG;
      return -1;
    }
    at += record.length;
    self->n++;
  }
  return 0;
}

static int
read_layers (SbxLayerBatch *self, const SbxBlock *block, uint32_t tag)
{
  SbxRecord record = { 0 };
  size_t n = 0, size = 0;

  while (sbx_block_next (block, tag, &record)) {
    n++;
    size += record.length;
  }
  return n == 0 ? 0 : copy_layers (self, block, tag, n, size);
}

static void __attribute__ ((noreturn)) run_gatherer (const SbxLayersPart *self, pid_t keeper, const Handed *handed)
{
  const int fds[] = { handed->link, handed->directory, handed->end };
  const int32_t numbers[] = { SBX_GATHERER_LINK_FD, SBX_GATHERER_DIRECTORY_FD, SBX_GATHERER_END_FD };
  const bool context = handed->directory >= 0;
  const SbxContextSide side = { context ? SBX_GATHERER_DIRECTORY_FD : -1, context ? SBX_GATHERER_END_FD : -1,
                                self->head.keeper->record.id };
  sigset_t none;

  prctl (PR_SET_NAME, "sandbox-gather");
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  /* Only these: what the keeper holds must not live as long as we may have to */
  if (getppid () != keeper || sbx_fdmap_apply (fds, numbers, context ? 3 : 1, -1) < 0
      || sbx_sys_close_range (SBX_GATHERER_END_FD + 1, ~0U, 0) < 0)
    _exit (1);
  sbx_gather (self->now.layers, self->now.n, SBX_GATHERER_LINK_FD, &side);
  _exit (0);
}

/* For one Wayland socket: a policy has one display. */
static int
prepare_context (SbxLayersPart *self, Handed *handed)
{
  SbxKeeperRecord *record = &self->head.keeper->record;
  int ends[2];

  if (sbx_record_make_directory (record, SBX_WAYLAND_SUBDIR) < 0 || pipe2 (ends, O_CLOEXEC) < 0)
    return -1;
  self->context = ends[1];
  handed->end = ends[0];
  handed->directory = openat (record->directory, SBX_WAYLAND_SUBDIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return handed->directory < 0 ? -1 : 0;
}

static void
end_context (SbxLayersPart *self)
{
  if (self->context >= 0)
    close (self->context);
  self->context = -1;
}

static int
start_gatherer (SbxLayersPart *self, Handed *handed)
{
  pid_t keeper = getpid ();
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return -1;
  handed->link = pair[1];
  self->gatherer = fork ();
  if (self->gatherer == 0)
    run_gatherer (self, keeper, handed);
  close (pair[1]);
  if (self->gatherer < 0) {
    self->gatherer = 0;
    close (pair[0]);
    return -1;
  }
  sbx_watch_open (&self->link, pair[0]);
  return 0;
}

/* Starts a gatherer for what has none yet, one after the other. */
static int
gather (SbxLayersPart *self)
{
  Handed handed = { -1, -1, -1 };
  int rc;

  if (self->now.n > 0 || self->gatherer > 0 || self->later.n == 0)
    return 0;
  self->now = self->later;
  self->later = (SbxLayerBatch){ 0 };
  rc = sbx_context_is_wanted (self->now.layers, self->now.n) ? prepare_context (self, &handed) : 0;
  if (rc == 0)
    rc = start_gatherer (self, &handed);
  if (handed.directory >= 0)
    close (handed.directory);
  if (handed.end >= 0)
    close (handed.end);
  return rc;
}

/* What every box of its kind has. */
static int
start (void *state, const SbxBlock *block)
{
  SbxLayersPart *self = state;

  return read_layers (&self->later, block, SBX_TAG_SYSTEM_LAYER);
}

static int
furnish (void *state, const SbxBlock *block)
{
  SbxLayersPart *self = state;

  return read_layers (&self->later, block, SBX_TAG_LAYER) < 0 ? -1 : gather (self);
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
  else if (sbx_lay_all (laying->part->now.layers, laying->part->now.n, root, laying->part->link.fd, NULL, &failure)
           == 0)
    failure.fault = SBX_LAYER_FAULT_NONE;
  while (write (laying->answer, &failure, sizeof failure) < 0 && errno == EINTR)
    ;
  return 0;
}

static void __attribute__ ((noreturn)) fail (SbxLayersPart *self, const SbxLayerFailure *failure)
{
  char text[SBX_MESSAGE_TEXT + 1];

  sbx_layer_failure_text (failure, self->now.layers, self->now.n, text, sizeof text);
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
  sbx_watch_close (&self->link);
  clear_batch (&self->now);
  if (self->context >= 0 && sbx_context_was_made (self->head.keeper->record.directory))
    sbx_keeper_set_enforced (self->head.keeper, SBX_ENFORCED_WAYLAND, true);
  else
    end_context (self);
}

/* The sandbox is there: what has been gathered by now is mounted, what has not been begun is. */
static int
mount (void *state)
{
  SbxLayersPart *self = state;
  struct pollfd gathered = { .fd = self->link.fd, .events = POLLIN };

  self->ready = true;
  if (self->now.n > 0 && poll (&gathered, 1, 0) > 0)
    lay_them (self, sbx_launch_namespaces (self->head.keeper));
  self->link.paused = false;
  return gather (self);
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
  if (gather (self) < 0) /* its gatherer may have been reaped before this was served */
    sbx_keeper_fail (self->head.keeper, SBX_STEP_FILES, errno, "");
}

static bool
waits (const void *state)
{
  const SbxLayersPart *self = state;

  return self->now.n > 0 || self->later.n > 0;
}

static int
set_up (void *state)
{
  SbxLayersPart *self = state;

  self->context = -1;
  return sbx_loop_add (&self->head.keeper->loop, &self->link, SBX_ORDER_PARTS, serve, NULL);
}

static bool
reaped (void *state, pid_t pid, int status)
{
  SbxLayersPart *self = state;

  if (self->gatherer != pid)
    return false;
  self->gatherer = 0;
  if (gather (self) < 0)
    sbx_keeper_fail (self->head.keeper, SBX_STEP_FILES, errno, "");
  return true;
}

static void
end (void *state)
{
  SbxLayersPart *self = state;

  clear_batch (&self->later);
  end_context (self);
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
  .start = start,
  .mount = mount,
  .furnish = furnish,
  .waits = waits,
  .reaped = reaped,
  .end = end,
  .may_hang = may_hang,
};
