/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/change.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "keeper/changer.h"
#include "keeper/end.h"

#define TRIES 3
#define TIME_MS 30000 /* for one try */

static SbxKeeper *
keeper_of (SbxWatch *watch)
{
  return SBX_OWNER (watch, SbxKeeper, change.answer);
}

static void
answer (SbxChange *self, SbxMessage *message, int fd)
{
  message->job = self->job;
  if (self->service)
    (void) sbx_service_link_tell_fd (self->service, message, fd);
}

static void
tell_refusal (SbxChange *self, SbxChangeFault fault, int error, const char *text, bool ends)
{
  SbxMessage message = { .type = SBX_MSG_NOT_APPLIED, .value = error, .detail = (int32_t) fault, .ends = ends ? 1 : 0 };

  snprintf (message.text, sizeof message.text, "%s", text);
  answer (self, &message, -1);
}

/* Nothing was changed. */
static void
refuse (SbxChange *self, SbxChangeFault fault, int error, const char *text)
{
  tell_refusal (self, fault, error, text, false);
}

/* It can neither be completed nor undone, or not be shown: so there is no instance any more that is in between. */
static void
give_in (SbxKeeper *keeper, SbxChangeFault fault, int error, const char *text)
{
  tell_refusal (&keeper->change, fault, error, text, true);
  sbx_keeper_stop (keeper, SBX_CULPRIT_STOPPED, 0);
}

/* Frees what the change had. @done: it is in force. */
static void
forget (SbxKeeper *keeper, bool done)
{
  SbxChange *self = &keeper->change;

  sbx_parts_changed (&keeper->parts, done);
  sbx_watch_close (&self->answer);
  self->answer.due = 0;
  self->child = 0;
  self->stage = SBX_CHANGE_NONE;
  if (self->block >= 0)
    close (self->block);
  if (self->held >= 0)
    close (self->held);
  if (self->narrowing)
    munmap (self->narrowing, sizeof *self->narrowing);
  self->block = self->held = -1;
  self->narrowing = NULL;
  self->service = NULL;
  sbx_services_greet (&keeper->services);
}

static void __attribute__ ((noreturn)) run_child (SbxKeeper *keeper, pid_t parent, int pipe)
{
  const SbxChange *change = &keeper->change;
  const SbxChanger changer = { .id = keeper->record.id,
                               .init = keeper->init.pid,
                               .init_pidfd = keeper->init.end.fd,
                               .block = change->block,
                               .held = change->held,
                               .narrowing = change->narrowing };
  sigset_t none;
  int rc;

  prctl (PR_SET_NAME, "sandbox-change");
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  prctl (PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  rc = getppid () == parent ? sbx_changer_run (&changer) : -1;
  if (rc == 0 && write (pipe, "", 1) != 1)
    rc = -1;
  _exit (rc < 0);
}

/* 0, or -1 with errno. */
static int
start_child (SbxKeeper *keeper)
{
  SbxChange *self = &keeper->change;
  pid_t keeper_pid = getpid ();
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -1;
  self->tries++;
  self->narrowing->fault = SBX_CHANGE_FAULT_NONE;
  self->child = fork ();
  if (self->child == 0)
    run_child (keeper, keeper_pid, ends[1]);
  close (ends[1]);
  if (self->child < 0) {
    self->child = 0;
    close (ends[0]);
    return -1;
  }
  sbx_watch_open (&self->answer, ends[0]);
  self->answer.due = sbx_loop_now () + TIME_MS;
  return 0;
}

/* All of it is in force. */
static void
succeed (SbxKeeper *keeper)
{
  SbxMessage policy = { .type = SBX_MSG_POLICY }, applied = { .type = SBX_MSG_APPLIED };
  SbxChange *self = &keeper->change;
  bool written = sbx_record_replace_info (&keeper->record) == 0;

  if (written) {
    self->has_changed = true;
    sbx_services_tell (&keeper->services, &policy, -1);
    answer (self, &applied, self->held);
  } else { /* it cannot be shown what is in force */
    give_in (keeper, SBX_CHANGE_FAULT_RECORD, errno, "");
  }
  forget (keeper, written);
}

/* The child has ended without having done it. */
static void
go_on (SbxKeeper *keeper)
{
  SbxChange *self = &keeper->change;
  const SbxNarrowing *narrowing = self->narrowing;
  SbxChangeFault fault = narrowing->fault < SBX_N_CHANGE_FAULTS ? narrowing->fault : SBX_CHANGE_FAULT_PROTOCOL;

  if (narrowing->begun && keeper->state == SBX_KEEPER_RUNNING && self->tries < TRIES && start_child (keeper) == 0)
    return;
  if (fault == SBX_CHANGE_FAULT_NONE)
    fault = SBX_CHANGE_FAULT_PROTOCOL;
  if (narrowing->begun)
    give_in (keeper, fault, narrowing->error, narrowing->what);
  else
    refuse (self, fault, narrowing->error, narrowing->what);
  forget (keeper, false);
}

static void
serve (SbxWatch *watch)
{
  SbxKeeper *keeper = keeper_of (watch);
  char byte;
  bool done = read (watch->fd, &byte, 1) == 1;

  sbx_watch_close (watch);
  watch->due = 0;
  keeper->change.child = 0;
  if (!done) {
    go_on (keeper);
    return;
  }
  keeper->change.stage = SBX_CHANGE_EFFECT;
  watch->due = sbx_loop_now () + TIME_MS;
  sbx_parts_take_effect (&keeper->parts); /* what it waits for is looked at when the round is over */
}

/* What was to serve it from now on does not come, or what has served it until now does not go. */
static void
fail (SbxKeeper *keeper, SbxChangeFault fault, int error)
{
  SbxChange *self = &keeper->change;

  if (self->stage == SBX_CHANGE_EFFECT)
    give_in (keeper, fault, error, "");
  else
    refuse (self, fault, error, "");
  forget (keeper, false);
}

static void
give_up (SbxWatch *watch)
{
  SbxKeeper *keeper = keeper_of (watch);
  SbxChange *self = &keeper->change;

  if (self->stage == SBX_CHANGE_PARTS || self->stage == SBX_CHANGE_EFFECT) {
    fail (keeper, SBX_CHANGE_FAULT_TIME, 0);
    return;
  }
  if (self->narrowing && self->narrowing->fault == SBX_CHANGE_FAULT_NONE)
    self->narrowing->fault = SBX_CHANGE_FAULT_TIME;
  if (self->child > 0)
    kill (self->child, SIGKILL); /* the end of the pipe follows */
}

int
sbx_change_set_up (SbxKeeper *keeper)
{
  keeper->change.block = keeper->change.held = -1;
  return sbx_loop_add (&keeper->loop, &keeper->change.answer, SBX_ORDER_PARTS, serve, give_up);
}

/* What is written down of it, if it comes to pass, and what parts have to open for it. */
static int
prepare (SbxKeeper *keeper)
{
  SbxRecord info = { 0 };
  SbxBlock block;
  int rc;

  if (sbx_block_open (&block, keeper->change.block, SBX_BLOCK_CHANGE) < 0) {
    refuse (&keeper->change, SBX_CHANGE_FAULT_PROTOCOL, errno, "");
    return -1;
  }
  (void) sbx_block_next (&block, SBX_TAG_INFO, &info); /* every CHANGE has it */
  rc = sbx_record_write_new_info (&keeper->record, info.value, info.length);
  if (rc < 0)
    refuse (&keeper->change, SBX_CHANGE_FAULT_RECORD, errno, "");
  else if ((rc = sbx_parts_changing (&keeper->parts, &block)) < 0 && errno == EUSERS)
    refuse (&keeper->change, SBX_CHANGE_FAULT_SERVED, 0, "");
  else if (rc < 0)
    refuse (&keeper->change, SBX_CHANGE_FAULT_LAYER, errno, "what is handed over");
  sbx_block_close (&block);
  return rc;
}

static int
begin (SbxKeeper *keeper)
{
  SbxChange *self = &keeper->change;
  void *shared;

  if (prepare (keeper) < 0)
    return -1;
  shared = mmap (NULL, sizeof *self->narrowing, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  self->narrowing = shared == MAP_FAILED ? NULL : shared;
  self->held = self->narrowing ? memfd_create ("held", MFD_CLOEXEC) : -1;
  self->tries = 0;
  self->stage = SBX_CHANGE_PARTS;
  self->answer.due = sbx_loop_now () + TIME_MS;
  if (self->held >= 0)
    return 0;
  refuse (self, SBX_CHANGE_FAULT_PROTOCOL, errno, "");
  return -1;
}

void
sbx_change_go_on (SbxKeeper *keeper)
{
  SbxChange *self = &keeper->change;
  bool waits = self->stage == SBX_CHANGE_PARTS || self->stage == SBX_CHANGE_EFFECT;
  int rc = waits ? sbx_parts_change_waits (&keeper->parts) : 1;

  if (!waits || rc > 0)
    return;
  if (rc < 0) {
    fail (keeper, SBX_CHANGE_FAULT_SERVER, errno);
  } else if (self->stage == SBX_CHANGE_EFFECT) {
    succeed (keeper);
  } else {
    self->stage = SBX_CHANGE_MOUNTS;
    if (start_child (keeper) < 0)
      fail (keeper, SBX_CHANGE_FAULT_PROTOCOL, errno);
  }
}

void
sbx_change_take (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds)
{
  SbxChange *self = &keeper->change;
  bool running = keeper->state == SBX_KEEPER_RUNNING && !keeper->main_ended;

  if (!running || self->block >= 0) {
    SbxChange other = { .service = service, .job = message->job };

    refuse (&other, running ? SBX_CHANGE_FAULT_BUSY : SBX_CHANGE_FAULT_ENDED, 0, "");
    return;
  }
  self->service = service;
  self->job = message->job;
  self->block = fds[0];
  fds[0] = -1;
  if (begin (keeper) < 0)
    forget (keeper, false);
}

void
sbx_change_forget_service (SbxKeeper *keeper, const SbxServiceLink *service)
{
  if (keeper->change.service == service)
    keeper->change.service = NULL;
}
