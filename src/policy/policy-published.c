/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Network] publish=: sets of SbxPublished, sorted. Of two rows neither is a part of the other, so what two sets have
 * in common is what is in both. */
#include <arpa/inet.h>
#include <string.h>

#include "common/error.h"
#include "policy/policy-private.h"

GArray *
sbx_published_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (SbxPublished));
}

/* By port, protocol and address: the order in which they are written. */
static int
compare (gconstpointer x, gconstpointer y)
{
  const SbxPublished *a = x, *b = y;
  const int orders[] = {
    a->port - b->port,           a->inside - b->inside,   a->protocol - b->protocol,
    a->elsewhere - b->elsewhere, a->is_ipv6 - b->is_ipv6, memcmp (a->bytes, b->bytes, sizeof a->bytes),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    if (orders[i] != 0)
      return orders[i];
  return 0;
}

static gboolean
find (const GArray *set, const SbxPublished *row, guint *at)
{
  for (guint i = 0; i < set->len; i++)
    if (compare (&g_array_index (set, SbxPublished, i), row) == 0) {
      if (at)
        *at = i;
      return TRUE;
    }
  return FALSE;
}

static void
add (GArray *set, const SbxPublished *row)
{
  if (find (set, row, NULL))
    return;
  g_array_append_val (set, *row);
  g_array_sort (set, compare);
}

GArray *
sbx_published_combine (const GArray *a, const GArray *b, gboolean least)
{
  GArray *result = least ? sbx_published_new () : g_array_copy ((GArray *) a);

  for (guint i = 0; i < b->len; i++) {
    const SbxPublished *row = &g_array_index (b, SbxPublished, i);

    if (!least || find (a, row, NULL))
      add (result, row);
  }
  return result;
}

gboolean
sbx_published_equal (const GArray *a, const GArray *b)
{
  return a->len == b->len && (a->len == 0 || memcmp (a->data, b->data, a->len * sizeof (SbxPublished)) == 0);
}

/* Cuts the last ":PORT" off @text. */
static gboolean
take_port (char *text, guint16 *port)
{
  char *colon = strrchr (text, ':'), *digits = colon ? colon + 1 : text;
  guint64 number;

  if (!g_ascii_isdigit (*digits) || !g_ascii_string_to_unsigned (digits, 10, 1, G_MAXUINT16, &number, NULL))
    return FALSE;
  *port = (guint16) number;
  *(colon ? colon : text) = '\0';
  return TRUE;
}

static void
take_protocol (char *text, SbxPublished *row)
{
  char *slash = strrchr (text, '/');

  row->protocol = SBX_PROTOCOL_TCP;
  if (!slash || (strcmp (slash, "/tcp") != 0 && strcmp (slash, "/udp") != 0))
    return;
  if (strcmp (slash, "/udp") == 0)
    row->protocol = SBX_PROTOCOL_UDP;
  *slash = '\0';
}

/* "192.0.2.7", "[2001:db8::7]"; nothing is the loopback. */
static gboolean
read_address (char *text, SbxPublished *row)
{
  gsize n = strlen (text);

  if (n == 0)
    return TRUE;
  row->elsewhere = 1;
  row->is_ipv6 = *text == '[';
  if (!row->is_ipv6)
    return inet_pton (AF_INET, text, row->bytes) == 1;
  if (text[n - 1] != ']')
    return FALSE;
  text[n - 1] = '\0';
  return inet_pton (AF_INET6, text + 1, row->bytes) == 1;
}

/* "8080:80", "8080:80/udp", "192.0.2.7:8080:80"; "8080" is "8080:8080". */
static gboolean
read_row (const char *item, SbxPublished *row)
{
  g_autofree char *text = g_strdup (item);

  take_protocol (text, row);
  if (!take_port (text, &row->inside))
    return FALSE;
  row->port = row->inside;
  return *text == '\0' || (take_port (text, &row->port) && read_address (text, row));
}

static gboolean
apply_item (GArray *set, const char *item, GError **error)
{
  const gboolean removes = *item == '!';
  SbxPublished row = { 0 };
  guint at;

  if (strcmp (item, "none") == 0) {
    g_array_set_size (set, 0);
    return TRUE;
  }
  if (!read_row (item + removes, &row))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "\"%s\" is no published port: say PORT:INSIDE, as in 8080:80, before it an address of this "
                      "machine, if it is not to be the loopback alone, as in 192.0.2.7:8080:80 or [::]:8080:80, and "
                      "behind it, if you like, /tcp or /udp",
                      item);
  if (removes && find (set, &row, &at))
    g_array_remove_index (set, at);
  else if (!removes && set->len >= SBX_PUBLISHED)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "there may be %d published ports at most", SBX_PUBLISHED);
  else if (!removes)
    add (set, &row);
  return TRUE;
}

gboolean
sbx_published_apply (GArray *set, const char *value, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++)
    if (!apply_item (set, *item, error))
      return FALSE;
  return TRUE;
}

static void
format_row (GString *text, const SbxPublished *row)
{
  char address[INET6_ADDRSTRLEN];

  if (row->elsewhere) {
    inet_ntop (row->is_ipv6 ? AF_INET6 : AF_INET, row->bytes, address, sizeof address);
    g_string_append_printf (text, row->is_ipv6 ? "[%s]:" : "%s:", address);
  }
  g_string_append_printf (text, "%u:%u%s;", row->port, row->inside, row->protocol == SBX_PROTOCOL_UDP ? "/udp" : "");
}

char *
sbx_published_format (const GArray *set)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < set->len; i++)
    format_row (text, &g_array_index (set, SbxPublished, i));
  return g_string_free (text, FALSE);
}

const SbxPublished *
sbx_policy_get_published (const SbxPolicy *policy, gsize *n)
{
  *n = policy->published->len;
  return (const SbxPublished *) (gpointer) policy->published->data;
}

char *
sbx_policy_describe_published (const SbxPolicy *policy)
{
  return sbx_published_format (policy->published);
}
