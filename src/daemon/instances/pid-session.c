/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/pid-session.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/child.h"
#include "common/error.h"
#include "wire/layout.h"
#include "wire/sys.h"

#define BACKLOG 1024 /* connections that it has not accepted yet */

typedef struct {
  int directory; /* $XDG_RUNTIME_DIR/sandbox, locked */
  const char *path;
} PidSession;

/* Through the descriptor of the directory: the path may be longer than sun_path, and cannot be swapped. */
static struct sockaddr_un
address_of (const PidSession *self)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" SBX_SESSION_SOCKET, self->directory);
  return address;
}

static int
connect_to (const PidSession *self)
{
  struct sockaddr_un address = address_of (self);
  int sock = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), saved;

  if (sock < 0 || connect (sock, (struct sockaddr *) &address, sizeof address) == 0)
    return sock;
  saved = errno;
  close (sock);
  errno = saved;
  return -1;
}

/* It starts the one that stays, and ends. */
static gboolean
on_starter_ended (int pidfd, GIOCondition condition, gpointer user_data)
{
  (void) waitpid (GPOINTER_TO_INT (user_data), NULL, 0);
  close (pidfd);
  return G_SOURCE_REMOVE;
}

/* 0 or an errno. */
static int
spawn (const PidSession *self, int listener)
{
  char *argv[] = { (char *) "sandbox-session", NULL }, *envp[] = { NULL };
  posix_spawn_file_actions_t actions;
  char directory[32];
  int rc, pidfd;
  pid_t pid;

  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_addopen (&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2 (&actions, STDIN_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, STDIN_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, listener, SBX_SESSION_LISTENER_FD);
  /* Not by dup2: it would have our lock as well, also after we have been killed */
  g_snprintf (directory, sizeof directory, "/proc/self/fd/%d", self->directory);
  posix_spawn_file_actions_addopen (&actions, SBX_SESSION_DIRECTORY_FD, directory, O_RDONLY | O_DIRECTORY, 0);
  rc = sbx_child_spawn (&pid, self->path, &actions, 0, argv, envp);
  posix_spawn_file_actions_destroy (&actions);
  if (rc != 0)
    return rc;
  pidfd = sbx_sys_pidfd_open (pid);
  if (pidfd >= 0)
    g_unix_fd_add (pidfd, G_IO_IN, on_starter_ended, GINT_TO_POINTER (pid));
  return 0;
}

/* Higher than the numbers that it gets. */
static int
move_up (int fd)
{
  int moved = fd < 0 ? -1 : fcntl (fd, F_DUPFD_CLOEXEC, SBX_SESSION_DIRECTORY_FD + 1), saved = errno;

  if (fd >= 0)
    close (fd);
  errno = saved;
  return moved;
}

/* In the place of what an earlier one has left. The listening socket is ours until then, so that who connects waits. */
static int
make_listener (const PidSession *self)
{
  struct sockaddr_un address = address_of (self);
  int sock = move_up (socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), saved;

  if (sock < 0)
    return -1;
  (void) unlinkat (self->directory, SBX_SESSION_SOCKET, 0);
  if (bind (sock, (struct sockaddr *) &address, sizeof address) == 0 && listen (sock, BACKLOG) == 0)
    return sock;
  saved = errno;
  close (sock);
  errno = saved;
  return -1;
}

static int
start (const PidSession *self, GError **error)
{
  int listener = make_listener (self), sock, rc;

  if (listener < 0) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "session: make its socket");
    return -1;
  }
  sock = connect_to (self);
  rc = sock < 0 ? errno : spawn (self, listener);
  if (rc != 0) {
    (void) unlinkat (self->directory, SBX_SESSION_SOCKET, 0);
    if (sock >= 0)
      close (sock);
    sock = -1;
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, rc, "session: start %s", self->path);
  }
  close (listener);
  return sock;
}

static int
connect_or_start (const PidSession *self, GError **error)
{
  int sock = connect_to (self);

  if (sock >= 0)
    return sock;
  if (errno == ENOENT || errno == ECONNREFUSED)
    return start (self, error);
  sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "session: connect to sandbox-session");
  return -1;
}

int
sbx_pid_session_connect (SbxRuntimeDir *runtime, const char *path, GError **error)
{
  int directory = sbx_runtime_dir_open (runtime, error), sock = -1;
  PidSession self = { -1, path };

  if (directory < 0)
    return -1;
  self.directory = move_up (openat (directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); /* a lock of its own */
  if (self.directory >= 0 && sbx_runtime_dir_lock (self.directory))
    sock = connect_or_start (&self, error);
  else
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "session: lock the runtime directory");
  if (self.directory >= 0)
    close (self.directory); /* and with it the lock */
  return sock;
}
