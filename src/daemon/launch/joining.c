/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/joining.h"

#include "policy/own-names.h"

/* Whether the processes of @running may open the file at its own path, as it is to be opened. */
static gboolean
is_open (const SbxPolicy *running, const SbxForwardedFile *file)
{
  return sbx_policy_get_access (running, file->path) >= (file->writable ? SBX_ACCESS_RW : SBX_ACCESS_RO);
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

/* The same but for the application's own names, which depend on what else was on the bus at the start. */
static gboolean
is_same_policy (const SbxJoinWanted *wanted, const SbxPolicy *running)
{
  g_autoptr (GPtrArray) names = sbx_own_names_list (wanted->policy, wanted->app_id, wanted->command);
  g_autoptr (SbxPolicy) most = sbx_policy_with_own (wanted->policy, (const char *const *) names->pdata, names->len);

  return sbx_policy_leq (wanted->policy, running) && sbx_policy_leq (running, most);
}

/* Why @instance, of the same application, will not do; NULL: it will. The caller's. */
static char *
find_obstacle (const SbxJoinWanted *wanted, SbxInstance *instance)
{
  const SbxInfo *info = sbx_instance_get_info (instance);
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();
  g_autoptr (SbxPolicy) running = sbx_policy_merge_variant (nothing, info->policy, wanted->places, NULL);

  if (!running || !info->offers)
    return g_strdup ("its record cannot be read, or is of an older version");
  if (!g_str_equal (info->profile, wanted->profile))
    return g_strdup_printf ("it has the profile \"%s\"", info->profile);
  if (!is_same_policy (wanted, running))
    return g_strdup ("its policy is another one");
  if (g_strcmp0 (info->on_crash, wanted->on_crash ? wanted->on_crash : "") != 0)
    return g_strdup ("its crash handler is another one");
  if (!is_same_display (wanted, info))
    return g_strdup ("it is on another display");
  for (gsize i = 0; i < wanted->n_files; i++)
    if (!is_open (running, &wanted->files[i]))
      return g_strdup_printf ("it cannot open %s", wanted->files[i].path);
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
    *obstacle = g_strdup_printf ("%s runs already, as %s; this is a second one beside it, since %s", wanted->app_id, id,
                                 problem);
  }
  if (found)
    g_clear_pointer (obstacle, g_free);
  return found;
}
