/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the filter of the application asks (SECCOMP_RET_USER_NOTIF, seccomp_unotify(2)): about calls that it refuses, so
 * that they are counted; about listen (2) where ports are limited (listen.h); about shmget (2) beside a shared X server
 * (segment.h); about sockets of 32-bit programs (socketcall.h); and with pidns=session about calls that name a process
 * (numbers.h). Only to the last the answer may be "go on": a call that is refused is not made, whatever happens to us,
 * and the other three we make in the application's place. In an instance that is learned it asks about calls that name
 * files as well, which are allowed and go on: those a learner takes, which stands before us (learning.h).
 *
 * The descriptor is ours from ASKS on and nobody else's: init has sent it before it had a child, and closed its own. It
 * is closed when all who could ask have ended, and with us; then the kernel says ENOSYS to who asks, those who wait
 * already included. While we are stopped (SIGSTOP) who is refused waits, what is allowed goes on, and each can be
 * killed. Nobody else can answer in our place: a second listener is refused by the kernel (EBUSY) and by the filter,
 * for which the application could install one when ours is closed, and let itself through.
 *
 * A refused call wakes us: some microseconds. In a storm that is more of a processor than we may take (share.h), and no
 * question is read until we may again. It is not read and kept: who waits for an answer to a question that was read is
 * disturbed by nothing but SIGKILL, and neither would the machine go to sleep as long as a storm lasts. Until it is
 * read, a signal ends the wait: the call begins anew, or says EINTR where the handler is without SA_RESTART
 * (signal(7)). */
#include "keeper/parts/questions.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "keeper/denied.h"
#include "keeper/keeper.h"
#include "keeper/parts/asker.h"
#include "keeper/parts/learning.h"
#include "keeper/parts/listen.h"
#include "keeper/parts/numbers.h"
#include "keeper/parts/segment.h"
#include "keeper/parts/socketcall.h"
#include "keeper/share.h"
#include "keeper/state.h"
#include "wire/call-program.h"
#include "wire/call-rule.h"
#include "wire/learned.h"

/* A call that goes on is the application's own work, and it waits for us: an eighth of the time that it takes counts,
 * so that a storm of them may have a quarter of a processor */
#define NUMBERS_COUNT_PART 8

#define LOOK_EVERY 16 /* questions: the clock of processor time takes a system call itself */

/* Whoever is woken goes on where we are, instead of waking another processor (Linux 6.6, uapi/linux/seccomp.h) */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW (4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

typedef struct {
  SbxPartState head;
  SbxWatch watch;              /* where questions come from; due: when it is paused no more */
  SbxLearning learning;        /* of an instance that is learned: what stands before it */
  int listener;                /* the watch's own descriptor, or behind the learner; -1: none */
  struct sock_filter *program; /* the filter itself, with its marks; NULL: there is none */
  size_t n_instructions;
  SbxCallRule *rules;
  size_t n_rules;
  SbxListenPorts ports;
  SbxShare share;
  unsigned n_served, n_numbers; /* since the share was looked at, and how many of them were about numbers */
  int64_t used, spared;         /* us of a processor: as of then, and what of it does not count */
} SbxQuestions;

static void
take_program (SbxQuestions *self, const SbxBlock *block)
{
  SbxRecord record = { 0 };

  if (!sbx_block_next (block, SBX_TAG_SECCOMP, &record))
    return;
  self->program = malloc (record.length);
  if (!self->program)
    return;
  memcpy (self->program, record.value, record.length);
  self->n_instructions = record.length / sizeof *self->program;
}

static void
planned (void *state, const SbxBlock *block)
{
  SbxQuestions *self = state;
  SbxRecord record = { 0 };
  size_t n = 0;

  sbx_learning_plan (&self->learning, block);
  sbx_listen_ports_read (&self->ports, block);
  take_program (self, block);
  while (sbx_block_next (block, SBX_TAG_CALL_RULE, &record))
    n++;
  self->rules = calloc (n > 0 ? n : 1, sizeof *self->rules);
  record = (SbxRecord){ 0 };
  while (self->rules && sbx_block_next (block, SBX_TAG_CALL_RULE, &record))
    if (sbx_call_rule_read (&self->rules[self->n_rules], record.value, record.length))
      self->n_rules++;
}

static const SbxCallRule *
find_rule (const SbxQuestions *self, const struct seccomp_data *call, uint32_t error)
{
  uint64_t arguments[6];

  for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++)
    arguments[i] = call->args[i];
  for (size_t i = 0; i < self->n_rules; i++)
    if (self->rules[i].error == error && self->rules[i].subject == SBX_SUBJECT_NONE
        && sbx_call_rule_matches (&self->rules[i], call->arch, (uint32_t) call->nr, arguments))
      return &self->rules[i];
  return NULL;
}

static void
count (SbxQuestions *self, const SbxCallRule *rule, const struct seccomp_notif *question)
{
  SbxKeeper *keeper = self->head.keeper;
  SbxDenialRow *row =
      sbx_denials_add (&keeper->denied.table, SBX_DENIAL_CALL, rule->call, rule->kind, SBX_CALL_NEEDS_ALLOWING);
  char name[SBX_DENIAL_PROCESS];

  if (row && row->denial.count == 1 && sbx_asker_name (self->listener, question, name, sizeof name) == 0)
    sbx_denial_set_process (&row->denial, name);
  sbx_denied_have_news (keeper);
}

/* The answer to who asks about a call that is refused: an error, or for a segment with a key the number that it has. */
static void
refuse (SbxQuestions *self, const struct seccomp_notif *question, uint32_t says, struct seccomp_notif_resp *response)
{
  uint32_t error = says & SECCOMP_RET_DATA & ~SBX_FILTER_ASKS;
  const SbxCallRule *rule;
  int64_t number = 0, used = 0;

  if ((says & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO || error == 0)
    error = EPERM;
  rule = find_rule (self, &question->data, error);
  if (rule && error == ENOSYS && sbx_segment_is_asked (&question->data)) {
    error = (uint32_t) sbx_segment_answer (self->listener, question, &number, &used);
    self->spared -= used; /* a child's work, which is not on our clock */
    response->val = number;
  }
  if (rule && error == (says & SECCOMP_RET_DATA & ~SBX_FILTER_ASKS))
    count (self, rule, question);
  response->error = -(int32_t) error;
}

/* A socket for a 32-bit program: the program says what it says to a call of its own. */
static void
answer_socketcall (SbxQuestions *self, const struct seccomp_notif *question, struct seccomp_notif_resp *response)
{
  struct seccomp_notif direct = *question;
  int64_t number = 0, used = 0;
  uint64_t pair;
  uint32_t says;
  int error = sbx_socketcall_read (question, &direct.data, &pair);

  if (error != 0) {
    response->error = -error;
    return;
  }
  says = sbx_filter_run (self->program, self->n_instructions, &direct.data);
  if (says != SECCOMP_RET_ALLOW) {
    refuse (self, &direct, says, response);
    return;
  }
  response->error = -sbx_socketcall_make (self->listener, question, &direct.data, pair, &number, &used);
  self->spared -= used;
  response->val = response->error == 0 ? number : 0;
}

/* What the program leaves to us without an error names a process, or is listen (2); anything else it has not asked. */
static void
answer (SbxQuestions *self, const struct seccomp_notif *question, struct seccomp_notif_resp *response)
{
  uint32_t says = sbx_filter_run (self->program, self->n_instructions, &question->data);
  SbxNumbersAnswer numbers = SBX_NUMBERS_NONE;
  int error = 0;

  if (sbx_socketcall_is (&question->data)) {
    answer_socketcall (self, question, response);
    return;
  }
  if (says == SECCOMP_RET_USER_NOTIF)
    numbers = sbx_numbers_answer (self->head.keeper, self->rules, self->n_rules, question, &error);
  self->n_numbers += numbers != SBX_NUMBERS_NONE;
  if (numbers == SBX_NUMBERS_GO_ON)
    response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  else if (numbers == SBX_NUMBERS_ERROR)
    response->error = -error;
  else if (says == SECCOMP_RET_USER_NOTIF)
    response->error = -sbx_listen_answer (&self->ports, self->listener, question);
  else
    refuse (self, question, says, response);
}

static bool
look_at_share (SbxQuestions *self)
{
  int64_t used = sbx_share_read_clock (CLOCK_PROCESS_CPUTIME_ID);

  if (self->n_served > 0)
    self->spared +=
        (used - self->used) * self->n_numbers / self->n_served * (NUMBERS_COUNT_PART - 1) / NUMBERS_COUNT_PART;
  self->used = used;
  self->n_served = self->n_numbers = 0;
  return sbx_share_look (&self->share, sbx_share_read_clock (CLOCK_MONOTONIC), used - self->spared);
}

/* Rests if too much of a processor was used. */
static void
go_on (SbxWatch *watch)
{
  SbxQuestions *self = SBX_OWNER (watch, SbxQuestions, watch);

  watch->paused = !look_at_share (self);
  if (watch->paused)
    watch->due = sbx_loop_now () + sbx_share_wait_ms (&self->share);
}

static void
end (void *state)
{
  SbxQuestions *self = state;

  if (self->listener >= 0 && self->listener != self->watch.fd)
    close (self->listener);
  self->listener = -1;
  sbx_watch_close (&self->watch);
  sbx_learning_end (&self->learning);
  self->watch.due = 0;
  self->watch.paused = false;
}

static bool
is_gone (void *state)
{
  SbxQuestions *self = state;

  return sbx_learning_is_gone (&self->learning);
}

static bool
reaped (void *state, pid_t pid, int status)
{
  SbxQuestions *self = state;

  return sbx_learning_reaped (&self->learning, pid);
}

static bool
is_over (int listener)
{
  struct pollfd polled = { listener, POLLIN, 0 };

  return poll (&polled, 1, 0) > 0 && !(polled.revents & POLLIN);
}

static void
respond (SbxQuestions *self, const struct seccomp_notif *question)
{
  struct seccomp_notif_resp response = { .id = question->id };

  /* Only a learner that was killed leaves such a question to us */
  if (sbx_learning_goes_on (&self->learning, self->program, self->n_instructions, question)) {
    sbx_learner_go_on (self->listener, question->id);
    return;
  }
  answer (self, question, &response);
  (void) ioctl (self->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* The learner has ended. If that is not because nobody is left who could ask, questions come to us from now on. */
static void
stand_in (SbxQuestions *self)
{
  const struct seccomp_notif *unfinished = sbx_learning_unfinished (&self->learning);

  if (is_over (self->listener)) {
    end (self);
    return;
  }
  sbx_learned_cut (self->head.keeper->start.learned);
  if (unfinished)
    respond (self, unfinished);
  sbx_watch_close (&self->watch);
  sbx_watch_open (&self->watch, self->listener);
}

/* The next question for us. False: there is none, now or any more. */
static bool
receive (SbxQuestions *self, void *question, size_t size)
{
  if (self->watch.fd != self->listener) {
    ssize_t n = recv (self->watch.fd, question, size, MSG_DONTWAIT);

    if (n == 0)
      stand_in (self);
    return n == (ssize_t) sizeof (struct seccomp_notif);
  }
  if (is_over (self->listener)) {
    end (self);
    return false;
  }
  return ioctl (self->listener, SECCOMP_IOCTL_NOTIF_RECV, question) == 0; /* or who has asked is gone */
}

static void
serve (SbxWatch *watch)
{
  SbxQuestions *self = SBX_OWNER (watch, SbxQuestions, watch);
  union {
    struct seccomp_notif question;
    char room[1024]; /* newer kernels may say more */
  } received;

  memset (&received, 0, sizeof received);
  if (!receive (self, &received, sizeof received))
    return;
  respond (self, &received.question);
  if (++self->n_served >= LOOK_EVERY)
    go_on (watch);
}

static int
set_up (void *state)
{
  SbxQuestions *self = state;

  self->listener = -1;
  return sbx_loop_add (&self->head.keeper->loop, &self->watch, SBX_ORDER_PARTS, serve, go_on);
}

static bool
asked (void *state, int questions)
{
  SbxQuestions *self = state;
  int source = questions;

  if (self->watch.fd >= 0 || !self->program || !self->rules)
    return false;
  (void) ioctl (questions, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  if (self->learning.n_calls > 0) {
    source = sbx_learning_begin (&self->learning, self->program, self->n_instructions, questions,
                                 self->head.keeper->start.learned);
    if (source < 0)
      return false; /* what cannot be learned is not run: who asks nobody is refused */
  }
  self->listener = questions;
  sbx_watch_open (&self->watch, source);
  self->used = sbx_share_read_clock (CLOCK_PROCESS_CPUTIME_ID);
  sbx_share_begin (&self->share, sbx_share_read_clock (CLOCK_MONOTONIC), self->used);
  if (self->n_rules > 0)
    sbx_keeper_set_enforced (self->head.keeper, SBX_ENFORCED_COUNTED, true);
  return true;
}

const SbxPart sbx_part_questions = {
  .name = "questions",
  .step = SBX_STEP_SECCOMP,
  .size = sizeof (SbxQuestions),
  .set_up = set_up,
  .planned = planned,
  .asked = asked,
  .reaped = reaped,
  .end = end,
  .is_gone = is_gone,
};
