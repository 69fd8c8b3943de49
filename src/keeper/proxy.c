/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filtered buses: xdg-dbus-proxy in a bwrap of its own, our child. It says that it listens by a byte on a pipe, and
 * ends when we close our end of that (xdg-dbus-proxy(1), --fd), or with us. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "wire/fdmap.h"

/* The numbers that the proxy's bwrap expects, see plan/plan.h */
#define APP_INFO_NUMBER 10
#define PROXY_NUMBER 11

static void __attribute__ ((noreturn)) exec_proxy (char **argv, int info, int ready)
{
  const int sources[] = { STDERR_FILENO, info, ready };
  const int32_t targets[] = { STDERR_FILENO, APP_INFO_NUMBER, PROXY_NUMBER };
  char *empty[] = { NULL };
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  if (sbx_fdmap_apply (sources, targets, 3, -1) == 0)
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
  int ready[2];

  if (pipe2 (ready, O_CLOEXEC) < 0)
    return -1;
  keeper->proxy = vfork ();
  if (keeper->proxy == 0)
    exec_proxy (argv, info, ready[1]);
  close (ready[1]);
  if (keeper->proxy < 0) {
    keeper->proxy = 0;
    close (ready[0]);
    return -1;
  }
  keeper->proxy_link = ready[0];
  fcntl (ready[0], F_SETFL, O_NONBLOCK);
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
  if (keeper->proxy > 0)
    kill (keeper->proxy, SIGKILL); /* bwrap, and with it all that is inside (--die-with-parent) */
}
