/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/duration.h"

gboolean
sbx_duration_parse (const char *text, guint32 most, guint32 *seconds)
{
  static const struct {
    const char *unit;
    guint32 seconds;
  } units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
  char *end;
  guint64 number;

  if (!g_ascii_isdigit (*text))
    return FALSE;
  number = g_ascii_strtoull (text, &end, 10);
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (end, units[i].unit)) {
      if (number == 0 || number > most / units[i].seconds)
        return FALSE;
      *seconds = (guint32) number * units[i].seconds;
      return TRUE;
    }
  return FALSE;
}
