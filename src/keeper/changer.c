/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reach (outside) ──▶ namespaces, as descriptors ──▶ a worker, which joins the user namespace that owns the instance's
 * mounts: with that it may enter every namespace below ──▶ again, until nothing is new ──▶ what processes hold */
#include "keeper/changer.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/enter.h"
#include "keeper/give.h"
#include "keeper/held.h"
#include "keeper/lower.h"
#include "keeper/reach.h"
#include "wire/block.h"

#define PASSES 32
#define CLEAN 2 /* so many of them in a row find nothing new at the end */

typedef struct {
  const SbxChanger *changer;
  SbxNamespaces own; /* the instance's */
  SbxNarrow *rows;
  size_t n_rows;
  SbxLayer *layers;
  size_t n_layers;
  SbxLowerRow *limits;
  size_t n_limits;
  uint32_t ended;                  /* bit N: what has served it of the SbxSidecarKind N ends */
  int found[SBX_REACH_NAMESPACES]; /* mount namespaces, the instance's own first */
  size_t n_found, n_done;
} Change;

static int
fail (const Change *change, SbxChangeFault fault, int error)
{
  return sbx_narrow_fail (change->changer->narrowing, fault, error, "");
}

static size_t
count (const SbxBlock *block, uint32_t tag)
{
  SbxRecord record = { 0 };
  size_t n = 0;

  while (sbx_block_next (block, tag, &record))
    n++;
  return n;
}

static void
read_limits (Change *change, const SbxBlock *block)
{
  SbxRecord record = { 0 };
  uint64_t row[3];

  while (sbx_block_next (block, SBX_TAG_RLIMIT, &record)) {
    memcpy (row, record.value, sizeof row);
    change->limits[change->n_limits++] = (SbxLowerRow){ (int) row[0], row[2] };
  }
}

/* The block stays mapped. */
static int
read_rows (Change *change)
{
  SbxSidecarGroup group = { 0 };
  SbxRecord record = { 0 };
  SbxBlock block;
  uint32_t stay;

  if (sbx_block_open (&block, change->changer->block, SBX_BLOCK_CHANGE) < 0)
    return fail (change, SBX_CHANGE_FAULT_PROTOCOL, errno);
  change->ended = sbx_block_u32 (&block, SBX_TAG_SIDECARS_ENDED, 0);
  stay = sbx_block_u32 (&block, SBX_TAG_SIDECARS_STAY, 0);
  while (sbx_block_next_sidecar (&block, &group))
    change->ended |= (1u << group.kind) & ~stay;
  change->rows = calloc (count (&block, SBX_TAG_NARROW) + 1, sizeof *change->rows);
  change->layers = calloc (count (&block, SBX_TAG_LAYER) + 1, sizeof *change->layers);
  change->limits = calloc (count (&block, SBX_TAG_RLIMIT) + 1, sizeof *change->limits);
  if (!change->rows || !change->layers || !change->limits)
    return fail (change, SBX_CHANGE_FAULT_PROTOCOL, ENOMEM);
  read_limits (change, &block);
  while (sbx_block_next (&block, SBX_TAG_NARROW, &record))
    if (!sbx_narrow_read (&change->rows[change->n_rows++], record.value, record.length))
      return fail (change, SBX_CHANGE_FAULT_PROTOCOL, EBADMSG);
  record = (SbxRecord){ 0 };
  while (sbx_block_next (&block, SBX_TAG_LAYER, &record))
    if (!sbx_layer_read (&change->layers[change->n_layers++], record.value, record.length))
      return fail (change, SBX_CHANGE_FAULT_PROTOCOL, EBADMSG);
  return 0;
}

static bool
is_same (int a, int b)
{
  struct stat one, other;

  return fstat (a, &one) == 0 && fstat (b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static int
collect (void *data, const SbxNamespaces *namespaces)
{
  Change *change = data;
  int fd;

  for (size_t i = 0; i < change->n_found; i++)
    if (is_same (change->found[i], namespaces->mount))
      return 0;
  if (change->n_found == SBX_REACH_NAMESPACES)
    return ENOBUFS;
  fd = fcntl (namespaces->mount, F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    return errno;
  change->found[change->n_found++] = fd;
  return 0;
}

static int
work (const Change *change, pid_t parent, int proc)
{
  SbxNarrowing *narrowing = change->changer->narrowing;

  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid () != parent || setns (change->own.owner, CLONE_NEWUSER) < 0)
    return sbx_narrow_fail (narrowing, SBX_CHANGE_FAULT_ENTER, errno, "the user namespace");
  return sbx_narrow (narrowing, change->rows, change->n_rows, change->own.mount, change->found + change->n_done,
                     change->n_found - change->n_done, proc);
}

/* One pass over the namespaces that are new. */
static int
narrow (Change *change)
{
  int proc = open ("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), status;
  pid_t parent = getpid (), pid = proc < 0 ? -1 : fork ();

  if (pid == 0)
    _exit (work (change, parent, proc) < 0);
  if (proc >= 0)
    close (proc);
  if (pid < 0)
    return fail (change, SBX_CHANGE_FAULT_PROTOCOL, errno);
  while (waitpid (pid, &status, 0) < 0)
    if (errno != EINTR)
      return fail (change, SBX_CHANGE_FAULT_PROTOCOL, errno);
  if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
    return -1; /* with the fault, if it could still say one */
  change->n_done = change->n_found;
  return 0;
}

/* What has been found is covered before anything else is looked for, so that it does not wait for that; and a process
 * that goes from one number to the next has to escape twice. */
static int
narrow_all (Change *change)
{
  int clean = 0;

  if (change->n_rows == 0)
    return 0;
  for (int i = 0; i < PASSES; i++) {
    if (sbx_reach_mounts_once (change->changer->init, collect, change) < 0)
      return fail (change, SBX_CHANGE_FAULT_ENTER, errno);
    if (change->n_done == change->n_found) {
      if (++clean == CLEAN)
        return 0;
      continue;
    }
    clean = 0;
    if (narrow (change) < 0)
      return -1;
  }
  return fail (change, SBX_CHANGE_FAULT_ENTER, ELOOP);
}

static int
give (const Change *change)
{
  int proc, rc;

  if (change->n_layers == 0)
    return 0;
  proc = open ("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0)
    return fail (change, SBX_CHANGE_FAULT_PROTOCOL, errno);
  rc = sbx_give (change->changer->narrowing, change->layers, change->n_layers, &change->own, proc);
  close (proc);
  return rc;
}

/* Before anything is changed. */
static int
check_limits (const Change *change)
{
  const SbxChanger *changer = change->changer;

  return change->n_limits == 0 ? 0 : sbx_lower_check (changer->narrowing, &change->own, changer->init);
}

static int
lower_limits (const Change *change)
{
  const SbxChanger *changer = change->changer;

  return change->n_limits == 0
             ? 0
             : sbx_lower (changer->narrowing, change->limits, change->n_limits, &change->own, changer->init);
}

static int
look_what_is_held (const Change *change)
{
  const SbxChanger *changer = change->changer;
  const SbxHeldServers servers = {
    .rows = change->rows, .n_rows = change->n_rows, .cut = change->ended, .id = changer->id
  };

  if (ftruncate (changer->held, 0) < 0
      || sbx_held_write (changer->narrowing, &servers, changer->init, &change->own, changer->held) < 0)
    return fail (change, SBX_CHANGE_FAULT_PROTOCOL, errno);
  return 0;
}

int
sbx_changer_run (const SbxChanger *self)
{
  Change change = { .changer = self };

  if (sbx_namespaces_open (&change.own, self->init, self->init_pidfd) < 0)
    return fail (&change, SBX_CHANGE_FAULT_ENDED, errno);
  change.found[change.n_found++] = change.own.mount;
  if (read_rows (&change) < 0 || check_limits (&change) < 0 || narrow_all (&change) < 0 || give (&change) < 0
      || lower_limits (&change) < 0)
    return -1;
  return look_what_is_held (&change);
}
