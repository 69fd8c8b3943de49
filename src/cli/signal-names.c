/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/signal-names.h"

#include <signal.h>
#include <string.h>

/* "", "+3", "-1" */
static gboolean
parse_offset (const char *text, gint64 *offset)
{
  *offset = 0;
  return *text == '\0'
         || ((*text == '+' || *text == '-') && g_ascii_isdigit (text[1])
             && g_ascii_string_to_signed (text, 10, -64, 64, offset, NULL));
}

static int
real_time_signal (const char *name)
{
  const struct {
    const char *name;
    int base;
  } rows[] = { { "RTMIN", SIGRTMIN }, { "RTMAX", SIGRTMAX } };
  gint64 offset;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_ascii_strncasecmp (name, rows[i].name, 5) == 0 && parse_offset (name + 5, &offset)
        && rows[i].base + offset >= SIGRTMIN && rows[i].base + offset <= SIGRTMAX)
      return rows[i].base + (int) offset;
  return -1;
}

int
sbx_signal_from_name (const char *name)
{
  guint64 number;

  if (g_ascii_string_to_unsigned (name, 10, 1, (guint64) SIGRTMAX, &number, NULL))
    return (int) number;
  if (g_ascii_strncasecmp (name, "SIG", 3) == 0)
    name += 3;
  for (int signo = 1; signo < SIGRTMIN; signo++) {
    const char *known = sigabbrev_np (signo);

    if (known && g_ascii_strcasecmp (known, name) == 0)
      return signo;
  }
  return real_time_signal (name);
}
