/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "init/worker.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#define SIGNALS 32

static void
wait_for (sem_t *semaphore)
{
  while (sem_wait (semaphore) < 0 && errno == EINTR)
    ;
}

static void
send_signals (SbxInitWorker *self)
{
  unsigned signals = atomic_exchange (&self->signals, 0);

  for (int signo = 1; signo < SIGNALS; signo++)
    if (signals & 1u << signo)
      (void) kill (-1, signo);
}

static void *
serve (void *data)
{
  SbxInitWorker *self = data;

  for (;;) {
    wait_for (&self->wake);
    send_signals (self);
    if (self->work) {
      self->work (self->data);
      self->work = NULL;
      sem_post (&self->done);
    }
  }
  return NULL;
}

int
sbx_init_worker_start (SbxInitWorker *self)
{
  int error;

  if (sem_init (&self->wake, 0, 0) < 0 || sem_init (&self->done, 0, 0) < 0)
    return -1;
  error = pthread_create (&self->thread, NULL, serve, self);
  if (error != 0) {
    errno = error;
    return -1;
  }
  self->started = true;
  return 0;
}

void
sbx_init_worker_run (SbxInitWorker *self, void (*work) (void *data), void *data)
{
  if (!self->started) {
    work (data);
    return;
  }
  self->data = data;
  self->work = work;
  sem_post (&self->wake);
  wait_for (&self->done);
}

void
sbx_init_worker_signal_all (SbxInitWorker *self, int signo)
{
  if (!self->started) {
    (void) kill (-1, signo);
    return;
  }
  (void) atomic_fetch_or (&self->signals, 1u << signo);
  sem_post (&self->wake);
}
