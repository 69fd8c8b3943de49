/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparing paths as words: both absolute, without "." and "..", with single slashes and none at the end. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether @path is @directory or something in it; everything is in "/". */
gboolean sbx_path_is_below (const char *path, const char *directory);

G_END_DECLS
