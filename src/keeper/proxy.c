/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filtered buses: xdg-dbus-proxy in a bwrap of its own, our child. It says that it listens by a byte on a pipe, and
 * ends when we close our end of that (xdg-dbus-proxy(1), --fd), or with us. It prints each message and what became of
 * it (--log) into a second pipe, which is where refusals are read from. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "wire/fdmap.h"

/* The numbers that the proxy's bwrap expects, see plan/plan.h */
#define APP_INFO_NUMBER 10
#define PROXY_NUMBER 11

/* The log is read at once, and then not again for this long, so that a chatty application wakes us 50 times a second at
 * most. A pipe takes 64 KiB (pipe(7)): some 400 messages, or 20,000 a second, before the proxy has to wait. */
#define LOG_PAUSE_MS 20

static void __attribute__ ((noreturn)) exec_proxy (char **argv, int info, int ready, int log)
{
  const int sources[] = { log, STDERR_FILENO, info, ready };
  const int32_t targets[] = { STDOUT_FILENO, STDERR_FILENO, APP_INFO_NUMBER, PROXY_NUMBER };
  char *empty[] = { NULL };
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  if (sbx_fdmap_apply (sources, targets, 4, -1) == 0)
    execve (argv[0], argv, empty);
  _exit (127);
}

/* The info file in a pipe: it is at most SBX_APP_INFO_MAX, and a pipe takes 4096 bytes at least. */
static int
fill_pipe (const SbxBlock *block)
{
  SbxRecord info = { 0 };
  int ends[2];

  if (!sbx_block_next (block, SBX_TAG_APP_INFO, &info)) {
    errno = EBADMSG;
    return -1;
  }
  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -1;
  if (write (ends[1], info.value, info.length) != (ssize_t) info.length) {
    close (ends[0]);
    close (ends[1]);
    return -1;
  }
  close (ends[1]);
  return ends[0];
}

static int __attribute__ ((noinline)) spawn (SbxKeeper *keeper, char **argv, int info)
{
  int ready[2], log[2];

  if (pipe2 (ready, O_CLOEXEC) < 0)
    return -1;
  if (pipe2 (log, O_CLOEXEC) < 0) {
    close (ready[0]);
    close (ready[1]);
    return -1;
  }
  keeper->proxy = vfork ();
  if (keeper->proxy == 0)
    exec_proxy (argv, info, ready[1], log[1]);
  close (ready[1]);
  close (log[1]);
  if (keeper->proxy < 0) {
    keeper->proxy = 0;
    close (ready[0]);
    close (log[0]);
    return -1;
  }
  keeper->proxy_link = ready[0];
  keeper->proxy_log = log[0];
  fcntl (ready[0], F_SETFL, O_NONBLOCK);
  fcntl (log[0], F_SETFL, O_NONBLOCK);
  return 0;
}

int
sbx_keeper_start_proxy (SbxKeeper *keeper, const SbxBlock *block)
{
  size_t argc;
  char **argv = sbx_block_strv (block, SBX_TAG_PROXY, &argc);
  int info, rc;

  if (!argv || mkdirat (keeper->record.directory, SBX_BUS_SUBDIR, 0700) < 0)
    return -1;
  info = fill_pipe (block);
  if (info < 0)
    return -1;
  rc = spawn (keeper, argv, info);
  close (info);
  free (argv);
  return rc;
}

static void
tell_refusal (SbxKeeper *keeper, SbxBusRefusal *refusal)
{
  SbxMessage message = { .type = SBX_MSG_REFUSED,
                         .value = (int32_t) refusal->count,
                         .detail = (int32_t) refusal->need };

  snprintf (message.text, sizeof message.text, "%s %s", refusal->name, refusal->member);
  refusal->changed = false;
  sbx_keeper_broadcast (keeper, &message);
}

static void
close_log (SbxKeeper *keeper)
{
  if (keeper->proxy_log >= 0)
    close (keeper->proxy_log);
  keeper->proxy_log = -1;
  keeper->proxy_log_at = 0;
}

void
sbx_keeper_serve_proxy_log (SbxKeeper *keeper)
{
  char bytes[16384];
  ssize_t n = 1;

  /* What a full pipe holds, and no more in one go: the writer may be as quick as we are */
  for (size_t i = 0; i < 65536 / sizeof bytes && n > 0; i++) {
    n = read (keeper->proxy_log, bytes, sizeof bytes);
    if (n > 0)
      sbx_bus_log_feed (&keeper->bus_log, bytes, (size_t) n);
  }
  for (size_t i = 0; i < keeper->bus_log.n_refusals; i++)
    if (keeper->bus_log.refusals[i].changed)
      tell_refusal (keeper, &keeper->bus_log.refusals[i]);
  if (n == 0)
    close_log (keeper);
  else
    keeper->proxy_log_at = sbx_keeper_now () + LOG_PAUSE_MS;
}

void
sbx_keeper_proxy_timer (SbxKeeper *keeper, int64_t now)
{
  if (keeper->proxy_log_at != 0 && now >= keeper->proxy_log_at)
    keeper->proxy_log_at = 0;
}

void
sbx_keeper_announce_refusals (SbxKeeper *keeper)
{
  for (size_t i = 0; i < keeper->bus_log.n_refusals; i++)
    tell_refusal (keeper, &keeper->bus_log.refusals[i]);
}

static void
lost (SbxKeeper *keeper)
{
  close (keeper->proxy_link);
  keeper->proxy_link = -1;
  if (keeper->state < SBX_KEEPER_RUNNING)
    sbx_keeper_fail (keeper, SBX_STEP_PROXY, 0, "xdg-dbus-proxy has ended; is the message bus there?");
  keeper->enforced &= ~(uint32_t) SBX_ENFORCED_BUS;
  sbx_keeper_enforced_changed (keeper);
}

void
sbx_keeper_serve_proxy (SbxKeeper *keeper)
{
  char byte;
  ssize_t n = read (keeper->proxy_link, &byte, sizeof byte);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0) {
    lost (keeper);
    return;
  }
  keeper->enforced |= SBX_ENFORCED_BUS;
  if (keeper->state == SBX_KEEPER_READY && keeper->start_kept)
    sbx_keeper_start (keeper);
}

bool
sbx_keeper_waits_for_proxy (const SbxKeeper *keeper)
{
  return keeper->proxy != 0 && !(keeper->enforced & SBX_ENFORCED_BUS);
}

void
sbx_keeper_end_proxy (SbxKeeper *keeper)
{
  if (keeper->proxy_link >= 0)
    close (keeper->proxy_link);
  keeper->proxy_link = -1;
  close_log (keeper);
  if (keeper->proxy > 0)
    kill (keeper->proxy, SIGKILL); /* bwrap, and with it all that is inside (--die-with-parent) */
}
