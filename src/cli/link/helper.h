/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The programs that come with this one. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where @name is: in the directory that the environment names, in @room of the build tree that we are in, or installed.
 * It need not be there. The caller's. */
char *sbx_helper_find (const char *name, const char *room);

G_END_DECLS
