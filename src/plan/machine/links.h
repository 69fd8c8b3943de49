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

typedef struct _SbxLinksOut SbxLinksOut;

/* @cache: a directory of the user's own, that no sandbox has, in which what was seen is remembered between services
 * ("links"); NULL for none. */
SbxLinksOut *sbx_links_out_new (const char *cache);
void sbx_links_out_free (SbxLinksOut *self);

/* The links as they are now, from the directories in which such links are; these are looked through again when they
 * have changed. Of each, what sbx_link_out () says. The array (of SbxLinkOut) is @self's, and good until the next call.
 */
const GArray *sbx_links_out_look (SbxLinksOut *self, const char *home, gboolean for_root);

G_END_DECLS
