/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/narrowing.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/error.h"
#include "common/path.h"
#include "daemon/launch/narrow-limits.h"
#include "daemon/launch/running.h"
#include "daemon/launch/surroundings.h"
#include "plan/mounts/accessibility.h"
#include "plan/mounts/network.h"
#include "sources/source.h"
#include "taint/taint.h"

typedef struct {
  SbxHost *host;
  const SbxInfo *info;
  const SbxPolicy *from;
  SbxNarrowingPlan *plan;
  SbxSurroundings *surroundings;
  SbxObjectSet *tainted, *homes; /* where links may be the application's; NULL: no path has been looked at yet */
  SbxNarrowingBy by;
} Narrowing;

static gboolean
network_differs (const SbxPolicy *from, const SbxPolicy *to)
{
  return sbx_policy_get_shared (from) != sbx_policy_get_shared (to);
}

/* Of one that is shared with the host. */
static gboolean
destinations_differ (const SbxPolicy *from, const SbxPolicy *to)
{
  g_autoptr (SbxPolicy) less = sbx_policy_with_destinations (from, to);

  return !sbx_policy_equal (from, less);
}

static gboolean
ports_differ (const SbxPolicy *from, const SbxPolicy *to)
{
  return (sbx_policy_excess (from, to) & SBX_CLASS_NETWORK) != 0;
}

static gboolean
anything_differs (const SbxPolicy *from, const SbxPolicy *to)
{
  return TRUE;
}

/* Why the rest stays as it is while an instance runs; the first row that fits is told. */
static const char *
find_reason (const SbxPolicy *from, const SbxPolicy *to)
{
  static const struct {
    gboolean (*differs) (const SbxPolicy *from, const SbxPolicy *to);
    const char *reason;
  } rows[] = {
    { network_differs, N_ ("a process stays in the namespaces that it was started in, and those are the host's") },
    { destinations_differ,
      N_ ("its network is shared with the host, and has no border that could keep it; start it with "
          "--network=private") },
    { ports_differ, N_ ("the kernel does not change what a Landlock domain allows") },
    { anything_differs, N_ ("it is fixed when the sandbox is made") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].differs (from, to))
      return rows[i].reason;
  return "";
}

/* The lines of a difference, joined for a message. */
static char *
join_lines (const char *diff)
{
  g_autofree char *text = g_strdup (diff);

  return g_strdelimit (g_strdup (g_strchomp (text)), "\n", ';');
}

/* @from with what may be changed of it while an instance runs, as @to has it. */
static SbxPolicy *
with_changeable (const SbxPolicy *from, const SbxPolicy *to)
{
  g_autoptr (SbxPolicy) mounts = sbx_policy_with_mounts (from, to);
  g_autoptr (SbxPolicy) buses = sbx_policy_with_buses (mounts, to);
  g_autoptr (SbxPolicy) limits = sbx_policy_with_limits (buses, to);

  return sbx_network_is_private (from) ? sbx_policy_with_destinations (limits, to) : g_steal_pointer (&limits);
}

/* Refuses what is more than that. */
static gboolean
check_possible (const Narrowing *self, GError **error)
{
  const SbxPolicy *to = self->plan->policy;
  g_autoptr (SbxPolicy) possible = with_changeable (self->from, to);
  g_autofree char *diff = NULL, *lines = NULL;

  if (sbx_policy_equal (possible, to))
    return TRUE;
  diff = sbx_policy_diff (possible, to);
  lines = join_lines (diff);
  return sbx_throw (
      error, SBX_ERROR_NOT_SUPPORTED,
      "this cannot be taken away while the instance runs: %s: %s; nothing was changed. Stop it, and start "
      "it with less",
      lines, find_reason (possible, to));
}

static const char *
keep (Narrowing *self, const char *path)
{
  char *copy = g_strdup (path);

  g_ptr_array_add (self->plan->strings, copy);
  return copy;
}

static void
add_row (Narrowing *self, SbxNarrowKind kind, const char *path, const SbxSource *source)
{
  SbxNarrow row = { .kind = kind, .path = keep (self, path) };

  if (source) {
    row.known = true;
    row.object = (SbxLayerObject){ source->object.device, source->object.inode };
  }
  g_array_append_val (self->plan->rows, row);
}

/* Every path that one of the two policies names; "/" as the places that it stands for. */
static GPtrArray *
list_paths (const Narrowing *self)
{
  const SbxPolicy *const policies[] = { self->from, self->plan->policy };
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; i < G_N_ELEMENTS (policies); i++) {
    gsize n;
    const SbxPathRule *rules = sbx_policy_get_filesystems (policies[i], &n);

    for (gsize j = 0; j < n; j++) {
      const char *const one[] = { rules[j].path, NULL };
      const char *const *places = rules[j].path[1] ? one : sbx_path_host_places ();

      for (; *places; places++)
        if (!g_ptr_array_find_with_equal_func (paths, *places, g_str_equal, NULL))
          g_ptr_array_add (paths, g_strdup (*places));
    }
  }
  return paths;
}

/* What the sandbox has of its own lies there, or would without the rule. */
static gboolean
check_place (const Narrowing *self, const char *path, GError **error)
{
  const char *const own[] = { "/tmp", "/var/tmp", "/run", self->host->machine->runtime_dir };

  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    if (own[i] && (sbx_path_is_below (own[i], path)))
      return sbx_throw (
          error, SBX_ERROR_NOT_SUPPORTED,
          "%s cannot be taken away while the instance runs: a sandbox without it has %s of its own, which "
          "cannot be made any more; nothing was changed",
          path, own[i]);
  return TRUE;
}

/* The access that a mount has. */
static SbxAccess
level (SbxAccess access)
{
  return MIN (access, SBX_ACCESS_RW);
}

/* A name in a place that the application may write to means what the application wants: it may rename it in a mount
 * namespace of its own, where a cover in the instance's is no obstacle. */
static gboolean
check_way (const Narrowing *self, const char *path, GError **error)
{
  SbxFeatures features = sbx_policy_get_features (self->from);
  g_autofree char *above = g_path_get_dirname (path);

  if (!(features & SBX_FEATURE_USERNS) || (features & SBX_FEATURE_WEAK_COVERS)
      || sbx_policy_get_access (self->plan->policy, above) < SBX_ACCESS_RW)
    return TRUE;
  return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                    "%s cannot be taken away while the instance runs: with features=userns the application can rename "
                    "it, since %s stays open for writing; take that away, or start it with features=weak-covers. "
                    "Nothing was changed",
                    path, above);
}

static gboolean
find_tainted (Narrowing *self, GError **error)
{
  if (self->tainted)
    return TRUE;
  self->surroundings = sbx_surroundings_new (self->host, self->info->id);
  self->tainted = sbx_taint_of_policy (self->from);
  self->homes = sbx_object_set_new ();
  return sbx_taint_add_homes (self->homes, self->host->machine->data_home) == 0
         || sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
                       "files: the directory of all kept homes cannot be kept open; nothing was changed");
}

/* What @path means outside: *@source, or NULL: it is not there. FALSE: that is for the application to say, which may
 * have made a link on the way, as any other that may write there. */
static gboolean
open_path (Narrowing *self, const char *path, SbxSource **source, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gboolean planted = FALSE;
  SbxSourceWay way = { .planted = &planted };

  if (!find_tainted (self, error))
    return FALSE;
  way.tainted = self->tainted;
  way.parents_tainted = self->homes;
  way.more_tainted = self->surroundings->around.more_tainted;
  way.data = self->surroundings->around.data;
  *source = sbx_source_open (path, &way, &problem);
  return !planted
         || sbx_throw (error, SBX_ERROR_BAD_OPTION,
                       "on the way to %s is a link, which the application may have made: %s. Nothing was changed", path,
                       problem->message);
}

/* What is gone is gone under each name, since it goes by object; so a name alone cannot be taken away. */
static gboolean
check_second_names (const Narrowing *self, GError **error)
{
  gsize n;
  const SbxAttached *before = sbx_policy_get_attached (self->from, &n);

  for (gsize i = 0; i < n; i++)
    if (!sbx_policy_has_attached (self->plan->policy, &before[i])
        && sbx_policy_get_access (self->plan->policy, before[i].source) != SBX_ACCESS_NONE)
      return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                        "%s cannot be taken away while the instance runs: it is another name of %s, which stays open; "
                        "take that away, and it is gone under both. Nothing was changed",
                        before[i].where, before[i].source);
  return TRUE;
}

static gboolean
narrow_path (Narrowing *self, const char *path, GError **error)
{
  SbxAccess before = level (sbx_policy_get_access (self->from, path));
  SbxAccess after = level (sbx_policy_get_access (self->plan->policy, path));
  g_autofree char *above = g_path_get_dirname (path);
  g_autoptr (SbxSource) source = NULL;

  if (after >= before)
    return TRUE;
  if (after == SBX_ACCESS_NONE && !check_place (self, path, error))
    return FALSE;
  if (!check_way (self, path, error))
    return FALSE;
  if (self->by == SBX_NARROWING_INSIDE) {
    add_row (self, after == SBX_ACCESS_NONE ? SBX_NARROW_GONE : SBX_NARROW_READ_ONLY, path, NULL);
    return TRUE;
  }
  if (!open_path (self, path, &source, error))
    return FALSE;
  if (!source && sbx_policy_get_access (self->plan->policy, above) >= SBX_ACCESS_RW)
    return sbx_throw (error, SBX_ERROR_NOT_FOUND,
                      "%s is not there, and could be made from inside, since %s stays open; nothing was changed", path,
                      above);
  add_row (self, after == SBX_ACCESS_NONE ? SBX_NARROW_GONE : SBX_NARROW_READ_ONLY, path, source);
  return TRUE;
}

/* What lies in something that is narrowed and stays as it is. In what is gone nothing can. */
static gboolean
keep_path (Narrowing *self, const char *path, SbxAccess access, GError **error)
{
  gboolean inside = FALSE;

  for (guint i = 0; i < self->plan->rows->len; i++) {
    const SbxNarrow *row = &g_array_index (self->plan->rows, SbxNarrow, i);

    if (row->kind == SBX_NARROW_KEEP || !sbx_path_is_below (path, row->path) || strcmp (path, row->path) == 0)
      continue;
    if (row->kind == SBX_NARROW_GONE)
      return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                        "%s cannot be taken away while the instance runs: %s lies in it and stays open; take that away "
                        "too. Nothing was changed",
                        row->path, path);
    inside = TRUE;
  }
  if (inside && access >= SBX_ACCESS_RW)
    add_row (self, SBX_NARROW_KEEP, path, NULL);
  return TRUE;
}

static gboolean
keep_paths (Narrowing *self, const GPtrArray *paths, GError **error)
{
  gsize n;
  const SbxPathRule *kept = sbx_policy_get_kept (self->from, &n);

  for (guint i = 0; i < paths->len; i++) {
    SbxAccess before = level (sbx_policy_get_access (self->from, paths->pdata[i]));
    SbxAccess after = level (sbx_policy_get_access (self->plan->policy, paths->pdata[i]));

    if (after == before && after != SBX_ACCESS_NONE && !keep_path (self, paths->pdata[i], after, error))
      return FALSE;
  }
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_build_filename (self->host->machine->home, kept[i].path, NULL);

    if (strlen (path) > 1 && path[strlen (path) - 1] == '/')
      path[strlen (path) - 1] = '\0';
    if (kept[i].access != SBX_ACCESS_NONE && !keep_path (self, path, SBX_ACCESS_RW, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
narrow_files (Narrowing *self, GError **error)
{
  g_autoptr (GPtrArray) paths = list_paths (self);

  for (guint i = 0; i < paths->len; i++)
    if (!narrow_path (self, paths->pdata[i], error))
      return FALSE;
  return check_second_names (self, error) && keep_paths (self, paths, error);
}

/* @policy, and every directory of the root open for writing: over that, each word that takes something away says so. */
static SbxPolicy *
open_all (const SbxPolicy *policy)
{
  SbxPolicy *all = sbx_policy_with_path (policy, "/", SBX_ACCESS_RW);
  g_autoptr (GDir) root = g_dir_open ("/", 0, NULL);
  const char *name;

  while (root && (name = g_dir_read_name (root)) != NULL) {
    g_autofree char *path = g_strconcat ("/", name, NULL);
    SbxPolicy *more = sbx_policy_with_path (all, path, SBX_ACCESS_RW);

    sbx_policy_unref (all);
    all = more;
  }
  return all;
}

static gboolean
check_no_new_names (const Narrowing *self, const SbxPolicy *asked, GError **error)
{
  gsize n;
  const SbxAttached *rows = sbx_policy_get_attached (asked, &n);

  for (gsize i = 0; i < n; i++)
    if (!sbx_policy_has_attached (self->from, &rows[i]))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                        "%s is no name of %s in this instance, and it gets none by a restriction; nothing was changed",
                        rows[i].where, rows[i].source);
  return TRUE;
}

/* What is asked for by another name than the policy has takes nothing away, and must not look as if it did. */
static gboolean
check_names (Narrowing *self, GVariant *groups, GError **error)
{
  g_autoptr (SbxPolicy) all = open_all (self->from);
  g_autoptr (SbxPolicy) asked = sbx_policy_merge_variant (all, groups, &self->host->places, error);
  const SbxPathRule *rules;
  gsize n = 0;

  if (!asked)
    return FALSE;
  if (!check_no_new_names (self, asked, error))
    return FALSE;
  rules = sbx_policy_get_filesystems (asked, &n);
  for (gsize i = 0; i < n; i++) {
    const char *path = rules[i].path;
    SbxAccess left = level (rules[i].access);
    const SbxSourceWay way = { 0 };
    g_autoptr (SbxSource) source = NULL;

    if (sbx_policy_get_access (all, path) == rules[i].access /* it was not asked for, but is the policy's own */
        || level (sbx_policy_get_access (self->from, path)) > left)
      continue;
    source = sbx_source_open (path, &way, NULL);
    if (source && strcmp (source->path, path) != 0
        && level (sbx_policy_get_access (self->plan->policy, source->path)) > left)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                        "%s is %s, and the instance has it by that name; take that away. Nothing was changed", path,
                        source->path);
  }
  return TRUE;
}

static const SbxMount *
find_mount (const SbxPlan *plan, const char *dest)
{
  gsize n;
  const SbxMount *mounts = sbx_box_get_mounts (sbx_plan_get_box ((SbxPlan *) plan), &n);

  for (gsize i = 0; i < n; i++)
    if (mounts[i].by == SBX_BY_POLICY && strcmp (mounts[i].dest, dest) == 0)
      return &mounts[i];
  return NULL;
}

/* Fills in what @from has and @to has not. FALSE when @to has something new. */
static gboolean
compare_mounts (Narrowing *self, const SbxPlan *from, const SbxPlan *to)
{
  gsize n;
  const SbxMount *mounts = sbx_box_get_mounts (sbx_plan_get_box ((SbxPlan *) to), &n);

  for (gsize i = 0; i < n; i++)
    if (mounts[i].by == SBX_BY_POLICY && !find_mount (from, mounts[i].dest))
      return FALSE;
  mounts = sbx_box_get_mounts (sbx_plan_get_box ((SbxPlan *) from), &n);
  for (gsize i = 0; i < n; i++)
    if (mounts[i].by == SBX_BY_POLICY && mounts[i].kind == SBX_MOUNT_BIND && !find_mount (to, mounts[i].dest))
      add_row (self, SBX_NARROW_GONE, mounts[i].dest, NULL);
  return TRUE;
}

/* A socket is a mount of the plan. */
static gboolean
narrow_sockets (Narrowing *self, GError **error)
{
  g_autoptr (SbxPolicy) to = NULL;
  g_autoptr (SbxPlan) before = NULL, after = NULL;

  if (sbx_policy_get_sockets (self->from) == sbx_policy_get_sockets (self->plan->policy))
    return TRUE;
  to = sbx_policy_with_mounts (self->from, self->plan->policy);
  before = sbx_running_plan (self->host, self->info, self->from, NULL, error);
  after = before ? sbx_running_plan (self->host, self->info, to, NULL, error) : NULL;
  if (!after)
    return FALSE;
  return compare_mounts (self, before, after)
         || sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                       "this socket cannot be taken away while the instance runs: without it a sandbox has another one "
                       "in its place, which cannot be made any more; nothing was changed. Stop it, and start it with "
                       "less");
}

static gboolean
has_documents (const SbxPlan *plan)
{
  return sbx_plan_get_box ((SbxPlan *) plan)->documents_at != NULL;
}

/* The proxy of its buses cannot be told other rules, but another one can. */
static gboolean
narrow_buses (Narrowing *self, GError **error)
{
  SbxNarrowingPlan *plan = self->plan;
  g_autoptr (SbxPolicy) less = sbx_policy_with_buses (self->from, plan->policy);
  g_autoptr (SbxPlan) before = NULL, after = NULL;

  if (sbx_policy_equal (self->from, less))
    return TRUE;
  before = sbx_running_plan (self->host, self->info, self->from, NULL, error);
  after = before ? sbx_running_plan_next (self->host, self->info, less, error) : NULL;
  if (!after)
    return FALSE;
  if (has_documents (before) && !has_documents (after)) /* what was chosen in dialogs that it cannot have any more */
    add_row (self, SBX_NARROW_GONE, sbx_plan_get_box (before)->documents_at, NULL);
  if (sbx_mounts_wants_accessibility (self->from) && !sbx_mounts_wants_accessibility (less))
    plan->ended |= 1u << SBX_SIDECAR_ACCESSIBILITY;
  if (sbx_box_find_sidecar (sbx_plan_get_box (after), SBX_SIDECAR_BUS))
    plan->buses = g_steal_pointer (&after);
  else
    plan->ended |= 1u << SBX_SIDECAR_BUS;
  return TRUE;
}

/* The rows of its border, which looks at every packet. */
static gboolean
narrow_network (Narrowing *self, GError **error)
{
  g_autoptr (SbxPolicy) less = sbx_policy_with_destinations (self->from, self->plan->policy);

  if (!sbx_network_is_private (self->from) || sbx_policy_equal (self->from, less))
    return TRUE;
  if (!sbx_network_check_destinations (less, error))
    return FALSE;
  self->plan->to = sbx_network_list_destinations (less);
  return TRUE;
}

static void
note_taken (Narrowing *self)
{
  g_autofree char *diff = sbx_policy_diff (self->from, self->plan->policy);
  g_auto (GStrv) lines = g_strsplit (diff, "\n", -1);

  for (char **line = lines; *line; line++)
    if (**line)
      g_ptr_array_add (self->plan->taken, g_strdup (*line));
}

/* What is written down, so that it is not granted again. What is denied needs no note: that stays in the policy. */
static void
note_closed (Narrowing *self)
{
  gsize n, n_left;
  const SbxDestination *rows = sbx_policy_get_allowed (self->from, &n);
  const SbxDestination *left = sbx_policy_get_allowed (self->plan->policy, &n_left);

  for (gsize i = 0; i < n; i++) {
    gsize j = 0;

    while (j < n_left && !sbx_destination_covers (&left[j], &rows[i]))
      j++;
    if (j == n_left)
      g_ptr_array_add (self->plan->closed, sbx_policy_describe_destination (&rows[i]));
  }
}

static SbxNarrowingPlan *
plan_new (SbxHost *host, const SbxInfo *info, const SbxPolicy *from, SbxPolicy *to, GVariant *groups, SbxNarrowingBy by,
          GError **error)
{
  g_autoptr (SbxNarrowingPlan) plan = g_new0 (SbxNarrowingPlan, 1);
  Narrowing self = { .host = host, .info = info, .from = from, .plan = plan, .by = by };
  gboolean planned;

  plan->policy = to;
  plan->limits = g_array_new (FALSE, FALSE, sizeof (SbxRlimit));
  plan->from = sbx_policy_ref (from);
  plan->rows = g_array_new (FALSE, FALSE, sizeof (SbxNarrow));
  plan->strings = g_ptr_array_new_with_free_func (g_free);
  plan->taken = g_ptr_array_new_with_free_func (g_free);
  plan->closed = g_ptr_array_new_with_free_func (g_free);
  planned = check_possible (&self, error) && (!groups || check_names (&self, groups, error))
            && narrow_files (&self, error) && narrow_sockets (&self, error) && narrow_buses (&self, error)
            && sbx_narrow_limits (info, from, to, plan->limits, &plan->scope, error) && narrow_network (&self, error);
  g_clear_pointer (&self.surroundings, sbx_surroundings_free);
  g_clear_pointer (&self.tainted, sbx_object_set_free);
  g_clear_pointer (&self.homes, sbx_object_set_free);
  if (!planned)
    return NULL;
  note_taken (&self);
  note_closed (&self);
  return g_steal_pointer (&plan);
}

SbxNarrowingPlan *
sbx_narrowing_plan_new (SbxHost *host, const SbxInfo *info, GVariant *groups, GError **error)
{
  g_autoptr (SbxPolicy) from = sbx_running_policy (host, info, error);
  g_autoptr (SbxPolicy) asked = from ? sbx_policy_merge_variant (from, groups, &host->places, error) : NULL;

  return asked ? plan_new (host, info, from, sbx_policy_meet (from, asked), groups, SBX_NARROWING_OUTSIDE, error)
               : NULL;
}

SbxNarrowingPlan *
sbx_narrowing_plan_new_below (SbxHost *host, const SbxInfo *info, const SbxPolicy *most, SbxNarrowingBy by,
                              GError **error)
{
  g_autoptr (SbxPolicy) from = sbx_running_policy (host, info, error);
  g_autoptr (SbxPolicy) both = from ? sbx_policy_meet (from, most) : NULL;

  return both ? plan_new (host, info, from, with_changeable (from, both), NULL, by, error) : NULL;
}
