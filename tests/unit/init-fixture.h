/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-init in a process of its own, and what a keeper says to it and expects of it. */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "wire/block.h"
#include "wire/message.h"

typedef struct {
  int init;     /* the keeper's end of the socket */
  pid_t pid;    /* of init, or of the process that waits for it */
  char *dir;    /* empty */
  int out;      /* what commands print, or -1 */
  int out_end;  /* its other end, which they get */
  pid_t sender; /* of the last message */
} InitFixture;

/* A START or EXEC while it is made. */
typedef struct {
  SbxBlockWriter writer;
  guint32 flags;
  int fds[8];
  gint32 targets[8];
  gsize n_fds;
  int gate;
  gboolean keeps; /* an EXEC that the instance stays for */
} InitStart;

/* Forks init, which has READY to say; @as_pid_1 is NULL for an ordinary child, anything else for PID 1 of a namespace.
 */
void init_set_up (InitFixture *fixture, gconstpointer as_pid_1);
/* Whether something can be read within so many milliseconds. */
gboolean init_is_readable (int fd, int ms);
/* The next message of init; FALSE at the end. */
gboolean init_receive (InitFixture *fixture, SbxMessage *message);
/* The next message, which has to be of that type and job. Whose it is, is in the fixture then. */
SbxMessage init_expect (InitFixture *fixture, SbxMessageType type, guint32 job);
/* Init ends with @status and has nothing more to say. */
void init_expect_end (InitFixture *fixture, int status);
/* The same when the keeper has closed the socket. */
void init_expect_status (InitFixture *fixture, int status);
/* Nothing is said. */
void init_expect_quiet (InitFixture *fixture);
void init_tear_down (InitFixture *fixture, gconstpointer as_pid_1);
/* A message without descriptors. */
void init_say (InitFixture *fixture, SbxMessage message);
/* Sets up @start; the writer may be added to. */
void init_begin (InitStart *start);
/* The command gets @fd as @number. */
void init_give (InitStart *start, int number, int fd);
/* Sends it, with the output of the command on 1 and 2. */
void init_send_argv (InitFixture *fixture, InitStart *start, guint32 job, const char *const *argv);
/* A command in a shell. */
void init_send_command (InitFixture *fixture, InitStart *start, guint32 job, const char *command);
/* The same with nothing else. */
void init_send_simple (InitFixture *fixture, guint32 job, const char *command);
/* It has been executed; returns its pid as seen from here. */
pid_t init_expect_started (InitFixture *fixture, guint32 job);
/* With a status as of waitpid(2). */
void init_expect_exited (InitFixture *fixture, guint32 job, int status);
/* It could not be executed. START's end is init's. */
void init_expect_failed (InitFixture *fixture, guint32 job, SbxStep step, int error);
/* All that was printed, up to a line of its own that says "end". */
void init_expect_printed (InitFixture *fixture, const char *text);

typedef struct {
  const char *name;
  void (*func) (InitFixture *fixture, gconstpointer as_pid_1);
} InitTest;

/* Adds each test twice, as /init/child/NAME with an ordinary child, as in a handler, and as /init/pid-1/NAME with PID 1
 * of a pid namespace, as in any other instance; then runs them. */
int init_run_tests (int argc, char **argv, const InitTest *tests, gsize n_tests);
