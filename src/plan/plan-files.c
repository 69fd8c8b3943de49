/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filesystems=: parents come before their children, so a child's rule lies over its parent's. */
#include <string.h>

#include "common/names.h"
#include "plan/plan-private.h"

static gboolean
is_below (const char *path, const char *top)
{
  gsize n = strlen (top);

  return strcmp (top, "/") == 0 || (strncmp (path, top, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

/* Nothing there, and nothing can be put there: read-only once everything is mounted, since a rule for something below
 * it needs a place to be mounted at. */
static void
cover (SbxPlan *self, const char *path)
{
  SbxFileKind kind = self->machine->look (self->machine, path, NULL);

  if (kind == SBX_FILE_DIRECTORY) {
    sbx_plan_op (self, SBX_OP_TMPFS, NULL, path, 0700);
    g_ptr_array_add (self->covered, g_strdup (path));
  } else if (kind != SBX_FILE_MISSING) {
    sbx_plan_op (self, SBX_OP_RO_BIND, "/dev/null", path, -1);
  }
}

static void
grant (SbxPlan *self, const char *path, SbxAccess access)
{
  if (access == SBX_ACCESS_CREATE)
    sbx_plan_directory (self, path, 0755);
  else if (!sbx_plan_exists (self, path)) {
    sbx_plan_warn (self, "%s is not there and is left out", path);
    return;
  }
  sbx_plan_op (self, access == SBX_ACCESS_RO ? SBX_OP_RO_BIND : SBX_OP_BIND, path, path, -1);
  if (access >= SBX_ACCESS_RW)
    sbx_plan_writable (self, path);
}

/* "host" is everything but the places that the sandbox has of its own. */
static void
grant_host (SbxPlan *self, SbxAccess access)
{
  static const char *const tops[] = { "/boot", "/data", "/home", "/media", "/mnt", "/root", "/srv", "/var" };

  for (gsize i = 0; i < G_N_ELEMENTS (tops); i++)
    if (sbx_plan_exists (self, tops[i]))
      grant (self, tops[i], access);
}

static gboolean
is_named (SbxPlan *self, const char *path)
{
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (self->policy, &n);

  for (gsize i = 0; i < n; i++)
    if (strcmp (rules[i].path, path) == 0)
      return TRUE;
  return FALSE;
}

/* Covers @top, and opens again what the policy names below it. */
static void
cover_but_named (SbxPlan *self, const char *top)
{
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (self->policy, &n);

  cover (self, top);
  for (gsize i = 0; i < n; i++)
    if (is_below (rules[i].path, top) && rules[i].access != SBX_ACCESS_NONE && sbx_plan_exists (self, rules[i].path))
      sbx_plan_op (self, rules[i].access == SBX_ACCESS_RO ? SBX_OP_RO_BIND : SBX_OP_BIND, rules[i].path, rules[i].path,
                   -1);
}

/* What the rules have opened by the way, and no profile means: the service's own files, the unfiltered bus, other
 * applications' homes, and the profiles, which would be a way to more at the next start. */
static void
protect (SbxPlan *self)
{
  const SbxMachine *machine = self->machine;
  g_autofree char *instances = NULL, *bus = NULL;
  g_autofree char *homes = g_build_filename (machine->data_home, SBX_RUNTIME_SUBDIR, NULL);
  g_autofree char *profiles = g_build_filename (machine->config_home, SBX_RUNTIME_SUBDIR, NULL);

  if (sbx_policy_get_access (self->policy, homes) != SBX_ACCESS_NONE && !is_named (self, homes))
    cover_but_named (self, homes);
  if (sbx_policy_get_access (self->policy, profiles) >= SBX_ACCESS_RW && sbx_plan_exists (self, profiles))
    sbx_plan_op (self, SBX_OP_RO_BIND, profiles, profiles, -1);
  if (!machine->runtime_dir)
    return;
  instances = g_build_filename (machine->runtime_dir, SBX_RUNTIME_SUBDIR, NULL);
  bus = g_build_filename (machine->runtime_dir, "bus", NULL);
  if (sbx_policy_get_access (self->policy, instances) != SBX_ACCESS_NONE)
    cover (self, instances);
  if (sbx_policy_get_access (self->policy, bus) != SBX_ACCESS_NONE
      && !(sbx_policy_get_sockets (self->policy) & SBX_SOCKET_SESSION_BUS))
    cover (self, bus);
}

/* Files of the caller's choice lie over all that the policy says of their places. Whether they are what the caller has
 * opened is looked at once the mounts are there: daemon/forward.h. */
static void
add_forwarded (SbxPlan *self)
{
  for (gsize i = 0; i < self->request->n_forward; i++) {
    const SbxForwardedFile *file = &self->request->forward[i];

    sbx_plan_op (self, file->writable ? SBX_OP_BIND : SBX_OP_RO_BIND, file->path, file->path, -1);
    if (file->writable)
      sbx_plan_writable (self, file->path);
  }
}

void
sbx_plan_add_files (SbxPlan *self)
{
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (self->policy, &n);

  for (gsize i = 0; i < n; i++) {
    if (rules[i].access == SBX_ACCESS_NONE)
      cover (self, rules[i].path);
    else if (strcmp (rules[i].path, "/") == 0)
      grant_host (self, rules[i].access);
    else
      grant (self, rules[i].path, rules[i].access);
  }
  if (n > 0)
    protect (self);
  add_forwarded (self);
  for (guint i = 0; i < self->covered->len; i++)
    sbx_plan_op (self, SBX_OP_REMOUNT_RO, NULL, self->covered->pdata[i], -1);
}
