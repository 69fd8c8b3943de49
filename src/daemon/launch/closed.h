/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Restrict has taken away of facilities is written down in the row of Restrictions, so that no grant gives it
 * back. Files and destinations have notes of their own (narrowing.h). */
#pragma once

#include "daemon/instances/info.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* Adds to a row of Restrictions (a{sv}) what @to has less than @from: "session-bus" and "system-bus", a{ss}, rules and
 * what is left of each; "sockets", as. Of what stays it adds nothing. */
void sbx_closed_describe (GVariantBuilder *row, const SbxPolicy *from, const SbxPolicy *to);
/* Whether @asked, names and sockets, has nothing beyond @from that has a part in common with what was taken away from
 * the instance that @info describes. NOT_AUTHORIZED, with what that is. */
gboolean sbx_closed_check (const SbxInfo *info, const SbxPolicy *from, const SbxPolicy *asked,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
