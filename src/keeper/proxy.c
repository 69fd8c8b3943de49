/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filtered buses: xdg-dbus-proxy. It says that it listens by a byte on its link, and ends when we close that
 * (xdg-dbus-proxy(1), --fd). It prints each message and what became of it (--log), which is where refusals are read
 * from. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/keeper.h"

/* The log is read at once, and then not again for this long, so that a chatty application wakes us 50 times a second at
 * most. A pipe takes 64 KiB (pipe(7)): some 400 messages, or 20,000 a second, before the proxy has to wait. */
#define LOG_PAUSE_MS 20

int
sbx_keeper_start_proxy (SbxKeeper *keeper, const SbxBlock *block)
{
  static const SbxSidecarTags tags = { SBX_TAG_PROXY, SBX_TAG_APP_INFO, SBX_TAG_PROXY_FILTER };

  if (mkdirat (keeper->record.directory, SBX_BUS_SUBDIR, 0700) < 0)
    return -1;
  return sbx_sidecar_start (&keeper->proxy, block, &tags, false);
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

void
sbx_keeper_serve_proxy_log (SbxKeeper *keeper)
{
  char bytes[16384];
  ssize_t n = 1;

  /* What a full pipe holds, and no more in one go: the writer may be as quick as we are */
  for (size_t i = 0; i < 65536 / sizeof bytes && n > 0; i++) {
    n = read (keeper->proxy.log, bytes, sizeof bytes);
    if (n > 0)
      sbx_bus_log_feed (&keeper->bus_log, bytes, (size_t) n);
  }
  for (size_t i = 0; i < keeper->bus_log.n_refusals; i++)
    if (keeper->bus_log.refusals[i].changed)
      tell_refusal (keeper, &keeper->bus_log.refusals[i]);
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
