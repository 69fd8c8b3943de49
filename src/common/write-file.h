/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing all of something, and files that are there as a whole or not at all. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes all @size bytes to @fd, which must be blocking. Returns 0, or -1 with the errno of write(2); some of it may be
 * written then. */
int sbx_write_all (int fd, const void *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;

/* Puts a new file of mode 0600 with @size bytes in the place of @name in @directory; readers see the old one or the new
 * one. It is written as "@name.new", which is replaced as well, and a link in either place is replaced and not
 * followed. Nothing is synced. Returns 0, or -1 with errno and the old file in its place. */
int sbx_replace_file (int directory, const char *name, const void *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
