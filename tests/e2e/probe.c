/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

const char *
probe_outcome (int error)
{
  const char *name = error == 0 ? "OK" : strerrorname_np (error);

  return name ? name : "?";
}

void
probe_print_string (const char *text, size_t size)
{
  putchar ('"');
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char) text[i];

    if (c == '"' || c == '\\')
      printf ("\\%c", c);
    else if (c < ' ' || c >= 127)
      printf ("\\u%04x", c); /* bytes as if they were Latin-1: nothing is lost */
    else
      putchar (c);
  }
  putchar ('"');
}

/* Every open descriptor: what it is, and that it is the caller's own. */
static int
descriptors (int argc, char **argv)
{
  const char *separator = "";

  printf ("{");
  for (int fd = 0; fd < 1024; fd++) {
    struct stat st;

    if (fstat (fd, &st) < 0)
      continue;
    printf ("%s\"%d\": {\"dev\": \"%llu\", \"ino\": \"%llu\", \"mode\": %u, \"flags\": %d, \"cloexec\": %s}", separator,
            fd, (unsigned long long) st.st_dev, (unsigned long long) st.st_ino, st.st_mode & S_IFMT,
            fcntl (fd, F_GETFL), fcntl (fd, F_GETFD) & FD_CLOEXEC ? "true" : "false");
    separator = ", ";
  }
  printf ("}\n");
  return 0;
}

static int
arguments (int argc, char **argv)
{
  printf ("[");
  for (int i = 0; i < argc; i++) {
    if (i > 0)
      printf (", ");
    probe_print_string (argv[i], strlen (argv[i]));
  }
  printf ("]\n");
  return 0;
}

/* How many arguments there are and how long they are together. */
static int
count (int argc, char **argv)
{
  size_t bytes = 0;

  for (int i = 0; i < argc; i++)
    bytes += strlen (argv[i]) + 1;
  printf ("{\"arguments\": %d, \"bytes\": %zu}\n", argc, bytes);
  return 0;
}

/* Says which signals arrive, in order, until SIGTERM has come twice. */
static int
signals (int argc, char **argv)
{
  static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT };
  sigset_t set;
  int signo, terms = 0;

  sigemptyset (&set);
  for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
    sigaddset (&set, watched[i]);
  sigprocmask (SIG_BLOCK, &set, NULL);
  printf ("ready\n");
  fflush (stdout);
  while (terms < 2 && sigwait (&set, &signo) == 0) {
    terms += signo == SIGTERM;
    printf ("SIG%s\n", sigabbrev_np (signo));
    fflush (stdout);
  }
  return 33;
}

/* The signal state that a program starts with. */
static int
signal_state (int argc, char **argv)
{
  const char *separator = "";
  sigset_t blocked;

  sigprocmask (SIG_SETMASK, NULL, &blocked);
  printf ("{\"ignored\": [");
  for (int signo = 1; signo < 65; signo++) {
    struct sigaction action;

    if (sigaction (signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN) {
      printf ("%s%d", separator, signo);
      separator = ", ";
    }
  }
  separator = "";
  printf ("], \"blocked\": [");
  for (int signo = 1; signo < 65; signo++)
    if (sigismember (&blocked, signo) == 1) {
      printf ("%s%d", separator, signo);
      separator = ", ";
    }
  printf ("]}\n");
  return 0;
}

/* connect () to an abstract socket by name. */
static int
abstract_socket (int argc, char **argv)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  size_t length;

  if (argc < 1 || sock < 0)
    return 2;
  length = strlen (argv[0]);
  if (length > sizeof address.sun_path - 1)
    return 2;
  memcpy (address.sun_path + 1, argv[0], length);
  errno = 0;
  if (connect (sock, (struct sockaddr *) &address, (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1 + length))
      == 0)
    errno = 0;
  printf ("{\"connect\": \"%s\"}\n", probe_outcome (errno));
  return 0;
}

/* Ends by the signal that is asked for. */
static int
die (int argc, char **argv)
{
  if (argc < 1)
    return 2;
  raise (atoi (argv[0]));
  return 2;
}

static const struct {
  const char *name;
  int (*run) (int argc, char **argv);
} verbs[] = {
  { "see", probe_see },
  { "handlers", probe_handlers },
  { "calls", probe_calls },
#ifdef __x86_64__
  { "calls-32", probe_calls_32 },
  { "sockets-32", probe_sockets_32 },
#endif
  { "numbers", probe_numbers },
  { "numbers-cost", probe_numbers_cost },
  { "crash-client", probe_crash_client },
  { "terminal", probe_terminal },
  { "refused", probe_refused },
  { "names", probe_names },
  { "own-filter", probe_own_filter },
  { "refused-under-signals", probe_refused_under_signals },
  { "storm", probe_storm },
  { "listener", probe_listener },
  { "live", probe_live },
  { "descriptors", descriptors },
  { "arguments", arguments },
  { "count", count },
  { "signals", signals },
  { "signal-state", signal_state },
  { "abstract-socket", abstract_socket },
  { "die", die },
};

int
main (int argc, char **argv)
{
  for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp (argv[1], verbs[i].name) == 0) {
      int status = verbs[i].run (argc - 2, argv + 2);

      return fflush (stdout) == 0 ? status : 2;
    }
  fprintf (stderr, "usage: probe VERB …\n");
  return 2;
}
