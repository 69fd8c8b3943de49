/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan as a{sv}, for Explain and for golden files: nothing in it depends on when or where it was made. */
#include "plan/filter/syscall-filter.h"
#include "plan/plan-private.h"
#include "wire/block.h"
#include "wire/landlock.h"

/* What is in a file that bwrap makes. */
static char *
content_of (SbxPlan *self, int number)
{
  for (guint i = 0; i < self->files->len; i++) {
    const SbxPlanFile *file = &g_array_index (self->files, SbxPlanFile, i);
    gsize n;
    const char *bytes = g_bytes_get_data (file->content, &n);

    if (file->number == number && file->secret)
      return g_strdup ("(secret)");
    if (file->number == number)
      return g_utf8_make_valid (bytes ? bytes : "", (gssize) n);
  }
  return g_strdup ("");
}

static GVariant *
mounts (SbxPlan *self)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{ss}"));
  for (guint i = 0; i < self->ops->len; i++) {
    const SbxOp *op = &g_array_index (self->ops, SbxOp, i);
    g_autofree char *mode = g_strdup_printf ("%04o", (guint) op->mode);

    g_variant_builder_open (&rows, G_VARIANT_TYPE ("a{ss}"));
    g_variant_builder_add (&rows, "{ss}", "op", sbx_op_name (op->kind));
    if (op->source)
      g_variant_builder_add (&rows, "{ss}", "source", op->source);
    g_variant_builder_add (&rows, "{ss}", "dest", op->dest);
    if (op->mode >= 0)
      g_variant_builder_add (&rows, "{ss}", "mode", mode);
    if (op->kind == SBX_OP_FILE) {
      g_autofree char *content = content_of (self, op->number);

      g_variant_builder_add (&rows, "{ss}", "content", content);
    }
    g_variant_builder_close (&rows);
  }
  return g_variant_builder_end (&rows);
}

/* What is made on the disk before the launch. */
static GVariant *
directories (SbxPlan *self)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aay"));
  for (guint i = 0; i < self->directories->len; i++)
    g_variant_builder_add_value (
        &rows, g_variant_new_bytestring (g_array_index (self->directories, SbxPlanDirectory, i).path));
  return g_variant_builder_end (&rows);
}

static GVariant *
namespaces (SbxPlan *self)
{
  guint shared = sbx_policy_get_shared (self->kept_policy);
  GVariantBuilder names;

  g_variant_builder_init (&names, G_VARIANT_TYPE ("as"));
  g_variant_builder_add (&names, "s", "user");
  g_variant_builder_add (&names, "s", "mount");
  g_variant_builder_add (&names, "s", "pid");
  g_variant_builder_add (&names, "s", "uts");
  g_variant_builder_add (&names, "s", "cgroup");
  if (!(shared & SBX_SHARED_IPC))
    g_variant_builder_add (&names, "s", "ipc");
  if (!(shared & SBX_SHARED_NETWORK))
    g_variant_builder_add (&names, "s", "net");
  return g_variant_builder_end (&names);
}

static GVariant *
ports (const GArray *list)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT16, list->data, list->len, sizeof (guint16));
}

static GVariant *
landlock (SbxPlan *self)
{
  GVariantBuilder dict;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&dict, "{sv}", "instance-domain",
                         g_variant_new_boolean ((self->domain_flags & SBX_DOMAIN_SCOPED) != 0));
  g_variant_builder_add (&dict, "{sv}", "app-domain",
                         g_variant_new_boolean (self->handled_fs || self->handled_net || self->scoped));
  g_variant_builder_add (&dict, "{sv}", "scopes", g_variant_new_boolean (self->scoped != 0));
  g_variant_builder_add (&dict, "{sv}", "file-system-rights", g_variant_new_boolean (self->handled_fs != 0));
  if (self->handled_fs)
    g_variant_builder_add (
        &dict, "{sv}", "writable",
        g_variant_new_strv ((const char *const *) self->writable->pdata, (gssize) self->writable->len));
  if (self->connect)
    g_variant_builder_add (&dict, "{sv}", "connect", ports (self->connect));
  if (self->bind)
    g_variant_builder_add (&dict, "{sv}", "bind", ports (self->bind));
  return g_variant_builder_end (&dict);
}

static GVariant *
procfs (SbxPlan *self)
{
  GVariantBuilder dict;
  const char *hidepid = self->procfs_flags & SBX_PROCFS_PTRACEABLE  ? "ptraceable"
                        : self->procfs_flags & SBX_PROCFS_INVISIBLE ? "invisible"
                                                                    : "off";

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&dict, "{sv}", "private",
                         g_variant_new_boolean ((self->procfs_flags & SBX_PROCFS_PRIVATE) != 0));
  g_variant_builder_add (&dict, "{sv}", "hidepid", g_variant_new_string (hidepid));
  g_variant_builder_add (&dict, "{sv}", "subset",
                         g_variant_new_string (self->procfs_flags & SBX_PROCFS_SUBSET_PID ? "pid" : "all"));
  return g_variant_builder_end (&dict);
}

static GVariant *
bus_rules (SbxPlan *self)
{
  static const char *const buses[] = { "session", "system" };
  static const char *const words[] = { "none", "see", "talk", "own" };
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("as"));
  for (guint bus = 0; bus < SBX_N_BUSES; bus++) {
    gsize n;
    const SbxBusRule *rules = sbx_policy_get_bus (self->kept_policy, (SbxBus) bus, &n);

    for (gsize i = 0; i < n; i++) {
      g_autofree char *row = g_strdup_printf ("%s %s %s", buses[bus], words[rules[i].access], rules[i].name);

      g_variant_builder_add (&rows, "s", row);
    }
  }
  return g_variant_builder_end (&rows);
}

static GVariant *
limits (SbxPlan *self)
{
  GVariantBuilder dict;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < self->rlimits->len; i++) {
    const SbxRlimit *row = &g_array_index (self->rlimits, SbxRlimit, i);

    g_variant_builder_add (&dict, "{sv}", row->name, g_variant_new_uint64 (row->value));
  }
  return g_variant_builder_end (&dict);
}

static GVariant *
documents (SbxPlan *self)
{
  g_autofree char *path = g_build_filename (self->documents_at, self->documents, NULL);

  return g_variant_new_bytestring (path);
}

GVariant *
sbx_plan_to_variant (SbxPlan *self)
{
  GVariantBuilder dict;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&dict, "{sv}", "inferiors-only", g_variant_new_boolean (self->inferiors_only));
  g_variant_builder_add (&dict, "{sv}", "uid", g_variant_new_uint32 (self->uid));
  g_variant_builder_add (&dict, "{sv}", "namespaces", namespaces (self));
  g_variant_builder_add (&dict, "{sv}", "mounts", mounts (self));
  g_variant_builder_add (&dict, "{sv}", "directories", directories (self));
  g_variant_builder_add (&dict, "{sv}", "procfs", procfs (self));
  g_variant_builder_add (&dict, "{sv}", "landlock", landlock (self));
  g_variant_builder_add (&dict, "{sv}", "seccomp", sbx_seccomp_explain (self->kept_policy));
  g_variant_builder_add (&dict, "{sv}", "bus", bus_rules (self));
  g_variant_builder_add (&dict, "{sv}", "environment", g_variant_new_strv (sbx_plan_get_environment (self), -1));
  g_variant_builder_add (&dict, "{sv}", "limits", limits (self));
  g_variant_builder_add (&dict, "{sv}", "cwd", g_variant_new_bytestring (self->cwd ? self->cwd : self->home));
  g_variant_builder_add (&dict, "{sv}", "command",
                         g_variant_new_bytestring_array ((const char *const *) self->argv, -1));
  g_variant_builder_add (&dict, "{sv}", "warnings", g_variant_new_strv (sbx_plan_get_warnings (self), -1));
  if (self->display->len > 0)
    g_variant_builder_add (&dict, "{sv}", "x-server",
                           g_variant_new_bytestring_array ((const char *const *) self->display->pdata, -1));
  if (self->proxy->len > 0)
    g_variant_builder_add (&dict, "{sv}", "bus-proxy",
                           g_variant_new_bytestring_array ((const char *const *) self->proxy->pdata, -1));
  if (self->documents)
    g_variant_builder_add (&dict, "{sv}", "documents", documents (self));
  g_variant_builder_add (&dict, "{sv}", "bwrap", g_variant_new_bytestring_array (sbx_plan_get_bwrap_argv (self), -1));
  return g_variant_builder_end (&dict);
}
