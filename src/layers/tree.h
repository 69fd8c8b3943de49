/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removes a directory that an application could write to. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Removes the directory @name of the directory @at with all that is in it: however deep that is, however many files,
 * and whatever modes its directories have been given. No link is followed. What cannot be removed stays. It takes as
 * long as the application has wanted it to: not for a thread that has something else to do. */
void sbx_tree_remove (int at, const char *name);

G_END_DECLS
