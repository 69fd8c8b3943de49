/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names on buses: the plan that the instance would have with them, of which its proxy takes the place of the one that
 * serves (keeper/parts/serving.h). */
#include "daemon/launch/opening.h"

#include <glib/gi18n.h>

#include "common/error.h"
#include "common/key-file.h"
#include "common/names.h"
#include "daemon/instances/keeper-requests.h"
#include "daemon/launch/closed.h"
#include "daemon/launch/lending.h"
#include "daemon/launch/running.h"
#include "plan/mounts/accessibility.h"
#include "policy/options.h"

#define WHAT_MAX 16384 /* bytes of one request */

void
sbx_opening_request_free (SbxOpeningRequest *self)
{
  g_clear_pointer (&self->what, g_variant_unref);
  g_free (self->text);
  g_free (self);
}

void
sbx_opening_plan_free (SbxOpeningPlan *self)
{
  g_clear_pointer (&self->policy, sbx_policy_unref);
  g_clear_object (&self->buses);
  g_clear_pointer (&self->socket, sbx_plugging_free);
  g_ptr_array_unref (self->given);
  g_free (self);
}

/* Nothing is taken away here, and nobody is to think so. Adds the words to @text. */
static gboolean
check_group (const char *group, GVariant *keys, GString *text, GError **error)
{
  gboolean names = g_str_has_suffix (group, " Bus Policy");
  GVariantIter iter;
  const char *key, *value;

  g_variant_iter_init (&iter, keys);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &value)) {
    if ((names && g_str_equal (value, "none")) || strchr (value, '!'))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s=%s takes something away; Restrict does that", key, value);
    g_string_append_printf (text, "%s%s=%s", text->len > 0 ? ", " : "", key, value);
  }
  return TRUE;
}

static gboolean
check_what (SbxOpeningRequest *self, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GVariantIter iter;
  const char *group;
  GVariant *keys;
  gboolean ok = TRUE;

  if (g_variant_get_size (self->what) > WHAT_MAX)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"what\" has %zu bytes, at most %d are allowed",
                      g_variant_get_size (self->what), WHAT_MAX);
  g_variant_iter_init (&iter, self->what);
  while (ok && g_variant_iter_next (&iter, "{&sv}", &group, &keys)) {
    ok = g_variant_is_of_type (keys, G_VARIANT_TYPE ("a{ss}"))
             ? check_group (group, keys, text, error)
             : sbx_throw (error, SBX_ERROR_BAD_OPTION, "the group \"%s\" of \"what\" has type %s, not a{ss}", group,
                          g_variant_get_type_string (keys));
    g_variant_unref (keys);
  }
  if (ok && text->len == 0)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"what\" names nothing");
  self->text = g_strdup (text->str);
  return ok;
}

SbxOpeningRequest *
sbx_opening_request_new (GVariant *what, GVariant *how, GError **error)
{
  g_autoptr (SbxOpeningRequest) self = g_new0 (SbxOpeningRequest, 1);
  SbxOptions options;

  if (!sbx_options_read (how, sbx_grant_facilities_options, &options, error))
    return NULL;
  self->seconds = options.seconds ? g_variant_get_uint32 (options.seconds) : 0;
  self->reconnect = options.reconnect;
  sbx_options_clear (&options);
  self->what = g_variant_ref (what);
  return check_what (self, error) ? g_steal_pointer (&self) : NULL;
}

/* What cannot be given while an instance runs, and why; the first row that fits is told. */
static gboolean
check_possible (const SbxPolicy *asked, GError **error)
{
  static const struct {
    guint class;
    const char *reason;
  } rows[] = {
    { SBX_CLASS_FILES, N_ ("files are granted as descriptors (Grant)") },
    { SBX_CLASS_NETWORK, N_ ("a process stays in the network that it was started in") },
    { G_MAXUINT, N_ ("it is fixed when the sandbox is made") },
  };
  g_autoptr (SbxPolicy) nothing = sbx_policy_new (), most = sbx_policy_with_more (nothing, asked);
  g_autofree char *diff = NULL;
  guint more;

  if (sbx_policy_equal (asked, most) && sbx_policy_get_devices (asked) == 0)
    return TRUE;
  if (sbx_policy_get_devices (asked) != 0) { /* and that is told */
    sbx_policy_unref (most);
    most = sbx_policy_with_buses (nothing, asked);
  }
  more = sbx_policy_excess (asked, most);
  diff = g_strdelimit (g_strchomp (sbx_policy_diff (most, asked)), "\n", ';');
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (more & rows[i].class || rows[i].class == G_MAXUINT)
      return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                        "this cannot be granted while the instance runs: %s: %s; nothing was changed. Start it with it",
                        diff, rows[i].reason);
  return FALSE;
}

static const struct {
  SbxBus bus;
  guint whole; /* SbxSockets: the bus without a filter */
  const char *name, *key;
} buses[] = { { SBX_BUS_SESSION, SBX_SOCKET_SESSION_BUS, "session", "session-bus" },
              { SBX_BUS_SYSTEM, SBX_SOCKET_SYSTEM_BUS, "system", "system-bus" } };

/* Whether names of that bus were taken away, so that its programs know where it is. */
static gboolean
had_names (const SbxInfo *info, gsize bus)
{
  for (gsize i = 0; info->restrictions && i < g_variant_n_children (info->restrictions); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (info->restrictions, i);
    g_autoptr (GVariant) names = g_variant_lookup_value (row, buses[bus].key, G_VARIANT_TYPE ("a{ss}"));

    if (names)
      return TRUE;
  }
  return FALSE;
}

static gboolean
has_directory (const SbxHost *host, const SbxInfo *info)
{
  char id[SBX_ID_SIZE];
  g_autofree char *path = NULL;

  sbx_id_format (info->id, id);
  path = g_build_filename (host->machine->runtime_dir, SBX_RUNTIME_SUBDIR, id, sbx_sidecars[SBX_SIDECAR_BUS].directory,
                           NULL);
  return g_file_test (path, G_FILE_TEST_IS_DIR);
}

/* A filter can only take the place of one that is there: the application was told of that. */
static gboolean
check_filter (SbxHost *host, const SbxInfo *info, const SbxPolicy *from, const SbxPolicy *to, GError **error)
{
  for (gsize bus = 0; bus < G_N_ELEMENTS (buses); bus++) {
    gsize n, more;

    (void) sbx_policy_get_bus (from, buses[bus].bus, &n);
    (void) sbx_policy_get_bus (to, buses[bus].bus, &more);
    if (more == 0)
      continue;
    if (sbx_policy_get_sockets (to) & buses[bus].whole) {
      if (!sbx_policy_equal (from, to))
        return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                          "the instance has the whole %s bus: there is no filter that could let through more",
                          buses[bus].name);
    } else if ((n == 0 && !had_names (info, bus)) || !has_directory (host, info)) {
      return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                        "no name on the %s bus can be granted: the instance was started without that bus, and its "
                        "programs were told where buses are when they were started. Start it with one name at least",
                        buses[bus].name);
    }
  }
  return TRUE;
}

/* What comes along with some names is made when the sandbox is. */
static gboolean
check_company (const SbxPolicy *from, SbxPlan *before, const SbxPolicy *to, SbxPlan *after, GError **error)
{
  if (sbx_plan_get_box (after)->documents_at && !sbx_plan_get_box (before)->documents_at)
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "the portal for files cannot be granted while the instance runs: what is chosen in its dialogs "
                      "has its place inside only where the instance was started with it. Start it with "
                      "--talk-name=org.freedesktop.portal.FileChooser");
  return sbx_mounts_wants_accessibility (from) || !sbx_mounts_wants_accessibility (to)
         || sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                       "org.a11y.Bus cannot be granted while the instance runs: the bus for screen readers has a "
                       "filter of its own, which is made when the instance is started. Start it with "
                       "--talk-name=org.a11y.Bus");
}

static gboolean
plan_buses (SbxOpeningPlan *self, SbxHost *host, const SbxInfo *info, const SbxPolicy *from, GError **error)
{
  g_autoptr (SbxPolicy) more = sbx_policy_with_buses (from, self->policy);
  g_autoptr (SbxPlan) before = NULL, after = NULL;

  if (sbx_policy_equal (from, more))
    return TRUE;
  if (!check_filter (host, info, from, self->policy, error))
    return FALSE;
  before = sbx_running_plan (host, info, from, NULL, error);
  after = before ? sbx_running_plan_next (host, info, self->policy, error) : NULL;
  if (!after || !check_company (from, before, self->policy, after, error))
    return FALSE;
  if (!sbx_box_find_sidecar (sbx_plan_get_box (after), SBX_SIDECAR_BUS))
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "no name can be granted: there is no message bus here that can be filtered, or xdg-dbus-proxy is "
                      "not installed");
  self->buses = g_steal_pointer (&after);
  return TRUE;
}

static gboolean
plan_socket (SbxOpeningPlan *self, SbxHost *host, const SbxInfo *info, const SbxPolicy *from, GError **error)
{
  if ((sbx_policy_get_sockets (self->policy) & ~sbx_policy_get_sockets (from)) == 0)
    return TRUE;
  self->socket = sbx_plugging_new (host, info, from, self->policy, error);
  return self->socket != NULL;
}

static void
note_given (SbxOpeningPlan *self, const SbxPolicy *from)
{
  g_autofree char *diff = sbx_policy_diff (from, self->policy);
  g_auto (GStrv) lines = g_strsplit (diff, "\n", -1);

  for (char **line = lines; *line; line++)
    if (**line)
      g_ptr_array_add (self->given, g_strdup (*line));
}

/* What it has already, some of it maybe for a time only, is asked for as well: from now on it stays. */
static gboolean
extend (SbxOpeningPlan *self, SbxHost *host, const SbxInfo *info, const SbxPolicy *asked, GError **error)
{
  g_autoptr (SbxPolicy) without = NULL, with = NULL;

  if (sbx_lending_next (info) == 0)
    return TRUE;
  without = sbx_lending_most (host, info, G_MAXUINT64, error);
  if (!without)
    return FALSE;
  with = sbx_policy_with_more (without, asked);
  self->classes |= sbx_policy_excess (with, without);
  return TRUE;
}

/* The row of Grants: a{sv}, floating. */
static GVariant *
describe (const SbxOpeningPlan *self, const SbxOpeningRequest *request, guint32 pid)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "time", g_variant_new_uint64 ((guint64) g_get_real_time ()));
  g_variant_builder_add (&builder, "{sv}", "pid", g_variant_new_uint32 (pid));
  g_variant_builder_add (&builder, "{sv}", "given",
                         g_variant_new_strv ((const char *const *) self->given->pdata, (gssize) self->given->len));
  g_variant_builder_add (&builder, "{sv}", "facilities", request->what);
  sbx_lending_add_deadline (&builder, request->seconds);
  return g_variant_builder_end (&builder);
}

/* The record as it is to be; @policy and @grants are the caller's. */
static SbxInfo
next_info (const SbxInfo *info, const SbxOpeningPlan *plan, const SbxOpeningRequest *request, guint32 pid,
           GVariant **policy, GVariant **grants)
{
  SbxInfo next = *info;

  next.policy = *policy = g_variant_ref_sink (sbx_policy_to_variant (plan->policy));
  next.grants = *grants = sbx_running_append (info->grants, describe (plan, request, pid));
  if (request->seconds > 0 && sbx_lending_next (info) == 0) /* the first one, or the first again */
    next.base = info->policy;
  return next;
}

static gboolean
check_end (const SbxOpeningPlan *self, SbxHost *host, const SbxInfo *info, const SbxOpeningRequest *request,
           GError **error)
{
  g_autoptr (GVariant) policy = NULL, grants = NULL;
  SbxInfo next = next_info (info, self, request, 0, &policy, &grants);

  return sbx_lending_check (host, &next, error);
}

SbxOpeningPlan *
sbx_opening_plan_new (SbxHost *host, const SbxInfo *info, const SbxOpeningRequest *request, GError **error)
{
  g_autoptr (SbxOpeningPlan) self = g_new0 (SbxOpeningPlan, 1);
  g_autoptr (SbxPolicy) nothing = sbx_policy_new (), from = NULL, asked = NULL;

  self->given = g_ptr_array_new_with_free_func (g_free);
  from = sbx_running_policy (host, info, error);
  asked = from ? sbx_policy_merge_variant (nothing, request->what, &host->places, error) : NULL;
  if (!asked || !check_possible (asked, error) || !sbx_closed_check (info, from, asked, error))
    return NULL;
  self->policy = sbx_policy_with_more (from, asked);
  self->classes = sbx_policy_excess (self->policy, from);
  note_given (self, from);
  return plan_buses (self, host, info, from, error) && plan_socket (self, host, info, from, error)
                 && extend (self, host, info, asked, error) && check_end (self, host, info, request, error)
             ? g_steal_pointer (&self)
             : NULL;
}

void
sbx_open_async (SbxInstance *instance, const SbxOpeningPlan *plan, const SbxOpeningRequest *request, guint32 pid,
                GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GVariant) policy = NULL, grants = NULL;
  SbxInfo next = next_info (sbx_instance_get_info (instance), plan, request, pid, &policy, &grants);
  SbxRunningChange change = { .info = &next, .stays = !request->reconnect };

  if (plan->buses)
    change.next = sbx_box_find_sidecar (sbx_plan_get_box (plan->buses), SBX_SIDECAR_BUS);
  if (plan->socket)
    change.layers = sbx_layers_get (plan->socket->layers, &change.n_layers);
  sbx_running_change_async (instance, &change, callback, user_data);
}
