/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links in /etc, /usr and /opt that lead out of these, over any number of steps: resolv.conf, certificates, /usr/local.
 * What they lead to has to be shown as well, or they lead nowhere inside. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *link;  /* "/etc/resolv.conf" */
  char *place; /* where the way first leaves the system's trees: "/run/resolve/stub.conf" */
} SbxLinkOut;

/* Looks through the directories in which such links are. Not followed: links that are not root's; what leads to the
 * user's files (@home) or to a place that every sandbox has of its own (/proc, /dev, /tmp, …), or shows a whole tree of
 * state
 * (/var/lib, /home); for root, what others may not read. @before: an earlier answer, or NULL; what has not changed
 * since is taken from it. Returns rows that are good until sbx_links_out_free (). */
typedef struct _SbxLinksOut SbxLinksOut;

SbxLinksOut *sbx_links_out_new (void);
void sbx_links_out_free (SbxLinksOut *self);
/* The links as they are now; the array is @self's, and good until the next call. */
const GArray *sbx_links_out_look (SbxLinksOut *self, const char *home, gboolean for_root);

/* Where the link at @path leaves the system's trees, or NULL when it does not, or is none of those above. */
char *sbx_link_out (const char *path, const char *home, gboolean for_root);

G_END_DECLS
