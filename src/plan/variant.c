/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan as a{sv}, for Explain and for golden files: nothing in it depends on when or where it was made. */
#include "plan/variant.h"

#include "plan/bwrap-args.h"
#include "plan/filter/syscall-filter.h"
#include "wire/block.h"
#include "wire/landlock.h"

/* What is in a file that bwrap makes. */
static char *
content_of (const SbxBox *box, int number)
{
  for (guint i = 0; i < box->files->len; i++) {
    const SbxPlanFile *file = &g_array_index (box->files, SbxPlanFile, i);
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
mounts (const SbxBox *box)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{ss}"));
  for (guint i = 0; i < box->mounts->len; i++) {
    const SbxMount *mount = &g_array_index (box->mounts, SbxMount, i);
    g_autofree char *mode = g_strdup_printf ("%04o", (guint) mount->mode);

    g_variant_builder_open (&rows, G_VARIANT_TYPE ("a{ss}"));
    g_variant_builder_add (&rows, "{ss}", "op", sbx_bwrap_word (mount));
    if (mount->source)
      g_variant_builder_add (&rows, "{ss}", "source", mount->source);
    g_variant_builder_add (&rows, "{ss}", "dest", mount->dest);
    if (mount->mode >= 0)
      g_variant_builder_add (&rows, "{ss}", "mode", mode);
    if (mount->kind == SBX_MOUNT_FILE) {
      g_autofree char *content = content_of (box, mount->number);

      g_variant_builder_add (&rows, "{ss}", "content", content);
    }
    g_variant_builder_close (&rows);
  }
  return g_variant_builder_end (&rows);
}

/* What is made on the disk before the launch. */
static GVariant *
directories (const SbxBox *box)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aay"));
  for (guint i = 0; i < box->directories->len; i++)
    g_variant_builder_add_value (&rows,
                                 g_variant_new_bytestring (g_array_index (box->directories, SbxPlanDirectory, i).path));
  return g_variant_builder_end (&rows);
}

static GVariant *
namespaces (const SbxBox *box)
{
  guint shared = box->shared;
  GVariantBuilder names;

  g_variant_builder_init (&names, G_VARIANT_TYPE ("as"));
  g_variant_builder_add (&names, "s", "user");
  g_variant_builder_add (&names, "s", "mount");
  g_variant_builder_add (&names, "s", box->session ? "pid of the session" : "pid");
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
landlock (const SbxBox *box, const SbxProcess *process)
{
  GVariantBuilder dict;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&dict, "{sv}", "instance-domain",
                         g_variant_new_boolean ((box->domain_flags & SBX_DOMAIN_SCOPED) != 0));
  g_variant_builder_add (&dict, "{sv}", "app-domain",
                         g_variant_new_boolean (process->handled_fs || process->handled_net || process->scoped));
  g_variant_builder_add (&dict, "{sv}", "scopes", g_variant_new_boolean (process->scoped != 0));
  g_variant_builder_add (&dict, "{sv}", "file-system-rights", g_variant_new_boolean (process->handled_fs != 0));
  if (process->handled_fs)
    g_variant_builder_add (
        &dict, "{sv}", "writable",
        g_variant_new_strv ((const char *const *) process->writable->pdata, (gssize) process->writable->len));
  if (process->connect)
    g_variant_builder_add (&dict, "{sv}", "connect", ports (process->connect));
  if (process->bind)
    g_variant_builder_add (&dict, "{sv}", "bind", ports (process->bind));
  return g_variant_builder_end (&dict);
}

static GVariant *
procfs (const SbxBox *box)
{
  GVariantBuilder dict;
  const char *hidepid = box->procfs_flags & SBX_PROCFS_PTRACEABLE  ? "ptraceable"
                        : box->procfs_flags & SBX_PROCFS_INVISIBLE ? "invisible"
                                                                   : "off";

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&dict, "{sv}", "private",
                         g_variant_new_boolean ((box->procfs_flags & SBX_PROCFS_PRIVATE) != 0));
  g_variant_builder_add (&dict, "{sv}", "hidepid", g_variant_new_string (hidepid));
  g_variant_builder_add (&dict, "{sv}", "subset",
                         g_variant_new_string (box->procfs_flags & SBX_PROCFS_SUBSET_PID ? "pid" : "all"));
  return g_variant_builder_end (&dict);
}

static GVariant *
bus_rules (const SbxPolicy *policy)
{
  static const char *const buses[] = { "session", "system" };
  static const char *const words[] = { "none", "see", "talk", "own" };
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("as"));
  for (guint bus = 0; bus < SBX_N_BUSES; bus++) {
    gsize n;
    const SbxBusRule *rules = sbx_policy_get_bus (policy, (SbxBus) bus, &n);

    for (gsize i = 0; i < n; i++) {
      g_autofree char *row = g_strdup_printf ("%s %s %s", buses[bus], words[rules[i].access], rules[i].name);

      g_variant_builder_add (&rows, "s", row);
    }
  }
  return g_variant_builder_end (&rows);
}

static GVariant *
limits (const SbxProcess *process)
{
  GVariantBuilder dict;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < process->rlimits->len; i++) {
    const SbxRlimit *row = &g_array_index (process->rlimits, SbxRlimit, i);

    g_variant_builder_add (&dict, "{sv}", row->name, g_variant_new_uint64 (row->value));
  }
  return g_variant_builder_end (&dict);
}

static GVariant *
documents (const SbxBox *box)
{
  g_autofree char *path = g_build_filename (box->documents_at, box->documents, NULL);

  return g_variant_new_bytestring (path);
}

static void
add_sidecars (const SbxBox *box, GVariantBuilder *dict)
{
  for (guint i = SBX_N_SIDECARS; i-- > 0;) {
    const SbxPlanSidecar *sidecar = sbx_box_find_sidecar (box, (SbxSidecarKind) i);

    if (sidecar)
      g_variant_builder_add (dict, "{sv}", sbx_sidecars[i].plan,
                             g_variant_new_bytestring_array ((const char *const *) sidecar->argv->pdata, -1));
  }
}

/* Where a network of its own leads, as [Network] has it. */
static void
add_destinations (const SbxBox *box, const SbxPolicy *policy, GVariantBuilder *dict)
{
  static const char *const keys[] = { "network-allow", "network-deny" };

  for (gsize i = 0; sbx_box_find_sidecar (box, SBX_SIDECAR_NETWORK) && i < G_N_ELEMENTS (keys); i++) {
    g_autofree char *text = sbx_policy_describe_destinations (policy, i == 1);

    g_variant_builder_add (dict, "{sv}", keys[i], g_variant_new_string (text));
  }
  if (box->published) {
    g_autofree char *text = sbx_policy_describe_published (policy);

    g_variant_builder_add (dict, "{sv}", "network-publish", g_variant_new_string (text));
  }
}

GVariant *
sbx_plan_to_variant (SbxPlan *self)
{
  const SbxPolicy *policy = sbx_plan_get_policy (self);
  const SbxBox *box = sbx_plan_get_box (self);
  const SbxProcess *process = sbx_plan_get_process (self);
  GVariantBuilder dict;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&dict, "{sv}", "inferiors-only", g_variant_new_boolean (sbx_plan_is_inferiors_only (self)));
  g_variant_builder_add (&dict, "{sv}", "uid", g_variant_new_uint32 (box->uid));
  g_variant_builder_add (&dict, "{sv}", "namespaces", namespaces (box));
  g_variant_builder_add (&dict, "{sv}", "mounts", mounts (box));
  g_variant_builder_add (&dict, "{sv}", "skeleton", g_variant_new_uint32 ((guint32) box->n_skeleton));
  g_variant_builder_add (&dict, "{sv}", "common", g_variant_new_uint32 ((guint32) box->n_common));
  g_variant_builder_add (&dict, "{sv}", "directories", directories (box));
  g_variant_builder_add (&dict, "{sv}", "procfs", procfs (box));
  g_variant_builder_add (&dict, "{sv}", "landlock", landlock (box, process));
  g_variant_builder_add (&dict, "{sv}", "seccomp", sbx_seccomp_explain (policy, box->facts));
  g_variant_builder_add (&dict, "{sv}", "bus", bus_rules (policy));
  g_variant_builder_add (&dict, "{sv}", "environment", g_variant_new_strv (sbx_process_get_environment (process), -1));
  g_variant_builder_add (&dict, "{sv}", "limits", limits (process));
  g_variant_builder_add (&dict, "{sv}", "cwd", g_variant_new_bytestring (process->cwd ? process->cwd : box->home));
  g_variant_builder_add (&dict, "{sv}", "command",
                         g_variant_new_bytestring_array ((const char *const *) process->argv, -1));
  g_variant_builder_add (&dict, "{sv}", "warnings", g_variant_new_strv (sbx_plan_get_warnings (self), -1));
  add_sidecars (box, &dict);
  add_destinations (box, policy, &dict);
  if (box->documents)
    g_variant_builder_add (&dict, "{sv}", "documents", documents (box));
  g_variant_builder_add (&dict, "{sv}", "bwrap", g_variant_new_bytestring_array (sbx_box_get_bwrap_argv (box), -1));
  return g_variant_builder_end (&dict);
}
