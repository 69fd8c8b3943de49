/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the filter of the session bus lets through to portals. @rules: all n rules of that bus. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

/* Adds the arguments of the proxy for those portals that @rules grant to @argv. */
void sbx_mounts_add_portals (SbxDraft *self, GPtrArray *argv, const SbxBusRule *rules, gsize n);
/* Whether @rules grant the portal by which the user chooses files. */
gboolean sbx_mounts_grants_links (const SbxBusRule *rules, gsize n);
gboolean sbx_mounts_grants_files (const SbxBusRule *rules, gsize n);
/* Whether @rule names portals only, so that it needs no argument of its own. */
gboolean sbx_mounts_is_portal (const SbxBusRule *rule);

G_END_DECLS
