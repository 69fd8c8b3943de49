/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits for an application to be about to die of a signal that dumps core. libc only. */
#pragma once

#include <sys/types.h>

/* Forks a process that seizes @pid (ptrace(2), PTRACE_SEIZE) and follows all that it starts. When one of them gets a
 * signal that dumps core by default (signal(7)) and has no handler for it, that process is stopped as by SIGSTOP and
 * left to whoever wants to trace it, its signal undelivered, and CRASHED is sent over @socket, with a pidfd.
 * Returns the tracer's pid once @pid has been seized; it ends when nothing is left to be traced. -1 with errno. */
pid_t sbx_tracer_start (pid_t pid, int *socket);
