/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Network] allow= and deny=: sets of destinations, read, written and combined. In a normal form no row is within
 * another one. Each row is within or apart from another in every respect, so what two sets have in common is what their
 * rows have, pair by pair. */
#include <arpa/inet.h>
#include <string.h>

#include "common/error.h"
#include "policy/policy-private.h"

static const struct {
  const char *word;
  guint8 place;
} words[] = {
  { "internet", SBX_PLACE_INTERNET },
  { "lan", SBX_PLACE_LAN },
  { "host", SBX_PLACE_HOST },
  { "dns", SBX_PLACE_DNS },
};

GArray *
sbx_destinations_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (SbxDestination));
}

/* By place, then network, protocol and ports: the order in which they are written. */
static int
compare (gconstpointer x, gconstpointer y)
{
  const SbxDestination *a = x, *b = y;
  const int network = memcmp (a->bytes, b->bytes, sizeof a->bytes);
  const int orders[] = {
    a->place - b->place,       a->is_ipv6 - b->is_ipv6, network,           a->bits - b->bits, strcmp (a->name, b->name),
    a->protocol - b->protocol, a->first - b->first,     a->last - b->last,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    if (orders[i] != 0)
      return orders[i];
  return 0;
}

/* Without those that are within another one, or twice there; sorted. */
static void
normalise (GArray *set)
{
  for (guint i = 0; i < set->len; i++)
    for (guint j = 0; j < set->len; j++)
      if (i != j
          && sbx_destination_covers (&g_array_index (set, SbxDestination, j),
                                     &g_array_index (set, SbxDestination, i))) {
        g_array_remove_index (set, i--);
        break;
      }
  g_array_sort (set, compare);
}

static GArray *
join (const GArray *a, const GArray *b)
{
  GArray *result = sbx_destinations_new ();

  g_array_append_vals (result, a->data, a->len);
  g_array_append_vals (result, b->data, b->len);
  normalise (result);
  return result;
}

static GArray *
intersect (const GArray *a, const GArray *b)
{
  GArray *result = sbx_destinations_new ();
  SbxDestination both;

  for (guint i = 0; i < a->len; i++)
    for (guint j = 0; j < b->len; j++)
      if (sbx_destination_meet (&g_array_index (a, SbxDestination, i), &g_array_index (b, SbxDestination, j), &both))
        g_array_append_val (result, both);
  normalise (result);
  return result;
}

GArray *
sbx_destinations_combine (const GArray *a, const GArray *b, gboolean least)
{
  return least ? intersect (a, b) : join (a, b);
}

/* Where a network leads of which nothing else is said: a shared one everywhere. */
static GArray *
of_network (gboolean shared)
{
  static const guint8 places[] = { SBX_PLACE_INTERNET, SBX_PLACE_DNS, SBX_PLACE_LAN, SBX_PLACE_HOST };
  GArray *set = sbx_destinations_new ();

  for (guint i = 0; i < (shared ? G_N_ELEMENTS (places) : 2); i++) {
    SbxDestination row = { .place = places[i], .last = SBX_PORT_MAX };

    g_array_append_val (set, row);
  }
  normalise (set);
  return set;
}

gboolean
sbx_destinations_equal (const GArray *a, const GArray *b)
{
  return a->len == b->len && (a->len == 0 || memcmp (a->data, b->data, a->len * sizeof (SbxDestination)) == 0);
}

/* What can stand behind a destination. */
static const struct {
  const char *word;
  guint8 protocol;
} protocols[] = {
  { "tcp", SBX_PROTOCOL_TCP },
  { "udp", SBX_PROTOCOL_UDP },
  { "icmp", SBX_PROTOCOL_ICMP },
};

/* Cuts "/tcp" off the end of @text. */
static void
take_protocol (char *text, SbxDestination *row)
{
  char *slash = strrchr (text, '/');

  for (gsize i = 0; slash && i < G_N_ELEMENTS (protocols); i++)
    if (strcmp (slash + 1, protocols[i].word) == 0) {
      row->protocol = protocols[i].protocol;
      *slash = '\0';
      return;
    }
}

static gboolean
read_port (const char *text, guint16 *port)
{
  guint64 number;

  if (!g_ascii_isdigit (*text) || !g_ascii_string_to_unsigned (text, 10, 1, SBX_PORT_MAX, &number, NULL))
    return FALSE;
  *port = (guint16) number;
  return TRUE;
}

/* Cuts ":443" or ":8000-8080" off the end of @text, which in an address of IPv6 without brackets there is none of. */
static gboolean
take_ports (char *text, SbxDestination *row)
{
  char *colon = strrchr (text, ':'), *bracket = strrchr (text, ']'), *dash;

  row->last = SBX_PORT_MAX;
  if (!colon || (bracket ? colon < bracket : strchr (text, ':') != colon))
    return TRUE;
  if (row->protocol == SBX_PROTOCOL_ICMP)
    return FALSE;
  *colon++ = '\0';
  dash = strchr (colon, '-');
  if (dash)
    *dash = '\0';
  return read_port (colon, &row->first) && read_port (dash ? dash + 1 : colon, &row->last) && row->first <= row->last;
}

static gboolean
is_clear_behind (const guint8 *bytes, guint bits)
{
  for (guint bit = bits; bit < 128; bit++)
    if (bytes[bit / 8] & (0x80u >> bit % 8))
      return FALSE;
  return TRUE;
}

/* "[2001:db8::]/32" and "[2001:db8::/32]" without the brackets. */
static gboolean
take_brackets (char *text)
{
  char *end = strchr (text, ']');

  if (*text != '[')
    return !end;
  if (!end || !strchr (text, ':') || (end[1] && end[1] != '/'))
    return FALSE;
  memmove (end, end + 1, strlen (end));
  memmove (text, text + 1, strlen (text));
  return TRUE;
}

/* "example.org", "*.example.org"; a dot at its end says nothing more. */
static gboolean
read_name (const char *text, SbxDestination *row)
{
  g_autofree char *name = g_ascii_strdown (text, -1);
  gsize n = strlen (name);

  if (n > 0 && name[n - 1] == '.')
    name[--n] = '\0';
  if (!sbx_name_is_valid (name))
    return FALSE;
  row->place = SBX_PLACE_NAME;
  memcpy (row->name, name, n);
  return TRUE;
}

/* "10.0.0.0/8", "192.0.2.7", "2001:db8::/32". */
static gboolean
read_network (char *text, SbxDestination *row)
{
  char *slash;
  guint64 bits;

  if (!take_brackets (text))
    return FALSE;
  row->place = SBX_PLACE_NETWORK;
  row->is_ipv6 = strchr (text, ':') != NULL;
  bits = row->is_ipv6 ? 128 : 32;
  slash = strchr (text, '/');
  if (slash) {
    *slash = '\0';
    if (!g_ascii_isdigit (slash[1]) || !g_ascii_string_to_unsigned (slash + 1, 10, 0, bits, &bits, NULL))
      return FALSE;
  }
  row->bits = (guint8) bits;
  return inet_pton (row->is_ipv6 ? AF_INET6 : AF_INET, text, row->bytes) == 1;
}

static gboolean
read_place (char *text, SbxDestination *row)
{
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i].word, text) == 0) {
      row->place = words[i].place;
      return row->place != SBX_PLACE_DNS || (row->first == 0 && row->protocol == SBX_PROTOCOL_ANY);
    }
  return read_name (text, row) || read_network (text, row);
}

static gboolean
check_network (const char *item, const SbxDestination *row, GError **error)
{
  if (!is_clear_behind (row->bytes, row->bits))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "\"%s\" has more of an address than its prefix: say one address, or a network whose address is 0 "
                      "behind the first %u bits",
                      item, row->bits);
  switch (sbx_destination_place (row->bytes, row->bits, row->is_ipv6)) {
  case SBX_PLACE_INTERNET:
  case SBX_PLACE_LAN:
    return TRUE;
  case SBX_PLACE_NETWORK:
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "\"%s\" is partly the Internet and partly what is near: say internet, lan, or smaller networks",
                      item);
  case SBX_PLACE_HOST:
  case SBX_PLACE_DNS:
  case SBX_PLACE_NOWHERE:
  case SBX_PLACE_NAME:
  case SBX_N_DESTINATION_PLACES:
    break;
  }
  return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                    "\"%s\" leads nowhere from a private network; this machine is called host, as in host:5432", item);
}

static gboolean
read_row (const char *item, SbxDestination *row, GError **error)
{
  g_autofree char *text = g_strdup (item);

  take_protocol (text, row);
  if (!take_ports (text, row) || !read_place (text, row))
    return sbx_throw (
        error, SBX_ERROR_BAD_OPTION,
        "\"%s\" is no destination: say internet, lan, host, dns (which has no port), a name like example.org "
        "or *.example.org, an address, or a network like 10.1.0.0/16 or [2001:db8::]/32, and behind it, if you like, "
        ":PORT or :FIRST-LAST, "
        "and /tcp, /udp or /icmp (which has no port)",
        item);
  return row->place != SBX_PLACE_NETWORK || check_network (item, row, error);
}

/* "!lan" takes away the row lan, and all rows that are within it. */
static void
remove_within (GArray *set, const SbxDestination *row)
{
  for (guint i = set->len; i-- > 0;)
    if (sbx_destination_covers (row, &g_array_index (set, SbxDestination, i)))
      g_array_remove_index (set, i);
}

static gboolean
apply_item (GArray *set, const char *item, GError **error)
{
  const gboolean removes = *item == '!';
  SbxDestination row = { 0 };

  if (strcmp (item, "none") == 0) {
    g_array_set_size (set, 0);
    return TRUE;
  }
  if (!read_row (item + removes, &row, error))
    return FALSE;
  if (removes)
    remove_within (set, &row);
  else if (set->len >= SBX_DESTINATIONS / 2)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "there may be %d destinations at most", SBX_DESTINATIONS / 2);
  else
    g_array_append_val (set, row);
  return TRUE;
}

gboolean
sbx_destinations_apply (GArray *set, const char *value, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++)
    if (!apply_item (set, *item, error))
      return FALSE;
  normalise (set);
  return TRUE;
}

gboolean
sbx_destinations_add (GArray *set, const char *const *more, GError **error)
{
  for (; *more; more++) {
    if (**more == '!' || strcmp (*more, "none") == 0)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" takes away, and only what is added can be said here",
                        *more);
    if (!apply_item (set, *more, error))
      return FALSE;
  }
  normalise (set);
  return TRUE;
}

static void
format_row (GString *text, const SbxDestination *row)
{
  char address[INET6_ADDRSTRLEN];

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (row->place == words[i].place)
      g_string_append (text, words[i].word);
  g_string_append (text, row->name);
  if (row->place == SBX_PLACE_NETWORK) {
    inet_ntop (row->is_ipv6 ? AF_INET6 : AF_INET, row->bytes, address, sizeof address);
    g_string_append_printf (text, row->is_ipv6 ? "[%s]" : "%s", address);
    if (row->bits < (row->is_ipv6 ? 128 : 32))
      g_string_append_printf (text, "/%u", row->bits);
  }
  if (row->first > 0 || row->last < SBX_PORT_MAX)
    g_string_append_printf (text, ":%u", row->first);
  if (row->first != row->last && (row->first > 0 || row->last < SBX_PORT_MAX))
    g_string_append_printf (text, "-%u", row->last);
  for (gsize i = 0; i < G_N_ELEMENTS (protocols); i++)
    if (row->protocol == protocols[i].protocol)
      g_string_append_printf (text, "/%s", protocols[i].word);
  g_string_append_c (text, ';');
}

char *
sbx_destinations_format (const GArray *set)
{
  GString *text = g_string_new (set->len == 0 ? "none" : NULL);

  for (guint i = 0; i < set->len; i++)
    format_row (text, &g_array_index (set, SbxDestination, i));
  return g_string_free (text, FALSE);
}

gboolean
sbx_policy_uses_names (const SbxPolicy *policy)
{
  for (guint i = 0; sbx_policy_has_network (policy) && i < SBX_N_TO; i++)
    for (guint j = 0; j < policy->to[i]->len; j++)
      if (g_array_index (policy->to[i], SbxDestination, j).place == SBX_PLACE_NAME)
        return TRUE;
  return FALSE;
}

static gboolean
has_shared (const SbxPolicy *policy)
{
  return (policy->flags[SBX_FLAGS_SHARED] & SBX_SHARED_NETWORK) != 0;
}

gboolean
sbx_policy_names_allowed (const SbxPolicy *policy)
{
  g_autoptr (GArray) usual = of_network (has_shared (policy));

  return sbx_policy_has_network (policy) && !sbx_destinations_equal (policy->to[SBX_TO_ALLOW], usual);
}

gboolean
sbx_policy_names_denied (const SbxPolicy *policy)
{
  return sbx_policy_has_network (policy) && policy->to[SBX_TO_DENY]->len > 0;
}

static void
replace (SbxPolicy *policy, SbxToIndex index, GArray *set)
{
  g_array_unref (policy->to[index]);
  policy->to[index] = set;
}

/* Without a network everything is denied, so that what is denied is the more the less is allowed. */
void
sbx_destinations_close (SbxPolicy *policy)
{
  if (!sbx_policy_has_network (policy)) {
    replace (policy, SBX_TO_ALLOW, sbx_destinations_new ());
    replace (policy, SBX_TO_DENY, of_network (TRUE));
  } else if (!policy->allow_named) {
    replace (policy, SBX_TO_ALLOW, of_network (has_shared (policy)));
  }
}

const SbxDestination *
sbx_policy_get_allowed (const SbxPolicy *policy, gsize *n)
{
  *n = policy->to[SBX_TO_ALLOW]->len;
  return (const SbxDestination *) (gpointer) policy->to[SBX_TO_ALLOW]->data;
}

const SbxDestination *
sbx_policy_get_denied (const SbxPolicy *policy, gsize *n)
{
  *n = policy->to[SBX_TO_DENY]->len;
  return (const SbxDestination *) (gpointer) policy->to[SBX_TO_DENY]->data;
}

char *
sbx_policy_describe_destinations (const SbxPolicy *policy, gboolean denied)
{
  return sbx_destinations_format (policy->to[denied ? SBX_TO_DENY : SBX_TO_ALLOW]);
}

char *
sbx_policy_describe_destination (const SbxDestination *row)
{
  GString *text = g_string_new (NULL);

  format_row (text, row);
  g_string_truncate (text, text->len - 1); /* the ";" of a list */
  return g_string_free (text, FALSE);
}
