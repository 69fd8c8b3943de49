/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The status file of a record: whatever runs as our uid can write there. What is accepted is within its bounds, and
 * what is written anew from it is read as the same. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "wire/status.h"

static void
check (const SbxStatus *status)
{
  char file[SBX_STATUS_SIZE];
  const char *wrong;
  SbxStatus again;

  MUST (status->state < SBX_N_STATUS_STATES && status->culprit < SBX_N_CULPRITS);
  MUST (status->pid >= 0 && status->init_pid >= 0 && status->keeper_pid >= 0);
  MUST (status->start_time >= 0 && status->exit_time >= 0);
  MUST (status->wait_status >= 0 && status->wait_status <= 0xffff);
  MUST (memchr (status->text, '\0', sizeof status->text) != NULL && strpbrk (status->text, "\n\r\177") == NULL);
  sbx_status_write (status, file);
  MUST (sbx_status_read (&again, file, sizeof file, &wrong) == 0);
  MUST (again.state == status->state && again.pid == status->pid);
  MUST (again.init_pid == status->init_pid && again.keeper_pid == status->keeper_pid);
  MUST (again.start_time == status->start_time && again.exit_time == status->exit_time);
  MUST (again.wait_status == status->wait_status && again.culprit == status->culprit);
  MUST (again.culprit_status == status->culprit_status && again.enforced == status->enforced);
  MUST (strcmp (again.text, status->text) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *text = malloc (size > 0 ? size : 1); /* of its own, so that a byte too far is found */
  const char *wrong = NULL;
  SbxStatus status;

  MUST (text != NULL);
  if (size > 0)
    memcpy (text, data, size);
  if (sbx_status_read (&status, text, size, &wrong) == 0)
    check (&status);
  else
    MUST (errno == EBADMSG && wrong != NULL);
  free (text);
  return 0;
}
