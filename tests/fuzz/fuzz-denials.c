/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of denials of a record, and the rules of a filter: whatever runs as our uid can write the first, and names
 * in both come to terminals and logs. What is accepted is within its bounds, and is written as it was read. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "wire/call-rule.h"
#include "wire/denials.h"

static bool
is_plain (const char *text, size_t size)
{
  size_t n = strnlen (text, size);

  for (size_t i = 0; i < n; i++)
    if (text[i] < ' ' || text[i] > '~')
      return false;
  return n < size;
}

static void
check (const SbxDenials *denials, const uint8_t *file, size_t size)
{
  char *again = malloc (SBX_DENIALS_FILE_MAX);

  MUST (again != NULL && denials->n_rows <= SBX_DENIALS);
  for (size_t i = 0; i < denials->n_rows; i++) {
    const SbxDenial *one = &denials->rows[i].denial;

    MUST (is_plain (one->object, sizeof one->object) && is_plain (one->action, sizeof one->action));
    MUST (is_plain (one->process, sizeof one->process) && sbx_denial_need_name (one->source, one->need) != NULL);
  }
  MUST (sbx_denials_write (denials, again) == size && memcmp (again, file, size) == 0);
  free (again);
}

static void
check_rule (const uint8_t *data, size_t size)
{
  const uint64_t arguments[6] = { 0 };
  SbxCallRule rule;

  if (!sbx_call_rule_read (&rule, data, size))
    return;
  MUST (is_plain (rule.call, sizeof rule.call) && is_plain (rule.kind, sizeof rule.kind));
  MUST (rule.error > 0 && rule.error < 4096);
  (void) sbx_call_rule_matches (&rule, rule.arch, rule.number, arguments);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  uint8_t *file = malloc (size > 0 ? size : 1); /* of its own, so that a byte too far is found */
  SbxDenials denials;

  MUST (file != NULL);
  if (size > 0)
    memcpy (file, data, size);
  if (sbx_denials_read (&denials, file, size) == 0)
    check (&denials, file, size);
  else
    MUST (errno == EBADMSG && denials.n_rows == 0);
  check_rule (file, size);
  free (file);
  return 0;
}
