/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* Which Debian package each of @paths (char *) belongs to, where dpkg is there and knows: path → "package version". */
JsonObject *sbx_find_packages (GPtrArray *paths);
