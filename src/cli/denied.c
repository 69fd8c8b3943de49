/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/denied.h"

#include <arpa/inet.h>
#include <string.h>

#include "cli/exposure.h"
#include "cli/refused.h"
#include "policy/to-allow.h"
#include "policy/vocabulary.h"

#define DAY_US (24 * 60 * 60 * (gint64) G_USEC_PER_SEC)

gboolean
sbx_denied_read (SbxDenied *self, GVariant *row)
{
  *self = (SbxDenied){ .row = row, .error = "", .reason = "" };
  g_variant_lookup (row, "error", "&s", &self->error);
  g_variant_lookup (row, "reason", "&s", &self->reason);
  return g_variant_lookup (row, "source", "&s", &self->source) && g_variant_lookup (row, "object", "&s", &self->object)
         && g_variant_lookup (row, "action", "&s", &self->action) && g_variant_lookup (row, "need", "&s", &self->need)
         && g_variant_lookup (row, "process", "&s", &self->process)
         && g_variant_lookup (row, "count", "u", &self->count) && g_variant_lookup (row, "first", "t", &self->first)
         && g_variant_lookup (row, "last", "t", &self->last);
}

gboolean
sbx_denied_is_same (const SbxDenied *a, const SbxDenied *b)
{
  return g_str_equal (a->source, b->source) && g_str_equal (a->object, b->object) && g_str_equal (a->action, b->action)
         && g_str_equal (a->need, b->need);
}

static gboolean
is_call (const SbxDenied *self)
{
  return g_str_equal (self->source, "system-call");
}

static gboolean
is_network (const SbxDenied *self)
{
  return g_str_equal (self->source, "network");
}

char *
sbx_denied_title (const SbxDenied *self)
{
  if (is_network (self) && g_str_equal (self->action, "dns"))
    return g_strdup_printf (_ ("the addresses of %s"), self->object);
  if (is_network (self)) /* TRANSLATORS: "connections to 192.168.1.1, tcp:443" */
    return g_strdup_printf (_ ("connections to %s, %s"), self->object, self->action);
  if (!is_call (self))
    return g_strdup_printf (_ ("%s of %s"), self->action, self->object);
  return g_strdup_printf ("%s: %s", self->object, *self->error ? self->error : self->action);
}

static char *
format_time (guint64 microseconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local ((gint64) (microseconds / G_USEC_PER_SEC));
  gboolean recent = (gint64) microseconds > g_get_real_time () - DAY_US;

  return time ? g_date_time_format (time, recent ? "%T" : "%F %T") : g_strdup ("-");
}

char *
sbx_denied_often (const SbxDenied *self)
{
  g_autofree char *first = format_time (self->first), *last = format_time (self->last);
  g_autofree char *often = g_strdup_printf (ngettext ("%u time", "%u times", self->count), self->count);
  g_autofree char *when = g_str_equal (first, last) ? g_strdup (first) : g_strdup_printf (_ ("%s to %s"), first, last);

  if (!*self->process)
    return g_strdup_printf ("%s, %s", often, when);
  return g_strdup_printf (self->count > 1 ? _ ("%s, %s, first by \"%s\"") : _ ("%s, %s, by \"%s\""), often, when,
                          self->process);
}

static void
remedy_free (gpointer pointer)
{
  SbxRemedy *self = pointer;

  g_free (self->group);
  g_free (self->line);
  g_free (self->option);
  g_free (self->risk);
  g_free (self);
}

/* Takes @line and @option. */
static void
add_remedy (GPtrArray *list, const char *group, char *line, char *option, const char *risk)
{
  SbxRemedy *self = g_new (SbxRemedy, 1);

  *self = (SbxRemedy){ g_strdup (group), line, option, risk ? g_strdup (_ (risk)) : NULL };
  g_ptr_array_add (list, self);
}

static void
add_feature (GPtrArray *list, const char *word)
{
  const SbxWord *known = sbx_word_find (sbx_facility_get (SBX_KIND_FLAGS, SBX_FLAGS_FEATURES)->words, word);

  add_remedy (list, "Context", g_strdup_printf ("features=%s;", word), g_strdup_printf ("--allow=%s", word),
              known ? known->risk.reason : NULL);
}

static gboolean
has (const SbxDenied *self, const char *key)
{
  gboolean value = FALSE;

  g_variant_lookup (self->row, key, "b", &value);
  return value;
}

static void
add_for_call (GPtrArray *list, const SbxDenied *self)
{
  g_autofree const char **features = NULL;

  g_variant_lookup (self->row, "features", "^a&s", &features);
  for (const char **word = features; word && *word; word++)
    add_feature (list, *word);
  if (!has (self, "of-profile"))
    add_remedy (list, "Seccomp", g_strdup_printf ("allow=%s;", self->object), NULL,
                N_ ("can reach a part of the kernel that is closed to others, and by which sandboxes are broken"));
}

/* The proxy's log does not say which of two buses it was. */
static void
add_for_bus (GPtrArray *list, const SbxDenied *self, GVariant *policy)
{
  g_autofree char *name = sbx_name_to_allow (self->object, self->action);
  gboolean system = sbx_refused_is_filtered (policy, "System");
  const char *risk;

  if (!name)
    return;
  risk = sbx_refused_risk (name);
  if (!system || sbx_refused_is_filtered (policy, "Session"))
    add_remedy (list, "Session Bus Policy", g_strdup_printf ("%s=%s", name, self->need),
                g_strdup_printf ("--%s-name=%s", self->need, name), risk);
  if (system)
    add_remedy (list, "System Bus Policy", g_strdup_printf ("%s=%s", name, self->need),
                g_strdup_printf ("--system-%s-name=%s", self->need, name), risk);
}

/* What was refused as a row of deny=, as far as it is an address. */
static gboolean
row_of (const SbxDenied *self, SbxDestination *row)
{
  static const struct {
    const char *word;
    guint8 protocol;
  } protocols[] = { { "tcp", SBX_PROTOCOL_TCP }, { "udp", SBX_PROTOCOL_UDP }, { "icmp", SBX_PROTOCOL_ICMP } };
  g_auto (GStrv) words = g_strsplit (self->action, ":", 2);

  *row = (SbxDestination){ .place = SBX_PLACE_NETWORK, .last = SBX_PORT_MAX };
  row->is_ipv6 = strchr (self->object, ':') != NULL;
  row->bits = row->is_ipv6 ? 128 : 32;
  for (gsize i = 0; words[0] && i < G_N_ELEMENTS (protocols); i++)
    if (g_str_equal (protocols[i].word, words[0]))
      row->protocol = protocols[i].protocol;
  if (words[0] && words[1])
    row->first = row->last = (guint16) g_ascii_strtoull (words[1], NULL, 10);
  return inet_pton (row->is_ipv6 ? AF_INET6 : AF_INET, self->object, row->bytes) == 1;
}

/* The item of deny= that closes it, of the profile or taken away since; NULL: none does. */
static char *
closed_by (const SbxDenied *self, const SbxPolicy *policy)
{
  g_autofree char *text = sbx_policy_describe_destinations (policy, TRUE);
  g_auto (GStrv) items = g_strsplit (text, ";", -1);
  gsize n;
  const SbxDestination *rows = sbx_policy_get_denied (policy, &n);
  SbxDestination one;

  for (gsize i = 0; row_of (self, &one) && i < n; i++) {
    SbxDestination host = one;

    host.place = SBX_PLACE_HOST;
    if (sbx_destination_covers (&rows[i], &one)
        || (g_str_equal (self->need, "host") && sbx_destination_covers (&rows[i], &host)))
      return g_strdup (items[i]);
  }
  return NULL;
}

/* With what is allowed now, whose place allow= takes. */
static void
add_for_network (GPtrArray *list, const SbxDenied *self, GVariant *groups)
{
  g_autoptr (SbxPolicy) policy = groups ? sbx_exposure_policy (groups, NULL) : NULL;
  g_autofree char *to = sbx_destination_to_allow (self->object, self->action, self->need), *now = NULL, *option = NULL,
                  *closed = NULL;

  if (!policy || !to)
    return;
  closed = closed_by (self, policy);
  if (closed) {
    add_remedy (list, "Network", g_strdup_printf ("deny=!%s;", closed), NULL, sbx_destination_risk (self->need));
    return;
  }
  now = sbx_policy_describe_destinations (policy, FALSE);
  if (g_str_equal (now, "none"))
    now[0] = '\0';
  option = g_strconcat ("--network-allow=", now, to, NULL);
  add_remedy (list, "Network", g_strdup_printf ("allow=%s%s;", now, to), g_strdelimit (g_strdup (option), ";", ','),
              sbx_destination_risk (self->need));
}

GPtrArray *
sbx_denied_remedies (const SbxDenied *self, GVariant *policy)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (remedy_free);

  if (is_call (self))
    add_for_call (list, self);
  else if (is_network (self))
    add_for_network (list, self, policy);
  else
    add_for_bus (list, self, policy);
  return list;
}

char *
sbx_remedy_text (const SbxRemedy *self)
{
  g_autofree char *line =
      self->option ? g_strdup_printf (_ ("%s below [%s] in the profile, or `run %s`, would allow it"), self->line,
                                      self->group, self->option)
                   : g_strdup_printf (_ ("%s below [%s] in the profile would allow it"), self->line, self->group);

  /* TRANSLATORS: "... would allow it; an application that has it can ask the keyring for your passwords" */
  return self->risk ? g_strdup_printf (_ ("%s; an application that has it %s"), line, self->risk)
                    : g_steal_pointer (&line);
}

static char **
end_list (GStrvBuilder *list)
{
  char **strings = g_strv_builder_end (list);

  g_strv_builder_unref (list);
  return strings;
}

char **
sbx_denied_notes (const SbxDenied *self)
{
  GStrvBuilder *list = g_strv_builder_new ();
  g_autofree char *line = g_strdup_printf (_ ("the profile refuses it: deny=%s; below [Seccomp]"), self->object);

  if (*self->reason && !has (self, "of-profile"))
    g_strv_builder_add (list, self->reason);
  if (has (self, "of-ports"))
    g_strv_builder_add (list, _ ("the profile limits ports: connect= or bind= below [Network]"));
  if (has (self, "of-profile"))
    g_strv_builder_add (list, line);
  return end_list (list);
}

static void
add_unheard_calls (GStrvBuilder *list, const SbxPolicy *policy)
{
  const char *const *allow = sbx_policy_get_seccomp_allow (policy);

  if ((sbx_policy_get_features (policy) & SBX_FEATURE_DEVEL) || (allow && g_strv_contains (allow, "seccomp")))
    g_strv_builder_add (list, _ ("system calls: with features=devel or allow=seccomp the application may supervise "
                                 "calls itself, and who does so cannot be there twice"));
  else
    g_strv_builder_add (list, _ ("system calls: that takes Linux 5.19 or later, and a sandbox that is in no other"));
}

static void
add_unheard_network (GStrvBuilder *list, const SbxPolicy *policy)
{
  SbxShared shared = sbx_policy_get_shared (policy);
  const guint16 *ports;
  gsize n;

  if (!(shared & (SBX_SHARED_NETWORK | SBX_SHARED_PRIVATE_NETWORK)))
    g_strv_builder_add (list, _ ("network: it has none; --share=network would share this machine's"));
  else if (!(shared & SBX_SHARED_NETWORK))
    g_strv_builder_add (list,
                        _ ("network: what its private network drops without an answer: what is sent to many, as for "
                           "mDNS, and fragments"));
  else if (sbx_policy_get_connect (policy, &ports, &n) || sbx_policy_get_bind (policy, &ports, &n))
    g_strv_builder_add (list, _ ("TCP ports: Landlock refuses those that connect= and bind= do not name, and tells "
                                 "nobody but the audit log, which is the administrator's"));
}

char **
sbx_denied_unheard (GVariant *groups, gboolean counted)
{
  g_autoptr (SbxPolicy) policy = groups ? sbx_exposure_policy (groups, NULL) : NULL;
  GStrvBuilder *list = g_strv_builder_new ();

  if (policy && !counted)
    add_unheard_calls (list, policy);
  if (policy)
    add_unheard_network (list, policy);
  g_strv_builder_add (list, _ ("files: what a sandbox does not have is not there, which nobody refuses; "
                               "`sandboxctl explain PROFILE` lists what it has, `sandboxctl learn` what it misses"));
  return end_list (list);
}
