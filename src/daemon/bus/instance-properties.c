/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/instance-properties.h"

#include "common/names.h"
#include "plan/filter/call-rules.h"
#include "policy/vocabulary.h"

static GVariant *
make_result (SbxInstance *self)
{
  GVariantBuilder builder;
  int code, signo;
  gboolean core;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (sbx_instance_get_state (self) == SBX_STATE_EXITED) {
    sbx_instance_get_result (self, &code, &signo, &core);
    g_variant_builder_add (&builder, "{sv}", "code", g_variant_new_int32 (code));
    g_variant_builder_add (&builder, "{sv}", "signal", g_variant_new_int32 (signo));
    g_variant_builder_add (&builder, "{sv}", "core", g_variant_new_boolean (core));
    g_variant_builder_add (&builder, "{sv}", "culprit",
                           g_variant_new_string (sbx_culprit_name (sbx_instance_get_culprit (self))));
    g_variant_builder_add (&builder, "{sv}", "text", g_variant_new_string (sbx_instance_get_text (self)));
    g_variant_builder_add (&builder, "{sv}", "time",
                           g_variant_new_uint64 ((guint64) sbx_instance_get_exit_time (self)));
  }
  return g_variant_builder_end (&builder);
}

static GVariant *
make_enforced (SbxInstance *self)
{
  static const guint inferiors = SBX_ENFORCED_APP_DOMAIN | SBX_ENFORCED_PRIVATE_PROCFS | SBX_ENFORCED_HIDEPID;
  static const struct {
    const char *key;
    guint bits;
  } rows[] = {
    { "inferiors-only", inferiors },
    { "instance-domain", SBX_ENFORCED_INSTANCE_DOMAIN },
    { "app-domain", SBX_ENFORCED_APP_DOMAIN },
    { "private-procfs", SBX_ENFORCED_PRIVATE_PROCFS },
    { "scopes", SBX_ENFORCED_SCOPES },
    { "seccomp", SBX_ENFORCED_SECCOMP },
    { "refusals-counted", SBX_ENFORCED_COUNTED },
#define SIDECAR(kind, step, key, ...) { key, SBX_ENFORCED_##kind },
    SBX_SIDECAR_ROWS (SIDECAR)
#undef SIDECAR
        { "wayland-context", SBX_ENFORCED_WAYLAND },
  };
  guint32 enforced = sbx_instance_get_enforced (self);
  const SbxInfo *info = sbx_instance_get_info (self);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_variant_builder_add (&builder, "{sv}", rows[i].key,
                           g_variant_new_boolean ((enforced & rows[i].bits) == rows[i].bits));
  g_variant_builder_add (&builder, "{sv}", "limits", g_variant_new_string (info->limits));
  g_variant_builder_add (&builder, "{sv}", "warnings", g_variant_new_strv ((const char *const *) info->warnings, -1));
  return g_variant_builder_end (&builder);
}

static GVariant *
make_id (SbxInstance *self)
{
  return g_variant_new_uint64 (sbx_instance_get_info (self)->id);
}

static GVariant *
make_parent (SbxInstance *self)
{
  guint64 parent = sbx_instance_get_info (self)->parent;
  g_autofree char *path = NULL;

  if (parent == 0)
    return g_variant_new_object_path ("/");
  path = g_strdup_printf (SBX_INSTANCES_PATH "/%016" G_GINT64_MODIFIER "x", parent);
  return g_variant_new_object_path (path);
}

static GVariant *
make_app_id (SbxInstance *self)
{
  return g_variant_new_string (sbx_instance_get_info (self)->app_id);
}

static GVariant *
make_profile (SbxInstance *self)
{
  return g_variant_new_string (sbx_instance_get_info (self)->profile);
}

static GVariant *
make_policy (SbxInstance *self)
{
  return g_variant_ref (sbx_instance_get_info (self)->policy);
}

static GVariant *
make_command (SbxInstance *self)
{
  return g_variant_ref (sbx_instance_get_info (self)->command);
}

static GVariant *
make_pid (SbxInstance *self)
{
  return g_variant_new_uint32 ((guint32) sbx_instance_get_pid (self));
}

static GVariant *
make_start_time (SbxInstance *self)
{
  return g_variant_new_uint64 ((guint64) sbx_instance_get_start_time (self));
}

static GVariant *
make_state (SbxInstance *self)
{
  static const char *const names[] = {
    [SBX_STATE_STARTING] = "starting", [SBX_STATE_RUNNING] = "running", [SBX_STATE_EXITED] = "exited"
  };

  return g_variant_new_string (names[sbx_instance_get_state (self)]);
}

static GVariant *
make_handlers (SbxInstance *self)
{
  gsize n;
  const char *const *paths = sbx_instance_get_handlers (self, &n);

  return g_variant_new_objv (paths, (gssize) n);
}

static GVariant *
make_refused (SbxInstance *self)
{
  const GArray *rows = sbx_instance_get_refusals (self)->rows;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sssu)"));
  for (guint i = 0; i < rows->len; i++) {
    const SbxDenial *one = &g_array_index (rows, SbxDenial, i);

    if (one->source == SBX_DENIAL_BUS)
      g_variant_builder_add (&builder, "(sssu)", one->object, one->action,
                             sbx_denial_need_name (one->source, one->need), one->count);
  }
  return g_variant_builder_end (&builder);
}

static GVariant *
make_refused_more (SbxInstance *self)
{
  return g_variant_new_uint32 (sbx_instance_get_refusals (self)->more);
}

/* The words of these bits; NULL-terminated. */
static char **
feature_words (guint features)
{
  GStrvBuilder *words = g_strv_builder_new ();
  char **list;

  for (const SbxWord *word = sbx_facility_get (SBX_KIND_FLAGS, SBX_FLAGS_FEATURES)->words; word->word; word++)
    if (word->value & features)
      g_strv_builder_add (words, word->word);
  list = g_strv_builder_end (words);
  g_strv_builder_unref (words);
  return list;
}

/* What is known of a call beyond its name. */
static void
add_call (GVariantBuilder *row, const SbxDenial *denial)
{
  g_auto (GStrv) features = NULL;
  SbxCallNote note;

  if (!sbx_call_note_find (denial->object, denial->action, &note))
    return;
  features = feature_words (note.lifted_by);
  g_variant_builder_add (row, "{sv}", "error", g_variant_new_string (note.error));
  g_variant_builder_add (row, "{sv}", "reason", g_variant_new_string (note.reason));
  g_variant_builder_add (row, "{sv}", "features", g_variant_new_strv ((const char *const *) features, -1));
  g_variant_builder_add (row, "{sv}", "of-ports", g_variant_new_boolean (note.of_ports));
  g_variant_builder_add (row, "{sv}", "of-profile", g_variant_new_boolean (note.of_profile));
}

static GVariant *
make_denial (const SbxDenial *denial)
{
  GVariantBuilder row;

  g_variant_builder_init (&row, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&row, "{sv}", "source", g_variant_new_string (sbx_refusals_source_name (denial->source)));
  g_variant_builder_add (&row, "{sv}", "object", g_variant_new_string (denial->object));
  g_variant_builder_add (&row, "{sv}", "action", g_variant_new_string (denial->action));
  g_variant_builder_add (&row, "{sv}", "need",
                         g_variant_new_string (sbx_denial_need_name (denial->source, denial->need)));
  g_variant_builder_add (&row, "{sv}", "count", g_variant_new_uint32 (denial->count));
  g_variant_builder_add (&row, "{sv}", "first", g_variant_new_uint64 ((guint64) denial->from));
  g_variant_builder_add (&row, "{sv}", "last", g_variant_new_uint64 ((guint64) denial->to));
  g_variant_builder_add (&row, "{sv}", "process", g_variant_new_string (denial->process));
  if (denial->source == SBX_DENIAL_CALL)
    add_call (&row, denial);
  return g_variant_builder_end (&row);
}

static GVariant *
make_denied (SbxInstance *self)
{
  const GArray *rows = sbx_instance_get_refusals (self)->rows;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < rows->len; i++)
    g_variant_builder_add_value (&builder, make_denial (&g_array_index (rows, SbxDenial, i)));
  return g_variant_builder_end (&builder);
}

static GVariant *
make_traffic (SbxInstance *self)
{
  const SbxTraffic *traffic = &sbx_instance_get_crossed (self)->traffic;

  return g_variant_new ("(tt)", (guint64) traffic->in, (guint64) traffic->out);
}

static GVariant *
make_asked_names (SbxInstance *self)
{
  const SbxAskedName *names[SBX_ASKED_NAMES];
  const gsize n = sbx_crossed_list (sbx_instance_get_crossed (self), names);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sut)"));
  for (gsize i = 0; i < n; i++)
    g_variant_builder_add (&builder, "(sut)", names[i]->name, names[i]->count, (guint64) names[i]->last);
  return g_variant_builder_end (&builder);
}

static GVariant *
make_restrictions (SbxInstance *self)
{
  GVariant *restrictions = sbx_instance_get_info (self)->restrictions;

  return restrictions ? g_variant_ref (restrictions) : g_variant_new ("aa{sv}", NULL);
}

static GVariant *
make_grants (SbxInstance *self)
{
  GVariant *grants = sbx_instance_get_info (self)->grants;

  return grants ? g_variant_ref (grants) : g_variant_new ("aa{sv}", NULL);
}

GVariant *
sbx_instance_dup_property (SbxInstance *self, const char *name)
{
  static const struct {
    const char *name;
    GVariant *(*make) (SbxInstance *self);
  } rows[] = {
    { "Id", make_id },
    { "Parent", make_parent },
    { "AppId", make_app_id },
    { "Profile", make_profile },
    { "Policy", make_policy },
    { "Command", make_command },
    { "Pid", make_pid },
    { "StartTime", make_start_time },
    { "State", make_state },
    { "Enforced", make_enforced },
    { "Result", make_result },
    { "Handlers", make_handlers },
    { "Refused", make_refused },
    { "RefusedMore", make_refused_more },
    { "Denied", make_denied },
    { "Restrictions", make_restrictions },
    { "Grants", make_grants },
    { "Traffic", make_traffic },
    { "AskedNames", make_asked_names },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].name, name))
      return g_variant_take_ref (rows[i].make (self));
  return NULL;
}
