/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/text/service-text.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cli/text/service-messages.h"

#define MAX_ARGUMENTS 8
#define MAX_DEPTH 4

typedef struct {
  const char *at;
  gsize n;
} Span;

/* A format that a text may have been made from, and what was put into it then. */
typedef struct {
  const char *format;
  Span arguments[MAX_ARGUMENTS];
  gsize n;
  gsize weight; /* bytes of the text that are the format's own */
} Match;

/* The length of the conversion at @format, which is a '%'; *@number: the argument that it names, from 1, or 0. */
static gsize
measure_conversion (const char *format, guint *number)
{
  gsize n = 1 + strspn (format + 1, "0123456789");

  *number = format[n] == '$' ? (guint) g_ascii_strtoull (format + 1, NULL, 10) : 0;
  if (*number > 0)
    n++;
  n += strspn (format + n, "-+#0 .*123456789hlzjt");
  return format[n] ? n + 1 : n;
}

/* What stands in @format up to its next conversion, with "%%" as the one character that it makes; the caller's.
 * *@format: at the conversion, or at the end. */
static char *
take_literal (const char **format)
{
  GString *literal = g_string_new (NULL);

  for (; **format; (*format)++) {
    if (**format == '%' && (*format)[1] != '%')
      break;
    if (**format == '%')
      (*format)++;
    g_string_append_c (literal, **format);
  }
  return g_string_free (literal, FALSE);
}

static gboolean
is_possible (char conversion, Span span)
{
  return conversion == 's' || conversion == 'c'
         || (span.n > 0 && strspn (span.at, "-0123456789abcdefABCDEFx") >= span.n);
}

/* Where the argument ends that is followed by @literal; the last one takes what is left. NULL: nowhere. */
static const char *
find_end (const char *text, const char *literal, gboolean last)
{
  gsize n = strlen (text), tail = strlen (literal);

  if (!last)
    return *literal ? strstr (text, literal) : NULL;
  return n >= tail && strcmp (text + n - tail, literal) == 0 ? text + n - tail : NULL;
}

static gboolean
match (const char *format, const char *text, Match *found)
{
  g_autofree char *first = take_literal (&format);

  *found = (Match){ .weight = strlen (first) };
  if (!g_str_has_prefix (text, first))
    return FALSE;
  text += found->weight;
  while (*format) {
    g_autofree char *literal = NULL;
    const char *end;
    guint number;
    char conversion;

    format += measure_conversion (format, &number);
    conversion = format[-1];
    literal = take_literal (&format);
    end = find_end (text, literal, !*format);
    if (!end || found->n == MAX_ARGUMENTS || !is_possible (conversion, (Span){ text, (gsize) (end - text) }))
      return FALSE;
    found->arguments[found->n++] = (Span){ text, (gsize) (end - text) };
    found->weight += strlen (literal);
    text = end + strlen (literal);
  }
  return !*text;
}

/* The format that has most of @text as its own. */
static gboolean
find_format (const char *text, Match *best)
{
  *best = (Match){ 0 };
  for (const char *const *format = sbx_service_messages; *format; format++) {
    Match found;

    if (match (*format, text, &found) && found.weight > best->weight) {
      *best = found;
      best->format = *format;
    }
  }
  return best->format != NULL;
}

static char *translate (const char *text, guint depth);

static char *
render (const Match *match, guint depth)
{
  const char *format = _ (match->format);
  GString *text = g_string_new (NULL);

  for (guint next = 1;; next++) {
    g_autofree char *literal = take_literal (&format), *argument = NULL, *said = NULL;
    guint number;

    g_string_append (text, literal);
    if (!*format)
      return g_string_free (text, FALSE);
    format += measure_conversion (format, &number);
    number = number > 0 ? number : next;
    if (number > match->n)
      continue;
    argument = g_strndup (match->arguments[number - 1].at, match->arguments[number - 1].n);
    said = translate (argument, depth + 1);
    g_string_append (text, said);
  }
}

/* The first @n bytes of @text, which end with ": "; a format may be of all of them (g_prefix_error ()), or of those
 * before.
 */
static char *
translate_head (const char *text, gsize n, guint depth)
{
  g_autofree char *whole = g_strndup (text, n), *head = g_strndup (text, n - 2), *said = NULL;
  Match found;

  if (find_format (whole, &found))
    return render (&found, depth);
  said = translate (head, depth + 1);
  return g_strconcat (said, ": ", NULL);
}

/* One text after another: "policy: [Context] shared: unknown ...", "open /x: Permission denied". */
static char *
translate_parts (const char *text, guint depth)
{
  Match found;

  for (const char *at = strstr (text, ": "); at; at = strstr (at + 1, ": "))
    if (find_format (at + 2, &found)) {
      g_autofree char *head = translate_head (text, (gsize) (at + 2 - text), depth);
      g_autofree char *tail = render (&found, depth);

      return g_strconcat (head, tail, NULL);
    }
  for (gsize n = strlen (text); n > 2; n--) {
    g_autofree char *head = NULL;

    if (strncmp (text + n - 2, ": ", 2) != 0)
      continue;
    head = g_strndup (text, n - 2);
    if (find_format (head, &found)) {
      g_autofree char *said = render (&found, depth);

      return g_strconcat (said, text + n - 2, NULL);
    }
  }
  return g_strdup (text);
}

static char *
translate (const char *text, guint depth)
{
  Match found;

  if (depth > MAX_DEPTH || !strchr (text, ' '))
    return g_strdup (text);
  return find_format (text, &found) ? render (&found, depth) : translate_parts (text, depth);
}

char *
sbx_service_text (const char *text)
{
  return translate (text, 0);
}
