/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/identity/subject.h"

#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "daemon/instances/lineage.h"

/* keeper ─▶ bwrap ─▶ bwrap, PID 1 of the proxy's namespace ─▶ xdg-dbus-proxy */
#define PROXY_DEPTH 3

static void
subject_clear (gpointer data)
{
  SbxSubject *subject = data;

  g_object_unref (subject->registry);
  g_object_unref (subject->caller);
  g_clear_object (&subject->own);
}

SbxSubject *
sbx_subject_ref (SbxSubject *subject)
{
  return g_rc_box_acquire (subject);
}

void
sbx_subject_unref (SbxSubject *subject)
{
  g_rc_box_release_full (subject, subject_clear);
}

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

/* @pid and those above it: PROXY_DEPTH + 1, 0 where there is none. */
static void
read_chain (pid_t pid, pid_t *chain)
{
  chain[0] = pid;
  for (int i = 0; i < PROXY_DEPTH; i++)
    chain[i + 1] = parent_of (chain[i]);
}

SbxInstance *
sbx_subject_find_by_proxy (SbxRegistry *registry, SbxRuntimeDir *runtime, pid_t proxy)
{
  g_autoptr (GPtrArray) instances = sbx_registry_list (registry);
  int records = sbx_runtime_dir_open (runtime, NULL);
  pid_t chain[PROXY_DEPTH + 1];

  read_chain (proxy, chain);
  if (records < 0 || chain[PROXY_DEPTH] <= 1)
    return NULL;
  for (guint i = 0; i < instances->len; i++)
    if (has_proxy (g_ptr_array_index (instances, i), records, chain))
      return g_ptr_array_index (instances, i);
  return NULL;
}

/* Only root can find out whether root is in a sandbox; and root of another user namespace does not have uid 0 here. */
static gboolean
is_outside (SbxCaller *caller)
{
  return (sbx_caller_get_uid (caller) == 0 && geteuid () != 0) || sbx_caller_is_unsandboxed (caller);
}

/* polkit answers questions about other people only to root. */
static gboolean
check_uid (SbxCaller *caller, GError **error)
{
  uid_t uid = sbx_caller_get_uid (caller);

  if (uid == 0 || uid == geteuid () || geteuid () == 0)
    return TRUE;
  return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                    "the caller's uid is %u, and this service works for uid %u only; use the one of your own session",
                    (unsigned) uid, (unsigned) geteuid ());
}

/* Whether @caller belongs to a keeper that has not said yet that its application runs. */
static gboolean
is_starting (SbxRegistry *registry, SbxCaller *caller)
{
  g_autoptr (GPtrArray) live = sbx_registry_list_live (registry);
  pid_t chain[PROXY_DEPTH + 1];

  read_chain (sbx_caller_get_pid (caller), chain);
  for (guint i = 0; i < live->len; i++) {
    SbxInstance *instance = g_ptr_array_index (live, i);

    if (sbx_instance_get_state (instance) == SBX_STATE_STARTING && chain[PROXY_DEPTH] > 1
        && sbx_instance_get_keeper_pid (instance) == chain[PROXY_DEPTH])
      return TRUE;
  }
  return FALSE;
}

/* A question that waits; it ends with the launch that it waits for, which has a time limit. */
typedef struct {
  SbxRegistry *registry;
  SbxRuntimeDir *runtime;
  SbxCaller *caller;
  SbxSubjectFunc func;
  gpointer user_data;
  guint source;
} Finding;

static void
finding_free (Finding *finding)
{
  g_object_unref (finding->registry);
  g_object_unref (finding->caller);
  g_free (finding);
}

static SbxInstance *
find_home (const Finding *finding)
{
  SbxInstance *found =
      sbx_subject_find_by_proxy (finding->registry, finding->runtime, sbx_caller_get_pid (finding->caller));

  return found && sbx_caller_is_same_process (finding->caller) ? found : NULL;
}

static SbxSubject *
make_subject (Finding *finding)
{
  SbxSubject *subject = g_rc_box_new0 (SbxSubject);
  SbxInstance *own = NULL;

  subject->registry = g_object_ref (finding->registry);
  subject->caller = g_object_ref (finding->caller);
  subject->where = SBX_WHERE_OUTSIDE;
  if (is_outside (finding->caller))
    return subject;
  own = find_home (finding);
  sbx_caller_set_home (finding->caller, (GObject *) own);
  subject->where = own ? SBX_WHERE_INSTANCE : SBX_WHERE_UNKNOWN;
  subject->own = own ? g_object_ref (own) : NULL;
  return subject;
}

static void
answer (SbxCaller *caller, const GError *unknown, gpointer user_data)
{
  Finding *finding = user_data;
  g_autoptr (GError) error = unknown ? g_error_copy (unknown) : NULL;
  g_autoptr (SbxSubject) subject = !error && check_uid (caller, &error) ? make_subject (finding) : NULL;

  finding->func (subject, error, finding->user_data);
  finding_free (finding);
}

static gboolean
on_settled (gpointer user_data)
{
  Finding *finding = user_data;

  finding->source = 0;
  if (is_starting (finding->registry, finding->caller))
    return G_SOURCE_REMOVE;
  g_signal_handlers_disconnect_by_data (finding->registry, finding);
  sbx_caller_when_known (finding->caller, answer, finding); /* or has left meanwhile */
  return G_SOURCE_REMOVE;
}

/* A launch has got further. Not handled now, while others are still being told. */
static void
on_progress (Finding *finding)
{
  if (finding->source == 0)
    finding->source = g_idle_add_full (G_PRIORITY_DEFAULT, on_settled, finding, NULL);
}

static void
on_known (SbxCaller *caller, const GError *error, gpointer user_data)
{
  Finding *finding = user_data;

  if (!error && !is_outside (caller) && is_starting (finding->registry, caller)) {
    g_signal_connect_swapped (finding->registry, "added", G_CALLBACK (on_progress), finding);
    g_signal_connect_swapped (finding->registry, "changed", G_CALLBACK (on_progress), finding);
    return;
  }
  answer (caller, error, finding);
}

void
sbx_subject_find (SbxRegistry *registry, SbxRuntimeDir *runtime, SbxCaller *caller, SbxSubjectFunc func,
                  gpointer user_data)
{
  Finding *finding = g_new (Finding, 1);

  *finding = (Finding){ g_object_ref (registry), runtime, g_object_ref (caller), func, user_data, 0 };
  sbx_caller_when_known (caller, on_known, finding);
}

/* One that is in a sandbox would choose a policy for itself, or reach into another sandbox, by a yes that was meant for
 * the session: fail closed. */
gboolean
sbx_subject_check_outside (const SbxSubject *subject, GError **error)
{
  if (subject->where == SBX_WHERE_OUTSIDE)
    return TRUE;
  return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                    "an application in a sandbox may only start, change or look into sandboxes of its own, through its "
                    "filtered bus; do it from outside");
}

gboolean
sbx_subject_may_see (const SbxSubject *subject, SbxInstance *instance)
{
  switch (subject->where) {
  case SBX_WHERE_OUTSIDE:
    return TRUE;
  case SBX_WHERE_INSTANCE:
    return subject->own == instance || sbx_lineage_is_below (subject->registry, subject->own, instance);
  case SBX_WHERE_UNKNOWN:
    return FALSE;
  }
  return FALSE;
}

gboolean
sbx_subject_is_starter (const SbxSubject *subject, SbxInstance *instance)
{
  return sbx_instance_is_started_by (instance, G_OBJECT (subject->caller))
         || (subject->own && sbx_lineage_is_below (subject->registry, subject->own, instance));
}
