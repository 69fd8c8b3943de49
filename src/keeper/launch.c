/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "keeper/end.h"
#include "keeper/state.h"
#include "wire/landlock.h"
#include "wire/sys.h"

#define SCOPES (SBX_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | SBX_LANDLOCK_SCOPE_SIGNAL)

/* The descriptors of PREPARE; files follow */
enum { PREPARE_BLOCK, PREPARE_INIT, N_PREPARE_FDS };
/* … and of FURNISH */
enum { FURNISH_BLOCK, FURNISH_DIRECTORY, N_FURNISH_FDS };

/* The instance domain: scopes only. Handling file-system rights would forbid every mount, and with that bwrap. */
static int
enter_instance_domain (SbxKeeper *keeper, uint32_t flags)
{
  SbxLandlockAttr attr = { .scoped = SCOPES };
  int ruleset, rc, saved;

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return -1;
  if (!(flags & SBX_DOMAIN_SCOPED))
    return 0;
  ruleset = sbx_landlock_create (&attr);
  rc = ruleset < 0 ? -1 : sbx_landlock_restrict_self (ruleset);
  saved = errno;
  if (ruleset >= 0)
    close (ruleset);
  errno = saved;
  if (rc == 0)
    sbx_keeper_set_enforced (keeper, SBX_ENFORCED_INSTANCE_DOMAIN | SBX_ENFORCED_SCOPES, true);
  return rc == 0 || !(flags & SBX_DOMAIN_REQUIRED) ? 0 : -1;
}

/* Gives up the launch for want of a record, and names the directory: whoever reads the message has to make room in
 * it. */
static void __attribute__ ((noreturn)) fail_record (SbxKeeper *keeper, int directory)
{
  int error = errno;
  char link[64], path[SBX_MESSAGE_TEXT + 1];
  ssize_t n;

  snprintf (link, sizeof link, "/proc/self/fd/%d", directory);
  n = readlink (link, path, sizeof path - 1);
  path[n > 0 ? n : 0] = '\0';
  sbx_keeper_fail (keeper, SBX_STEP_RECORD, error, path);
}

static void
make_record (SbxKeeper *keeper, const SbxBlock *block, int directory)
{
  int listener = -1;

  if (sbx_record_create (&keeper->record, directory, sbx_block_string (block, SBX_TAG_ID, "")) == 0)
    listener = sbx_record_listen (&keeper->record);
  if (listener < 0)
    fail_record (keeper, directory);
  sbx_services_listen (&keeper->services, listener);
}

/* Gives up the launch if @failed is a part, as errno says. NULL: none has failed. */
static void
check_part (SbxKeeper *keeper, const SbxPart *failed)
{
  if (failed)
    sbx_keeper_fail (keeper, failed->step, errno, "");
}

/* The record is made before them: their directories in it are mounts of the application's. */
static void
start_sidecars (SbxKeeper *keeper, const SbxBlock *block)
{
  SbxSidecarGroup group = { 0 };

  while (sbx_block_next_sidecar (block, &group)) {
    const SbxPart *part = sbx_parts_find_sidecar (&keeper->parts, group.kind);
    const char *name = sbx_sidecars[group.kind].directory;

    if (!part)
      sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, ENOTSUP, "a sidecar of an unknown kind");
    if (name && sbx_record_make_directory (&keeper->record, name) < 0)
      check_part (keeper, part);
    check_part (keeper, sbx_parts_start_sidecar (&keeper->parts, part, &group.records));
  }
}

/* Namespaces that others are in. */
static void
join (SbxKeeper *keeper, const SbxBlock *block)
{
  SbxRecord target = { 0 }, session = { 0 };
  SbxMessage answer = { 0 };
  uint32_t ids[2];

  if (sbx_block_next (block, SBX_TAG_JOIN, &target) && sbx_join_open (&keeper->join) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_JOIN, errno, "");
  if (!sbx_block_next (block, SBX_TAG_SESSION, &session))
    return;
  memcpy (ids, session.value, sizeof ids);
  if (sbx_join_open_session (&keeper->join, ids[0], ids[1], &answer) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_JOIN, errno, answer.text);
}

static void
prepare_from (SbxKeeper *keeper, const SbxBlock *block, const int *fds, size_t n_fds)
{
  int link;

  join (keeper, block);
  sbx_keeper_set_enforced (keeper, sbx_block_u32 (block, SBX_TAG_JOIN, 0), true);
  if (enter_instance_domain (keeper, sbx_block_u32 (block, SBX_TAG_DOMAIN, 0)) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_DOMAIN, errno, "");
  check_part (keeper, sbx_parts_start (&keeper->parts, block));
  link = sbx_bwrap_start (&keeper->bwrap, block, &keeper->join, fds[PREPARE_INIT], fds + N_PREPARE_FDS,
                          n_fds - N_PREPARE_FDS);
  if (link < 0)
    sbx_keeper_fail (keeper, SBX_STEP_BWRAP, errno, "");
  sbx_watch_open (&keeper->init.link, link);
}

void
sbx_launch_prepare (SbxKeeper *keeper, const int *fds, size_t n_fds)
{
  SbxBlock block;

  if (!sbx_keeper_enter_state (keeper, SBX_KEEPER_PREPARING))
    return;
  if (n_fds < N_PREPARE_FDS || sbx_block_open (&block, fds[PREPARE_BLOCK], SBX_BLOCK_PREPARE) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, errno, "");
  prepare_from (keeper, &block, fds, n_fds);
  sbx_block_close (&block);
}

/* The sandbox is there, and what is to be in it is known. */
static void
fill (SbxKeeper *keeper)
{
  check_part (keeper, sbx_parts_fill (&keeper->parts));
  sbx_namespaces_close (&keeper->namespaces);
}

void
sbx_launch_furnish (SbxKeeper *keeper, int *fds, size_t n_fds)
{
  SbxBlock block;

  if (keeper->furnished || (keeper->state != SBX_KEEPER_PREPARING && keeper->state != SBX_KEEPER_READY))
    return;
  if (n_fds < N_FURNISH_FDS || sbx_block_open (&block, fds[FURNISH_BLOCK], SBX_BLOCK_FURNISH) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, errno, "");
  keeper->furnished = true;
  make_record (keeper, &block, fds[FURNISH_DIRECTORY]);
  fds[FURNISH_DIRECTORY] = -1; /* the record keeps it */
  start_sidecars (keeper, &block);
  check_part (keeper, sbx_parts_furnish (&keeper->parts, &block));
  sbx_block_close (&block);
  if (keeper->state != SBX_KEEPER_READY)
    return;
  fill (keeper);
  sbx_keeper_tell_ready (keeper); /* whoever waits for this instance was not the one to be told before */
}

const SbxNamespaces *
sbx_launch_namespaces (SbxKeeper *keeper)
{
  if (!sbx_namespaces_are_open (&keeper->namespaces)
      && sbx_namespaces_open (&keeper->namespaces, keeper->init.pid, keeper->init.end.fd) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_NAMESPACES, errno, "");
  return &keeper->namespaces;
}

void
sbx_launch_init_ready (SbxKeeper *keeper, pid_t pid)
{
  int pidfd = sbx_sys_pidfd_open (pid);

  if (pidfd < 0)
    sbx_keeper_fail (keeper, SBX_STEP_NAMESPACES, errno, "");
  keeper->init.pid = pid;
  sbx_watch_open (&keeper->init.end, pidfd);
  check_part (keeper, sbx_parts_mount (&keeper->parts));
  if (keeper->join.kind == SBX_JOIN_TARGET && sbx_join_ready (&keeper->join, sbx_launch_namespaces (keeper)) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_JOIN, errno, "");
  if (keeper->furnished)
    fill (keeper);
  sbx_namespaces_close (&keeper->namespaces);
  sbx_keeper_enter_state (keeper, SBX_KEEPER_READY);
}

/* Writes down what START says of the instance, for the next service. A sandbox without that has not come to life. */
static void
write_info (SbxKeeper *keeper)
{
  SbxRecord info = { 0 };
  SbxBlock block;

  if (sbx_block_open (&block, keeper->start.fds[0], SBX_BLOCK_START) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, errno, "");
  (void) sbx_block_next (&block, SBX_TAG_INFO, &info); /* every START has it */
  if (sbx_record_write_info (&keeper->record, info.value, info.length) < 0)
    fail_record (keeper, keeper->record.parent);
  sbx_parts_planned (&keeper->parts, &block);
  sbx_block_close (&block);
}

void
sbx_launch_keep_start (SbxKeeper *keeper, const SbxMessage *message, int *fds, size_t *n_fds)
{
  keeper->start.kept = true;
  keeper->start.flags = message->value;
  memcpy (keeper->start.fds, fds, *n_fds * sizeof *fds);
  keeper->start.n_fds = *n_fds;
  *n_fds = 0;
  write_info (keeper);
}

/* The application waits at the gate until all is done to it that has to be done first, so that not even its first
 * instruction is missed. */
static void
add_gate (SbxKeeper *keeper, SbxMessage *message)
{
  SbxKeptStart *start = &keeper->start;
  int gate[2];

  if (start->n_fds >= SBX_MESSAGE_FDS || pipe2 (gate, O_CLOEXEC) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_TRACE, start->n_fds >= SBX_MESSAGE_FDS ? EMFILE : errno, "");
  memmove (start->fds + 2, start->fds + 1, (start->n_fds - 1) * sizeof *start->fds);
  start->fds[1] = gate[0];
  start->n_fds++;
  keeper->gate = gate[1];
  message->value |= SBX_START_GATE;
}

void
sbx_launch_go_on (SbxKeeper *keeper)
{
  SbxMessage message = { .type = SBX_MSG_START };
  SbxKeptStart *start = &keeper->start;

  if (keeper->state != SBX_KEEPER_READY || !start->kept || sbx_parts_wait (&keeper->parts))
    return;
  sbx_keeper_enter_state (keeper, SBX_KEEPER_STARTING);
  if (sbx_parts_gate (&keeper->parts))
    add_gate (keeper, &message);
  if (sbx_message_send (keeper->init.link.fd, &message, start->fds, start->n_fds) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, errno, "");
  while (start->n_fds > 0)
    close (start->fds[--start->n_fds]);
  sbx_parts_started (&keeper->parts);
}

void
sbx_launch_hold_back (SbxKeeper *keeper)
{
  if (keeper->gate < 0)
    return;
  check_part (keeper, sbx_parts_hold_back (&keeper->parts, sbx_jobs_application (&keeper->jobs)->pid));
  close (keeper->gate);
  keeper->gate = -1;
}
