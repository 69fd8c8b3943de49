/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/widening.h"

#include <glib/gi18n.h>

#include "common/error.h"
#include "daemon/instances/keeper-requests.h"
#include "daemon/launch/lending.h"
#include "daemon/launch/running.h"
#include "plan/mounts/network.h"
#include "policy/options.h"

#define WHERE_MAX (SBX_DESTINATIONS / 2) /* words of one request */

void
sbx_widening_request_free (SbxWideningRequest *self)
{
  g_strfreev (self->where);
  g_free (self);
}

void
sbx_widening_plan_free (SbxWideningPlan *self)
{
  g_clear_pointer (&self->policy, sbx_policy_unref);
  g_ptr_array_unref (self->given);
  g_free (self);
}

SbxWideningRequest *
sbx_widening_request_new (GVariant *where, GVariant *how, GError **error)
{
  g_autoptr (SbxWideningRequest) self = g_new0 (SbxWideningRequest, 1);
  gsize n = g_variant_n_children (where);
  SbxOptions options;

  if (!sbx_options_read (how, sbx_grant_network_options, &options, error))
    return NULL;
  self->seconds = options.seconds ? g_variant_get_uint32 (options.seconds) : 0;
  sbx_options_clear (&options);
  if (n == 0 || n > WHERE_MAX) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"where\" has %zu destinations, and not from 1 to %d", n, WHERE_MAX);
    return NULL;
  }
  self->where = g_variant_dup_strv (where, NULL);
  return g_steal_pointer (&self);
}

/* The border is there from the start, or there is none. */
static gboolean
check_network (const SbxPolicy *from, GError **error)
{
  if (sbx_network_is_private (from))
    return TRUE;
  return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                    "destinations can only be granted where there is a network of its own: a process stays in the "
                    "network that it was started in. Start it with --network=private");
}

/* The stack leads to this machine only if it was started so. */
static gboolean
check_host (const SbxPolicy *from, const SbxDestination *row, const char *text, GError **error)
{
  gsize n;
  const SbxDestination *rows = sbx_policy_get_allowed (from, &n);

  for (gsize i = 0; i < n; i++)
    if (rows[i].place == SBX_PLACE_HOST)
      return TRUE;
  return row->place != SBX_PLACE_HOST
         || sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                       "%s cannot be granted while the instance runs: its network was started without a way to this "
                       "machine. Start it with --network-allow=%s",
                       text, text);
}

/* A denial wins over whatever is allowed, and stays. */
static gboolean
check_denied (const SbxPolicy *from, const SbxDestination *row, const char *text, GError **error)
{
  gsize n;
  const SbxDestination *rows = sbx_policy_get_denied (from, &n);
  SbxDestination as_denied = *row;

  for (gsize i = 0; i < n; i++) {
    as_denied.denies = rows[i].denies;
    if (sbx_destination_covers (&rows[i], &as_denied))
      return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                        "%s cannot be granted: it is denied to this instance, and that is for good. Start it again "
                        "to give it that",
                        text);
  }
  return TRUE;
}

/* The second line of defence is drawn when the application is started. */
static gboolean
check_ports (const SbxPolicy *from, const SbxDestination *row, const char *text, GError **error)
{
  const guint16 *ports;
  gsize n;

  if (!sbx_policy_get_connect (from, &ports, &n)
      || (row->protocol != SBX_PROTOCOL_ANY && row->protocol != SBX_PROTOCOL_TCP) || row->place == SBX_PLACE_DNS)
    return TRUE;
  for (gsize i = 0; i < n; i++)
    if (ports[i] >= row->first && ports[i] <= row->last)
      return TRUE;
  return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                    "%s cannot be granted while the instance runs: the TCP ports to which it may connect (connect=) "
                    "were fixed by Landlock when it was started, and the kernel does not change that. Start it with "
                    "--network-allow=%s",
                    text, text);
}

static gboolean
is_covered (const SbxPolicy *policy, const SbxDestination *row)
{
  gsize n;
  const SbxDestination *rows = sbx_policy_get_allowed (policy, &n);

  for (gsize i = 0; i < n; i++)
    if (sbx_destination_covers (&rows[i], row))
      return TRUE;
  return FALSE;
}

/* A policy that allows @where and nothing else. */
static SbxPolicy *
read_where (const SbxPolicy *from, const char *const *where, GError **error)
{
  static const char *const nothing[] = { NULL };
  g_autoptr (SbxPolicy) network = sbx_policy_with_allowed (from, nothing, NULL);
  g_autoptr (SbxPolicy) bottom = sbx_policy_bottom ();
  g_autoptr (SbxPolicy) empty = sbx_policy_with_destinations (network, bottom);

  return sbx_policy_with_allowed (empty, where, error);
}

/* Whether the row has anything in common with what the restriction @row of the record has closed. */
static gboolean
check_restriction (const SbxPolicy *from, GVariant *restriction, const SbxDestination *row, const char *text,
                   GError **error)
{
  g_autofree const char **closed = NULL;
  g_autoptr (SbxPolicy) taken = NULL;
  const SbxDestination *rows;
  SbxDestination both;
  gsize n;

  if (!g_variant_lookup (restriction, "network", "^a&s", &closed))
    return TRUE;
  taken = read_where (from, closed, error);
  if (!taken)
    return FALSE;
  rows = sbx_policy_get_allowed (taken, &n);
  for (gsize i = 0; i < n; i++) {
    g_autofree char *name = NULL;

    if (!sbx_destination_meet (&rows[i], row, &both))
      continue;
    name = sbx_policy_describe_destination (&rows[i]);
    return sbx_throw (
        error, SBX_ERROR_NOT_AUTHORIZED,
        "%s cannot be granted: %s was taken away from this instance, and that is for good. Start it again "
        "to give it that",
        text, name);
  }
  return TRUE;
}

static gboolean
check_restrictions (const SbxInfo *info, const SbxPolicy *from, const SbxDestination *row, const char *text,
                    GError **error)
{
  for (gsize i = 0; info->restrictions && i < g_variant_n_children (info->restrictions); i++) {
    g_autoptr (GVariant) restriction = g_variant_get_child_value (info->restrictions, i);

    if (!check_restriction (from, restriction, row, text, error))
      return FALSE;
  }
  return TRUE;
}

/* Each row that is new. */
static gboolean
check_rows (const SbxInfo *info, const SbxPolicy *from, const SbxWideningRequest *request, GError **error)
{
  g_autoptr (SbxPolicy) asked = read_where (from, (const char *const *) request->where, error);
  const SbxDestination *rows;
  gsize n;

  if (!asked)
    return FALSE;
  rows = sbx_policy_get_allowed (asked, &n);
  for (gsize i = 0; i < n; i++) {
    g_autofree char *text = sbx_policy_describe_destination (&rows[i]);

    if (!check_denied (from, &rows[i], text, error))
      return FALSE;
    if (!is_covered (from, &rows[i])
        && (!check_restrictions (info, from, &rows[i], text, error) || !check_host (from, &rows[i], text, error)
            || !check_ports (from, &rows[i], text, error)))
      return FALSE;
  }
  return TRUE;
}

static void
note_given (SbxWideningPlan *self, const SbxPolicy *from)
{
  g_autofree char *diff = sbx_policy_diff (from, self->policy);
  g_auto (GStrv) lines = g_strsplit (diff, "\n", -1);

  self->classes = sbx_policy_excess (self->policy, from);
  for (char **line = lines; *line; line++)
    if (**line)
      g_ptr_array_add (self->given, g_strdup (*line));
}

SbxWideningPlan *
sbx_widening_plan_new (SbxHost *host, const SbxInfo *info, const SbxWideningRequest *request, GError **error)
{
  g_autoptr (SbxWideningPlan) self = g_new0 (SbxWideningPlan, 1);
  g_autoptr (SbxPolicy) from = NULL, without = NULL, with = NULL;

  self->given = g_ptr_array_new_with_free_func (g_free);
  from = sbx_running_policy (host, info, error);
  if (!from || !check_network (from, error) || !check_rows (info, from, request, error))
    return NULL;
  self->policy = sbx_policy_with_allowed (from, (const char *const *) request->where, error);
  if (!self->policy || !sbx_network_check_destinations (self->policy, error))
    return NULL;
  note_given (self, from);
  if (self->classes || sbx_lending_next (info) == 0)
    return g_steal_pointer (&self);
  /* It may have that for a time only */
  without = sbx_lending_most (host, info, G_MAXUINT64, error);
  with = without ? sbx_policy_with_allowed (without, (const char *const *) request->where, error) : NULL;
  if (!with)
    return NULL;
  self->classes = sbx_policy_excess (with, without);
  return g_steal_pointer (&self);
}

/* The row of Grants: a{sv}, floating. */
static GVariant *
describe (const SbxWideningPlan *self, const SbxWideningRequest *request, guint32 pid)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "time", g_variant_new_uint64 ((guint64) g_get_real_time ()));
  g_variant_builder_add (&builder, "{sv}", "pid", g_variant_new_uint32 (pid));
  g_variant_builder_add (&builder, "{sv}", "given",
                         g_variant_new_strv ((const char *const *) self->given->pdata, (gssize) self->given->len));
  g_variant_builder_add (&builder, "{sv}", "network", g_variant_new_strv ((const char *const *) request->where, -1));
  sbx_lending_add_deadline (&builder, request->seconds);
  return g_variant_builder_end (&builder);
}

void
sbx_widen_async (SbxInstance *instance, const SbxWideningPlan *plan, const SbxWideningRequest *request, guint32 pid,
                 GAsyncReadyCallback callback, gpointer user_data)
{
  const SbxInfo *info = sbx_instance_get_info (instance);
  g_autoptr (GVariant) policy = g_variant_ref_sink (sbx_policy_to_variant (plan->policy));
  g_autoptr (GVariant) grants = sbx_running_append (info->grants, describe (plan, request, pid));
  g_autoptr (GBytes) to = sbx_network_list_destinations (plan->policy);
  SbxInfo next = *info;

  next.policy = policy;
  next.grants = grants;
  if (request->seconds > 0 && sbx_lending_next (info) == 0) /* the first one, or the first again */
    next.base = info->policy;
  sbx_running_change_async (instance, &(SbxRunningChange){ .info = &next, .to = to }, callback, user_data);
}
