/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Output for programs. Apart from output.h: `sandboxctl run` has none of it, and does not load what makes it. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A variant as JSON: dictionaries as objects, byte strings as strings, CamelCase keys as kebab-case. */
JsonNode *sbx_output_to_json (GVariant *value);
void sbx_output_json (JsonNode *node); /* takes @node */

G_END_DECLS
