/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filtered buses: xdg-dbus-proxy. It says that it listens by a byte on its link, and ends when we close that
 * (xdg-dbus-proxy(1), --fd). It prints each message and what became of it (--log), which is where refusals are read
 * from. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/keeper.h"

/* The log is read at once, and then not again for this long, so that a chatty application wakes us 50 times a second at
 * most. A pipe takes 64 KiB (pipe(7)): some 400 messages, or 20,000 a second, before the proxy has to wait. */
#define LOG_PAUSE_MS 20
/* What has come of it is told four times a second at most: a service that is busy with something else keeps up. */
#define TELL_PAUSE_MS 250

int
sbx_keeper_start_proxy (SbxKeeper *keeper, const SbxBlock *records)
{
  if (mkdirat (keeper->record.directory, SBX_BUS_SUBDIR, 0700) < 0)
    return -1;
  return sbx_sidecar_start (&keeper->proxy, records, false);
}

static void
tell_denial (SbxKeeper *keeper, uint32_t slot)
{
  SbxDenialRow *row = &keeper->denials.rows[slot];
  SbxMessage message = { .type = SBX_MSG_DENIED, .slot = slot, .denial = row->denial };

  row->changed = false;
  sbx_keeper_broadcast (keeper, &message);
}

static void
tell_refusals (SbxKeeper *keeper, bool all)
{
  SbxMessage more = { .type = SBX_MSG_DENIED_MORE, .value = (int32_t) keeper->denials.dropped };

  for (uint32_t i = 0; i < keeper->denials.n_rows; i++)
    if (all || keeper->denials.rows[i].changed)
      tell_denial (keeper, i);
  if (more.value > 0)
    sbx_keeper_broadcast (keeper, &more);
}

void
sbx_keeper_serve_proxy_log (SbxKeeper *keeper)
{
  char bytes[16384];
  ssize_t n = 1;

  /* What a full pipe holds, and no more in one go: the writer may be as quick as we are */
  for (size_t i = 0; i < 65536 / sizeof bytes && n > 0; i++) {
    n = read (keeper->proxy.log, bytes, sizeof bytes);
    if (n > 0)
      sbx_bus_log_feed (&keeper->bus_log, &keeper->denials, bytes, (size_t) n);
  }
  if (keeper->tell_refusals_at == 0 && sbx_denials_have_news (&keeper->denials))
    keeper->tell_refusals_at = keeper->refusals_told + TELL_PAUSE_MS;
  if (n == 0)
    sbx_sidecar_close_log (&keeper->proxy);
  else
    keeper->proxy_log_at = sbx_keeper_now () + LOG_PAUSE_MS;
}

void
sbx_keeper_proxy_timer (SbxKeeper *keeper, int64_t now)
{
  if (keeper->proxy_log_at != 0 && now >= keeper->proxy_log_at)
    keeper->proxy_log_at = 0;
  if (keeper->tell_refusals_at != 0 && now >= keeper->tell_refusals_at) {
    keeper->tell_refusals_at = 0;
    keeper->refusals_told = now;
    tell_refusals (keeper, false);
  }
}

void
sbx_keeper_last_refusals (SbxKeeper *keeper)
{
  if (keeper->proxy.log >= 0)
    sbx_keeper_serve_proxy_log (keeper);
  if (keeper->tell_refusals_at != 0)
    tell_refusals (keeper, false);
  keeper->tell_refusals_at = 0;
}

void
sbx_keeper_announce_refusals (SbxKeeper *keeper)
{
  tell_refusals (keeper, true);
}

static void
lost (SbxKeeper *keeper)
{
  close (keeper->proxy.link);
  keeper->proxy.link = -1;
  if (keeper->state < SBX_KEEPER_RUNNING)
    sbx_keeper_fail (keeper, SBX_STEP_PROXY, 0, "xdg-dbus-proxy has ended; is the message bus there?");
  keeper->enforced &= ~(uint32_t) SBX_ENFORCED_BUS;
  sbx_keeper_enforced_changed (keeper);
}

void
sbx_keeper_serve_proxy (SbxKeeper *keeper)
{
  char byte;
  ssize_t n = read (keeper->proxy.link, &byte, sizeof byte);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0) {
    lost (keeper);
    return;
  }
  keeper->proxy.ready = true;
  keeper->enforced |= SBX_ENFORCED_BUS;
  sbx_keeper_sidecar_ready (keeper);
}
