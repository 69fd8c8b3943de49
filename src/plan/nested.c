/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a plan may be that of a sandbox which another one asks for. That its policy allows no more is not enough:
 * policies compare paths by their words, and bwrap follows links. Where the asking application may write, it can put a
 * link, or move a directory away from under an exception; and where it may only read there can be links that lead
 * nowhere inside and somewhere outside. So
 *
 *   - only those paths may be opened that the asking one has got by exactly these words itself, and
 *   - nothing may be taken from or put to a place strictly below one in which it may write, and
 *   - nothing may be left out below such a place: what is moved is not found there, and is not left out elsewhere.
 *
 * What has been mounted for the asking one then is mounted for the other one by the same way, of which it could not
 * have changed any part. */
#include "plan/nested.h"

#include <string.h>

#include "common/error.h"
#include "common/path.h"

static gboolean
is_strictly_below (const char *path, const char *top)
{
  return sbx_path_is_below (path, top) && strcmp (path, top) != 0;
}

static gboolean
names (const SbxPathRule *rules, gsize n, const char *path)
{
  for (gsize i = 0; i < n; i++)
    if (strcmp (rules[i].path, path) == 0)
      return rules[i].access != SBX_ACCESS_NONE;
  return FALSE;
}

typedef const SbxPathRule *(*GetRules) (const SbxPolicy *policy, gsize *n);

/* The first path that @policy opens and @within does not name, or NULL. */
static const char *
find_unnamed (const SbxPolicy *policy, const SbxPolicy *within, GetRules get)
{
  gsize n, m;
  const SbxPathRule *wanted = get (policy, &n), *named = get (within, &m);

  for (gsize i = 0; i < n; i++)
    if (wanted[i].access != SBX_ACCESS_NONE && !names (named, m, wanted[i].path))
      return wanted[i].path;
  return NULL;
}

/* The places where the application of @within may write, on the host and as it sees them. */
static GPtrArray *
list_writable (SbxPlan *self, const SbxPolicy *within)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (within, &n);

  for (gsize i = 0; i < n; i++)
    if (rules[i].access >= SBX_ACCESS_RW)
      g_ptr_array_add (list, g_strdup (rules[i].path));
  rules = sbx_policy_get_kept (within, &n);
  for (gsize i = 0; i < n; i++) {
    const char *below = rules[i].path[1] ? rules[i].path : NULL;

    if (rules[i].access == SBX_ACCESS_NONE)
      continue;
    g_ptr_array_add (list, g_build_filename (sbx_plan_get_box (self)->app_home, below, NULL));
    g_ptr_array_add (list, g_build_filename (sbx_plan_get_box (self)->home, below, NULL));
  }
  return list;
}

static gboolean
check_place (const GPtrArray *writable, const char *path, GError **error)
{
  for (guint i = 0; i < writable->len; i++)
    if (is_strictly_below (path, writable->pdata[i]))
      return sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                        "%s is below %s, where the calling sandbox may write, so nothing there can be kept apart for "
                        "another one; leave one of the two out of its profile",
                        path, (const char *) writable->pdata[i]);
  return TRUE;
}

/* The exceptions and parts that @within names, and what no policy opens (mounts/files.c) and is not always there. */
static gboolean
check_rules (SbxPlan *self, const SbxPolicy *within, const GPtrArray *writable, GError **error)
{
  g_autofree char *homes = g_path_get_dirname (sbx_plan_get_box (self)->app_home);
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (within, &n);

  for (gsize i = 0; i < n; i++)
    if (!check_place (writable, rules[i].path, error))
      return FALSE;
  return check_place (writable, homes, error);
}

gboolean
sbx_plan_check_nested (SbxPlan *self, const SbxPolicy *within, GError **error)
{
  g_autoptr (GPtrArray) writable = list_writable (self, within);
  const char *unnamed = find_unnamed (sbx_plan_get_policy (self), within, sbx_policy_get_filesystems);

  if (!unnamed)
    unnamed = find_unnamed (sbx_plan_get_policy (self), within, sbx_policy_get_kept);
  if (unnamed)
    return sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                      "%s is not one of the paths that the calling sandbox's own policy names; a part of one of them "
                      "cannot be handed on",
                      unnamed);
  if (!check_rules (self, within, writable, error))
    return FALSE;
  for (guint i = 0; i < sbx_plan_get_box (self)->mounts->len; i++) {
    const SbxMount *mount = &g_array_index (sbx_plan_get_box (self)->mounts, SbxMount, i);

    if (!check_place (writable, mount->dest, error)
        || (mount->source && mount->kind != SBX_MOUNT_SYMLINK && !check_place (writable, mount->source, error)))
      return FALSE;
  }
  return TRUE;
}
