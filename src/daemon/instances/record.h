/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of <runtime dir>/<id>/: `info` is ours (info.h; the keeper only stores it), `status` is the keeper's. They
 * are read strictly: whatever runs as our uid can write there. */
#pragma once

#include <gio/gio.h>

#include "daemon/instances/info.h"
#include "wire/status.h"

G_BEGIN_DECLS

/* Opens the record @id below @parent: a directory of ours that is no link. -1 with errno. */
int sbx_record_open (int parent, guint64 id);
/* A regular file of ours in it, of at most @max bytes. NULL with NOT_FOUND or BAD_OPTION. */
char *sbx_record_read (int directory, const char *name, gsize max, gsize *size, GError **error);
/* Its status file. FALSE with NOT_FOUND, or BAD_OPTION for what neither a keeper nor we write. */
gboolean sbx_record_read_status (int directory, SbxStatus *status, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The pids of keeper and sandbox-init in the status file of the record @id below @parent. FALSE when they cannot be
 * read. */
gboolean sbx_record_read_pids (int parent, guint64 id, gint32 *keeper, gint32 *init);
/* A connected socket to the keeper, or -1 with errno: ECONNREFUSED or ENOENT when there is none, EAGAIN when it is
 * busy. */
int sbx_record_connect (int directory);
/* Removes the files that a record consists of, and the directory if nothing else is in it. */
void sbx_record_sweep (int parent, guint64 id);
/* Writes the status that a keeper could not write any more, EXITED, so that every service tells the same; and removes
 * the dead socket. */
void sbx_record_set_exited (int parent, guint64 id, const SbxStatus *status);
/* Notes that the end of this instance has been announced by signal. */
void sbx_record_set_announced (int parent, guint64 id);
/* Was it? */
gboolean sbx_record_is_announced (int directory);
/* The info file of the instance @id. Errors: NOT_FOUND, BAD_OPTION. */
SbxInfo *sbx_record_read_info (int directory, guint64 id, GError **error);
/* Whether there is an info file, which the keeper writes when START comes: without it nothing has come to life. */
gboolean sbx_record_has_info (int directory);

G_END_DECLS
