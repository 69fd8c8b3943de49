/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-probe TRY[=WHAT]…   tries each in a process of its own and prints a line for it, "yes REASON" or "no REASON":
 * whether it was reached. sandbox-probe --stay NAME [THING…] is called NAME, prints a line and waits for the end
 * of its input: somebody to be seen or not. Then it removes the THINGs. sandbox-probe --calls prints the system calls
 * that it can try.
 *
 * `sandboxctl verify` runs it in a sandbox and, with the same words, outside. It changes nothing but what it has made
 * itself, and removes that. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/try.h"

enum { PATIENCE = 10 }; /* seconds for one */

static const struct {
  const char *name;
  Outcome (*try) (const char *what);
} tries[] = {
  { "process", try_process },
  { "own-process", try_own_process },
  { "read", try_read },
  { "write", try_write },
  { "make", try_make },
  { "writable", try_writable },
  { "connect", try_connect },
  { "tcp", try_tcp },
  { "shm", try_shm },
  { "key", try_key },
  { "userns", try_userns },
  { "privileges", try_privileges },
  { "terminal", try_terminal },
  { "call", try_call },
  { "bus", try_bus },
  { "kill", try_kill },
  { "trace", try_trace },
  { "memory", try_memory },
  { "pidfd", try_pidfd },
  { "processes", try_processes },
  { "descriptors", try_descriptors },
};

static Outcome
run (const char *word)
{
  size_t length = strcspn (word, "=");

  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
    if (strlen (tries[i].name) == length && strncmp (tries[i].name, word, length) == 0)
      return tries[i].try (word[length] ? word + length + 1 : "");
  return outcome_no ("there is no such try");
}

/* What goes wrong in one is told as that one's. */
static void
run_alone (const char *word)
{
  int status = 0;
  pid_t child;

  fflush (stdout);
  child = fork ();
  if (child == 0) {
    alarm (PATIENCE);
    Outcome outcome = run (word);
    printf ("%s %s\n", outcome.reached ? "yes" : "no", outcome.why);
    _exit (fflush (stdout) == 0 ? 0 : 1);
  }
  if (child < 0)
    printf ("no fork: %s\n", strerror (errno));
  else if (waitpid (child, &status, 0) == child && WIFSIGNALED (status))
    printf ("no ended by signal %d\n", WTERMSIG (status));
}

/* What is to be removed at the end: a file, or "shm:" and the key of shared memory. */
static void
remove_thing (const char *thing)
{
  if (strncmp (thing, "shm:", 4) == 0)
    shmctl (shmget ((key_t) strtol (thing + 4, NULL, 10), 0, 0), IPC_RMID, NULL);
  else
    unlink (thing);
}

/* Signals of a terminal are for all of its processes, and this one has something to clear away when the others have
 * ended. */
static int
stay (const char *name, char **things)
{
  static const int ignored[] = { SIGINT, SIGQUIT, SIGHUP, SIGTERM };
  char byte;

  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
    signal (ignored[i], SIG_IGN);
  prctl (PR_SET_NAME, name);
  puts ("here");
  fflush (stdout);
  while (read (STDIN_FILENO, &byte, 1) > 0)
    ;
  for (; *things; things++)
    remove_thing (*things);
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc >= 3 && strcmp (argv[1], "--stay") == 0)
    return stay (argv[2], argv + 3);
  if (argc == 2 && strcmp (argv[1], "--calls") == 0)
    return list_calls ();
  signal (SIGPIPE, SIG_IGN);
  for (int i = 1; i < argc; i++)
    run_alone (argv[i]);
  return fflush (stdout) == 0 ? 0 : 1;
}
