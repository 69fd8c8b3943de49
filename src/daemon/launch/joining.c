/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/joining.h"

#include <glib/gi18n.h>

#include "daemon/launch/forward.h"
#include "daemon/launch/program-names.h"
#include "daemon/launch/running.h"
#include "policy/own-names.h"

gboolean
sbx_joining_has_file (const SbxInfo *info, const SbxPolicy *policy, const SbxForwardedFile *file)
{
  return sbx_policy_get_access (policy, file->path) >= (file->writable ? SBX_ACCESS_RW : SBX_ACCESS_RO)
         || sbx_forwarded_file_is_there (file, info->files);
}

SbxGrantPlan *
sbx_joining_plan_file (SbxHost *host, const SbxInfo *info, const SbxForwardedFile *file, SbxGrantRequest *request,
                       gboolean looking, GError **error)
{
  *request = (SbxGrantRequest){
    .fd = file->fd, .path = file->path, .access = file->writable ? SBX_ACCESS_RW : SBX_ACCESS_RO, .forward = file
  };
  return sbx_grant_plan_new (host, info, request, looking, error);
}

/* Why the file cannot be given to the instance while it runs; NULL: it has it, or can get it. The caller's. */
static char *
find_file_obstacle (const SbxJoinWanted *wanted, const SbxInfo *info, const SbxPolicy *running,
                    const SbxForwardedFile *file)
{
  g_autoptr (SbxGrantPlan) plan = NULL;
  g_autoptr (GError) error = NULL;
  SbxGrantRequest request;

  if (sbx_joining_has_file (info, running, file))
    return NULL;
  plan = sbx_joining_plan_file (wanted->host, info, file, &request, TRUE, &error);
  return plan ? NULL : g_strdup (error->message);
}

static gboolean
is_same_display (const SbxJoinWanted *wanted, const SbxInfo *info)
{
  static const char *const names[] = { "DISPLAY", "WAYLAND_DISPLAY" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (g_environ_getenv (wanted->display, names[i]), g_environ_getenv (info->display, names[i])) != 0)
      return FALSE;
  return TRUE;
}

/* @policy with what Grant has given to the instance, which a later start is not to be kept away by. */
static SbxPolicy *
add_granted (const SbxPolicy *policy, const SbxPolicy *running, GVariant *grants)
{
  SbxPolicy *result = sbx_policy_ref (policy);

  for (gsize i = 0; grants && i < g_variant_n_children (grants); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (grants, i);
    g_autoptr (GVariant) files = g_variant_lookup_value (row, "filesystems", G_VARIANT_TYPE ("a{ss}"));
    GVariantIter iter;
    const char *path;

    if (files)
      g_variant_iter_init (&iter, files);
    while (files && g_variant_iter_next (&iter, "{&s&s}", &path, NULL)) {
      SbxPolicy *more = sbx_policy_with_path (result, path, sbx_policy_get_access (running, path));

      sbx_policy_unref (result);
      result = more;
    }
  }
  return result;
}

/* The same but for the application's own names, which depend on what else was on the bus at the start, and for what it
 * was given since. */
static gboolean
is_same_policy (const SbxJoinWanted *wanted, const SbxInfo *info, const SbxPolicy *running)
{
  g_autoptr (GPtrArray) written = sbx_program_names (wanted->policy, wanted->app_id, wanted->command);
  g_autoptr (GPtrArray) names = sbx_own_names_list (wanted->policy, wanted->app_id, wanted->command, written);
  g_autoptr (SbxPolicy) named = sbx_policy_with_own (wanted->policy, (const char *const *) names->pdata, names->len);
  g_autoptr (SbxPolicy) most = add_granted (named, running, info->grants);

  return sbx_policy_leq (wanted->policy, running) && sbx_policy_leq (running, most);
}

/* Why @instance, of the same application, will not do; NULL: it will. The caller's. */
static char *
find_obstacle (const SbxJoinWanted *wanted, SbxInstance *instance)
{
  const SbxInfo *info = sbx_instance_get_info (instance);
  g_autoptr (SbxPolicy) running = sbx_running_policy (wanted->host, info, NULL);

  if (wanted->refused)
    return g_strdup (wanted->refused);
  if (!running || !info->offers)
    return g_strdup (N_ ("its record cannot be read, or is of an older version"));
  if (!g_str_equal (info->profile, wanted->profile))
    return g_strdup_printf (N_ ("it has the profile \"%s\""), info->profile);
  if (!is_same_policy (wanted, info, running))
    return g_strdup (N_ ("its policy is another one"));
  if (g_strcmp0 (info->on_crash, wanted->on_crash ? wanted->on_crash : "") != 0)
    return g_strdup (N_ ("its crash handler is another one"));
  if (!is_same_display (wanted, info))
    return g_strdup (N_ ("it is on another display"));
  for (gsize i = 0; i < wanted->n_files; i++) {
    char *problem = find_file_obstacle (wanted, info, running, &wanted->files[i]);

    if (problem)
      return problem;
  }
  return NULL;
}

/* Of two that will do, the one that runs; of two that run, the older one. */
static gboolean
is_better (SbxInstance *a, SbxInstance *b)
{
  gint64 started_a = sbx_instance_get_start_time (a), started_b = b ? sbx_instance_get_start_time (b) : 0;

  return !b || (started_a > 0 && (started_b == 0 || started_a < started_b));
}

SbxInstance *
sbx_joining_find (SbxRegistry *registry, const SbxJoinWanted *wanted, char **obstacle)
{
  g_autoptr (GPtrArray) live = sbx_registry_list_live (registry);
  SbxInstance *found = NULL;

  *obstacle = NULL;
  for (guint i = 0; i < live->len; i++) {
    const SbxInfo *info = sbx_instance_get_info (live->pdata[i]);
    g_autofree char *problem = NULL;
    char id[SBX_ID_SIZE];

    /* Not a handler, and not what an application has started for itself */
    if (info->parent != 0 || !g_str_equal (info->app_id, wanted->app_id))
      continue;
    problem = find_obstacle (wanted, live->pdata[i]);
    if (!problem && is_better (live->pdata[i], found))
      found = live->pdata[i];
    if (!problem || *obstacle)
      continue;
    sbx_id_format (info->id, id);
    *obstacle = g_strdup_printf (N_ ("%s runs already, as %s; this is a second one beside it, since %s"),
                                 wanted->app_id, id, problem);
  }
  if (found)
    g_clear_pointer (obstacle, g_free);
  return found;
}
