/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/names.h"
#include "common/write-file.h"

#define SUFFIX ".log"
#define STEP_MS 10

char *
sbx_log_directory (void)
{
  return g_build_filename (g_get_user_state_dir (), SBX_RUNTIME_SUBDIR, "logs", NULL);
}

typedef struct {
  char *path;
  gint64 time;
} Found;

static void
found_free (gpointer data)
{
  Found *found = data;

  g_free (found->path);
  g_free (found);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const Found *x = *(const Found *const *) a, *y = *(const Found *const *) b;

  return x->time < y->time ? 1 : x->time > y->time ? -1 : 0;
}

/* Leaves room for one more. */
static void
prune (const char *directory)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (found_free);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;
  struct stat st;

  while (dir && (name = g_dir_read_name (dir))) {
    Found *found = g_new0 (Found, 1);

    found->path = g_build_filename (directory, name, NULL);
    found->time = lstat (found->path, &st) == 0 ? (gint64) st.st_mtime : 0;
    g_ptr_array_add (files, found);
  }
  g_ptr_array_sort (files, compare_times);
  for (guint i = SBX_LOG_FILES - 1; i < files->len; i++)
    (void) g_unlink (((const Found *) files->pdata[i])->path);
}

/* Leaves the second half, from the beginning of a line on. */
static void
halve (int file)
{
  static char half[SBX_LOG_MAX / 2];
  off_t end = lseek (file, 0, SEEK_END);
  ssize_t n = pread (file, half, sizeof half, end - (off_t) sizeof half);
  const char *line = n > 0 ? memchr (half, '\n', (size_t) n) : NULL;
  size_t skipped = line ? (size_t) (line + 1 - half) : 0;

  if (ftruncate (file, 0) == 0 && n > 0 && lseek (file, 0, SEEK_SET) == 0)
    (void) !sbx_write_all (file, half + skipped, (size_t) n - skipped);
}

/* The copier: ends when nobody can write any more. */
static void
copy (int from, int file, int also)
{
  char buffer[4096];
  ssize_t n;

  while ((n = read (from, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR)) {
    if (n < 0)
      continue;
    if (lseek (file, 0, SEEK_END) + n > SBX_LOG_MAX)
      halve (file);
    (void) !sbx_write_all (file, buffer, (size_t) n);
    if (also >= 0 && sbx_write_all (also, buffer, (size_t) n) < 0)
      also = -1;
  }
}

/* An application that writes where nobody reads gets SIGPIPE. So a second process holds the pipe as well, and goes on
 * with another copier when one is killed. */
static void
copy_guarded (int from, int file, int also)
{
  int status = 0;

  do {
    pid_t pid = fork (), ended;

    if (pid <= 0) {
      copy (from, file, also);
      _exit (0);
    }
    do
      ended = waitpid (pid, &status, 0);
    while (ended < 0 && errno == EINTR);
  } while (WIFSIGNALED (status));
}

/* In the child: nothing of ours stays open, and no key and no end of a terminal reaches us. */
static void
become_copier (int from, int file, int also)
{
  const int kept[] = { from, file, also };
  static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM };
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  int fds[3];

  for (int i = 0; i < 3; i++)
    fds[i] = kept[i] >= 0 ? fcntl (kept[i], F_DUPFD_CLOEXEC, 64) : -1;
  if (fds[0] < 0 || fds[1] < 0 || null < 0)
    _exit (1);
  for (int i = 0; i < 3; i++)
    (void) dup2 (null, i);
  (void) close_range (3, 63, 0);
  (void) close_range ((unsigned) MAX (MAX (fds[0], fds[1]), fds[2]) + 1, ~0u, 0);
  (void) setsid ();
  (void) !chdir ("/");
  for (gsize i = 0; i < G_N_ELEMENTS (ignored); i++)
    signal (ignored[i], SIG_IGN);
  prctl (PR_SET_NAME, "sandbox-log"); /* so that killall(1) of ours does not mean it */
  copy_guarded (fds[0], fds[1], fds[2]);
  _exit (0);
}

/* Starts the copier of @self. Returns 0 or an errno. */
static int
start_copier (SbxLog *self, int file, int also)
{
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return errno;
  self->copier = fork ();
  if (self->copier == 0) {
    close (ends[1]);
    become_copier (ends[0], file, also);
  }
  int problem = self->copier < 0 ? errno : 0;
  close (ends[0]);
  if (self->copier < 0)
    close (ends[1]);
  else
    self->writer = ends[1];
  return problem;
}

int
sbx_log_begin (SbxLog *self, const char *heading, int also)
{
  g_autofree char *directory = sbx_log_directory (), *path = g_build_filename (directory, ".XXXXXX", NULL);
  g_autofree char *line = g_strconcat ("# ", heading, "\n", NULL);
  int file, problem;

  *self = (SbxLog) SBX_LOG_INIT;
  if (g_mkdir_with_parents (directory, 0700) < 0)
    return errno;
  prune (directory);
  file = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  if (file < 0)
    return errno;
  self->path = g_steal_pointer (&path);
  problem = sbx_write_all (file, line, strlen (line)) == 0 ? start_copier (self, file, also) : errno;
  close (file);
  if (problem != 0)
    sbx_log_clear (self);
  return problem;
}

void
sbx_log_name (SbxLog *self, const char *id)
{
  g_autofree char *directory = sbx_log_directory (), *name = g_strconcat (id, SUFFIX, NULL);
  g_autofree char *path = g_build_filename (directory, name, NULL);

  if (self->path && g_rename (self->path, path) == 0) {
    g_free (self->path);
    self->path = g_steal_pointer (&path);
  }
}

static void
close_writer (SbxLog *self)
{
  if (self->writer >= 0)
    close (self->writer);
  self->writer = -1;
}

char **
sbx_log_end (SbxLog *self, int ms, guint n)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint count, first;

  close_writer (self);
  for (int waited = 0; self->copier > 0 && waited < ms && waitpid (self->copier, NULL, WNOHANG) == 0; waited += STEP_MS)
    g_usleep (STEP_MS * 1000);
  if (!self->path || !g_file_get_contents (self->path, &text, NULL, NULL))
    return g_new0 (char *, 1);
  lines = g_strsplit (g_strchomp (text), "\n", -1);
  count = g_strv_length (lines);
  first = count > n ? count - n : 0;
  if (first == 0 && count > 0 && g_str_has_prefix (lines[0], "# "))
    first = 1; /* the heading */
  return g_strdupv (lines + first);
}

void
sbx_log_clear (SbxLog *self)
{
  g_autofree char *base = self->path ? g_path_get_basename (self->path) : NULL;

  close_writer (self);
  if (base && base[0] == '.')
    (void) g_unlink (self->path);
  g_clear_pointer (&self->path, g_free);
}
