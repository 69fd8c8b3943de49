/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* live-watch NAMESPACES: in a sandbox, with so many mount namespaces, its own among them, in each of which a process
 * stays. Watches what it is told over descriptor 0, from its own, and over descriptor 1, from the one that was made
 * last: a path comes in, "ready" goes out, and when the path has come or gone, the moment (CLOCK_MONOTONIC, ns). */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void
say (int link, const char *text)
{
  if (send (link, text, strlen (text), MSG_NOSIGNAL) < 0)
    exit (0);
}

static void
watch (int link)
{
  const struct timespec pause = { .tv_nsec = 20000 };
  char path[4096], text[32];
  struct timespec now;
  ssize_t n;

  prctl (PR_SET_TIMERSLACK, 1, 0, 0, 0);
  while ((n = recv (link, path, sizeof path - 1, 0)) > 0) {
    int before;

    path[n] = '\0';
    before = access (path, F_OK);
    say (link, "ready");
    while (access (path, F_OK) == before)
      nanosleep (&pause, NULL);
    clock_gettime (CLOCK_MONOTONIC, &now);
    snprintf (text, sizeof text, "%lld", (long long) now.tv_sec * 1000000000 + now.tv_nsec);
    say (link, text);
  }
}

/* A child in a mount namespace of its own, once it is there. */
static void
have_child (int last)
{
  int ends[2];
  char byte;

  if (pipe (ends) < 0)
    exit (1);
  if (fork () == 0) {
    prctl (PR_SET_PDEATHSIG, 9, 0, 0, 0);
    if (unshare (CLONE_NEWUSER | CLONE_NEWNS) < 0)
      _exit (1);
    close (ends[0]);
    close (ends[1]);
    if (last)
      watch (1);
    pause ();
    _exit (0);
  }
  close (ends[1]);
  if (read (ends[0], &byte, 1) != 0)
    exit (1);
  close (ends[0]);
}

int
main (int argc, char **argv)
{
  int namespaces = argc > 1 ? atoi (argv[1]) : 1;

  for (int i = 1; i < namespaces; i++)
    have_child (i == namespaces - 1);
  watch (0);
  return 0;
}
