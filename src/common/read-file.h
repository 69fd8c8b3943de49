/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one reader of files of unknown size and kind. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SBX_READ_PLAIN = 0,
  SBX_READ_NO_LINK = 1 << 0, /* the last part of the path must not be a link */
  SBX_READ_OWN = 1 << 1,     /* the file must belong to the effective user */
} SbxReadFlags;

/* Reads the regular file @path, relative to the directory @directory (or AT_FDCWD), with a NUL behind its @size bytes.
 * Whatever lies there, the call neither waits for a writer nor takes more than @max bytes of memory for the content.
 * Returns the content (g_free), or NULL with errno: that of openat(2) or read(2), EISDIR (a directory), ENXIO (neither
 * file nor directory), ELOOP (a link, with SBX_READ_NO_LINK), EPERM (another user's, with SBX_READ_OWN), EFBIG (more
 * than @max bytes; @size says how many there are at least). */
char *sbx_read_file (int directory, const char *path, gsize max, SbxReadFlags flags,
                     gsize *size) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
