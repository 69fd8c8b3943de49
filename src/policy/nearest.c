/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/nearest.h"

#include <string.h>

/* Optimal string alignment: insertions, deletions, replacements, and neighbours that changed places, without case. */
static gsize
edit_distance (const char *a, const char *b)
{
  gsize n = strlen (a), m = strlen (b);
  g_autofree gsize *cells = g_new0 (gsize, (n + 1) * (m + 1));

#define CELL(i, j) cells[(i) * (m + 1) + (j)]
#define SAME(x, y) (g_ascii_tolower (x) == g_ascii_tolower (y))
  for (gsize i = 0; i <= n; i++)
    for (gsize j = 0; j <= m; j++) {
      if (i == 0 || j == 0) {
        CELL (i, j) = i + j;
        continue;
      }
      CELL (i, j) = MIN (CELL (i - 1, j) + 1, CELL (i, j - 1) + 1);
      CELL (i, j) = MIN (CELL (i, j), CELL (i - 1, j - 1) + !SAME (a[i - 1], b[j - 1]));
      if (i > 1 && j > 1 && SAME (a[i - 1], b[j - 2]) && SAME (a[i - 2], b[j - 1]))
        CELL (i, j) = MIN (CELL (i, j), CELL (i - 2, j - 2) + 1);
    }
  return CELL (n, m);
#undef CELL
#undef SAME
}

/* The only one that begins with @word, of which there must be enough to mean something. */
static const char *
only_beginning (const char *word, const char *const *words)
{
  const char *found = NULL;

  if (strlen (word) < 2)
    return NULL;
  for (; *words; words++)
    if (g_str_has_prefix (*words, word)) {
      if (found)
        return NULL;
      found = *words;
    }
  return found;
}

const char *
sbx_nearest_word (const char *word, const char *const *words)
{
  const char *nearest = only_beginning (word, words);
  gsize best = MAX (strlen (word) / 3, 1) + 1;

  if (nearest || strlen (word) > 64)
    return nearest;
  for (; *words; words++) {
    gsize distance = edit_distance (word, *words);

    if (distance < best) {
      best = distance;
      nearest = *words;
    }
  }
  return nearest;
}
