/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/crossed.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cli/denied.h"
#include "cli/text/output.h"

gboolean
sbx_crossed_bytes (GVariant *properties, guint64 *in, guint64 *out)
{
  *in = *out = 0;
  g_variant_lookup (properties, "Traffic", "(tt)", in, out);
  return *in > 0 || *out > 0;
}

char *
sbx_crossed_text (GVariant *properties)
{
  g_autofree char *in_text = NULL, *out_text = NULL;
  guint64 in, out;

  if (!sbx_crossed_bytes (properties, &in, &out))
    return NULL;
  in_text = g_format_size (in);
  out_text = g_format_size (out);
  return g_strdup_printf (_ ("%s in, %s out"), in_text, out_text);
}

static char **
end_list (GStrvBuilder *list)
{
  char **strings = g_strv_builder_end (list);

  g_strv_builder_unref (list);
  return strings;
}

char **
sbx_crossed_names (GVariant *properties, guint most)
{
  g_autoptr (GVariant) names = g_variant_lookup_value (properties, "AskedNames", G_VARIANT_TYPE ("a(sut)"));
  GStrvBuilder *list = g_strv_builder_new ();

  for (gsize i = 0; names && i < g_variant_n_children (names) && (most == 0 || i < most); i++) {
    g_autofree char *name = NULL, *line = NULL, *time = NULL;
    g_autoptr (GDateTime) last = NULL;
    const char *text;
    guint32 count;
    guint64 when;

    g_variant_get_child (names, i, "(&sut)", &text, &count, &when);
    last = g_date_time_new_from_unix_local ((gint64) (when / G_USEC_PER_SEC));
    time = last ? g_date_time_format (last, "%T") : g_strdup ("-");
    name = sbx_output_clean (text); /* whatever a service says */
    line = g_strdup_printf (ngettext ("%s, %u time, at %s", "%s, %u times, last at %s", count), name, count, time);
    g_strv_builder_add (list, line);
  }
  return end_list (list);
}

/* Calls @visit for each row of what the border has refused. */
static void
visit_refused (GVariant *properties, void (*visit) (const SbxDenied *row, gpointer data), gpointer data)
{
  g_autoptr (GVariant) denied = g_variant_lookup_value (properties, "Denied", G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; denied && i < g_variant_n_children (denied); i++) {
    g_autoptr (GVariant) child = g_variant_get_child_value (denied, i);
    SbxDenied row;

    if (sbx_denied_read (&row, child) && strcmp (row.source, "network") == 0)
      visit (&row, data);
  }
}

static void
add_line (const SbxDenied *row, gpointer data)
{
  g_autofree char *title = sbx_denied_title (row), *often = sbx_denied_often (row);
  g_autofree char *line = g_strdup_printf ("%s (%s)", title, often);

  g_strv_builder_add (data, line);
}

char **
sbx_crossed_refused (GVariant *properties)
{
  GStrvBuilder *list = g_strv_builder_new ();

  visit_refused (properties, add_line, list);
  return end_list (list);
}

static void
add_count (const SbxDenied *row, gpointer data)
{
  *(guint64 *) data += row->count;
}

guint64
sbx_crossed_count_refused (GVariant *properties)
{
  guint64 sum = 0;

  visit_refused (properties, add_count, &sum);
  return sum;
}
