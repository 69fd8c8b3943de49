/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/keeper.h"

static void
send_with (SbxKeeper *keeper, int peer, const SbxMessage *message, const int *fds, size_t n_fds)
{
  if (keeper->peers[peer] < 0)
    return;
  /* One that does not read is dropped: it learns the rest from the status file when it comes back. One that has closed
   * its end is left to the main loop: what it said last (STOP) is still to be read, and its end may be ours too. */
  if (sbx_message_send_now (keeper->peers[peer], message, fds, n_fds) < 0 && errno != EPIPE && errno != ECONNRESET) {
    close (keeper->peers[peer]);
    keeper->peers[peer] = -1;
  }
}

static void
send_to_peer (SbxKeeper *keeper, int peer, const SbxMessage *message)
{
  send_with (keeper, peer, message, NULL, 0);
}

void
sbx_keeper_broadcast_fd (SbxKeeper *keeper, const SbxMessage *message, int fd)
{
  for (int i = 0; i < SBX_KEEPER_PEERS; i++)
    send_with (keeper, i, message, &fd, 1);
}

void
sbx_keeper_broadcast (SbxKeeper *keeper, const SbxMessage *message)
{
  for (int i = 0; i < SBX_KEEPER_PEERS; i++)
    send_to_peer (keeper, i, message);
}

void
sbx_keeper_tell (SbxKeeper *keeper, SbxJob *job, SbxMessage *message)
{
  message->job = job->their_number;
  if (job == &keeper->jobs[0])
    sbx_keeper_broadcast (keeper, message);
  else if (job->peer >= 0)
    send_to_peer (keeper, job->peer, message);
  message->job = 0;
  if (job->lifeline >= 0)
    (void) sbx_message_send_now (job->lifeline, message, NULL, 0); /* a caller that does not read is its own problem */
}

SbxJob *
sbx_keeper_find_job (SbxKeeper *keeper, uint32_t number)
{
  for (size_t i = 0; i < SBX_KEEPER_JOBS; i++)
    if (keeper->jobs[i].used && keeper->jobs[i].number == number)
      return &keeper->jobs[i];
  return NULL;
}

void
sbx_keeper_drop_job (SbxKeeper *keeper, SbxJob *job)
{
  if (job->lifeline >= 0)
    close (job->lifeline);
  *job = (SbxJob){ .peer = -1, .lifeline = -1 };
}

static SbxJob *
new_job (SbxKeeper *keeper)
{
  for (size_t i = 1; i < SBX_KEEPER_JOBS; i++)
    if (!keeper->jobs[i].used)
      return &keeper->jobs[i];
  return NULL;
}

void
sbx_keeper_accept (SbxKeeper *keeper)
{
  struct ucred who = { 0 };
  socklen_t size = sizeof who;
  SbxMessage message = { .type = SBX_MSG_READY };
  int sock = accept4 (keeper->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  int peer = 1; /* row 0 stays the launching service's */

  if (sock < 0)
    return;
  while (peer < SBX_KEEPER_PEERS && keeper->peers[peer] >= 0)
    peer++;
  if (peer == SBX_KEEPER_PEERS || getsockopt (sock, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0
      || who.uid != geteuid ()) {
    close (sock);
    return;
  }
  keeper->peers[peer] = sock;
  if (keeper->state >= SBX_KEEPER_READY)
    send_to_peer (keeper, peer, &message);
  if (keeper->state >= SBX_KEEPER_RUNNING) {
    message = (SbxMessage){ .type = SBX_MSG_STARTED,
                            .pid = keeper->jobs[0].pid,
                            .detail = (int32_t) keeper->enforced,
                            .start_time = keeper->start_time };
    send_to_peer (keeper, peer, &message);
  }
  sbx_keeper_announce_crashes (keeper);
  sbx_keeper_announce_refusals (keeper);
  if (keeper->main_ended) {
    message = (SbxMessage){ .type = SBX_MSG_EXITED, .value = keeper->main_status };
    send_to_peer (keeper, peer, &message);
  }
}

/* The caller's socket, if it is one that cannot be mistaken for anything else. */
static bool
is_lifeline (int fd)
{
  int type = 0, domain = 0;
  socklen_t size = sizeof type;

  return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET
         && getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

/* Takes the lifeline out of a START's or EXEC's descriptors. False when it is none. */
static bool
take_lifeline (SbxJob *job, const SbxMessage *message, int *fds, size_t *n)
{
  if (!(message->value & SBX_START_LIFELINE))
    return true;
  if (*n < 2 || !is_lifeline (fds[1])) {
    errno = ENOTSOCK;
    return false;
  }
  job->lifeline = fds[1];
  memmove (fds + 1, fds + 2, (*n - 2) * sizeof *fds);
  --*n;
  return true;
}

static void
close_all (int *fds, size_t n)
{
  while (n > 0)
    close (fds[--n]);
}

static void
take_start (SbxKeeper *keeper, const SbxMessage *message, int *fds, size_t n)
{
  if (keeper->start_kept || (keeper->state != SBX_KEEPER_PREPARING && keeper->state != SBX_KEEPER_READY)) {
    close_all (fds, n);
    return;
  }
  if (!take_lifeline (&keeper->jobs[0], message, fds, &n))
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, ENOTSOCK, "the lifeline is not a sequenced-packet socket");
  keeper->trace = (message->value & SBX_START_TRACE) != 0;
  memcpy (keeper->start_fds, fds, n * sizeof *fds);
  keeper->n_start_fds = n;
  keeper->start_kept = true;
  sbx_keeper_take_info (keeper);
  if (keeper->state == SBX_KEEPER_READY && !sbx_keeper_waits_for_sidecar (keeper))
    sbx_keeper_start (keeper);
}

static void
take_exec (SbxKeeper *keeper, int peer, const SbxMessage *message, int *fds, size_t n)
{
  SbxMessage forward = { .type = SBX_MSG_EXEC };
  SbxMessage failed = { .type = SBX_MSG_FAILED, .job = message->job, .detail = SBX_STEP_FORK };
  SbxJob *job = keeper->state == SBX_KEEPER_RUNNING ? new_job (keeper) : NULL;

  if (!job) {
    failed.value = keeper->state == SBX_KEEPER_RUNNING ? EAGAIN : ESRCH;
    send_to_peer (keeper, peer, &failed);
    close_all (fds, n);
    return;
  }
  *job = (SbxJob){ true, ++keeper->next_job, message->job, peer, -1, 0, 0 };
  forward.job = job->number;
  if (!take_lifeline (job, message, fds, &n) || sbx_message_send (keeper->init, &forward, fds, n) < 0) {
    failed.value = errno;
    failed.detail = SBX_STEP_PROTOCOL;
    sbx_keeper_tell (keeper, job, &failed);
    sbx_keeper_drop_job (keeper, job);
  }
  close_all (fds, n);
}

static void
drop_peer (SbxKeeper *keeper, int peer)
{
  close (keeper->peers[peer]);
  keeper->peers[peer] = -1;
  for (size_t i = 1; i < SBX_KEEPER_JOBS; i++)
    if (keeper->jobs[i].peer == peer)
      keeper->jobs[i].peer = -1;
  /* Nobody has been told of the instance yet, and nobody holds its lifeline: it must not come to life */
  if (peer == 0 && keeper->state < SBX_KEEPER_RUNNING && (!keeper->start_kept || keeper->jobs[0].lifeline < 0))
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, EPIPE, "the service is gone");
}

void
sbx_keeper_serve_peer (SbxKeeper *keeper, int peer)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  SbxJob *job;
  size_t n;
  int rc = sbx_message_recv_now (keeper->peers[peer], SBX_CHANNEL_DAEMON_TO_KEEPER, &message, fds, &n, NULL);

  if (rc < 0 && errno == EAGAIN)
    return;
  if (rc <= 0 || (peer != 0 && (message.type == SBX_MSG_PREPARE || message.type == SBX_MSG_START))) {
    if (rc > 0)
      close_all (fds, n);
    drop_peer (keeper, peer);
    return;
  }
  switch (message.type) {
  case SBX_MSG_PREPARE:
    if (keeper->state == SBX_KEEPER_WAITING)
      sbx_keeper_prepare (keeper, fds, n);
    else
      close_all (fds, n);
    break;
  case SBX_MSG_START:
    take_start (keeper, &message, fds, n);
    break;
  case SBX_MSG_EXEC:
    take_exec (keeper, peer, &message, fds, n);
    break;
  case SBX_MSG_RELEASE:
    if (sbx_keeper_claim_crash (keeper, message.crash) == 0)
      sbx_keeper_crash_handled (keeper, message.crash);
    break;
  case SBX_MSG_ATTACH:
    sbx_keeper_attach (keeper, &message, fds[0], fds[1]);
    close_all (fds, n);
    break;
  case SBX_MSG_SIGNAL:
    job = sbx_keeper_find_job (keeper, 0);
    if (message.job == 0 && job)
      sbx_keeper_signal_job (keeper, job, message.value, message.detail != 0);
    break;
  case SBX_MSG_STOP:
    sbx_keeper_stop (keeper, SBX_CULPRIT_STOPPED, message.value);
    break;
  default: /* the channel's table has no other */
    break;
  }
}

void
sbx_keeper_serve_lifeline (SbxKeeper *keeper, SbxJob *job)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;
  int rc = sbx_message_recv_now (job->lifeline, SBX_CHANNEL_CALLER_TO_KEEPER, &message, fds, &n, NULL);

  if (rc < 0 && errno == EAGAIN)
    return;
  if (rc > 0) {
    sbx_keeper_signal_job (keeper, job, message.value, message.detail != 0);
    return;
  }
  close (job->lifeline);
  job->lifeline = -1;
  if (job == &keeper->jobs[0]) {
    sbx_keeper_stop (keeper, SBX_CULPRIT_CALLER, SBX_KEEPER_CALLER_GRACE);
  } else {
    sbx_keeper_signal_job (keeper, job, SIGHUP, true);
    job->kill_at = sbx_keeper_now () + SBX_KEEPER_CALLER_GRACE;
  }
}
