/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "cli/instances.h"

G_BEGIN_DECLS

/* Every property, in kebab case, with the id as its 16 digits. */
JsonNode *sbx_instance_to_json (const SbxInstanceInfo *self);

G_END_DECLS
