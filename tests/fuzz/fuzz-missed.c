/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a learning run has left for `why`: whatever runs as our uid can write there, and what is in it comes to a
 * terminal. What is accepted is within its bounds, and is written as it was read. */
#include <string.h>

#include "fuzz.h"
#include "learn/missed.h"

static void
check (const GPtrArray *list)
{
  g_autofree char *text = sbx_missed_to_text (list);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) again = sbx_missed_parse (text, strlen (text), "again", &error);

  if (!again)
    fprintf (stderr, "%s\n%s\n", error->message, text);
  MUST (again != NULL && again->len == list->len && list->len <= SBX_PROPOSALS);
  for (guint i = 0; i < list->len; i++) {
    const SbxMissed *one = list->pdata[i], *other = again->pdata[i];

    MUST (strcmp (one->call, other->call) == 0 && strcmp (one->path, other->path) == 0);
    MUST (strcmp (one->option, other->option) == 0);
    MUST (g_utf8_validate (one->path, -1, NULL) && *one->path == '/');
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_malloc (size + 1); /* as sbx_read_file () gives them out: with a NUL behind the end */
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;

  if (size > 0)
    memcpy (text, data, size);
  text[size] = '\0';
  list = sbx_missed_parse (text, size, "kept", &error);
  MUST ((list == NULL) == (error != NULL));
  if (list)
    check (list);
  else
    MUST (error->domain == SBX_ERROR && error->code == SBX_ERROR_BAD_OPTION);
  return 0;
}
