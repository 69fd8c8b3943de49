/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory $XDG_RUNTIME_DIR/sandbox/<id>: `keeper` (socket), `info` (for the next service), `status`. libc only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/status.h"

typedef struct {
  int parent;    /* descriptor of the directory above */
  int directory; /* its own, or -1 */
  int status;    /* the status file, as large as it will ever be, so that a full disk cannot spoil the end */
  char id[17];
} SbxKeeperRecord;

/* Makes the directory (EEXIST: the id is taken), the status file, and a listening socket, which is returned. Returns -1
 * with errno after removing what was made. @parent stays the caller's. */
int sbx_record_create (SbxKeeperRecord *record, int parent, const char *id);
/* Writes the info file, once: EEXIST when it is there already. A record without it is of an instance that has not come
 * to life. 0, or -1 with errno. */
int sbx_record_write_info (const SbxKeeperRecord *record, const void *info, size_t size);
/* Writes the status file anew, in place. 0, or -1 with errno. */
int sbx_record_write (SbxKeeperRecord *record, const SbxStatus *status);
/* No service can connect any more, the files stay. */
void sbx_record_close_socket (SbxKeeperRecord *record);
/* Removes the files and the directory. */
void sbx_record_remove (SbxKeeperRecord *record);
