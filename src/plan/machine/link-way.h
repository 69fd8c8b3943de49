/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a link of the system leads, a step at a time. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether @path, absolute and without "..", is in one of the trees that every sandbox has whole: /usr, /etc, /opt and
 * the links or directories beside them. */
gboolean sbx_link_is_of_system (const char *path);

/* Where the link at @path leaves the system's trees, over any number of steps (g_free); NULL when it does not, when a
 * link on the way is not root's, or when the place is one that is never shown for a link: the user's files (@home), a
 * place that every sandbox has of its own (/proc, /dev, /tmp, …), a whole tree of state (/var/lib, /home); with
 * @for_root, what others may not read. */
char *sbx_link_out (const char *path, const char *home, gboolean for_root) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
