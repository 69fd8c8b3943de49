/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/bus-name.h"

#include <string.h>

#define LONGEST 255

static gboolean
is_letter (char c)
{
  return g_ascii_isalpha (c) || c == '_' || c == '-';
}

/* Elements between dots, none of them empty; those of a unique name may begin with a digit. */
static gboolean
has_elements (const char *text, gboolean unique)
{
  guint dots = 0;

  for (gboolean first = TRUE; *text; text++) {
    if (*text == '.') {
      if (first)
        return FALSE;
      dots++;
    } else if (!is_letter (*text) && !(g_ascii_isdigit (*text) && (unique || !first))) {
      return FALSE;
    }
    first = *text == '.';
    if (first && text[1] == '\0')
      return FALSE;
  }
  return dots > 0;
}

gboolean
sbx_is_unique_bus_name (const char *text)
{
  return text[0] == ':' && strlen (text) <= LONGEST && has_elements (text + 1, TRUE);
}

gboolean
sbx_is_bus_name (const char *text)
{
  return text[0] == ':' ? sbx_is_unique_bus_name (text) : strlen (text) <= LONGEST && has_elements (text, FALSE);
}
