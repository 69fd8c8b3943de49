/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be tried. Each takes one word and says whether it got there, and how it was refused. */
#pragma once

typedef struct {
  int reached;
  char why[200]; /* one line: what was found, or the error */
} Outcome;

Outcome outcome_yes (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
Outcome outcome_no (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* Yes unless @result is negative, which errno explains. */
Outcome outcome_of (long result);

/* @names: separated by commas. Is there a process in /proc that is called like one of them? */
Outcome try_process (const char *names);
/* Does /proc show a child that has just been started? */
Outcome try_own_process (const char *unused);
/* A file is opened and read, or a directory is. */
Outcome try_read (const char *path);
/* A file is opened for writing; nothing is written. */
Outcome try_write (const char *path);
/* A file is made in a directory, and removed. */
Outcome try_make (const char *directory);
/* Is what is mounted there mounted for writing? */
Outcome try_writable (const char *path);
/* A Unix socket: a path, or "@" and an abstract name. */
Outcome try_connect (const char *name);
/* "PORT" of 127.0.0.1, or "ADDRESS:PORT" of IPv4. */
Outcome try_tcp (const char *port);
/* "session:NAME" or "system:NAME": is there somebody of that name on the bus? */
Outcome try_bus (const char *what);
/* "PID:NAME": the process of that name with that number. It is sent no signal, */
Outcome try_kill (const char *what);
/* traced, */
Outcome try_trace (const char *what);
/* read from its memory, */
Outcome try_memory (const char *what);
/* or held by a descriptor. */
Outcome try_pidfd (const char *what);
/* One process more than @most, all at once. */
Outcome try_processes (const char *most);
/* A limit of more open files than @most. */
Outcome try_descriptors (const char *most);
/* The System V shared memory with this key. */
Outcome try_shm (const char *key);
/* Does /proc/keys tell of a key of that name? */
Outcome try_key (const char *name);
/* A user namespace is made. */
Outcome try_userns (const char *unused);
/* Could an execve () bring more privileges? */
Outcome try_privileges (const char *unused);
/* Is input pushed into a terminal, as if somebody had typed it? It is one of our own. */
Outcome try_terminal (const char *unused);
/* A system call by its name, with arguments that no kernel accepts: reached if it is not refused by @name's error,
 * which follows it: "keyctl:EPERM". */
Outcome try_call (const char *name_and_errno);
/* Prints the names that it knows, a line each. Returns the exit status. */
int list_calls (void);
