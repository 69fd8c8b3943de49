/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The X server of x11=nested: Xephyr or Xvfb. It says that it is ready by its number on its link (-displayfd,
 * Xserver(1)). Its sockets are in a directory of the record, which is the application's /tmp/.X11-unix. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/keeper.h"

int
sbx_keeper_start_display (SbxKeeper *keeper, const SbxBlock *records)
{
  if (mkdirat (keeper->record.directory, SBX_X11_SUBDIR, 0700) < 0)
    return -1;
  return sbx_sidecar_start (&keeper->display, records, true);
}

/* What clients make it print wakes us 50 times a second at most: as with the proxy's log. */
#define LOG_PAUSE_MS 20

static void
keep_said (SbxKeeper *keeper, const char *bytes, size_t n)
{
  size_t room = sizeof keeper->display_said - 1 - keeper->n_display_said;

  if (n < room)
    room = n;
  memcpy (keeper->display_said + keeper->n_display_said, bytes, room);
  keeper->n_display_said += room;
}

/* The beginning is kept for the case that it gives up; servers complain of this and that when all is well. */
void
sbx_keeper_serve_display_log (SbxKeeper *keeper)
{
  char bytes[16384];
  ssize_t n = 1;

  /* What a full pipe holds (pipe(7)), and no more in one go */
  for (size_t i = 0; i < 65536 / sizeof bytes && n > 0; i++) {
    n = read (keeper->display.log, bytes, sizeof bytes);
    if (n > 0)
      keep_said (keeper, bytes, (size_t) n);
  }
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    sbx_sidecar_close_log (&keeper->display);
  else
    keeper->display_log_at = sbx_keeper_now () + LOG_PAUSE_MS;
}

void
sbx_keeper_display_timer (SbxKeeper *keeper, int64_t now)
{
  if (keeper->display_log_at != 0 && now >= keeper->display_log_at)
    keeper->display_log_at = 0;
}

static void __attribute__ ((noreturn)) give_up (SbxKeeper *keeper)
{
  char text[SBX_MESSAGE_TEXT + 1];

  if (keeper->display.log >= 0)
    sbx_keeper_serve_display_log (keeper);
  for (char *c = keeper->display_said; *c; c++)
    if (*c == '\n')
      *c = ' ';
  snprintf (text, sizeof text, "the sandbox's X server has ended: %s", keeper->display_said);
  sbx_keeper_fail (keeper, SBX_STEP_DISPLAY, 0, text);
}

void
sbx_keeper_display_ended (SbxKeeper *keeper)
{
  keeper->display.pid = 0;
  if (keeper->state < SBX_KEEPER_RUNNING)
    give_up (keeper);
  keeper->enforced &= ~(uint32_t) SBX_ENFORCED_DISPLAY;
  sbx_keeper_enforced_changed (keeper);
}

void
sbx_keeper_serve_display (SbxKeeper *keeper)
{
  char number[16];
  ssize_t n = read (keeper->display.link, number, sizeof number);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n > 0 && !keeper->display.ready) {
    keeper->display.ready = true;
    keeper->enforced |= SBX_ENFORCED_DISPLAY;
    sbx_keeper_sidecar_ready (keeper);
  } else if (n <= 0) { /* it closes this when it is ready; that it has ended is known when it is reaped */
    close (keeper->display.link);
    keeper->display.link = -1;
    if (!keeper->display.ready)
      give_up (keeper);
  }
}
