/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/registry.h"

#include <errno.h>
#include <sys/random.h>

#include "common/error.h"
#include "daemon/bounds.h"
#include "daemon/instances/revive.h"

#define RETRY_MS 100

struct _SbxRegistry {
  GObject parent_instance;
  SbxRuntimeDir *runtime;
  SbxRoom room;
  GHashTable *instances; /* guint64 * inside → SbxInstance * */
  guint live, searched;  /* searched: their keepers may be there still */
  GQueue exited;         /* SbxInstance *, borrowed, in the order of their ends */
  guint timer;
};

G_DEFINE_FINAL_TYPE (SbxRegistry, sbx_registry, G_TYPE_OBJECT)

enum { SIGNAL_ADDED, SIGNAL_REMOVED, SIGNAL_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void arm_timer (SbxRegistry *self);

static void
sbx_registry_dispose (GObject *object)
{
  SbxRegistry *self = SBX_REGISTRY (object);
  GHashTableIter iter;
  gpointer instance;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_queue_clear (&self->exited);
  g_hash_table_iter_init (&iter, self->instances);
  while (g_hash_table_iter_next (&iter, NULL, &instance))
    g_signal_handlers_disconnect_by_data (instance, self);
  g_hash_table_remove_all (self->instances);
  G_OBJECT_CLASS (sbx_registry_parent_class)->dispose (object);
}

static void
sbx_registry_finalize (GObject *object)
{
  g_hash_table_unref (SBX_REGISTRY (object)->instances);
  G_OBJECT_CLASS (sbx_registry_parent_class)->finalize (object);
}

static void
sbx_registry_class_init (SbxRegistryClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = sbx_registry_dispose;
  G_OBJECT_CLASS (klass)->finalize = sbx_registry_finalize;
  signals[SIGNAL_ADDED] = g_signal_new ("added", SBX_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                        1, SBX_TYPE_INSTANCE);
  signals[SIGNAL_REMOVED] = g_signal_new ("removed", SBX_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, SBX_TYPE_INSTANCE);
  signals[SIGNAL_CHANGED] =
      g_signal_new ("changed", SBX_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
sbx_registry_init (SbxRegistry *self)
{
  self->instances = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
}

SbxRegistry *
sbx_registry_new (SbxRuntimeDir *runtime)
{
  SbxRegistry *self = g_object_new (SBX_TYPE_REGISTRY, NULL);

  self->runtime = runtime;
  return self;
}

guint64
sbx_registry_new_id (SbxRegistry *self)
{
  guint64 id;

  do {
    if (getrandom (&id, sizeof id, 0)
        != sizeof id) /* cannot fail for so few bytes once the system is up: getrandom(2) */
      g_error ("getrandom: %s", g_strerror (errno));
  } while (id == 0 || sbx_registry_lookup (self, id));
  return id;
}

SbxInstance *
sbx_registry_lookup (SbxRegistry *self, guint64 id)
{
  return g_hash_table_lookup (self->instances, &id);
}

guint
sbx_registry_count_live (SbxRegistry *self)
{
  return self->live;
}

gboolean
sbx_registry_is_searching (SbxRegistry *self)
{
  return self->searched > 0;
}

void
sbx_registry_set_room (SbxRegistry *self, const SbxRoom *room)
{
  self->room = *room;
}

const SbxRoom *
sbx_registry_get_room (SbxRegistry *self)
{
  return &self->room;
}

gboolean
sbx_registry_has_room (SbxRegistry *self, GError **error)
{
  if (self->live < self->room.most)
    return TRUE;
  return sbx_throw (error, SBX_ERROR_LIMITS, "the limit of %u instances is reached: %s; stop some of them first",
                    self->room.most, self->room.why ? self->room.why : "");
}

GPtrArray *
sbx_registry_list (SbxRegistry *self)
{
  GPtrArray *list = g_ptr_array_sized_new (g_hash_table_size (self->instances));
  GHashTableIter iter;
  gpointer instance;

  g_hash_table_iter_init (&iter, self->instances);
  while (g_hash_table_iter_next (&iter, NULL, &instance))
    if (sbx_instance_get_state (instance) != SBX_STATE_STARTING)
      g_ptr_array_add (list, instance);
  return list;
}

GPtrArray *
sbx_registry_list_live (SbxRegistry *self)
{
  GPtrArray *list = g_ptr_array_sized_new (g_hash_table_size (self->instances));
  GHashTableIter iter;
  gpointer instance;

  g_hash_table_iter_init (&iter, self->instances);
  while (g_hash_table_iter_next (&iter, NULL, &instance))
    if (sbx_instance_get_state (instance) != SBX_STATE_EXITED)
      g_ptr_array_add (list, instance);
  return list;
}

static void
count_live (SbxRegistry *self, int change)
{
  self->live += (guint) change;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
forget (SbxRegistry *self, SbxInstance *instance)
{
  guint64 id = sbx_instance_get_id (instance);

  g_signal_handlers_disconnect_by_data (instance, self);
  g_hash_table_remove (self->instances, &id);
}

void
sbx_registry_sweep (SbxRegistry *self, SbxInstance *instance)
{
  int parent = sbx_runtime_dir_open (self->runtime, NULL);

  if (parent >= 0)
    sbx_record_sweep (parent, sbx_instance_get_id (instance));
}

/* The oldest of the ended ones. */
static void
remove_oldest (SbxRegistry *self)
{
  g_autoptr (SbxInstance) instance = g_object_ref (g_queue_pop_head (&self->exited));

  sbx_registry_sweep (self, instance);
  forget (self, instance);
  g_signal_emit (self, signals[SIGNAL_REMOVED], 0, instance);
}

static gint64
time_left (SbxInstance *instance)
{
  gint64 age = g_get_real_time () - sbx_instance_get_exit_time (instance);

  /* A clock that was set back must not keep it for ever */
  return CLAMP (SBX_EXITED_KEPT_SECONDS * G_USEC_PER_SEC - age, 0, SBX_EXITED_KEPT_SECONDS * G_USEC_PER_SEC);
}

static gboolean
on_timer (gpointer user_data)
{
  SbxRegistry *self = user_data;
  SbxInstance *oldest;

  self->timer = 0;
  while ((oldest = g_queue_peek_head (&self->exited)) != NULL && time_left (oldest) == 0)
    remove_oldest (self);
  arm_timer (self);
  return G_SOURCE_REMOVE;
}

static void
arm_timer (SbxRegistry *self)
{
  SbxInstance *oldest = g_queue_peek_head (&self->exited);

  if (oldest && self->timer == 0)
    self->timer = g_timeout_add_seconds ((guint) (time_left (oldest) / G_USEC_PER_SEC) + 1, on_timer, self);
}

static int
compare_ends (gconstpointer a, gconstpointer b, gpointer user_data)
{
  gint64 first = sbx_instance_get_exit_time ((SbxInstance *) a),
         second = sbx_instance_get_exit_time ((SbxInstance *) b);

  return first < second ? -1 : first > second;
}

static void
keep_exited (SbxRegistry *self, SbxInstance *instance)
{
  g_queue_insert_sorted (&self->exited, instance, compare_ends, NULL);
  while (g_queue_get_length (&self->exited) > SBX_MAX_EXITED)
    remove_oldest (self);
  arm_timer (self);
}

static void
on_started (SbxInstance *instance, gpointer user_data)
{
  SbxRegistry *self = user_data;

  g_signal_emit (self, signals[SIGNAL_ADDED], 0, instance);
}

void
sbx_registry_drop (SbxRegistry *self, SbxInstance *instance)
{
  if (sbx_registry_lookup (self, sbx_instance_get_id (instance)) != instance)
    return;
  forget (self, instance);
  count_live (self, -1);
}

static void
on_failed (SbxInstance *instance, GError *error, guint step, gpointer user_data)
{
  sbx_registry_drop (user_data, instance);
}

typedef struct {
  SbxRegistry *registry;
  SbxInstance *instance;
} Retry;

static void
retry_free (gpointer data)
{
  Retry *retry = data;

  g_object_unref (retry->registry);
  g_object_unref (retry->instance);
  g_free (retry);
}

static gboolean
find_again (gpointer user_data)
{
  Retry *retry = user_data;

  retry->registry->searched--;
  if (sbx_registry_lookup (retry->registry, sbx_instance_get_id (retry->instance)) == retry->instance)
    sbx_revive (retry->registry->runtime, retry->instance);
  g_signal_emit (retry->registry, signals[SIGNAL_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

/* A keeper with too many services accepts the connection and closes it, so that there is no race. */
static void
on_lost (SbxInstance *instance, gpointer user_data)
{
  SbxRegistry *self = user_data;
  gint64 before = sbx_instance_get_reconnect_time (instance);
  Retry *retry;

  if (before == 0 || g_get_monotonic_time () - before > G_USEC_PER_SEC) {
    sbx_revive (self->runtime, instance);
    return;
  }
  self->searched++;
  retry = g_new (Retry, 1);
  *retry = (Retry){ g_object_ref (self), g_object_ref (instance) };
  g_timeout_add_full (G_PRIORITY_DEFAULT, RETRY_MS, find_again, retry, retry_free);
}

static void
on_ended (SbxInstance *instance, gpointer user_data)
{
  SbxRegistry *self = user_data;

  keep_exited (self, instance);
  count_live (self, -1);
}

void
sbx_registry_add (SbxRegistry *self, SbxInstance *instance)
{
  guint64 id = sbx_instance_get_id (instance);

  g_hash_table_insert (self->instances, g_memdup2 (&id, sizeof id), g_object_ref (instance));
  g_signal_connect (instance, "started", G_CALLBACK (on_started), self);
  g_signal_connect (instance, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (instance, "lost", G_CALLBACK (on_lost), self);
  g_signal_connect (instance, "ended", G_CALLBACK (on_ended), self);
  if (sbx_instance_get_state (instance) != SBX_STATE_STARTING)
    g_signal_emit (self, signals[SIGNAL_ADDED], 0, instance);
  if (sbx_instance_get_state (instance) == SBX_STATE_EXITED)
    keep_exited (self, instance);
  else
    count_live (self, 1);
}
