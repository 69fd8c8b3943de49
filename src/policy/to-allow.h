/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a profile names to allow what was refused. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The name of a bus policy that lets @member ("interface.method") of the bus name @name through: of a portal that is
 * its interface. NULL: none does, as for a unique name. The caller's. */
char *sbx_name_to_allow (const char *name, const char *member);

/* The destination of [Network] allow= that opens what the border refused: @object an address or a name, @action
 * "tcp:PORT", "udp:PORT", "icmp" or "dns", @need as sbx_denial_need_name () says. "host:5432/tcp", "192.168.1.1/icmp".
 * NULL: none does. The caller's. */
char *sbx_destination_to_allow (const char *object, const char *action, const char *need);

/* Why [Network] allow= of what @need says is a risk, after "a program ..."; NULL: none worth a word. Static. */
const char *sbx_destination_risk (const char *need);

G_END_DECLS
