/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a proxy prints, in pieces as they come through a pipe: the first byte is the size of those. What is told of it
 * is names by the rules of D-Bus, however it was cut. */
#include <string.h>

#include "fuzz.h"
#include "wire/bus-log.h"

typedef struct {
  SbxBusLog log;
  SbxDenials denials;
} Reader;

static void
feed (Reader *reader, const uint8_t *data, size_t size)
{
  sbx_bus_log_feed (&reader->log, &reader->denials, (const char *) data, size);
}

static void
check (const Reader *reader)
{
  MUST (reader->denials.n_rows <= SBX_DENIALS);
  MUST (reader->log.length < SBX_BUS_LOG_LINE);
  for (size_t i = 0; i < reader->denials.n_rows; i++) {
    const SbxDenial *one = &reader->denials.rows[i].denial;

    MUST (sbx_denial_is_valid (one) && one->source == SBX_DENIAL_BUS);
    MUST (one->need >= SBX_BUS_NEEDS_SEE && one->need <= SBX_BUS_NEEDS_OWN);
    MUST (one->count > 0 && reader->denials.rows[i].changed);
  }
}

/* When it came says the clock. */
static void
forget_times (Reader *reader)
{
  for (size_t i = 0; i < reader->denials.n_rows; i++)
    reader->denials.rows[i].denial.from = reader->denials.rows[i].denial.to = 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static Reader whole, pieces;
  size_t step;

  if (size < 2)
    return 0;
  memset (&whole, 0, sizeof whole);
  memset (&pieces, 0, sizeof pieces);
  step = data[0] + 1;
  data++;
  size--;
  feed (&whole, data, size);
  for (size_t at = 0; at < size; at += step)
    feed (&pieces, data + at, size - at < step ? size - at : step);
  check (&whole);
  forget_times (&whole);
  forget_times (&pieces);
  MUST (memcmp (&whole, &pieces, sizeof whole) == 0);
  return 0;
}
