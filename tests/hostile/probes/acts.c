/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application does to the trees that it may write, for the next start to find. An act is no breach by itself:
 * the test looks at what came of it. Nothing ends the program but a word that is none. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"

static int
act_rename (char **words)
{
  return rename (words[0], words[1]);
}

static int
act_exchange (char **words)
{
  return renameat2 (AT_FDCWD, words[0], AT_FDCWD, words[1], RENAME_EXCHANGE);
}

static int
act_link (char **words)
{
  return symlink (words[0], words[1]);
}

/* To words[1] by way of words[0]. */
static int
act_link_below (char **words)
{
  char path[4096];

  snprintf (path, sizeof path, "%s%s", words[0], words[1]);
  return symlink (path, words[2]);
}

/* With those above it. */
static int
act_mkdir (char **words)
{
  char path[4096];

  for (size_t i = 1; i <= strlen (words[0]) && i < sizeof path; i++)
    if (words[0][i] == '/' || words[0][i] == '\0') {
      memcpy (path, words[0], i);
      path[i] = '\0';
      if (mkdir (path, 0755) < 0 && errno != EEXIST)
        return -1;
    }
  return 0;
}

static int
act_write (char **words)
{
  int fd = open (words[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

  if (fd < 0)
    return -1;
  ssize_t n = write (fd, SECRET, sizeof SECRET - 1);
  close (fd);
  return n < 0 ? -1 : 0;
}

/* An empty file. */
static int
act_touch (char **words)
{
  int fd = open (words[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

  return fd < 0 ? -1 : close (fd);
}

static int
act_remove (char **words)
{
  return remove (words[0]);
}

/* Says so if the secret is in it. */
static int
act_read (char **words)
{
  int has = file_has (words[0], SECRET);

  if (has > 0)
    printf ("READ %s\n", words[0]);
  return has < 0 ? -1 : 0;
}

/* As programs save: beside it, and then in its place. */
static int
act_save (char **words)
{
  char path[4096], *beside[] = { path };

  snprintf (path, sizeof path, "%s.new", words[0]);
  return act_write (beside) < 0 ? -1 : rename (path, words[0]);
}

/* In a mount namespace in which no name of the old tree is a mount point any more: a root of its own, the old one
 * detached. The directory words[0] was opened before that, and is still the one of the sandbox: words[1] in it becomes
 * words[2]. */
static int
act_nested_rename (char **words)
{
  int dir = open (words[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  pid_t child = dir < 0 ? -1 : fork ();

  if (child == 0) {
    if (enter_namespaces (CLONE_NEWNS) < 0 || mount ("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0
        || mkdir ("/tmp/old", 0700) < 0 || syscall (SYS_pivot_root, "/tmp", "/tmp/old") < 0 || chdir ("/") < 0
        || umount2 ("/old", MNT_DETACH) < 0)
      _exit (errno);
    _exit (renameat (dir, words[1], dir, words[2]) < 0 ? errno : 0);
  }
  int status = 0;
  if (child < 0 || waitpid (child, &status, 0) < 0)
    return -1;
  errno = WEXITSTATUS (status);
  return errno == 0 ? 0 : -1;
}

/* The same with the mount that covers it taken away from a copy of the tree. */
static int
act_nested_copy (char **words)
{
  pid_t child = fork ();

  if (child == 0) {
    if (enter_namespaces (CLONE_NEWNS) < 0)
      _exit (errno);
    int tree = (int) syscall (SYS_open_tree, AT_FDCWD, words[0], 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);
    if (tree < 0)
      _exit (errno);
    _exit (renameat (tree, words[1], tree, words[2]) < 0 ? errno : 0);
  }
  int status = 0;
  if (child < 0 || waitpid (child, &status, 0) < 0)
    return -1;
  errno = WEXITSTATUS (status);
  return errno == 0 ? 0 : -1;
}

/* Goes to the directory words[0], and waits there for the file "go". */
static int
act_stand (char **words)
{
  if (chdir (words[0]) < 0)
    return -1;
  printf ("ready\n");
  fflush (stdout);
  for (int i = 0; i < 6000 && access ("go", F_OK) < 0; i++)
    nanosleep (&(struct timespec){ .tv_nsec = 10000000 }, NULL);
  return 0;
}

static int
write_mine (const char *path, int number)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

  if (fd < 0)
    return -1;
  dprintf (fd, "mine %d\n", number);
  return close (fd);
}

/* words[2] times: a new file in the place of words[0], which changes places with a link to words[1] and back. The same
 * where that name leads at first. */
static int
act_swap (char **words)
{
  long n = strtol (words[2], NULL, 10);
  char leads[4096], new[4200], other[4200], *names[] = { words[0], leads };
  ssize_t length = readlink (words[0], leads, sizeof leads - 1);

  leads[length > 0 ? length : 0] = '\0';
  for (long i = 0; i < n; i++) {
    char *name = names[length > 0 ? i % 2 : 0];

    snprintf (new, sizeof new, "%s.new", name);
    snprintf (other, sizeof other, "%s.other", name);
    if ((symlink (words[1], other) < 0 && errno != EEXIST) || write_mine (new, (int) i) < 0 || rename (new, name) < 0)
      return -1;
    for (int j = 0; j < 2; j++)
      if (renameat2 (AT_FDCWD, name, AT_FDCWD, other, RENAME_EXCHANGE) < 0)
        return -1;
  }
  printf ("swapped\n");
  return 0;
}

/* In the directory words[0] there are as many pairs NUMBER and NUMBER.other as words[1] says. One after the other they
 * change places and back, until the program is killed: most names are right at any moment, and none stays so. */
static int
act_flicker (char **words)
{
  long n = strtol (words[1], NULL, 10), rounds = 0;

  if (chdir (words[0]) < 0 || n <= 0)
    return -1;
  printf ("ready\n");
  fflush (stdout);
  for (long i = 0;; i = (i + 1) % n) {
    char name[32], other[32];

    snprintf (name, sizeof name, "%ld", i);
    snprintf (other, sizeof other, "%ld.other", i);
    renameat2 (AT_FDCWD, name, AT_FDCWD, other, RENAME_EXCHANGE);
    renameat2 (AT_FDCWD, name, AT_FDCWD, other, RENAME_EXCHANGE);
    /* Now and then for as long as a look at all of them takes, so that some find what they mean */
    if (i == n - 1 && ++rounds % 16 == 0)
      nanosleep (&(struct timespec){ .tv_nsec = 1000000 }, NULL);
  }
}

/* In the directory words[0] there are pairs NUMBER and NUMBER.other, and the file "turn" of two numbers. The pair of
 * the first of these changes places and back as fast as can be, and the second says how often; a negative one ends it.
 */
static int
act_flicker_turn (char **words)
{
  int fd = chdir (words[0]) < 0 ? -1 : open ("turn", O_RDWR | O_CLOEXEC);
  volatile int *turn = fd < 0 ? MAP_FAILED : mmap (NULL, 2 * sizeof *turn, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

  if (turn == MAP_FAILED)
    return -1;
  printf ("ready\n");
  fflush (stdout);
  for (int which; (which = turn[0]) >= 0; turn[1]++) {
    char name[32], other[32];

    snprintf (name, sizeof name, "%d", which);
    snprintf (other, sizeof other, "%d.other", which);
    renameat2 (AT_FDCWD, name, AT_FDCWD, other, RENAME_EXCHANGE);
    renameat2 (AT_FDCWD, name, AT_FDCWD, other, RENAME_EXCHANGE);
  }
  return 0;
}

/* Sends a descriptor to whoever connects. */
static int
send_descriptor (int client, int fd)
{
  char byte = 'x', space[CMSG_SPACE (sizeof fd)] = { 0 };
  struct iovec bytes = { &byte, 1 };
  struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
  struct cmsghdr *part = CMSG_FIRSTHDR (&message);

  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN (sizeof fd);
  memcpy (CMSG_DATA (part), &fd, sizeof fd);
  return sendmsg (client, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Passes the directory words[0], opened as words[1] says ("path" or "read"), from the socket words[2], until killed. */
static int
act_pass (char **words)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int how = strcmp (words[1], "path") == 0 ? O_PATH : O_RDONLY;
  int fd = open (words[0], how | O_DIRECTORY | O_CLOEXEC), sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  (void) unlink (words[2]);
  snprintf (address.sun_path, sizeof address.sun_path, "%s", words[2]);
  if (fd < 0 || sock < 0 || bind (sock, (const struct sockaddr *) &address, sizeof address) < 0 || listen (sock, 8) < 0)
    return -1;
  printf ("ready\n");
  fflush (stdout);
  for (;;) {
    int client = accept (sock, NULL, NULL);

    if (client < 0)
      return -1;
    (void) send_descriptor (client, fd);
    close (client);
  }
}

static const struct {
  const char *name;
  int n_words;
  int (*act) (char **words);
} acts[] = {
  { "rename", 2, act_rename },
  { "exchange", 2, act_exchange },
  { "link", 2, act_link },
  { "link-below", 3, act_link_below },
  { "mkdir", 1, act_mkdir },
  { "write", 1, act_write },
  { "touch", 1, act_touch },
  { "save", 1, act_save },
  { "remove", 1, act_remove },
  { "read", 1, act_read },
  { "nested-rename", 3, act_nested_rename },
  { "nested-copy", 3, act_nested_copy },
  { "stand", 1, act_stand },
  { "swap", 3, act_swap },
  { "flicker", 2, act_flicker },
  { "flicker-turn", 1, act_flicker_turn },
  { "pass", 3, act_pass },
};

int
do_acts (int argc, char **argv)
{
  while (argc > 0) {
    size_t i = 0;

    while (i < sizeof acts / sizeof *acts && strcmp (acts[i].name, argv[0]) != 0)
      i++;
    if (i == sizeof acts / sizeof *acts || argc < 1 + acts[i].n_words) {
      printf ("act error: %s\n", argv[0]);
      return 2;
    }
    if (acts[i].act (argv + 1) < 0)
      printf ("%s %s: %s\n", argv[0], argv[1], strerror (errno));
    argc -= 1 + acts[i].n_words;
    argv += 1 + acts[i].n_words;
  }
  return fflush (stdout) == 0 ? 0 : 2;
}
