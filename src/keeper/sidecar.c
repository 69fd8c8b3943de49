/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "wire/fdmap.h"
#include "wire/layout.h"

/* What an application makes it keep does not count as the application's: so it has a limit of its own. */
static struct rlimit
memory_limit (const SbxBlock *records)
{
  SbxRecord record = { 0 };
  struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
  uint64_t bytes;

  (void) getrlimit (RLIMIT_DATA, &limit);
  if (!sbx_block_next (records, SBX_TAG_SIDECAR_MEMORY, &record))
    return limit;
  memcpy (&bytes, record.value, sizeof bytes);
  if (bytes < limit.rlim_max)
    limit = (struct rlimit){ .rlim_cur = bytes, .rlim_max = bytes };
  return limit;
}

/* What a sidecar starts with besides its command line. */
typedef struct {
  int file; /* or -1 */
  int filter;
  struct rlimit memory;
} Start;

static void __attribute__ ((noreturn)) exec_it (char **argv, const Start *start, int ready, int log, int errors)
{
  const int sources[] = { log, errors, ready, start->filter, start->file };
  const int32_t targets[] = { STDOUT_FILENO, STDERR_FILENO, SBX_SIDECAR_LINK_FD, SBX_SIDECAR_FILTER_FD,
                              SBX_SIDECAR_FILE_FD };
  const size_t n = sizeof sources / sizeof *sources - (start->file < 0);
  char *empty[] = { NULL };
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  signal (SIGXFSZ, SIG_DFL);
  if (setrlimit (RLIMIT_DATA, &start->memory) == 0 && sbx_fdmap_apply (sources, targets, n, -1) == 0)
    execve (argv[0], argv, empty);
  _exit (127);
}

static void
close_pair (const int pair[2])
{
  int saved = errno;

  close (pair[0]);
  close (pair[1]);
  errno = saved;
}

/* The file in a pipe: wire/block.c lets it be 4096 bytes at most, which a pipe takes without a reader (pipe(7)). */
static int
fill_pipe (const SbxRecord *file)
{
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -1;
  if (write (ends[1], file->value, file->length) != (ssize_t) file->length) {
    close_pair (ends);
    return -1;
  }
  close (ends[1]);
  return ends[0];
}

/* The filter in memory: it may be larger than a pipe is where a user has many. wire/block.c has made sure that there is
 * one. */
static int
write_filter (const SbxBlock *records)
{
  SbxRecord filter = { 0 };
  int fd, saved;

  sbx_block_next (records, SBX_TAG_SIDECAR_FILTER, &filter);
  fd = memfd_create ("filter", MFD_CLOEXEC);
  if (fd < 0 || pwrite (fd, filter.value, filter.length, 0) == (ssize_t) filter.length)
    return fd;
  saved = errno;
  close (fd);
  errno = saved;
  return -1;
}

static int __attribute__ ((noinline)) spawn (SbxSidecar *self, char **argv, const Start *start, bool errors)
{
  int ready[2], log[2];

  if (pipe2 (ready, O_CLOEXEC) < 0)
    return -1;
  if (pipe2 (log, O_CLOEXEC) < 0) {
    close_pair (ready);
    return -1;
  }
  self->pid = vfork ();
  if (self->pid == 0)
    exec_it (argv, start, ready[1], log[1], errors ? log[1] : STDERR_FILENO);
  if (self->pid < 0) {
    self->pid = 0;
    close_pair (ready);
    close_pair (log);
    return -1;
  }
  close (ready[1]);
  close (log[1]);
  self->link = ready[0];
  self->log = log[0];
  fcntl (self->link, F_SETFL, O_NONBLOCK);
  fcntl (self->log, F_SETFL, O_NONBLOCK);
  return 0;
}

int
sbx_sidecar_start (SbxSidecar *self, const SbxBlock *records, bool errors)
{
  size_t argc;
  char **argv = sbx_block_strv (records, SBX_TAG_SIDECAR_COMMAND, &argc);
  Start start = { -1, -1, memory_limit (records) };
  SbxRecord file = { 0 };
  int rc = -1;

  if (argv)
    start.filter = write_filter (records);
  if (start.filter >= 0 && sbx_block_next (records, SBX_TAG_SIDECAR_FILE, &file))
    start.file = fill_pipe (&file);
  if (start.filter >= 0 && (start.file >= 0 || !file.value))
    rc = spawn (self, argv, &start, errors);
  if (start.filter >= 0)
    close (start.filter);
  if (start.file >= 0)
    close (start.file);
  free (argv);
  return rc;
}

void
sbx_sidecar_close_log (SbxSidecar *self)
{
  if (self->log >= 0)
    close (self->log);
  self->log = -1;
}

void
sbx_sidecar_end (SbxSidecar *self)
{
  if (self->link >= 0)
    close (self->link);
  self->link = -1;
  sbx_sidecar_close_log (self);
  if (self->pid > 0)
    kill (self->pid, SIGKILL); /* bwrap, and with it all that is inside (--die-with-parent) */
}
