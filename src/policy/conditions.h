/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `if=` of a group: comma-separated terms that must all hold, each of them "landlock>=6", "wayland", "!x11" … */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What holds on this machine. */
typedef struct {
  int landlock_abi;
  gboolean wayland, x11, session_bus, pidns;
} SbxConditions;

/* Sets @holds. Errors: BAD_OPTION for a term that is not known (names the nearest). */
gboolean sbx_condition_evaluate (const char *condition, const SbxConditions *facts, gboolean *holds, GError **error);

G_END_DECLS
