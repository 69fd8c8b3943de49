/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second thread of init, which alone is in the application's Landlock domain and has its filter (both are each
 * thread's own: landlock_restrict_self(2), seccomp(2)), and so have the processes that it starts.
 *
 * In a pid namespace of its own init is PID 1, to which the kernel lets no signal from inside. In that of a session it
 * is a process like others, and kill (-1, SIGKILL) by the application would end it. The kernel asks for the domain of a
 * process's first thread there (kernel/signal.c: __kill_pgrp_info, kill_something_info go by processes), which stays
 * outside: no signal from the domain reaches it. Nor does that thread have to wait for the keeper's answers. libc only.
 */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct {
  bool started;
  pthread_t thread;
  sem_t wake, done;
  void (*work) (void *data);
  void *data;
  atomic_uint signals; /* that are to be sent, as bits */
} SbxInitWorker;

/* Starts it. It ends with the process. 0, or -1 with errno. */
int sbx_init_worker_start (SbxInitWorker *self);
/* Calls @work in that thread, and waits; here, if it has not been started. */
void sbx_init_worker_run (SbxInitWorker *self, void (*work) (void *data), void *data);
/* Has it send the signal @signo, below 32, to all that it reaches: kill (-1, @signo); or does so, if it has not been
 * started. Does not wait. */
void sbx_init_worker_signal_all (SbxInitWorker *self, int signo);
