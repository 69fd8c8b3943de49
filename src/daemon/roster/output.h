/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a listed application prints, as lines of the service's log. It gets a pipe of its own: whoever has the service's
 * standard error could cut it, read it, fill it, or write lines that look like ours. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SbxOutput SbxOutput;

/* Each line begins with @name; at most SBX_LOG_LINES of them in a minute, one more says that there was more. *@fd: the
 * end to be written to, the caller's. NULL with errno: there can be no pipe. */
SbxOutput *sbx_output_new (const char *name, int *fd);
/* What has not been read by then is not told. */
void sbx_output_free (SbxOutput *self);

/* Writes @line, of @size bytes with its end, at most PIPE_BUF, to standard error, unless that would wait: who reads it
 * may have stopped. */
void sbx_output_put (void *unused, const char *line, gsize size);

G_END_DECLS
