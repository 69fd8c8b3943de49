/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "Did you mean": words that are nearly another. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns the only word of @words (NULL-terminated) that begins with @word, or else the nearest by edit distance, or
 * NULL when none is near (distance > 1/3). */
const char *sbx_nearest_word (const char *word, const char *const *words);

G_END_DECLS
