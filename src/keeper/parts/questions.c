/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the filter of the application asks (SECCOMP_RET_USER_NOTIF, seccomp_unotify(2)): about calls that it refuses, so
 * that they are counted, and about listen (2) where ports are limited (listen.h). The answer is an error, and never
 * "go on": a call that is refused is not made, whatever happens to us.
 *
 * When we are gone the kernel says ENOSYS. While we are stopped (SIGSTOP) who asks waits, and can be killed. Nobody
 * else can answer in our place: a second listener is refused by the kernel (EBUSY) and by the filter, for which the
 * application could install one when ours is closed, and let itself through.
 *
 * A refused call wakes us: some microseconds. So that a storm of them costs a processor no more than a few percent,
 * only BURST are answered at once, and RATE a millisecond after that; who asks waits meanwhile, and nobody else does.
 */
#include "keeper/parts/questions.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "keeper/keeper.h"
#include "keeper/parts/asker.h"
#include "keeper/parts/listen.h"
#include "keeper/state.h"
#include "wire/call-rule.h"

#define BURST 2000
#define RATE 4 /* a millisecond */
#define PAUSE_MS 10

/* Whoever is woken goes on where we are, instead of waking another processor (Linux 6.6, uapi/linux/seccomp.h) */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW (4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

typedef struct {
  SbxPartState head;
  SbxWatch watch; /* where questions come from; due: when it is looked at again */
  SbxCallRule *rules;
  size_t n_rules;
  SbxListenPorts ports;
  int64_t budget;   /* questions that may be answered at once */
  int64_t refilled; /* when it was last added to */
} SbxQuestions;

static void
planned (void *state, const SbxBlock *block)
{
  SbxQuestions *self = state;
  SbxRecord record = { 0 };
  size_t n = 0;

  sbx_listen_ports_read (&self->ports, block);
  while (sbx_block_next (block, SBX_TAG_CALL_RULE, &record))
    n++;
  self->rules = calloc (n > 0 ? n : 1, sizeof *self->rules);
  record = (SbxRecord){ 0 };
  while (self->rules && sbx_block_next (block, SBX_TAG_CALL_RULE, &record))
    if (sbx_call_rule_read (&self->rules[self->n_rules], record.value, record.length))
      self->n_rules++;
}

static const SbxCallRule *
find_rule (const SbxQuestions *self, const struct seccomp_data *call)
{
  uint64_t arguments[6];

  for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++)
    arguments[i] = call->args[i];
  for (size_t i = 0; i < self->n_rules; i++)
    if (sbx_call_rule_matches (&self->rules[i], call->arch, (uint32_t) call->nr, arguments))
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

  if (row && row->denial.count == 1 && sbx_asker_name (self->watch.fd, question, name, sizeof name) == 0)
    sbx_denial_set_process (&row->denial, name);
  sbx_denied_have_news (keeper);
}

/* The error for who asks. */
static int
answer (SbxQuestions *self, const struct seccomp_notif *question)
{
  const SbxCallRule *rule = find_rule (self, &question->data);

  if (!rule)
    return sbx_listen_answer (&self->ports, self->watch.fd, question);
  count (self, rule, question);
  return (int) rule->error;
}

/* Whether one more may be answered now. Otherwise the watch rests until then. */
static bool
take_turn (SbxQuestions *self)
{
  int64_t now;

  if (self->budget == 0) {
    now = sbx_loop_now ();
    self->budget = (now - self->refilled) * RATE;
    self->budget = self->budget > BURST ? BURST : self->budget;
    self->refilled = now;
  }
  if (self->budget > 0) {
    self->budget--;
    return true;
  }
  self->watch.paused = true;
  self->watch.due = sbx_loop_now () + PAUSE_MS;
  return false;
}

static void
go_on (SbxWatch *watch)
{
  watch->paused = false;
}

static void
serve (SbxWatch *watch)
{
  SbxQuestions *self = SBX_OWNER (watch, SbxQuestions, watch);
  struct pollfd polled = { watch->fd, POLLIN, 0 };
  union {
    struct seccomp_notif question;
    char room[1024]; /* newer kernels may say more */
  } received;
  struct seccomp_notif_resp response = { 0 };

  /* Everybody who could ask has ended */
  if (poll (&polled, 1, 0) > 0 && !(polled.revents & POLLIN)) {
    sbx_watch_close (watch);
    return;
  }
  if (!take_turn (self))
    return;
  memset (&received, 0, sizeof received);
  if (ioctl (watch->fd, SECCOMP_IOCTL_NOTIF_RECV, &received) < 0)
    return; /* who has asked is gone */
  response.id = received.question.id;
  response.error = -answer (self, &received.question);
  (void) ioctl (watch->fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static int
set_up (void *state)
{
  SbxQuestions *self = state;

  return sbx_loop_add (&self->head.keeper->loop, &self->watch, SBX_ORDER_PARTS, serve, go_on);
}

static bool
asked (void *state, int questions)
{
  SbxQuestions *self = state;

  if (self->watch.fd >= 0 || !self->rules)
    return false;
  (void) ioctl (questions, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  sbx_watch_open (&self->watch, questions);
  self->budget = BURST;
  self->refilled = sbx_loop_now ();
  if (self->n_rules > 0)
    sbx_keeper_set_enforced (self->head.keeper, SBX_ENFORCED_COUNTED, true);
  return true;
}

static void
end (void *state)
{
  SbxQuestions *self = state;

  sbx_watch_close (&self->watch);
  self->watch.due = 0;
}

const SbxPart sbx_part_questions = {
  .name = "questions",
  .step = SBX_STEP_SECCOMP,
  .size = sizeof (SbxQuestions),
  .set_up = set_up,
  .planned = planned,
  .asked = asked,
  .end = end,
};
