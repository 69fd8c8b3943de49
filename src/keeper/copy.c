/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "keeper/publish.h"
#include "wire/sys.h"

#define CHUNK ((off_t) 1 << 24) /* bytes: between two looks at whether the keeper is there */

/* The descriptors of a child */
enum { FROM_FD, TO_FD, ANSWER_FD, DIRECTORY_FD, N_FDS };

/* @left bytes at most: a file that grows meanwhile would have no end. 0, or an errno; ECANCELED: @parent is gone. */
static int
copy_bytes (off_t left, pid_t parent)
{
  char bytes[65536];
  ssize_t n = 1;

  for (; left > 0 && n > 0; left -= n > 0 ? n : 0) {
    if (getppid () != parent)
      return ECANCELED;
    n = copy_file_range (FROM_FD, NULL, TO_FD, NULL, (size_t) (left < CHUNK ? left : CHUNK), 0);
  }
  if (n >= 0)
    return 0;
  if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
    return errno;
  for (; left > 0 && (n = read (FROM_FD, bytes, left < (off_t) sizeof bytes ? (size_t) left : sizeof bytes)) > 0;
       left -= n) {
    if (getppid () != parent)
      return ECANCELED;
    for (ssize_t at = 0, m; at < n; at += m)
      if ((m = write (TO_FD, bytes + at, (size_t) (n - at))) < 0)
        return errno;
  }
  return n < 0 ? errno : 0;
}

/* Nothing else of the keeper's: it must not live as long as this may have to. */
static int
keep_only (const int *fds)
{
  int high[N_FDS];

  for (int i = 0; i < N_FDS; i++) {
    high[i] = fcntl (fds[i], F_DUPFD, 64);
    if (high[i] < 0)
      return -1;
  }
  for (int i = 0; i < N_FDS; i++)
    if (dup2 (high[i], i) < 0)
      return -1;
  return sbx_sys_close_range (N_FDS, ~0U, 0);
}

/* Ends the child. If the keeper is gone, nobody else removes what it has begun. One that dies has its descriptors
 * closed before it is nobody's parent any more (do_exit () in kernel/exit.c), so an answer that is not heard says it as
 * well. */
static void __attribute__ ((noreturn)) end_child (const SbxCopied *made, int directory, pid_t parent, int status)
{
  if (made->named && (status != 0 || getppid () != parent))
    (void) unlinkat (directory, made->temporary, 0);
  _exit (status);
}

/* The signals that are blocked stay so: a caller's Ctrl-C does not keep a file from being saved. */
static void __attribute__ ((noreturn)) run_child (const SbxCopied *made, const int *fds, off_t size, pid_t parent)
{
  int error;

  prctl (PR_SET_NAME, "sandbox-copy");
  if (!made->named)
    prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid () != parent || keep_only (fds) < 0)
    end_child (made, made->directory, parent, 1);
  error = copy_bytes (size, parent);
  if (error == 0 && fdatasync (TO_FD) < 0)
    error = errno;
  end_child (made, DIRECTORY_FD, parent, write (ANSWER_FD, &error, sizeof error) != (ssize_t) sizeof error);
}

static void
discard (SbxCopied *made)
{
  if (made->named)
    (void) unlinkat (made->directory, made->temporary, 0);
  if (made->fd >= 0)
    close (made->fd);
  *made = (SbxCopied){ .fd = -1, .directory = -1 };
}

/* Where a file system has no nameless files, open(2) says what it says to a directory that is to be written. */
static int
make (SbxCopied *made, mode_t mode)
{
  made->fd = openat (made->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
  if (made->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT))
    return made->fd < 0 ? -1 : 0;
  (void) unlinkat (made->directory, made->temporary, 0);
  made->fd = openat (made->directory, made->temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  made->named = made->fd >= 0;
  return made->named ? 0 : -1;
}

static void
finish (SbxCopy *self, int error)
{
  SbxCopied made = self->made;

  sbx_watch_close (&self->answer);
  self->answer.due = 0;
  self->made = (SbxCopied){ .fd = -1, .directory = -1 };
  self->done (self, &made, error);
  discard (&made);
}

static void
serve (SbxWatch *watch)
{
  int error;

  if (read (watch->fd, &error, sizeof error) != (ssize_t) sizeof error)
    error = EIO; /* it was killed */
  finish (SBX_OWNER (watch, SbxCopy, answer), error);
}

static void
give_up (SbxWatch *watch)
{
  SbxCopy *self = SBX_OWNER (watch, SbxCopy, answer);

  if (self->child > 0)
    kill (self->child, SIGKILL);
  finish (self, ETIME);
}

int
sbx_copy_set_up (SbxCopy *self, SbxLoop *loop, int order, void (*done) (SbxCopy *, SbxCopied *, int))
{
  self->done = done;
  self->made = (SbxCopied){ .fd = -1, .directory = -1 };
  return sbx_loop_add (loop, &self->answer, order, serve, give_up);
}

bool
sbx_copy_is_busy (const SbxCopy *self)
{
  return self->made.fd >= 0;
}

static int
start_child (SbxCopy *self, int from, off_t size, int time_ms)
{
  pid_t keeper = getpid ();
  int ends[2], saved;

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -1;
  self->child = fork ();
  if (self->child == 0) {
    const int fds[N_FDS] = { from, self->made.fd, ends[1], self->made.directory };

    run_child (&self->made, fds, size, keeper);
  }
  saved = errno;
  close (ends[1]);
  if (self->child < 0) {
    self->child = 0;
    close (ends[0]);
    errno = saved;
    return -1;
  }
  sbx_watch_open (&self->answer, ends[0]);
  self->answer.due = sbx_loop_now () + time_ms;
  return 0;
}

int
sbx_copy_begin (SbxCopy *self, int from, const struct stat *st, int directory, const char *temporary, int time_ms)
{
  int saved;

  if (sbx_copy_is_busy (self)) {
    errno = EBUSY;
    return -1;
  }
  self->made = (SbxCopied){ .fd = -1, .directory = directory, .temporary = temporary };
  if (make (&self->made, st->st_mode & 0777) == 0 && start_child (self, from, st->st_size, time_ms) == 0)
    return 0;
  saved = errno;
  discard (&self->made);
  errno = saved;
  return -1;
}

bool
sbx_copy_reaped (SbxCopy *self, pid_t pid)
{
  if (self->child != pid)
    return false;
  self->child = 0;
  return true;
}

int
sbx_copied_name (SbxCopied *self, const char *name)
{
  if (!self->named)
    return sbx_publish_link (self->fd, self->directory, self->temporary, name);
  if (renameat (self->directory, self->temporary, self->directory, name) < 0)
    return -1;
  self->named = false;
  return 0;
}
