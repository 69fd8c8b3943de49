/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/asking/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/child.h"
#include "common/error.h"
#include "config.h"
#include "wire/sys.h"

#define PREFIX "sandboxctl: "

struct _SbxErrand {
  pid_t pid; /* 0: reaped */
  int pidfd, said;
  guint source;
  SbxErrandFunc func;
  gpointer user_data;
};

/* Where a build tree has it, then the installed place. NULL: nowhere. */
static char *
find_program (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = self ? g_path_get_dirname (self) : g_strdup ("/");
  const char *const places[] = { here, "../cli", NULL };
  g_autofree char *built = g_build_filename (places[0], places[1], "sandboxctl", NULL);

  if (access (built, X_OK) == 0)
    return g_steal_pointer (&built);
  return access (SBX_BINDIR "/sandboxctl", X_OK) == 0 ? g_strdup (SBX_BINDIR "/sandboxctl") : NULL;
}

/* The last line of it. */
static char *
read_said (int fd)
{
  char text[SBX_ERRAND_SAID + 1];
  off_t size = lseek (fd, 0, SEEK_END);
  off_t from = MAX (size - SBX_ERRAND_SAID, 0);
  ssize_t n = pread (fd, text, SBX_ERRAND_SAID, from);
  const char *line;

  text[MAX (n, 0)] = '\0';
  g_strchomp (text);
  line = strrchr (text, '\n') ? strrchr (text, '\n') + 1 : text;
  if (g_str_has_prefix (line, PREFIX))
    line += strlen (PREFIX);
  return g_utf8_make_valid (line, -1);
}

static gboolean
on_ended (int pidfd, GIOCondition condition, gpointer user_data)
{
  SbxErrand *self = user_data;
  g_autofree char *said = NULL;
  int status = 0;

  self->source = 0;
  if (waitpid (self->pid, &status, 0) < 0)
    status = -1;
  self->pid = 0;
  if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
    said = read_said (self->said);
  self->func (said, self->user_data);
  return G_SOURCE_REMOVE;
}

/* 0 or an errno. */
static int
spawn (SbxErrand *self, const char *program, const char *const *environment, const char *const *words)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  posix_spawn_file_actions_t actions;
  int rc;

  g_ptr_array_add (argv, (gpointer) "sandboxctl");
  for (; *words; words++)
    g_ptr_array_add (argv, (gpointer) *words);
  g_ptr_array_add (argv, NULL);
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_addopen (&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen (&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2 (&actions, self->said, STDERR_FILENO);
  rc = sbx_child_spawn (&self->pid, program, &actions, POSIX_SPAWN_SETSID, (char *const *) argv->pdata,
                        (char *const *) environment);
  posix_spawn_file_actions_destroy (&actions);
  return rc;
}

SbxErrand *
sbx_errand_start (const char *const *environment, const char *const *words, SbxErrandFunc func, gpointer user_data,
                  GError **error)
{
  g_autoptr (SbxErrand) self = g_new0 (SbxErrand, 1);
  g_autofree char *program = find_program ();
  int rc;

  *self = (SbxErrand){ .pidfd = -1, .said = -1, .func = func, .user_data = user_data };
  self->said = memfd_create ("said", MFD_CLOEXEC);
  rc = !program ? ENOENT : self->said < 0 ? errno : spawn (self, program, environment, words);
  if (rc == 0) {
    self->pidfd = sbx_sys_pidfd_open (self->pid);
    rc = self->pidfd < 0 ? errno : 0;
  }
  if (rc != 0) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, rc, "sandboxctl cannot be started");
    return NULL;
  }
  self->source = g_unix_fd_add (self->pidfd, G_IO_IN, on_ended, self);
  return g_steal_pointer (&self);
}

void
sbx_errand_free (SbxErrand *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  if (self->pid > 0) { /* not reaped, so the number is still its own */
    (void) kill (self->pid, SIGKILL);
    (void) waitpid (self->pid, NULL, 0);
  }
  if (self->pidfd >= 0)
    close (self->pidfd);
  if (self->said >= 0)
    close (self->said);
  g_free (self);
}
