/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors, Landlock, names, and reading and writing as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/fdmap.h"
#include "wire/io.h"
#include "wire/landlock.h"
#include "wire/log-lines.h"
#include "wire/message.h"
#include "wire/signals.h"

/* In a child: whether @fd is the file that @expected says (a device and inode), -1 = closed. */
static gboolean
is_file (int fd, const struct stat *expected)
{
  struct stat st;

  if (fstat (fd, &st) < 0)
    return expected == NULL;
  return expected && st.st_dev == expected->st_dev && st.st_ino == expected->st_ino;
}

static void
test_fdmap (void)
{
  int pipes[2], status;
  struct stat a, b, null;
  pid_t pid;

  g_assert_cmpint (pipe2 (pipes, O_CLOEXEC), ==, 0);
  fstat (pipes[0], &a);
  fstat (pipes[1], &b);
  stat ("/dev/null", &null);
  pid = fork ();
  if (pid == 0) {
    /* Sources on each other's targets, one of them twice, a hole at 4, nothing for 1 */
    int fds[] = { pipes[1], pipes[0], pipes[0], pipes[1] };
    gint32 targets[] = { pipes[0], pipes[1], 0, 2 };
    gboolean ok = sbx_fdmap_apply (fds, targets, 4, -1) == 0;

    ok = ok && is_file (pipes[0], &b) && is_file (pipes[1], &a) && is_file (0, &a) && is_file (2, &b);
    ok = ok && is_file (1, &null) && fcntl (pipes[0], F_GETFD) == 0;
    for (int fd = 3; ok && fd < 64; fd++)
      if (fd != pipes[0] && fd != pipes[1])
        ok = fcntl (fd, F_GETFD) != 0; /* closed, or close-on-exec */
    _exit (ok ? 0 : 1);
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  gint32 high = SBX_FDMAP_MAX_TARGET + 1;
  g_assert_cmpint (sbx_fdmap_apply (pipes, &high, 1, -1), ==, -1);
  high = -1;
  g_assert_cmpint (sbx_fdmap_apply (pipes, &high, 1, -1), ==, -1);
  close (pipes[0]);
  close (pipes[1]);
}

static void
test_landlock_rights (void)
{
  g_assert_cmphex (sbx_landlock_fs_rights (0), ==, 0);
  g_assert_cmphex (sbx_landlock_fs_rights (1), ==, 0x1fff);
  g_assert_cmphex (sbx_landlock_fs_rights (2), ==, 0x3fff);
  g_assert_cmphex (sbx_landlock_fs_rights (4), ==, 0x7fff);
  g_assert_cmphex (sbx_landlock_fs_rights (7), ==, 0xffff);
}

static void
test_names (void)
{
  for (unsigned i = 0; i < SBX_N_STEPS; i++)
    g_assert_nonnull (sbx_step_name (i));
  for (unsigned i = 0; i < SBX_N_CULPRITS; i++)
    g_assert_nonnull (sbx_culprit_name (i));
  g_assert_null (sbx_step_name (SBX_N_STEPS));
  g_assert_null (sbx_culprit_name (SBX_N_CULPRITS));
}

/* What was put, and how often. */
typedef struct {
  GString *text;
  guint n;
} Written;

static void
write_down (void *data, const char *line, size_t size)
{
  Written *written = data;

  g_string_append_len (written->text, line, (gssize) size);
  written->n++;
  g_assert_cmpuint (size, <=, SBX_LOG_LINE);
  g_assert_cmpuint (size, <=, PIPE_BUF);
  g_assert_cmpint (line[size - 1], ==, '\n');
  for (size_t i = 0; i + 1 < size; i++)
    g_assert_true (line[i] >= ' ' && line[i] <= '~');
}

static void
test_log_lines (void)
{
  static const char said[] = "one\n\ntwo\r\033[2J\0x\nsandboxd: a \\ of its own \xc2\x9b\nrest";
  SbxLogLines lines;
  Written written = { g_string_new (NULL), 0 };

  sbx_log_lines_begin (&lines, "keeper: a\nb: ");
  for (gsize i = 0; i < sizeof said - 1; i++) /* byte by byte, as a pipe may give them */
    sbx_log_lines_feed (&lines, said + i, 1, write_down, &written);
  g_assert_cmpuint (written.n, ==, 3);
  sbx_log_lines_end (&lines, write_down, &written);
  sbx_log_lines_end (&lines, write_down, &written);
  g_assert_cmpstr (written.text->str, ==,
                   "keeper: a?b: one\nkeeper: a?b: two\\x0d\\x1b[2J\\x00x\n"
                   "keeper: a?b: sandboxd: a \\\\ of its own \\xc2\\x9b\nkeeper: a?b: rest\n");
  g_string_free (written.text, TRUE);
}

static void
test_log_lines_bounds (void)
{
  g_autofree char *flood = g_strnfill (100000, 'x'), *binary = g_strnfill (100000, '\1');
  g_autofree char *beginning = g_strnfill (1000, 'b');
  SbxLogLines lines;
  Written written = { g_string_new (NULL), 0 };

  sbx_log_lines_begin (&lines, beginning);
  sbx_log_lines_feed (&lines, flood, 100000, write_down, &written);
  g_assert_cmpuint (written.n, ==, 0);
  sbx_log_lines_feed (&lines, "\n", 1, write_down, &written);
  g_assert_true (g_str_has_suffix (written.text->str, "xx...\n"));
  g_assert_cmpuint (written.text->len, ==, SBX_LOG_LINE);
  sbx_log_lines_feed (&lines, binary, 100000, write_down, &written);
  sbx_log_lines_feed (&lines, "\n", 1, write_down, &written);
  g_assert_true (g_str_has_suffix (written.text->str, "\\x01...\n"));
  for (guint i = 0; i < 1000; i++)
    sbx_log_lines_feed (&lines, "again\n", 6, write_down, &written);
  g_assert_cmpuint (written.n, ==, SBX_LOG_LINES + 1);
  g_assert_true (g_str_has_suffix (written.text->str, "(more is not shown)\n"));
  g_string_free (written.text, TRUE);
}

static void
test_io (void)
{
  int fd = memfd_create ("io", MFD_CLOEXEC);
  char text[6];

  g_assert_cmpint (sbx_pwrite_all (fd, "0123456789", 10, 0), ==, 0);
  g_assert_cmpint (sbx_pwrite_all (fd, "xy", 2, 1), ==, 0);
  g_assert_cmpint (sbx_read_text (fd, text, sizeof text), ==, 5);
  g_assert_cmpstr (text, ==, "0xy34");
  g_assert_cmpint (lseek (fd, 0, SEEK_CUR), ==, 0);
  g_assert_cmpint (ftruncate (fd, 3), ==, 0);
  g_assert_cmpint (sbx_read_text (fd, text, sizeof text), ==, 3);
  g_assert_cmpstr (text, ==, "0xy");
  close (fd);
  errno = 0;
  g_assert_cmpint (sbx_pwrite_all (fd, "x", 1, 0), ==, -1);
  g_assert_cmpint (errno, ==, EBADF);
  g_assert_cmpint (sbx_read_text (fd, text, sizeof text), ==, -1);
  g_assert_cmpstr (text, ==, "");
}

/* Nothing is waited for, and what cannot be had leaves an empty text and its errno. */
static void
test_io_path (void)
{
  g_autofree char *dir = g_dir_make_tmp ("test-io-XXXXXX", NULL), *fifo = g_build_filename (dir, "fifo", NULL);
  char text[64] = "before";

  g_assert_cmpint (sbx_read_text_at ("/proc/self/comm", text, sizeof text), >, 0);
  g_assert_true (g_str_has_prefix (text, "test-wire"));
  errno = 0;
  g_assert_cmpint (sbx_read_text_at ("/nowhere", text, sizeof text), ==, -1);
  g_assert_cmpint (errno, ==, ENOENT);
  g_assert_cmpstr (text, ==, "");
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (sbx_read_text_at (fifo, text, sizeof text), ==, -1); /* ESPIPE: a FIFO has no beginning */
  g_assert_cmpint (unlink (fifo), ==, 0);
  g_assert_cmpint (rmdir (dir), ==, 0);
}

static void
test_signals_reset (void)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0) {
    struct sigaction now;
    sigset_t all, blocked;

    signal (SIGPIPE, SIG_IGN);
    signal (SIGUSR1, SIG_IGN);
    sigfillset (&all);
    sigprocmask (SIG_SETMASK, &all, NULL);
    sbx_signals_reset ();
    sigprocmask (SIG_SETMASK, NULL, &blocked);
    for (int signo = 1; signo < SIGRTMIN; signo++)
      if (sigismember (&blocked, signo) == 1 || (sigaction (signo, NULL, &now) == 0 && now.sa_handler != SIG_DFL))
        _exit (signo); /* libc's own signals have no sigaction */
    _exit (0);
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/log-lines/plain", test_log_lines);
  g_test_add_func ("/wire/log-lines/bounds", test_log_lines_bounds);
  g_test_add_func ("/wire/fdmap", test_fdmap);
  g_test_add_func ("/wire/landlock/rights", test_landlock_rights);
  g_test_add_func ("/wire/names", test_names);
  g_test_add_func ("/wire/io", test_io);
  g_test_add_func ("/wire/io/path", test_io_path);
  g_test_add_func ("/wire/signals/reset", test_signals_reset);
  return g_test_run ();
}
