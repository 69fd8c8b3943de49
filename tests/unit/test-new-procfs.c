/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A procfs made from outside, by the descriptor of the pid namespace and from inside of it; and what the kernel says
 * where it must not be. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/new-procfs.h"
#include "wire/block.h"
#include "wire/sys.h"

typedef struct {
  pid_t between, pid; /* PID 1 of a pid namespace below a user namespace of its own, or of the test's own */
  SbxNamespaces namespaces;
  int pair[2];
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer pid_namespace)
{
  int numbers[2], pidfd;

  g_assert_cmpint (pipe2 (numbers, O_CLOEXEC), ==, 0);
  fixture->between = fork ();
  if (fixture->between == 0) {
    pid_t pid;

    if (unshare (CLONE_NEWUSER | CLONE_NEWNS | (pid_namespace ? CLONE_NEWPID : 0)) < 0)
      _exit (1);
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    pid = fork ();
    if (pid == 0) {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      for (;;)
        pause ();
    }
    if (write (numbers[1], &pid, sizeof pid) != sizeof pid)
      _exit (1);
    for (;;)
      pause ();
  }
  close (numbers[1]);
  g_assert_cmpint (read (numbers[0], &fixture->pid, sizeof fixture->pid), ==, sizeof fixture->pid);
  close (numbers[0]);
  pidfd = sbx_sys_pidfd_open (fixture->pid);
  g_assert_cmpint (sbx_namespaces_open (&fixture->namespaces, fixture->pid, pidfd), ==, 0);
  close (pidfd);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fixture->pair), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer pid_namespace)
{
  kill (fixture->pid, SIGKILL);
  kill (fixture->between, SIGKILL);
  g_assert_cmpint (waitpid (fixture->between, NULL, 0), ==, fixture->between);
  sbx_namespaces_close (&fixture->namespaces);
  for (int i = 0; i < 2; i++)
    close (fixture->pair[i]);
}

/* What has come over the socket. */
static int
receive (Fixture *fixture)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  gsize n;

  g_assert_cmpint (sbx_message_recv_now (fixture->pair[0], SBX_CHANNEL_KEEPER_TO_DAEMON, &message, fds, &n, NULL), ==,
                   1);
  g_assert_cmpuint (message.type, ==, SBX_MSG_PROCFS);
  g_assert_cmpuint (message.job, ==, 7);
  g_assert_cmpuint (n, ==, 1);
  return fds[0];
}

/* How many processes there are, and that "1" is one of them. */
static guint
count_processes (int procfs)
{
  DIR *dir = fdopendir (openat (procfs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct dirent *entry;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((entry = readdir (dir)) != NULL)
    n += entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
  closedir (dir);
  g_assert_cmpint (faccessat (procfs, "1/status", R_OK, 0), ==, 0);
  return n;
}

static void
test_both_ways (Fixture *fixture, gconstpointer pid_namespace)
{
  for (int by_fd = 0; by_fd < 2; by_fd++) {
    int all, pids;

    g_assert_cmpint (sbx_procfs_give (&fixture->namespaces, 0, by_fd != 0, fixture->pair[1], 7), ==, 0);
    all = receive (fixture);
    g_assert_cmpint (sbx_procfs_give (&fixture->namespaces, SBX_PROCFS_SUBSET_PID, by_fd != 0, fixture->pair[1], 7), ==,
                     0);
    pids = receive (fixture);
    g_assert_cmpuint (count_processes (all), ==, 1);
    g_assert_cmpuint (count_processes (pids), ==, 1);
    g_assert_cmpint (faccessat (all, "meminfo", F_OK, 0), ==, 0);
    g_assert_cmpint (faccessat (pids, "meminfo", F_OK, 0), ==, -1);
    g_assert_cmpint (openat (all, "1/oom_score_adj", O_WRONLY | O_CLOEXEC), ==, -1);
    g_assert_cmpint (errno, ==, EROFS);
    close (all);
    close (pids);
  }
}

/* Of a pid namespace that somebody else owns: the test's own. */
static void
test_not_ones_own (Fixture *fixture, gconstpointer pid_namespace)
{
  for (int by_fd = 0; by_fd < 2; by_fd++)
    g_assert_cmpint (sbx_procfs_give (&fixture->namespaces, 0, by_fd != 0, fixture->pair[1], 7), ==, EPERM);
}

/* Of a descriptor that is something else. */
static void
test_no_pid_namespace (Fixture *fixture, gconstpointer pid_namespace)
{
  SbxNamespaces ours = { .mount = fixture->namespaces.mount,
                         .owner = fixture->namespaces.owner,
                         .pid = open ("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC) };

  for (int by_fd = 0; by_fd < 2; by_fd++)
    g_assert_cmpint (sbx_procfs_give (&ours, 0, by_fd != 0, fixture->pair[1], 7), ==, EINVAL);
  close (ours.pid);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/new-procfs/both-ways", Fixture, (gconstpointer) 1, set_up, test_both_ways, tear_down);
  g_test_add ("/new-procfs/not-ones-own", Fixture, NULL, set_up, test_not_ones_own, tear_down);
  g_test_add ("/new-procfs/no-pid-namespace", Fixture, (gconstpointer) 1, set_up, test_no_pid_namespace, tear_down);
  return g_test_run ();
}
