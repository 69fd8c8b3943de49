/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one table of verbs: a verb is a function in a file of its own (functions.h) and a row here. */
#pragma once

#include "cli/cli.h"

G_BEGIN_DECLS

/* Ends with a NULL name. */
extern const SbxVerb sbx_verbs[];

G_END_DECLS
