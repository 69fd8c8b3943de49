/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces as the keeper enters them and finds them: children of this test stand for the processes of an instance. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/enter.h"
#include "keeper/reach.h"
#include "wire/sys.h"

typedef struct {
  pid_t pid;
  int control; /* its end lets the process end */
} Process;

static void __attribute__ ((noreturn)) stay (int control, int ready)
{
  char byte;

  if (write (ready, "x", 1) != 1)
    _exit (1);
  close (ready);
  while (read (control, &byte, 1) < 0)
    ;
  _exit (0);
}

/* A process in a new user and mount namespace, with, if @nested, a child that has made one more. */
static Process
start (gboolean nested)
{
  int control[2], ready[2];
  char byte;
  pid_t pid;

  g_assert_cmpint (pipe2 (control, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (ready, O_CLOEXEC), ==, 0);
  fflush (NULL);
  pid = fork ();
  if (pid == 0) {
    /* Nothing but its own two: the others' ends must not live in it */
    if (dup2 (control[0], 100) != 100 || dup2 (ready[1], 101) != 101 || sbx_sys_close_range (3, 99, 0) < 0)
      _exit (1);
    control[0] = 100;
    ready[1] = 101;
    if (unshare (CLONE_NEWUSER | CLONE_NEWNS) < 0)
      _exit (1);
    if (nested) {
      pid_t child = fork ();

      if (child == 0 && unshare (CLONE_NEWNS) == 0)
        stay (control[0], ready[1]);
      close (ready[1]);
      waitpid (child, NULL, 0);
      _exit (0);
    }
    stay (control[0], ready[1]);
  }
  g_assert_cmpint (pid, >, 0);
  close (control[0]);
  close (ready[1]);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  close (ready[0]);
  return (Process){ pid, control[1] };
}

static int
finish (Process process)
{
  int status;

  close (process.control);
  g_assert_cmpint (waitpid (process.pid, &status, 0), ==, process.pid);
  return status;
}

static ino_t
mounts_of (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/ns/mnt", (int) pid);
  struct stat st;

  g_assert_cmpint (stat (path, &st), ==, 0);
  return st.st_ino;
}

static void
open_namespaces (SbxNamespaces *namespaces, pid_t pid)
{
  int pidfd = sbx_sys_pidfd_open (pid);

  g_assert_cmpint (sbx_namespaces_open (namespaces, pid, pidfd), ==, 0);
  g_assert_true (sbx_namespaces_are_open (namespaces));
  close (pidfd);
}

static int
say_mounts (void *data)
{
  ino_t *wanted = data;

  return mounts_of (getpid ()) == wanted[0] && (ino_t) getpid () != wanted[1] ? 0 : 77;
}

static int
say_number (void *data)
{
  return *(int *) data;
}

static int
die (void *data)
{
  raise (SIGKILL);
  return 0;
}

static void
test_enter (void)
{
  Process process = start (FALSE);
  ino_t wanted[2] = { mounts_of (process.pid), (ino_t) getpid () };
  SbxNamespaces namespaces;
  int number = EXDEV, number_of_its_own = 250;

  open_namespaces (&namespaces, process.pid);
  g_assert_cmpint (sbx_enter (&namespaces, false, say_mounts, wanted), ==, 0);
  wanted[0]++;
  g_assert_cmpint (sbx_enter (&namespaces, false, say_mounts, wanted), ==, 77);
  g_assert_cmpint (sbx_enter (&namespaces, false, say_number, &number), ==, EXDEV);
  g_assert_cmpint (sbx_enter (&namespaces, false, say_number, &number_of_its_own), ==, 250);
  g_assert_cmpint (sbx_enter (&namespaces, false, die, NULL), ==, EINTR);
  sbx_namespaces_close (&namespaces);
  g_assert_false (sbx_namespaces_are_open (&namespaces));
  sbx_namespaces_close (&namespaces);
  /* None that could be joined: why, and the function has not run */
  g_assert_cmpint (sbx_enter (&namespaces, false, say_number, &number), ==, EBADF);
  g_assert_cmpint (finish (process), ==, 0);
}

/* A number may be another process's as soon as the one that had it has ended. */
static void
test_ended (void)
{
  Process process = start (FALSE);
  int pidfd = sbx_sys_pidfd_open (process.pid);
  SbxNamespaces namespaces;

  g_assert_cmpint (kill (process.pid, SIGKILL), ==, 0);
  g_assert_cmpint (finish (process), ==, SIGKILL);
  errno = 0;
  g_assert_cmpint (sbx_namespaces_open (&namespaces, getpid (), pidfd), ==, -1);
  g_assert_cmpint (errno, ==, ESRCH);
  g_assert_false (sbx_namespaces_are_open (&namespaces));
  g_assert_cmpint (sbx_namespaces_open (&namespaces, process.pid, pidfd), ==, -1);
  g_assert_cmpint (errno, ==, ENOENT);
  close (pidfd);
}

typedef struct {
  ino_t seen[8];
  size_t n;
  int answer;
} Seen;

static int
remember (void *data, const SbxNamespaces *namespaces)
{
  Seen *seen = data;
  struct stat st;

  g_assert_cmpint (fstat (namespaces->mount, &st), ==, 0);
  g_assert_cmpint (namespaces->owner, >=, 0);
  g_assert_cmpuint (seen->n, <, G_N_ELEMENTS (seen->seen));
  seen->seen[seen->n++] = st.st_ino;
  return seen->answer;
}

static gboolean
has_seen (const Seen *seen, ino_t mounts)
{
  for (size_t i = 0; i < seen->n; i++)
    if (seen->seen[i] == mounts)
      return TRUE;
  return FALSE;
}

static void
test_mounts (void)
{
  Process one = start (FALSE), two = start (TRUE);
  Seen seen = { .answer = 0 };

  g_assert_cmpint (sbx_reach_mounts (one.pid, remember, &seen), ==, 0);
  g_assert_cmpuint (seen.n, ==, 1);
  g_assert_true (has_seen (&seen, mounts_of (one.pid)));
  seen = (Seen){ .answer = 0 };
  g_assert_cmpint (sbx_reach_mounts (two.pid, remember, &seen), ==, 0);
  g_assert_cmpuint (seen.n, ==, 2);
  g_assert_true (has_seen (&seen, mounts_of (two.pid)));
  g_assert_false (has_seen (&seen, mounts_of (one.pid)));
  g_assert_false (has_seen (&seen, mounts_of (getpid ())));
  /* From us on: ours, and all three */
  seen = (Seen){ .answer = 0 };
  g_assert_cmpint (sbx_reach_mounts (getpid (), remember, &seen), ==, 0);
  g_assert_cmpuint (seen.n, ==, 4);
  /* What says no ends the walk */
  seen = (Seen){ .answer = EXDEV };
  g_assert_cmpint (sbx_reach_mounts (two.pid, remember, &seen), ==, -1);
  g_assert_cmpint (errno, ==, EXDEV);
  g_assert_cmpuint (seen.n, ==, 1);
  g_assert_cmpint (finish (one), ==, 0);
  g_assert_cmpint (finish (two), ==, 0);
  seen = (Seen){ .answer = 0 };
  g_assert_cmpint (sbx_reach_mounts (two.pid, remember, &seen), ==, 0);
  g_assert_cmpuint (seen.n, ==, 0);
}

static void
test_kill (void)
{
  Process one = start (FALSE), two = start (FALSE);
  int own = open ("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  SbxNamespaces namespaces;

  open_namespaces (&namespaces, one.pid);
  g_assert_cmpuint (sbx_reach_kill (-1), ==, 0);
  g_assert_cmpuint (sbx_reach_kill (own), ==, 0);
  g_assert_cmpuint (sbx_reach_kill (namespaces.mount), ==, 1);
  g_assert_cmpint (finish (one), ==, SIGKILL);
  g_assert_cmpuint (sbx_reach_kill (namespaces.mount), ==, 0);
  g_assert_cmpint (finish (two), ==, 0);
  sbx_namespaces_close (&namespaces);
  close (own);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/enter/function", test_enter);
  g_test_add_func ("/enter/ended", test_ended);
  g_test_add_func ("/reach/mounts", test_mounts);
  g_test_add_func ("/reach/kill", test_kill);
  return g_test_run ();
}
