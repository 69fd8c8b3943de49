/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A frame from a sandbox: what passes is a packet to the Internet or to the resolver, however it is put together, and
 * what is refused has an answer of its own. */
#include <string.h>

#include "fuzz.h"
#include "keeper/asking.h"
#include "keeper/border.h"
#include "wire/asked-name.h"

static void
check_passed (const uint8_t *frame, size_t n)
{
  const uint8_t *ip = frame + 14;
  unsigned type = (unsigned) (frame[12] << 8 | frame[13]);

  if (type == 0x0806)
    return;
  if (type == 0x0800) {
    MUST (n >= 14 + 20 + 8 && ip[0] == 0x45);
    MUST (ip[16] != 127 && ip[16] < 224 && !(ip[16] == 192 && ip[17] == 168));
    MUST (ip[16] != 10 || memcmp (ip + 16, "\x0a\x00\x02\x03", 4) == 0);
    return;
  }
  MUST (type == 0x86dd && n >= 14 + 40 + 8);
  MUST (ip[24] >> 5 == 1 || ip[6] == 58 || (ip[24] == 0xfd && ip[39] == 3));
}

/* What goes back to the sender is in order, whatever it was about. */
static void
check_answer (const uint8_t *frame, size_t n)
{
  uint8_t answer[SBX_REFUSAL_MAX];
  size_t length = sbx_border_refusal (frame, n, answer);

  MUST (length > 14 && length <= sizeof answer);
  MUST (memcmp (answer, frame + 6, 6) == 0 && memcmp (answer + 6, frame, 6) == 0);
  length = sbx_border_ending (frame, n, answer);
  (void) sbx_border_describe (&(SbxBorder){ .n = 0 }, frame, n, &(SbxRefused){ .port = 0 });
  MUST (length <= n && (length == 0 || memcmp (answer, frame, 14) == 0));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const SbxBorder usual = {
    .host = { .n = 1, .rows = { { .bytes = { 203, 0, 113, 77 } } } },
    .n = 2,
    .rows = { { .place = SBX_PLACE_INTERNET, .last = SBX_PORT_MAX }, { .place = SBX_PLACE_DNS, .last = SBX_PORT_MAX } },
  };
  const SbxBorder closed = { .n = 0 };
  SbxDnsQuestion question;

  if (sbx_asking_read (data, size, &question)) {
    MUST (sbx_asked_name_is_valid (question.name));
  }
  switch (sbx_border_check (&usual, data, size)) {
  case SBX_BORDER_PASS:
    check_passed (data, size);
    break;
  case SBX_BORDER_REFUSE:
    check_answer (data, size);
    break;
  case SBX_BORDER_DROP:
    break;
  }
  if (sbx_border_check_inwards (&usual, data, size) == SBX_BORDER_REFUSE)
    check_answer (data, size);
  if (sbx_border_check (&closed, data, size) == SBX_BORDER_PASS)
    MUST (data[12] == 0x08 ? data[13] == 0x06 : data[12] == 0x86 && data[14 + 6] == 58);
  return 0;
}
