/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a learning run found to be there outside and not inside, as the file that `why` reads later: a group for each,
 * "0" and up. */
#pragma once

#include "common/error.h"
#include "learn/proposal.h"

G_BEGIN_DECLS

#define SBX_MISSED_FILE_MAX                                                                                            \
  (1024 * 1024) /* bytes: SBX_PROPOSALS names of PATH_MAX, each byte as four, and the rest                             \
                 */

typedef struct {
  char *call, *path, *option; /* "open", "/home/u/Documents/a.odt", "--filesystem=xdg-documents" */
} SbxMissed;

/* Takes @call, @path and @option. */
SbxMissed *sbx_missed_new (char *call, char *path, char *option);
void sbx_missed_free (SbxMissed *self);

/* @list, SbxMissed *, as the file; the caller's. */
char *sbx_missed_to_text (const GPtrArray *list);
/* Reads such a file, called @name in errors: GPtrArray of SbxMissed, the caller's. What is no call, no absolute path or
 * no option is an error, and so is one row too many. Errors: BAD_OPTION. */
GPtrArray *sbx_missed_parse (const char *data, gsize size, const char *name, GError **error);

G_END_DECLS
