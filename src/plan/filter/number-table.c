/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls that name a process, a thread, a group or a clock of one by its number, where other sandboxes have
 * numbers of the same pid namespace (pidns=session).
 *
 * The kernel answers them for whoever has the same uid, or tells a number that somebody has (EPERM, as Landlock says)
 * from one that nobody has (ESRCH). So the keeper is asked: it lets the call go on for its own instance's, and says for
 * all others the error of a number that nobody has. 0, which is oneself, is never asked about. Numbers are in
 * registers: nobody changes them between question and call. Those that are in memory are another thing, see each.
 *
 * Not here, since the kernel says the same for both: setpgid(2), capset(2), wait4(2), waitid(2), clone3(2) with
 * set_tid, SCM_CREDENTIALS (unix(7)), requests of ptrace(2) other than to attach, timer_create(2) with SIGEV_THREAD_ID;
 * and what takes a pidfd, which nobody gets of others. Numbers: include/uapi/linux/{prctl,ptrace,nsfs,futex}.h,
 * asm-generic/{fcntl,ioctls, sockios}.h. */
#include "plan/filter/syscall-table.h"

#include <errno.h>

#define ALL SBX_TIERS_ALL
#define WORD 0xffffffffu

/* Argument @n is the number, and is not 0 */
#define NUMBER(call, n, subject, reason)                                                                               \
  {                                                                                                                    \
    call, ESRCH, ALL, 0, SBX_CALL_NOT_EQUAL, n, 0, 0, reason, { 0 }, SBX_WHEN_SESSION, subject, n                      \
  }
/* … and argument @which says what kind of number it is */
#define NUMBER_OF(call, n, which, value, subject, reason)                                                              \
  {                                                                                                                    \
    call, ESRCH, ALL, 0, SBX_CALL_NOT_EQUAL, n, 0, 0, reason, { which, WORD, value, FALSE }, SBX_WHEN_SESSION,         \
        subject, n                                                                                                     \
  }
/* Argument @which is @value, and then argument @n, if it is not 0, is one */
#define IF(call, error, which, value, n, subject, reason)                                                              \
  {                                                                                                                    \
    call, error, ALL, 0, SBX_CALL_MASKED, which, WORD, value, reason, { n, G_MAXUINT64, 0, TRUE }, SBX_WHEN_SESSION,   \
        subject, n                                                                                                     \
  }
/* A negative clock is a process's, unless bit 2 says a thread's, of which the kernel knows one's own only */
#define CLOCK(call)                                                                                                    \
  {                                                                                                                    \
    call, EINVAL, ALL, 0, SBX_CALL_MASKED, 0, 0x80000004u, 0x80000000u, CLOCKS, { 0 }, SBX_WHEN_SESSION,               \
        SBX_SUBJECT_CLOCK, 0                                                                                           \
  }
#define REFUSE(call, error, n, mask, value, reason)                                                                    \
  {                                                                                                                    \
    call, error, ALL, 0, SBX_CALL_MASKED, n, mask, value, reason, { 0 }, SBX_WHEN_SESSION                              \
  }

#define SIGNALS "a signal to a number that somebody has is refused, to another it finds nobody"
#define RUNS "asks for the same uid alone: how another sandbox's process runs"
#define GROUPS "tells the group of whoever has the number"
#define LOOKS "looking into a process is refused, and nobody is not found"
#define CLOCKS "the time that a process has used, of whoever has the number"
#define OF_USER "goes to all of the user's processes of the pid namespace, those of other sandboxes included"
#define NAMESPACE "translates whatever number somebody has"
#define INHERITS "takes the number of a thread from memory: whether there is one can be told"

const SbxCallRow sbx_number_rows[] = {
  NUMBER ("kill", 0, SBX_SUBJECT_TARGET, SIGNALS),
  NUMBER ("tkill", 0, SBX_SUBJECT_PROCESS, SIGNALS),
  NUMBER ("tgkill", 0, SBX_SUBJECT_PROCESS, SIGNALS),
  NUMBER ("tgkill", 1, SBX_SUBJECT_PROCESS, SIGNALS),
  NUMBER ("rt_sigqueueinfo", 0, SBX_SUBJECT_PROCESS, SIGNALS),
  NUMBER ("rt_tgsigqueueinfo", 0, SBX_SUBJECT_PROCESS, SIGNALS),
  NUMBER ("rt_tgsigqueueinfo", 1, SBX_SUBJECT_PROCESS, SIGNALS),
  NUMBER ("pidfd_open", 0, SBX_SUBJECT_PROCESS, "opens whoever has the number"),

  NUMBER ("sched_setparam", 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER ("sched_getparam", 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER ("sched_setscheduler", 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER ("sched_getscheduler", 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER ("sched_setattr", 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER ("sched_getattr", 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER ("sched_setaffinity", 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER ("sched_getaffinity", 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER ("sched_rr_get_interval", 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER ("sched_rr_get_interval_time64", 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER_OF ("getpriority", 1, 0, 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER_OF ("getpriority", 1, 0, 1, SBX_SUBJECT_GROUP, RUNS),
  REFUSE ("getpriority", EPERM, 0, WORD, 2, OF_USER),
  NUMBER_OF ("setpriority", 1, 0, 0, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER_OF ("setpriority", 1, 0, 1, SBX_SUBJECT_GROUP, RUNS),
  REFUSE ("setpriority", EPERM, 0, WORD, 2, OF_USER),
  NUMBER_OF ("ioprio_get", 1, 0, 1, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER_OF ("ioprio_get", 1, 0, 2, SBX_SUBJECT_GROUP, RUNS),
  REFUSE ("ioprio_get", EPERM, 0, WORD, 3, OF_USER),
  NUMBER_OF ("ioprio_set", 1, 0, 1, SBX_SUBJECT_PROCESS, RUNS),
  NUMBER_OF ("ioprio_set", 1, 0, 2, SBX_SUBJECT_GROUP, RUNS),
  REFUSE ("ioprio_set", EPERM, 0, WORD, 3, OF_USER),
  /* The first two are what is left where the table of calls refuses to set limits of others */
  { "prlimit64",
    ESRCH,
    ALL,
    0,
    SBX_CALL_NOT_EQUAL,
    0,
    0,
    0,
    RUNS,
    { 2, G_MAXUINT64, 0, FALSE },
    SBX_WHEN_SESSION,
    SBX_SUBJECT_PROCESS,
    0 },
  { "prlimit64",
    ESRCH,
    ALL,
    0,
    SBX_CALL_NOT_EQUAL,
    0,
    0,
    0,
    RUNS,
    { 2, G_MAXUINT64, 0, TRUE },
    SBX_WHEN_SESSION,
    SBX_SUBJECT_PROCESS,
    0 },

  NUMBER ("getpgid", 0, SBX_SUBJECT_PROCESS, GROUPS),
  NUMBER ("getsid", 0, SBX_SUBJECT_PROCESS, GROUPS),

  IF ("ptrace", ESRCH, 0, 16, 1, SBX_SUBJECT_PROCESS, LOOKS),     /* ATTACH */
  IF ("ptrace", ESRCH, 0, 0x4206, 1, SBX_SUBJECT_PROCESS, LOOKS), /* SEIZE */
  NUMBER ("process_vm_readv", 0, SBX_SUBJECT_PROCESS, LOOKS),
  NUMBER ("process_vm_writev", 0, SBX_SUBJECT_PROCESS, LOOKS),
  NUMBER ("kcmp", 0, SBX_SUBJECT_PROCESS, LOOKS),
  NUMBER ("kcmp", 1, SBX_SUBJECT_PROCESS, LOOKS),
  NUMBER ("migrate_pages", 0, SBX_SUBJECT_PROCESS, LOOKS),
  NUMBER ("move_pages", 0, SBX_SUBJECT_PROCESS, LOOKS),
  NUMBER ("perf_event_open", 1, SBX_SUBJECT_PROCESS, LOOKS),
  NUMBER ("get_robust_list", 0, SBX_SUBJECT_PROCESS, LOOKS),
  { "capget",
    ESRCH,
    ALL,
    0,
    SBX_CALL_ANY,
    0,
    0,
    0,
    "tells the capabilities of whoever has the number. That is in memory: the keeper asks in its place",
    { 0 },
    SBX_WHEN_SESSION,
    SBX_SUBJECT_CAPABILITIES,
    0 },

  CLOCK ("clock_gettime"),
  CLOCK ("clock_gettime64"),
  CLOCK ("clock_getres"),
  CLOCK ("clock_getres_time64"),
  CLOCK ("clock_nanosleep"),
  CLOCK ("clock_nanosleep_time64"),
  CLOCK ("timer_create"),

  IF ("prctl", EINVAL, 0, 0x59616d61, 1, SBX_SUBJECT_PROCESS, "Yama knows whoever has the number"), /* SET_PTRACER */
  IF ("prctl", ESRCH, 0, 62, 2, SBX_SUBJECT_PROCESS, LOOKS),                                        /* SCHED_CORE */

  /* Who gets a descriptor's signals. By these two the number comes from memory, and few programs use them */
  IF ("fcntl", ESRCH, 1, 8, 2, SBX_SUBJECT_OWNER, SIGNALS), /* F_SETOWN */
  IF ("fcntl64", ESRCH, 1, 8, 2, SBX_SUBJECT_OWNER, SIGNALS),
  REFUSE ("fcntl", EINVAL, 1, WORD, 15, SIGNALS), /* F_SETOWN_EX */
  REFUSE ("fcntl64", EINVAL, 1, WORD, 15, SIGNALS),
  REFUSE ("ioctl", ENOTTY, 1, WORD, 0x8901, SIGNALS), /* FIOSETOWN */
  REFUSE ("ioctl", ENOTTY, 1, WORD, 0x8902, SIGNALS), /* SIOCSPGRP */
  { "ioctl",
    ESRCH,
    ALL,
    0,
    SBX_CALL_MASKED,
    1,
    WORD,
    0x5410,
    "a terminal is not given to a group of others. The number is in memory, and shells need it (TIOCSPGRP)",
    { 0 },
    SBX_WHEN_SESSION,
    SBX_SUBJECT_GROUP_AT,
    2 },
  IF ("ioctl", ESRCH, 1, 0x8004b706u, 2, SBX_SUBJECT_PROCESS, NAMESPACE), /* NS_GET_PID_FROM_PIDNS */
  IF ("ioctl", ESRCH, 1, 0x8004b707u, 2, SBX_SUBJECT_PROCESS, NAMESPACE), /* NS_GET_TGID_FROM_PIDNS */
  IF ("ioctl", ESRCH, 1, 0x8004b708u, 2, SBX_SUBJECT_PROCESS, NAMESPACE), /* NS_GET_PID_IN_PIDNS */
  IF ("ioctl", ESRCH, 1, 0x8004b709u, 2, SBX_SUBJECT_PROCESS, NAMESPACE), /* NS_GET_TGID_IN_PIDNS */

  /* Without them pthread_mutex_init(3) says that there is no priority inheritance (ENOTSUP) */
  REFUSE ("futex", ENOSYS, 1, 0x7e, 6, INHERITS),  /* FUTEX_LOCK_PI, FUTEX_UNLOCK_PI */
  REFUSE ("futex", ENOSYS, 1, 0x7f, 8, INHERITS),  /* FUTEX_TRYLOCK_PI */
  REFUSE ("futex", ENOSYS, 1, 0x7f, 11, INHERITS), /* FUTEX_WAIT_REQUEUE_PI */
  REFUSE ("futex", ENOSYS, 1, 0x7e, 12, INHERITS), /* FUTEX_CMP_REQUEUE_PI, FUTEX_LOCK_PI2 */
  REFUSE ("futex_time64", ENOSYS, 1, 0x7e, 6, INHERITS),
  REFUSE ("futex_time64", ENOSYS, 1, 0x7f, 8, INHERITS),
  REFUSE ("futex_time64", ENOSYS, 1, 0x7f, 11, INHERITS),
  REFUSE ("futex_time64", ENOSYS, 1, 0x7e, 12, INHERITS),

  { .call = NULL },
};
