/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a network of a sandbox's own needs of the machine. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Asks the program @path for its version, which costs an exec. NULL, or why it cannot be used, with the remedy; g_free.
 * 1.2 is the first that serves a socket instead of entering the namespace itself (its --target-type=bess). */
char *sbx_slirp_check (const char *path);
/* The same of what it says, for tests. */
char *sbx_slirp_check_version (const char *path, const char *said);
/* NULL, or why the device of tap interfaces at @path cannot be opened; static. */
const char *sbx_slirp_check_device (const char *path);

G_END_DECLS
