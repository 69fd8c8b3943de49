/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network of the sandbox's own: shared=private-network. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

/* Checks that this machine can make it, if the policy wants it: what it wants is never shared instead. NOT_SUPPORTED
 * with what is missing and the remedy. */
gboolean sbx_network_check (SbxDraft *self, GError **error);
/* Checks that its destinations can be kept: that there is a border for them, and not too many. NOT_SUPPORTED. */
gboolean sbx_network_check_destinations (const SbxPolicy *policy, GError **error);
/* The stack that serves it, a sidecar, if the policy wants it. */
void sbx_network_add (SbxDraft *self);
/* Puts the stack's resolver in the place of the host's: into the file @place that /etc/resolv.conf leads to outside of
 * /etc, or, with NULL, where it is in there. */
void sbx_network_add_resolver (SbxDraft *self, const char *place);
/* The rows of @policy as its border takes them: SbxDestination[], what is denied first. The caller's. */
GBytes *sbx_network_list_destinations (const SbxPolicy *policy);
gboolean sbx_network_is_private (const SbxPolicy *policy);

G_END_DECLS
