/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PID 1 of an instance:
 *
 *   READY ──START──▶ confine ──▶ spawn job 0 ──▶ serve: EXEC, SIGNAL, HOLD, reaping ──▶ job 0 has ended ──▶ return
 *
 * Its end is the end of the instance: the kernel kills every other process of the pid namespace (pid_namespaces(7)).
 * So it also ends when the keeper closes the socket, whatever the reason. It handles no signals: those sent by the
 * application are dropped by the kernel, which protects PID 1 from what it has no handler for. libc only; nothing
 * allocates before START. */
#pragma once

/* Becomes the init of an instance whose keeper has the other end of @control: keeps no other descriptor, says READY,
 * and serves until the application has ended and nothing keeps the instance (0), or until the keeper is gone, says what
 * it never says, or cannot start the application (1). Returns what the process has to end with, at once. */
int sbx_init_run (int control);
