/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a proxy prints, in pieces as they come through a pipe: the first byte is the size of those. What is told of it
 * is names by the rules of D-Bus, however it was cut. */
#include <string.h>

#include "fuzz.h"
#include "wire/bus-log.h"

static void
check (const SbxBusLog *log)
{
  MUST (log->n_refusals <= SBX_BUS_LOG_REFUSALS);
  MUST (log->length < SBX_BUS_LOG_LINE);
  for (size_t i = 0; i < log->n_refusals; i++) {
    const SbxBusRefusal *one = &log->refusals[i];

    MUST (sbx_bus_log_is_name (one->name) && sbx_bus_log_is_member (one->member));
    MUST (one->need >= SBX_BUS_NEEDS_SEE && one->need <= SBX_BUS_NEEDS_OWN);
    MUST (one->count > 0 && one->changed);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static SbxBusLog whole, pieces;
  size_t step;

  if (size < 2)
    return 0;
  memset (&whole, 0, sizeof whole);
  memset (&pieces, 0, sizeof pieces);
  step = data[0] + 1;
  data++;
  size--;
  sbx_bus_log_feed (&whole, (const char *) data, size);
  for (size_t at = 0; at < size; at += step)
    sbx_bus_log_feed (&pieces, (const char *) data + at, size - at < step ? size - at : step);
  check (&whole);
  MUST (memcmp (&whole, &pieces, sizeof whole) == 0);
  return 0;
}
