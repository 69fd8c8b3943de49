/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/text/output.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

#include "cli/text/service-text.h"
#include "common/names.h"

gboolean
sbx_output_is_harmful (gunichar c)
{
  return g_unichar_iscntrl (c) || c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e)
         || (c >= 0x2066 && c <= 0x2069);
}

char *
sbx_output_clean (const char *text)
{
  GString *clean = g_string_new (NULL);

  while (*text) {
    gunichar c = g_utf8_get_char_validated (text, -1);

    if (c == (gunichar) -1 || c == (gunichar) -2) {
      g_string_append_printf (clean, "\\x%02x", (guchar) *text++);
      continue;
    }
    if (c == '\n' || c == '\t')
      g_string_append_c (clean, ' ');
    else if (sbx_output_is_harmful (c))
      g_string_append_printf (clean, "\\x%02x", c);
    else
      g_string_append_unichar (clean, c);
    text = g_utf8_next_char (text);
  }
  return g_string_free (clean, FALSE);
}

static int
width_of_char (gunichar c)
{
  return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
}

static int
width_of (const char *text)
{
  int width = 0;

  for (const char *p = text; *p; p = g_utf8_next_char (p))
    width += width_of_char (g_utf8_get_char (p));
  return width;
}

char *
sbx_output_pad (const char *text, int columns)
{
  return g_strdup_printf ("%s%*s", text, MAX (0, columns - width_of (text)), "");
}

char *
sbx_output_cut (const char *text, int columns)
{
  const char *end = text;

  for (int width = 0; *end; end = g_utf8_next_char (end)) {
    width += width_of_char (g_utf8_get_char (end));
    if (width > columns)
      break;
  }
  return g_strndup (text, (gsize) (end - text));
}

char *
sbx_output_wrap (const char *text, int columns)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \n", -1);
  GString *wrapped = g_string_new (NULL);
  int at = 0;

  for (char **word = words; *word; word++) {
    if (at > 0 && at + 1 + width_of (*word) > columns) {
      g_string_append_c (wrapped, '\n');
      at = 0;
    } else if (word != words) {
      g_string_append_c (wrapped, ' ');
      at++;
    }
    for (const char *p = *word; *p; p = g_utf8_next_char (p)) {
      gunichar c = g_utf8_get_char (p);

      /* Between the letters of Chinese and Japanese too, where no space is; but not before their full stop or comma */
      if (g_unichar_iswide (c) && g_unichar_isalnum (c) && at + width_of_char (c) + 2 > columns) {
        g_string_append_c (wrapped, '\n');
        at = 0;
      }
      g_string_append_unichar (wrapped, c);
      at += width_of_char (c);
    }
  }
  return g_string_free (wrapped, FALSE);
}

GStrv
sbx_output_format (GPtrArray *rows)
{
  int widths[16] = { 0 };
  char **lines = g_new0 (char *, rows->len + 1);

  for (guint i = 0; i < rows->len; i++) {
    char **row = rows->pdata[i];

    for (guint j = 0; j < G_N_ELEMENTS (widths) && row[j]; j++)
      widths[j] = MAX (widths[j], width_of (row[j]));
  }
  for (guint i = 0; i < rows->len; i++) {
    char **row = rows->pdata[i];
    GString *line = g_string_new (NULL);

    for (guint j = 0; row[j]; j++)
      g_string_append_printf (line, "%s%*s", row[j],
                              row[j + 1] && j < G_N_ELEMENTS (widths) ? widths[j] - width_of (row[j]) + 2 : 0, "");
    lines[i] = g_string_free (line, FALSE);
  }
  return lines;
}

void
sbx_output_table (GPtrArray *rows)
{
  g_auto (GStrv) lines = sbx_output_format (rows);

  for (char **line = lines; *line; line++)
    puts (*line);
}

char *
sbx_output_kebab (const char *name)
{
  GString *text = g_string_new (NULL);

  for (const char *p = name; *p; p++) {
    if (g_ascii_isupper (*p) && p != name && p[-1] != '-' && p[-1] != ' ' && !g_ascii_isupper (p[-1]))
      g_string_append_c (text, '-');
    g_string_append_c (text, g_ascii_tolower (*p));
  }
  return g_string_free (text, FALSE);
}

gboolean
sbx_output_colours (void)
{
  const char *no = g_getenv ("NO_COLOR");

  return (!no || !*no) && isatty (STDOUT_FILENO);
}

int
sbx_fail (const char *format, ...)
{
  g_autofree char *text = NULL, *said = NULL, *clean = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  said = sbx_service_text (text);
  clean = sbx_output_clean (said);
  fprintf (stderr, "sandboxctl: %s\n", clean);
  return SBX_EXIT_SANDBOX;
}

int
sbx_fail_error (const GError *error)
{
  return sbx_fail ("%s", error->message);
}

gboolean
sbx_output_finish (gboolean closed)
{
  gboolean wrote = __fpending (stdout) > 0;
  int failed = ferror (stdout);

  if (wrote && closed) {
    sbx_fail (_ ("standard output is closed, so there is nowhere to write; redirect it, for example to a file"));
    return FALSE;
  }
  if (fflush (stdout) == 0 && !failed)
    return TRUE;
  sbx_fail (_ ("cannot write to standard output: %s"), g_strerror (errno));
  return FALSE;
}
