/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/keeper-spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/child.h"
#include "common/error.h"
#include "common/names.h"
#include "config.h"
#include "daemon/bounds.h"
#include "wire/layout.h"
#include "wire/sys.h"

/* Beside us, as it is when installed, or where a build tree has it; then the installed place. */
static char *
list_directories (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = self ? g_path_get_dirname (self) : g_strdup (SBX_LIBEXECDIR);

  return g_strdup_printf ("%s:%s/../keeper:%s/../init:%s/../dump:%s/../session:%s", here, here, here, here, here,
                          SBX_LIBEXECDIR);
}

char *
sbx_program_find (const char *const *environment, const char *name, GError **error)
{
  const char *named = g_environ_getenv ((char **) environment, SBX_ENV_LIBEXECDIR);
  g_autofree char *list = named && named[0] ? g_strdup (named) : list_directories ();
  g_auto (GStrv) directories = g_strsplit (list, ":", -1);

  for (gsize i = 0; directories[i]; i++) {
    g_autofree char *path = g_build_filename (directories[i], name, NULL);

    if (g_path_is_absolute (path) && access (path, X_OK) == 0)
      return g_steal_pointer (&path);
  }
  sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
             "the program %s is not in %s; install the package again, or set %s to where it was built", name,
             named && named[0] ? named : SBX_LIBEXECDIR, SBX_ENV_LIBEXECDIR);
  return NULL;
}

struct rlimit
sbx_raise_nofile (void)
{
  struct rlimit before = { 1024, 1024 }, raised;

  if (getrlimit (RLIMIT_NOFILE, &before) < 0)
    return before;
  raised = before;
  raised.rlim_cur = MIN (before.rlim_max, SBX_WANTED_NOFILE);
  if (raised.rlim_cur > before.rlim_cur)
    (void) setrlimit (RLIMIT_NOFILE, &raised);
  return before;
}

/* What it means for the instance is told by the end of the socket. Here what it may have left is ended, in its process
 * group, which has its number as long as it is not reaped: a child of bwrap asks to die with its parent only after that
 * one has given it its ids (bubblewrap.c, child_wait_fd), and waits for ever if it is killed before. */
static gboolean
on_keeper_ended (int pidfd, GIOCondition condition, gpointer user_data)
{
  pid_t pid = GPOINTER_TO_INT (user_data);

  (void) kill (-pid, SIGKILL);
  (void) waitpid (pid, NULL, 0);
  close (pidfd);
  return G_SOURCE_REMOVE;
}

/* A pidfd is readable from the end of its process on: pidfd_open(2). */
static gboolean
watch (pid_t pid, GError **error)
{
  int pidfd = sbx_sys_pidfd_open (pid);

  if (pidfd >= 0) {
    g_unix_fd_add (pidfd, G_IO_IN, on_keeper_ended, GINT_TO_POINTER (pid));
    return TRUE;
  }
  sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "keeper: watch it");
  (void) kill (pid, SIGKILL);
  (void) waitpid (pid, NULL, 0);
  return FALSE;
}

/* 0 or an errno. Every other descriptor of this process is close-on-exec. */
static int
spawn (const char *path, int sock, int session, gboolean quiet, pid_t *pid)
{
  char *argv[] = { (char *) "sandbox-keeper", NULL }, *envp[] = { NULL };
  posix_spawn_file_actions_t actions;
  int rc;

  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_addopen (&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen (&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  if (quiet)
    posix_spawn_file_actions_addopen (&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2 (&actions, sock, SBX_KEEPER_SOCKET_FD);
  if (session >= 0)
    posix_spawn_file_actions_adddup2 (&actions, session, SBX_JOIN_LINK_FD);
  rc = sbx_child_spawn (pid, path, &actions, 0, argv, envp);
  posix_spawn_file_actions_destroy (&actions);
  return rc;
}

int
sbx_keeper_spawn (const char *path, const struct rlimit *nofile, int session, gboolean quiet, pid_t *pid,
                  GError **error)
{
  int pair[2], rc;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "keeper: make a socket pair");
    return -1;
  }
  rc = spawn (path, pair[1], session, quiet, pid);
  close (pair[1]);
  if (rc != 0) {
    close (pair[0]);
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, rc, "keeper: execute %s", path);
    return -1;
  }
  /* Before it gets its first message, so before it starts anything */
  (void) prlimit (*pid, RLIMIT_NOFILE, nofile, NULL);
  if (watch (*pid, error))
    return pair[0];
  close (pair[0]);
  return -1;
}

gboolean
sbx_keeper_any_unreaped (void)
{
  siginfo_t info = { 0 };

  return waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}
