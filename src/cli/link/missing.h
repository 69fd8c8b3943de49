/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command that is not found inside: why, and what would help. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* For people, the caller's to free. @command as asked for; @profile or NULL. What it says to add makes the command
 * start: the directory that it is found in outside, and those that links and "#!" lead to from there. */
char *sbx_explain_missing (const char *command, const char *profile);

G_END_DECLS
