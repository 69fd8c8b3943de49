/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/learner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/parts/asked-path.h"
#include "wire/call-program.h"
#include "wire/layout.h"
#include "wire/sys.h"

typedef struct {
  const SbxLearnerSetup *setup;
  SbxLearnerShared *shared;
  SbxLearned *learned;
  uint64_t namespace; /* of the application's mounts: of who asked first */
} Learner;

bool
sbx_learner_is_path (const SbxPathCall *calls, size_t n, const struct seccomp_notif *question)
{
  uint64_t arguments[6];

  memcpy (arguments, question->data.args, sizeof arguments);
  for (size_t i = 0; i < n; i++)
    if (sbx_path_call_matches (&calls[i], question->data.arch, (uint32_t) question->data.nr, arguments))
      return true;
  return false;
}

void
sbx_learner_go_on (int questions, uint64_t id)
{
  struct seccomp_notif_resp response = { .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

  /* Whoever changes the path meanwhile gets what the kernel gives it: nothing was decided by what we have read */
  (void) ioctl (questions, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Whether what the filter says of it is a question of ours: its refusals are the keeper's. */
static bool
is_ours (const Learner *self, const struct seccomp_notif *question)
{
  return sbx_filter_run (self->setup->program, self->setup->n_instructions, &question->data) == SECCOMP_RET_USER_NOTIF
         && sbx_learner_is_path (self->setup->calls, self->setup->n_calls, question);
}

/* That a filter is installed, which we do not hear of what it refuses; or whether somebody else wants to be asked,
 * which the kernel refuses as long as we are (EBUSY). Both are said in registers, and the call goes on. */
static void
note_filter (Learner *self, const struct seccomp_notif *question, const SbxPathCall *call)
{
  bool asking = call->kind == SBX_PATH_SECCOMP && (question->data.args[1] & SBX_SECCOMP_NEW_LISTENER);

  sbx_learned_add (self->learned, asking ? SBX_LEARNED_OWN_ASKING : SBX_LEARNED_OWN_FILTER, 0, NULL, 0);
}

static bool
is_elsewhere (Learner *self, const struct seccomp_notif *question)
{
  uint64_t now = sbx_asked_namespace (question);

  if (self->namespace == 0)
    self->namespace = now;
  return now != self->namespace;
}

/* Only what was read while the question waited was of who asks. */
static void
take_down (Learner *self, const struct seccomp_notif *question, const SbxPathCall *call)
{
  static const SbxLearnedKind unreadable = SBX_LEARNED_UNREADABLE;
  char name[SBX_LEARNED_NAME];
  SbxLearnedKind kind;
  uint32_t uses;
  size_t length;
  bool readable = sbx_asked_path (question, call, &kind, &uses, name, &length);

  if (ioctl (self->setup->questions, SECCOMP_IOCTL_NOTIF_ID_VALID, &question->id) < 0)
    return;
  if (!readable)
    sbx_learned_add (self->learned, unreadable, 0, NULL, 0);
  else if (length > 0)
    sbx_learned_add (self->learned, kind, uses, name, length);
}

static void
learn (Learner *self, const struct seccomp_notif *question)
{
  const SbxLearnerSetup *setup = self->setup;
  uint64_t arguments[6];

  memcpy (arguments, question->data.args, sizeof arguments);
  if (is_elsewhere (self, question)) {
    sbx_learned_add (self->learned, SBX_LEARNED_ELSEWHERE, 0, NULL, 0);
    return;
  }
  for (size_t i = 0; i < setup->n_calls; i++)
    if (setup->calls[i].kind != SBX_PATH_SOCKETCALL
        && sbx_path_call_matches (&setup->calls[i], question->data.arch, (uint32_t) question->data.nr, arguments)) {
      if (setup->calls[i].kind == SBX_PATH_SECCOMP || setup->calls[i].kind == SBX_PATH_PRCTL)
        note_filter (self, question, &setup->calls[i]);
      else
        take_down (self, question, &setup->calls[i]);
    }
}

static void
serve (Learner *self, int link)
{
  union {
    struct seccomp_notif question;
    char room[1024]; /* newer kernels may say more */
  } received;

  memset (&received, 0, sizeof received);
  if (ioctl (self->setup->questions, SECCOMP_IOCTL_NOTIF_RECV, &received) < 0)
    return; /* who has asked is gone */
  self->shared->question = received.question;
  self->shared->asking = true;
  if (is_ours (self, &received.question)) {
    learn (self, &received.question);
    sbx_learner_go_on (self->setup->questions, received.question.id);
  } else if (send (link, &received.question, sizeof received.question, MSG_NOSIGNAL) < 0) {
    _exit (1); /* the keeper is gone; it waits while that takes its time with a storm */
  }
  self->shared->asking = false;
}

/* The keeper's descriptors are the keeper's, and ours must not hold its callers. */
static int
keep_only (const int *fds, const int *numbers, size_t n)
{
  int high[3];

  for (size_t i = 0; i < n; i++) {
    high[i] = fcntl (fds[i], F_DUPFD, 64);
    if (high[i] < 0)
      return -1;
  }
  for (size_t i = 0; i < n; i++)
    if (dup2 (high[i], numbers[i]) < 0)
      return -1;
  return sbx_sys_close_range ((unsigned) numbers[n - 1] + 1, ~0U, 0);
}

static void __attribute__ ((noreturn))
run (const SbxLearnerSetup *given, SbxLearnerShared *shared, int link, pid_t parent)
{
  SbxLearnerSetup setup = *given;
  Learner self = { .setup = &setup, .shared = shared };
  const int wanted[] = { link, given->questions, given->file };
  const int numbers[] = { SBX_LEARNER_LINK_FD, SBX_LEARNER_QUESTIONS_FD, SBX_LEARNER_FILE_FD };
  struct pollfd polled[2] = { { SBX_LEARNER_QUESTIONS_FD, POLLIN, 0 }, { SBX_LEARNER_LINK_FD, 0, 0 } };

  prctl (PR_SET_NAME, "sandbox-learner");
  if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid () != parent)
    _exit (1);
  if (keep_only (wanted, numbers, sizeof wanted / sizeof *wanted) < 0)
    _exit (1);
  setup.questions = SBX_LEARNER_QUESTIONS_FD;
  self.learned = sbx_learned_new (SBX_LEARNER_FILE_FD);
  if (!self.learned)
    _exit (1);
  for (;;) {
    if (poll (polled, 2, -1) < 0 && errno != EINTR)
      _exit (1);
    if (polled[1].revents & (POLLHUP | POLLERR))
      _exit (0);
    if (polled[0].revents & POLLIN)
      serve (&self, SBX_LEARNER_LINK_FD);
    else if (polled[0].revents) /* everybody who could ask has ended */
      _exit (0);
  }
}

pid_t
sbx_learner_start (const SbxLearnerSetup *setup, int *link, SbxLearnerShared **shared)
{
  pid_t learner, self = getpid ();
  int pair[2], saved;

  *shared = mmap (NULL, sizeof **shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (*shared == MAP_FAILED)
    return -1;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
    sbx_learner_unmap (*shared);
    return -1;
  }
  learner = fork ();
  if (learner == 0)
    run (setup, *shared, pair[1], self);
  saved = errno;
  close (pair[1]);
  *link = pair[0];
  if (learner < 0) {
    close (pair[0]);
    sbx_learner_unmap (*shared);
  }
  errno = saved;
  return learner;
}

void
sbx_learner_unmap (SbxLearnerShared *shared)
{
  (void) munmap (shared, sizeof *shared);
}
