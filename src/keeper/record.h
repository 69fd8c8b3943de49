/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory $XDG_RUNTIME_DIR/sandbox/<id>: `keeper` (socket), `info` (for the next service), `status`. libc only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/status.h"

#define SBX_RECORD_DIRECTORIES 16

typedef struct {
  int parent;    /* descriptor of the directory above */
  int directory; /* its own, or -1 */
  int status;    /* the status file, as large as it will ever be, so that a full disk cannot spoil the end */
  char id[17];
  const char *directories[SBX_RECORD_DIRECTORIES]; /* that were made below it, by name */
  size_t n_directories;
} SbxKeeperRecord;

/* Makes the directory @id below @parent and the status file. 0, or -1 with errno after removing what was made: EEXIST
 * when the id is taken, or what mkdir(2), open(2) and write(2) say. @parent is the record's from now on, until the
 * process ends. */
int sbx_record_create (SbxKeeperRecord *record, int parent, const char *id);
/* Writes the info file, once: EEXIST when it is there already. A record without it is of an instance that has not come
 * to life. 0, or -1 with errno. */
int sbx_record_write_info (const SbxKeeperRecord *record, const void *info, size_t size);
/* Writes another one beside it, which takes its place with the second: whoever reads has the one or the other. The
 * first writes over what is left of a change that did not come to pass. 0, or -1 with errno. */
int sbx_record_write_new_info (const SbxKeeperRecord *record, const void *info, size_t size);
int sbx_record_replace_info (const SbxKeeperRecord *record);
/* Writes the file of denials, in place of the one before. 0, or -1 with errno, and that is still there then. */
int sbx_record_write_denied (const SbxKeeperRecord *record, const void *file, size_t size);
/* Makes the socket that services connect to. Returns it, which is the caller's; or -1 with errno. */
int sbx_record_listen (const SbxKeeperRecord *record);
/* Makes a directory below the record's own, which goes with it. @name has to stay valid as long as the record. 0, or -1
 * with errno: ENOSPC when there are SBX_RECORD_DIRECTORIES already, or what mkdir(2) says. */
int sbx_record_make_directory (SbxKeeperRecord *record, const char *name);
/* Writes the status file anew, in place. 0, or -1 with errno. */
int sbx_record_write (SbxKeeperRecord *record, const SbxStatus *status);
/* No service can connect any more, and the directories below go; the files stay. */
void sbx_record_close_socket (SbxKeeperRecord *record);
/* Removes the files and the directory. */
void sbx_record_remove (SbxKeeperRecord *record);
