/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody to reach: a process with a secret in its memory, its environment and a file that has no name, which lets
 * anybody trace it. What keeps a probe away from it is the sandbox and nothing else. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hostile.h"

char bystander_secret[64] = "not a bystander's";

/* Listens at an abstract name. */
static int
listen_at (const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  size_t length = strlen (name);

  if (length > sizeof address.sun_path - 1)
    return -1;
  memcpy (address.sun_path + 1, name, length);
  return bind (sock, (struct sockaddr *) &address, (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1 + length))
                 == 0
             ? listen (sock, 4)
             : -1;
}

/* Makes "note" in @directory, and stays there. */
static int
stay_in (const char *directory)
{
  if (chdir (directory) < 0)
    return -1;
  int fd = open ("note", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0)
    return -1;
  ssize_t n = write (fd, SECRET, sizeof SECRET);
  close (fd);
  return n < 0 ? -1 : 0;
}

int
be_bystander (int argc, char **argv)
{
  int file = memfd_create ("bystander", 0);

  memcpy (bystander_secret, SECRET, sizeof SECRET);
  prctl (PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); /* fails without Yama, and is not needed then */
  if (argc < 2 || file < 0 || write (file, SECRET, sizeof SECRET) < 0 || dup2 (file, 9) < 0)
    return 2;
  if ((*argv[0] != '-' && listen_at (argv[0]) < 0) || stay_in (argv[1]) < 0)
    return 2;
  printf ("ready %d\n", (int) getpid ());
  fflush (stdout);
  for (;;)
    pause ();
}
