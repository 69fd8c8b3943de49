/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keeper/end.h"
#include "keeper/keeper.h"
#include "keeper/state.h"
#include "wire/fdmap.h"
#include "wire/layout.h"
#include "wire/signals.h"

#define LOG_PAUSE_MS 20
#define AFTERWARDS_PART 3 /* of reading, what telling and writing down what was read costs (denied.c), about */

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

  sbx_signals_reset ();
  if (setrlimit (RLIMIT_DATA, &start->memory) == 0 && sbx_fdmap_apply (sources, targets, n, -1) == 0)
    execve (argv[0], argv, empty);
  _exit (127);
}

/* The file in a pipe: wire/block.c lets it be 4096 bytes at most, which a pipe takes without a reader (pipe(7)). */
static int
fill_pipe (const SbxRecord *file)
{
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -1;
  if (write (ends[1], file->value, file->length) != (ssize_t) file->length) {
    close (ends[0]);
    ends[0] = -1;
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

/* Not inlined: a local variable of a function that calls vfork could be clobbered. */
static pid_t __attribute__ ((noinline)) spawn (char **argv, const Start *start, int ready, int log, int errors)
{
  pid_t pid = vfork ();

  if (pid == 0)
    exec_it (argv, start, ready, log, errors);
  return pid;
}

/* Its pipes: ours to read, its own to write. */
typedef struct {
  int ready[2], log[2], errors[2]; /* errors: or -1, where log has them too */
} Pipes;

static void
close_pipes (const Pipes *pipes, int end)
{
  close (pipes->ready[end]);
  close (pipes->log[end]);
  if (pipes->errors[end] >= 0)
    close (pipes->errors[end]);
}

static int
open_pipes (Pipes *pipes, bool errors)
{
  *pipes = (Pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
  if (pipe2 (pipes->ready, O_CLOEXEC) == 0 && pipe2 (pipes->log, O_CLOEXEC) == 0
      && (!errors || pipe2 (pipes->errors, O_CLOEXEC) == 0))
    return 0;
  for (int end = 0, saved = errno; end < 2; end++, errno = saved)
    close_pipes (pipes, end);
  return -1;
}

static int
start_with (SbxSidecar *self, char **argv, const Start *start)
{
  const SbxPart *part = self->head.part;
  const SbxSidecarAbout *about = part->about;
  Pipes pipes;
  pid_t pid;

  if (open_pipes (&pipes, !about->logs_errors) < 0)
    return -1;
  pid = spawn (argv, start, pipes.ready[1], pipes.log[1], pipes.errors[1] >= 0 ? pipes.errors[1] : pipes.log[1]);
  if (pid < 0)
    close_pipes (&pipes, 0);
  close_pipes (&pipes, 1);
  if (pid < 0)
    return -1;
  fcntl (pipes.ready[0], F_SETFL, O_NONBLOCK);
  fcntl (pipes.log[0], F_SETFL, O_NONBLOCK);
  sbx_watch_open (&self->link, pipes.ready[0]);
  sbx_watch_open (&self->output, pipes.log[0]);
  self->used = 0;
  sbx_share_begin (&self->share, sbx_share_read_clock (CLOCK_MONOTONIC), 0);
  if (pipes.errors[0] >= 0)
    sbx_complaints_open (&self->complaints, pipes.errors[0], self->head.keeper->record.id, part->name);
  self->pid = pid;
  return 0;
}

int
sbx_sidecar_start (void *state, const SbxBlock *records)
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
    rc = start_with (state, argv, &start);
  if (start.filter >= 0)
    close (start.filter);
  if (start.file >= 0)
    close (start.file);
  free (argv);
  return rc;
}

/* Handles its end, which in the end of the instance is nothing new. */
static void
lose (SbxSidecar *self)
{
  const SbxSidecarAbout *about = self->head.part->about;
  SbxKeeper *keeper = self->head.keeper;
  char text[SBX_MESSAGE_TEXT + 1];

  sbx_complaints_read (&self->complaints);
  if (self->aside)
    return;
  if (keeper->state < SBX_KEEPER_RUNNING) {
    snprintf (text, sizeof text, "%s%s", about->ending, about->explain ? about->explain (self) : "");
    sbx_keeper_fail (keeper, self->head.part->step, 0, text);
  }
  sbx_keeper_set_enforced (keeper, self->head.part->enforced, false);
}

static void
serve_link (SbxWatch *watch)
{
  SbxSidecar *self = SBX_OWNER (watch, SbxSidecar, link);
  const SbxSidecarAbout *about = self->head.part->about;
  char bytes[16];
  ssize_t n = read (watch->fd, bytes, sizeof bytes);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n > 0 && !self->ready) {
    self->ready = true;
    if (!self->aside)
      sbx_keeper_set_enforced (self->head.keeper, self->head.part->enforced, true);
  } else if (n <= 0) {
    sbx_watch_close (watch);
    if (!self->ready || !about->closes_link)
      lose (self);
  }
}

/* Until it is read again: who prints more than our share of a processor can read waits. @before: our processor time
 * when this reading began. */
static int64_t
choose_pause_ms (SbxSidecar *self, int64_t before)
{
  int64_t wait, took = sbx_share_read_clock (CLOCK_PROCESS_CPUTIME_ID) - before;

  self->used += took + took / AFTERWARDS_PART;
  if (sbx_share_look (&self->share, sbx_share_read_clock (CLOCK_MONOTONIC), self->used))
    return LOG_PAUSE_MS;
  wait = sbx_share_wait_ms (&self->share);
  return wait > LOG_PAUSE_MS ? wait : LOG_PAUSE_MS;
}

void
sbx_sidecar_read (SbxSidecar *self)
{
  const SbxSidecarAbout *about = self->head.part->about;
  int64_t before = sbx_share_read_clock (CLOCK_PROCESS_CPUTIME_ID);
  char bytes[16384];
  ssize_t n = 1;

  if (self->output.fd < 0)
    return;
  /* What a full pipe holds (pipe(7)), and no more in one go: the writer may be as quick as we are */
  for (size_t i = 0; i < 65536 / sizeof bytes && n > 0; i++) {
    n = read (self->output.fd, bytes, sizeof bytes);
    if (n > 0 && about->log)
      about->log (self, bytes, (size_t) n);
  }
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
    sbx_watch_close (&self->output);
    return;
  }
  self->output.paused = true;
  self->output.due = sbx_loop_now () + choose_pause_ms (self, before);
}

static void
serve_output (SbxWatch *watch)
{
  sbx_sidecar_read (SBX_OWNER (watch, SbxSidecar, output));
}

static void
end_pause (SbxWatch *watch)
{
  watch->paused = false;
}

int
sbx_sidecar_set_up (void *state)
{
  SbxSidecar *self = state;
  SbxLoop *loop = &self->head.keeper->loop;

  /* What it has printed comes before what its end means */
  if (sbx_loop_add (loop, &self->output, SBX_ORDER_PARTS, serve_output, end_pause) < 0)
    return -1;
  if (sbx_complaints_set_up (&self->complaints, loop, SBX_ORDER_PARTS) < 0)
    return -1;
  return sbx_loop_add (loop, &self->link, SBX_ORDER_PARTS, serve_link, NULL);
}

bool
sbx_sidecar_waits (const void *state)
{
  const SbxSidecar *self = state;

  return self->pid != 0 && !self->ready;
}

bool
sbx_sidecar_reaped (void *state, pid_t pid, int status)
{
  SbxSidecar *self = state;

  if (self->pid != pid)
    return false;
  self->pid = 0;
  lose (self);
  return true;
}

void
sbx_sidecar_end (void *state)
{
  SbxSidecar *self = state;

  sbx_watch_close (&self->link);
  sbx_watch_close (&self->output);
  sbx_complaints_close (&self->complaints);
  if (self->pid > 0)
    kill (self->pid, SIGKILL); /* bwrap, and with it all that is inside (--die-with-parent) */
}

bool
sbx_sidecar_is_gone (void *state)
{
  const SbxSidecar *self = state;

  return self->pid == 0;
}

void
sbx_sidecar_dismiss (SbxSidecar *self)
{
  self->aside = true;
  sbx_sidecar_read (self);
  sbx_watch_close (&self->output);
  self->output.paused = false;
  self->output.due = 0;
  sbx_complaints_close (&self->complaints);
  if (self->pid > 0)
    kill (self->pid, SIGKILL);
}

bool
sbx_sidecar_is_dismissed (const SbxSidecar *self)
{
  return self->pid == 0 && self->link.fd < 0;
}
