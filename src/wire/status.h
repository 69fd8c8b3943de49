/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The status file of an instance: written by its keeper, or by sandboxd for a keeper that was killed; read by every
 * sandboxd. libc only.
 *
 * It is a key file, for people to read, but only as it is written here: "[Status]", then every key of the table in
 * status.c in that order, then newlines up to SBX_STATUS_SIZE bytes. A file of newlines alone is that of an instance
 * which is being prepared. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "wire/message.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_STATUS_SIZE 4096
#define SBX_STATUS_TEXT 1024 /* with its NUL */

typedef enum { SBX_STATUS_PREPARED, SBX_STATUS_RUNNING, SBX_STATUS_EXITED, SBX_N_STATUS_STATES } SbxStatusState;

typedef struct {
  SbxStatusState state;
  int32_t pid, init_pid, keeper_pid; /* on the host; 0: none, or not known */
  int64_t start_time, exit_time;     /* us since 1970, or 0 */
  int32_t wait_status;               /* of the application, as of wait(2) */
  SbxCulprit culprit;                /* when EXITED */
  int32_t culprit_status;            /* wait status of bwrap or the keeper */
  uint32_t enforced;                 /* SbxEnforced */
  char text[SBX_STATUS_TEXT];        /* one line of UTF-8, or "" */
} SbxStatus;

/* Fills @file. The text is cleaned as by sbx_status_set_text (). */
void sbx_status_write (const SbxStatus *status, char file[SBX_STATUS_SIZE]);
/* Reads what sbx_status_write () has written; at least the newlines at its end may be fewer. Returns 0, or -1 with
 * EBADMSG for anything else; *@wrong is then the key that is missing or has no value of ours. */
int sbx_status_read (SbxStatus *status, const char *file, size_t size, const char **wrong);

/* Stores @text, which may come from anywhere, as one line: control characters become blanks, it is cut where it does
 * not fit or is not UTF-8, and blanks at either end are dropped. */
void sbx_status_set_text (SbxStatus *status, const char *text);

#ifdef __cplusplus
}
#endif
