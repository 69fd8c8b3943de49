/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/lender.h"

#include "common/error.h"
#include "daemon/launch/lending.h"
#include "daemon/launch/restricting.h"

#define LOOK_MS 30000 /* at the latest: timers stand still while the machine sleeps, and deadlines do not */
#define BUSY_MS 200   /* another change is being made */
#define AGAIN_MS 5000 /* it has failed */

struct _SbxLender {
  SbxContext *context;
  SbxRegistry *registry;
  GHashTable *ending; /* SbxInstance * → itself: what has no answer yet */
  guint timer;
  gboolean freed;
};

static void
clear (gpointer data)
{
  SbxLender *self = data;

  g_hash_table_unref (self->ending);
  g_object_unref (self->registry);
}

static void
unref (SbxLender *self)
{
  g_rc_box_release_full (self, clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxLender, unref)

static gboolean
on_timer (gpointer user_data)
{
  SbxLender *self = user_data;

  self->timer = 0;
  sbx_lender_look (self);
  return G_SOURCE_REMOVE;
}

static void
look_in (SbxLender *self, guint ms)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (!self->freed)
    self->timer = g_timeout_add (ms, on_timer, self);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SbxLender) self = user_data;
  SbxInstance *instance = SBX_INSTANCE (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) done = sbx_restrict_finish (instance, result, &error);

  g_hash_table_remove (self->ending, instance);
  if (done) {
    look_in (self, 0);
  } else if (g_error_matches (error, SBX_ERROR, SBX_ERROR_LIMITS)) {
    look_in (self, BUSY_MS);
  } else if (!g_error_matches (error, SBX_ERROR, SBX_ERROR_EXITED)) {
    g_warning ("%s: what was granted for a time could not be ended: %s", sbx_instance_get_path (instance),
               error->message);
    look_in (self, AGAIN_MS);
  }
}

static void
end (SbxLender *self, SbxInstance *instance, guint64 due)
{
  const SbxInfo *info = sbx_instance_get_info (instance);
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) most = sbx_lending_most (self->context->host, info, due, &error);
  g_autoptr (GVariant) grants = sbx_lending_end (info, due);

  if (!most) {
    g_warning ("%s: %s", sbx_instance_get_path (instance), error->message);
    return;
  }
  g_hash_table_add (self->ending, g_object_ref (instance));
  sbx_restrict_to_async (instance, self->registry, self->context, most, grants, on_ended, g_rc_box_acquire (self));
}

void
sbx_lender_look (SbxLender *self)
{
  g_autoptr (GPtrArray) live = sbx_registry_list_live (self->registry);
  guint64 now = sbx_lending_now (), next = 0;
  gboolean greeted = TRUE;

  for (guint i = 0; i < live->len; i++) {
    SbxInstance *instance = g_ptr_array_index (live, i);
    guint64 deadline = sbx_lending_next (sbx_instance_get_info (instance));

    if (!sbx_greeting_is_over (sbx_instance_get_greeting (instance))) { /* what is known of it may be the past */
      greeted = FALSE;
      continue;
    }
    if (deadline == 0 || sbx_instance_get_state (instance) != SBX_STATE_RUNNING
        || g_hash_table_contains (self->ending, instance))
      continue;
    if (deadline <= now)
      end (self, instance, now);
    else if (next == 0 || deadline < next)
      next = deadline;
  }
  if (!greeted)
    look_in (self, BUSY_MS);
  else if (next > 0)
    look_in (self, (guint) MIN ((next - now) / 1000 + 1, LOOK_MS));
}

SbxLender *
sbx_lender_new (SbxContext *context, SbxRegistry *registry)
{
  SbxLender *self = g_rc_box_new0 (SbxLender);

  self->context = context;
  self->registry = g_object_ref (registry);
  self->ending = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  return self;
}

void
sbx_lender_free (SbxLender *self)
{
  self->freed = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  unref (self);
}
