/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a name on a message bus may look like ("Message Protocol", "Valid Names"): as GDBus says, without GIO. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether @text is a bus name: a unique one, or one of at least two elements. */
gboolean sbx_is_bus_name (const char *text);
/* Whether @text is one that a bus gives, such as ":1.7". */
gboolean sbx_is_unique_bus_name (const char *text);

G_END_DECLS
