/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has crossed the border of a sandbox's own network, what was refused there, and which names it asked for, as
 * people read it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes in and out so far, as @properties of an instance (a{sv}) say. FALSE, and 0: nothing. */
gboolean sbx_crossed_bytes (GVariant *properties, guint64 *in, guint64 *out);
/* The same as a line, or NULL. */
char *sbx_crossed_text (GVariant *properties);
/* A line for each name that it asked for, the last one first; at most @most (0: all that are told of). Empty: none.
 * Free with g_strfreev (). */
char **sbx_crossed_names (GVariant *properties, guint most);
/* A line for each destination and name that was refused. */
char **sbx_crossed_refused (GVariant *properties);
/* How often anything was. */
guint64 sbx_crossed_count_refused (GVariant *properties);

G_END_DECLS
