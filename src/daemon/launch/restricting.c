/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From below to above: so none ever has more than the one that has started it, whenever the service is killed.
 *
 *   plans for all ──▶ the lowest ──▶ … ──▶ the one that was named ──▶ again, for those that were started meanwhile
 *     │ one is refused: nothing is changed
 *
 * A launch that is still on its way when its starter is restricted is given up if it would have more (launch.c). */
#include "daemon/launch/restricting.h"

#include <unistd.h>

#include "common/error.h"
#include "daemon/instances/keeper-requests.h"
#include "daemon/instances/lineage.h"
#include "daemon/launch/narrowing.h"
#include "daemon/launch/running.h"
#include "daemon/launch/scope.h"
#include "daemon/launch/scoping.h"

typedef struct {
  SbxRegistry *registry;
  SbxHost *host;
  const SbxContext *context;
  SbxInstance *scoped; /* the next one, whose scope has the limits of … */
  SbxPolicy *scope;    /* … this policy, before anything else is done; or NULL */
  SbxScoping *scoping; /* … which its record does not say yet; or NULL */
  GVariant *groups;    /* what is taken away; NULL: what is not in @to */
  SbxPolicy *to;
  GVariant *grants; /* with @to: what is written down with the one that was named */
  SbxPolicy *most;  /* of that one, once it has lost that */
  guint32 pid;
  GPtrArray *left; /* SbxInstance *: still to be done, the next one last */
  GArray *done;    /* SbxRestricted */
} Restricting;

static void
clear_restricted (gpointer data)
{
  SbxRestricted *restricted = data;

  g_object_unref (restricted->instance);
  g_bytes_unref (restricted->held);
}

static void
restricting_free (gpointer data)
{
  Restricting *self = data;

  g_object_unref (self->registry);
  sbx_host_unref (self->host);
  g_clear_pointer (&self->scoping, sbx_scoping_undo);
  g_clear_object (&self->scoped);
  g_clear_pointer (&self->scope, sbx_policy_unref);
  g_clear_pointer (&self->groups, g_variant_unref);
  g_clear_pointer (&self->to, sbx_policy_unref);
  g_clear_pointer (&self->grants, g_variant_unref);
  g_clear_pointer (&self->most, sbx_policy_unref);
  g_ptr_array_unref (self->left);
  g_clear_pointer (&self->done, g_array_unref);
  g_free (self);
}

/* What @instance loses, which is the one that was named or below it. */
static SbxNarrowingPlan *
make_plan (const Restricting *self, SbxInstance *named, SbxInstance *instance, GError **error)
{
  const SbxInfo *info = sbx_instance_get_info (instance);
  SbxNarrowingPlan *plan;

  if (instance == named && self->groups)
    return sbx_narrowing_plan_new (self->host, info, self->groups, error);
  if (instance == named)
    return sbx_narrowing_plan_new_below (self->host, info, self->to, SBX_NARROWING_INSIDE, error);
  plan = sbx_narrowing_plan_new_below (self->host, info, self->most,
                                       self->groups ? SBX_NARROWING_OUTSIDE : SBX_NARROWING_INSIDE, error);
  if (!plan)
    g_prefix_error (error, "%016llx, which was started from inside of it: ", (unsigned long long) info->id);
  return plan;
}

/* Those below @top that run, the lowest first when taken from the end. */
static void
add_below (Restricting *self, SbxInstance *top)
{
  g_autoptr (GPtrArray) live = sbx_registry_list_live (self->registry);

  for (guint i = 0; i < live->len; i++) {
    SbxInstance *instance = g_ptr_array_index (live, i);

    if (sbx_lineage_get_starter (self->registry, instance) == top
        && sbx_instance_get_state (instance) == SBX_STATE_RUNNING
        && !g_ptr_array_find (self->left, instance, NULL)) { /* records could name each other */
      g_ptr_array_add (self->left, g_object_ref (instance));
      add_below (self, instance);
    }
  }
}

/* The change was made, or not: then the scope gets the limits back that are written down. */
static void
end_scope (Restricting *self, gboolean made)
{
  SbxScoping *scoping = g_steal_pointer (&self->scoping);

  g_clear_object (&self->scoped);
  if (scoping && made)
    sbx_scoping_done (scoping);
  else if (scoping)
    sbx_scoping_undo (scoping);
}

static void go_on (GTask *task);

static void
on_scope (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (sbx_scope_change_finish (result, &error)) {
    go_on (task); /* it is planned anew: another change may have been made meanwhile */
  } else {
    end_scope (g_task_get_task_data (task), FALSE); /* one that has not answered in time may still do it */
    g_task_return_error (task, error);
  }
}

/* A limit of all together is lower before it is written down, so that nothing is ever shown that does not hold. */
static gboolean
begin_scope (GTask *task, Restricting *self, SbxInstance *instance, const SbxPolicy *policy, GError **error)
{
  if (!self->scoping)
    self->scoping = sbx_scoping_begin (self->context, instance, error);
  if (!self->scoping)
    return FALSE;
  g_set_object (&self->scoped, instance);
  g_clear_pointer (&self->scope, sbx_policy_unref);
  self->scope = sbx_policy_ref (policy);
  g_ptr_array_add (self->left, g_object_ref (instance));
  sbx_scoping_change_async (self->scoping, policy, on_scope, g_object_ref (task));
  return TRUE;
}

/* Starts to have it done. FALSE: nothing is to be done, or @error. */
static gboolean
start (Restricting *self, SbxInstance *named, SbxInstance *instance, GAsyncReadyCallback callback, GTask *task,
       GError **error)
{
  g_autoptr (SbxNarrowingPlan) plan = NULL;
  gboolean ends = instance == named && self->grants;
  g_autoptr (GVariant) policy = NULL, restrictions = NULL;
  SbxInfo next = *sbx_instance_get_info (instance);
  char limited[] = "rlimit";
  int block;

  /* Also where nothing is to be taken: what is being given meanwhile would be there afterwards */
  if (sbx_instance_is_changing (instance) || !sbx_greeting_is_over (sbx_instance_get_greeting (instance)))
    return sbx_throw (error, SBX_ERROR_LIMITS, "another change of this instance is being made; try again");
  plan = make_plan (self, named, instance, error);
  if (!plan || (plan->taken->len == 0 && !ends))
    return FALSE;
  if (self->scoped == instance ? sbx_scope_differs (self->scope, plan->policy) : plan->scope)
    return begin_scope (task, self, instance, plan->policy, error);
  if (plan->limits->len > 0 && g_str_equal (next.limits, "none"))
    next.limits = limited;
  policy = g_variant_ref_sink (sbx_policy_to_variant (plan->policy));
  next.policy = policy;
  if (ends) {
    next.grants = self->grants;
  } else {
    restrictions = sbx_running_append (
        next.restrictions,
        sbx_narrowing_plan_describe (plan, self->pid, instance == named ? NULL : sbx_instance_get_path (named)));
    next.restrictions = restrictions;
  }
  block = sbx_narrowing_plan_write (plan, &next, error);
  if (block < 0)
    return FALSE;
  sbx_instance_change_async (instance, block, callback, g_object_ref (task));
  close (block);
  return TRUE;
}

static void
on_restricted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Restricting *self = g_task_get_task_data (task);
  SbxInstance *named = g_task_get_source_object (task);
  GError *error = NULL;
  GBytes *held = sbx_instance_change_finish (SBX_INSTANCE (source), result, &error);

  end_scope (self, held != NULL);
  if (held) {
    SbxRestricted restricted = { SBX_INSTANCE (g_object_ref (source)), held };

    g_array_append_val (self->done, restricted);
    if (SBX_INSTANCE (source) == named) /* what it has started since */
      add_below (self, named);
  } else if (SBX_INSTANCE (source) != named && g_error_matches (error, SBX_ERROR, SBX_ERROR_EXITED)) {
    g_error_free (error); /* it has nothing any more */
  } else {
    g_task_return_error (task, error);
    return;
  }
  go_on (task);
}

/* The next one that has something to lose. */
static void
go_on (GTask *task)
{
  Restricting *self = g_task_get_task_data (task);
  SbxInstance *named = g_task_get_source_object (task);

  while (self->left->len > 0) {
    g_autoptr (SbxInstance) next = g_ptr_array_steal_index (self->left, self->left->len - 1);
    GError *error = NULL;

    if (next != named && sbx_instance_get_state (next) != SBX_STATE_RUNNING)
      continue;
    if (start (self, named, next, on_restricted, task, &error))
      return;
    end_scope (self, FALSE); /* somebody else has made that change meanwhile, or it cannot be made */
    if (error) {
      g_task_return_error (task, error);
      return;
    }
  }
  g_task_return_pointer (task, g_steal_pointer (&self->done), (GDestroyNotify) g_array_unref);
}

/* Whether each can lose what it has to. */
static gboolean
check_all (Restricting *self, SbxInstance *named, GError **error)
{
  for (guint i = 0; i < self->left->len; i++) {
    g_autoptr (SbxNarrowingPlan) plan = make_plan (self, named, g_ptr_array_index (self->left, i), error);

    if (!plan)
      return FALSE;
    if (i == 0) /* the one that was named */
      self->most = sbx_policy_ref (plan->policy);
  }
  return TRUE;
}

/* Takes @self, in which is what is to be done. */
static void
begin (Restricting *self, SbxInstance *instance, SbxRegistry *registry, const SbxContext *context,
       GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (instance, NULL, callback, user_data);
  GError *error = NULL;

  self->registry = g_object_ref (registry);
  self->host = sbx_host_ref (context->host);
  self->context = context;
  self->left = g_ptr_array_new_with_free_func (g_object_unref);
  self->done = g_array_new (FALSE, FALSE, sizeof (SbxRestricted));
  g_array_set_clear_func (self->done, clear_restricted);
  g_task_set_task_data (task, self, restricting_free);
  g_ptr_array_add (self->left, g_object_ref (instance));
  add_below (self, instance);
  if (check_all (self, instance, &error))
    go_on (task);
  else
    g_task_return_error (task, error);
}

void
sbx_restrict_async (SbxInstance *instance, SbxRegistry *registry, const SbxContext *context, GVariant *groups,
                    guint32 pid, GAsyncReadyCallback callback, gpointer user_data)
{
  Restricting *self = g_new0 (Restricting, 1);

  self->groups = g_variant_ref (groups);
  self->pid = pid;
  begin (self, instance, registry, context, callback, user_data);
}

void
sbx_restrict_to_async (SbxInstance *instance, SbxRegistry *registry, const SbxContext *context, SbxPolicy *most,
                       GVariant *grants, GAsyncReadyCallback callback, gpointer user_data)
{
  Restricting *self = g_new0 (Restricting, 1);

  self->to = sbx_policy_ref (most);
  self->grants = g_variant_ref (grants);
  self->pid = (guint32) getpid ();
  begin (self, instance, registry, context, callback, user_data);
}

GArray *
sbx_restrict_finish (SbxInstance *instance, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
