/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/nested.h"

#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "daemon/bounds.h"

/* keeper ─▶ bwrap ─▶ bwrap, PID 1 of the proxy's namespace ─▶ xdg-dbus-proxy */
#define PROXY_DEPTH 3
#define ORPHAN_GRACE_MS 3000

/* 0 when there is no such process. */
static pid_t
parent_of (pid_t pid)
{
  SbxProcessStat stat;

  return sbx_process_stat_read (pid, &stat) ? stat.parent : 0;
}

/* The instance of the keeper with the pid @chain[PROXY_DEPTH]: what is in its sandbox has PID 1 of that above it. */
static gboolean
has_proxy (SbxInstance *instance, int records, const pid_t *chain)
{
  gint32 keeper = 0, init = 0;

  if (sbx_instance_get_state (instance) != SBX_STATE_RUNNING
      || !sbx_record_read_pids (records, sbx_instance_get_id (instance), &keeper, &init)
      || keeper != chain[PROXY_DEPTH])
    return FALSE;
  for (int i = 0; i < PROXY_DEPTH; i++)
    if (chain[i] == init)
      return FALSE;
  return TRUE;
}

/* @caller's process and those above it: PROXY_DEPTH + 1, 0 where there is none. */
static void
read_chain (SbxCaller *caller, pid_t *chain)
{
  chain[0] = sbx_caller_get_pid (caller);
  for (int i = 0; i < PROXY_DEPTH; i++)
    chain[i + 1] = parent_of (chain[i]);
}

static SbxInstance *
find_by_proxy (SbxRegistry *registry, SbxRuntimeDir *runtime, SbxCaller *caller)
{
  g_autoptr (GPtrArray) instances = sbx_registry_list (registry);
  int records = sbx_runtime_dir_open (runtime, NULL);
  pid_t chain[PROXY_DEPTH + 1];

  read_chain (caller, chain);
  if (records < 0 || chain[PROXY_DEPTH] <= 1)
    return NULL;
  for (guint i = 0; i < instances->len; i++)
    if (has_proxy (g_ptr_array_index (instances, i), records, chain))
      return sbx_caller_is_same_process (caller) ? g_ptr_array_index (instances, i) : NULL;
  return NULL;
}

/* Whether root is in a sandbox only root can see; and root in a user namespace is not uid 0 here. */
static gboolean
is_outside (SbxCaller *caller)
{
  return (sbx_caller_get_uid (caller) == 0 && geteuid () != 0) || sbx_caller_is_unsandboxed (caller);
}

/* Does @caller belong to a keeper that has not said yet that its application runs? */
static gboolean
is_starting (SbxRegistry *registry, SbxCaller *caller)
{
  g_autoptr (GPtrArray) live = sbx_registry_list_live (registry);
  pid_t chain[PROXY_DEPTH + 1];

  read_chain (caller, chain);
  for (guint i = 0; i < live->len; i++) {
    SbxInstance *instance = g_ptr_array_index (live, i);

    if (sbx_instance_get_state (instance) == SBX_STATE_STARTING && chain[PROXY_DEPTH] > 1
        && sbx_instance_get_keeper_pid (instance) == chain[PROXY_DEPTH])
      return TRUE;
  }
  return FALSE;
}

/* Ends with the launch, which has a time limit. */
typedef struct {
  SbxRegistry *registry;
  SbxCaller *caller;
  SbxCallerFunc func;
  gpointer user_data;
  guint source;
} Knowing;

static gboolean
on_settled (gpointer user_data)
{
  Knowing *knowing = user_data;

  knowing->source = 0;
  if (is_starting (knowing->registry, knowing->caller))
    return G_SOURCE_REMOVE;
  g_signal_handlers_disconnect_by_data (knowing->registry, knowing);
  sbx_caller_when_known (knowing->caller, knowing->func, knowing->user_data); /* or has left meanwhile */
  g_object_unref (knowing->registry);
  g_object_unref (knowing->caller);
  g_free (knowing);
  return G_SOURCE_REMOVE;
}

/* A launch has got further; not now, while others are still being told. */
static void
on_progress (Knowing *knowing)
{
  if (knowing->source == 0)
    knowing->source = g_idle_add_full (G_PRIORITY_DEFAULT, on_settled, knowing, NULL);
}

static void
on_known (SbxCaller *caller, const GError *error, gpointer user_data)
{
  Knowing *knowing = user_data;

  if (!error && !is_outside (caller) && is_starting (knowing->registry, caller)) {
    g_signal_connect_swapped (knowing->registry, "added", G_CALLBACK (on_progress), knowing);
    g_signal_connect_swapped (knowing->registry, "changed", G_CALLBACK (on_progress), knowing);
    return;
  }
  knowing->func (caller, error, knowing->user_data);
  g_object_unref (knowing->registry);
  g_object_unref (knowing->caller);
  g_free (knowing);
}

void
sbx_nested_when_known (SbxRegistry *registry, SbxCaller *caller, SbxCallerFunc func, gpointer user_data)
{
  Knowing *knowing = g_new (Knowing, 1);

  *knowing = (Knowing){ g_object_ref (registry), g_object_ref (caller), func, user_data, 0 };
  sbx_caller_when_known (caller, on_known, knowing);
}

SbxWhere
sbx_nested_where (SbxRegistry *registry, SbxRuntimeDir *runtime, SbxCaller *caller, SbxInstance **own)
{
  *own = NULL;
  if (is_outside (caller))
    return SBX_WHERE_OUTSIDE;
  *own = find_by_proxy (registry, runtime, caller);
  sbx_caller_set_home (caller, (GObject *) *own);
  return *own ? SBX_WHERE_INSTANCE : SBX_WHERE_UNKNOWN;
}

/* The one that has started @instance from inside, or NULL. */
static SbxInstance *
starter_of (SbxRegistry *registry, SbxInstance *instance)
{
  const SbxInfo *info = sbx_instance_get_info (instance);

  return info->nested ? sbx_registry_lookup (registry, info->parent) : NULL;
}

gboolean
sbx_nested_is_below (SbxRegistry *registry, SbxInstance *own, SbxInstance *instance)
{
  /* Bounded: records are files, and could name each other */
  for (guint i = 0; i < SBX_MAX_NESTED && (instance = starter_of (registry, instance)) != NULL; i++)
    if (instance == own)
      return TRUE;
  return FALSE;
}

gboolean
sbx_nested_has_room (SbxRegistry *registry, SbxInstance *own, GError **error)
{
  g_autoptr (GPtrArray) live = sbx_registry_list_live (registry);
  SbxInstance *top = own, *above;
  guint n = 0;

  if (sbx_instance_get_state (own) != SBX_STATE_RUNNING)
    return sbx_throw (error, SBX_ERROR_EXITED, "the calling sandbox has ended");
  if (sbx_instance_get_info (own)->parent != 0 && !sbx_instance_get_info (own)->nested)
    return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED, "a handler may not start anything beside itself");
  for (guint i = 0; i < SBX_MAX_NESTED && (above = starter_of (registry, top)) != NULL; i++)
    top = above;
  for (guint i = 0; i < live->len; i++)
    n += sbx_nested_is_below (registry, top, g_ptr_array_index (live, i));
  return n < SBX_MAX_NESTED
         || sbx_throw (error, SBX_ERROR_LIMITS,
                       "this application has %d sandboxes below it, which is the limit; stop some of them first",
                       SBX_MAX_NESTED);
}

void
sbx_nested_stop_orphan (SbxRegistry *registry, SbxInstance *instance)
{
  SbxMessage message = { .type = SBX_MSG_STOP, .value = ORPHAN_GRACE_MS };
  SbxInstance *starter = starter_of (registry, instance);
  g_autoptr (GError) error = NULL;

  if (!sbx_instance_get_info (instance)->nested || sbx_instance_get_state (instance) != SBX_STATE_RUNNING
      || (starter && sbx_instance_get_state (starter) != SBX_STATE_EXITED))
    return;
  /* One whose keeper has gone is ending already */
  if (!sbx_instance_send (instance, &message, NULL, 0, &error) && !g_error_matches (error, SBX_ERROR, SBX_ERROR_EXITED))
    g_warning ("%s stays although its parent has ended: %s", sbx_instance_get_path (instance), error->message);
}
