/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/samples.h"

#include <string.h>
#include <unistd.h>

#include "cli/crossed.h"
#include "cli/refused.h"

const char *const sbx_samples_orders[] = {
  [SBX_SAMPLES_BY_CPU] = "cpu", [SBX_SAMPLES_BY_MEMORY] = "memory", [SBX_SAMPLES_BY_AGE] = "age", NULL
};

/* What the sample before has of a row. */
typedef struct {
  guint64 cpu; /* ticks */
  guint64 in, out;
  gboolean networked;
} Before;

void
sbx_samples_init (SbxSamples *self, guint order)
{
  *self = (SbxSamples){ .rows = g_array_new (FALSE, FALSE, sizeof (SbxSample)),
                        .before = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
                        .order = order };
}

void
sbx_samples_clear (SbxSamples *self)
{
  g_clear_pointer (&self->instances, g_ptr_array_unref);
  g_array_unref (self->rows);
  g_hash_table_unref (self->before);
}

int
sbx_samples_find_order (const char *word)
{
  for (int i = 0; sbx_samples_orders[i]; i++)
    if (g_str_equal (sbx_samples_orders[i], word))
      return i;
  return -1;
}

/* How many a second, of @now after @seconds from @before on. */
static double
rate (guint64 now, guint64 before, double seconds)
{
  return now > before ? (double) (now - before) / seconds : 0;
}

static void
add_row (SbxSamples *self, const SbxInstanceInfo *info, const SbxProcesses *processes, gint64 now)
{
  g_autoptr (GVariant) handlers =
      g_variant_lookup_value (info->properties, "Handlers", G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
  const Before *before = g_hash_table_lookup (self->before, info->id);
  const double seconds = (double) (now - self->sampled) / G_USEC_PER_SEC;
  SbxSample row = { .info = info,
                    .refused = sbx_refused_count (info->properties) + sbx_crossed_count_refused (info->properties) };

  if (handlers)
    row.handlers = (guint) g_variant_n_children (handlers);
  row.networked = sbx_crossed_bytes (info->properties, &row.in, &row.out);
  if (sbx_processes_measure (processes, (pid_t) sbx_instance_number (info, "Pid"), &row.usage) && before && seconds > 0)
    row.cpu = 100.0 * rate (row.usage.cpu, before->cpu, seconds) / (double) sysconf (_SC_CLK_TCK);
  if (before && before->networked && seconds > 0) { /* a service that has just come may not have been told before */
    row.in_rate = rate (row.in, before->in, seconds);
    row.out_rate = rate (row.out, before->out, seconds);
  }
  g_array_append_val (self->rows, row);
}

static int
compare_rows (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const SbxSample *x = a, *y = b;
  const SbxSamples *self = user_data;
  guint64 started_x = sbx_instance_number (x->info, "StartTime"),
          started_y = sbx_instance_number (y->info, "StartTime");

  if (self->order == SBX_SAMPLES_BY_CPU && x->cpu != y->cpu)
    return x->cpu < y->cpu ? 1 : -1;
  if (self->order == SBX_SAMPLES_BY_MEMORY && x->usage.memory != y->usage.memory)
    return x->usage.memory < y->usage.memory ? 1 : -1;
  return started_x < started_y ? 1 : started_x > started_y ? -1 : strcmp (x->info->id, y->info->id);
}

void
sbx_samples_sort (SbxSamples *self)
{
  g_array_sort_with_data (self->rows, compare_rows, self);
}

gboolean
sbx_samples_take (SbxSamples *self, SbxService *service, GError **error)
{
  g_autoptr (GPtrArray) instances = sbx_instances_list_running (service, error);
  g_autoptr (SbxProcesses) processes = NULL;
  gint64 now;

  if (!instances)
    return FALSE;
  processes = sbx_processes_new ();
  now = g_get_monotonic_time ();
  g_array_set_size (self->rows, 0);
  for (guint i = 0; i < instances->len; i++)
    add_row (self, g_ptr_array_index (instances, i), processes, now);
  sbx_samples_sort (self);

  g_hash_table_remove_all (self->before);
  for (guint i = 0; i < self->rows->len; i++) {
    const SbxSample *row = &g_array_index (self->rows, SbxSample, i);
    const Before before = { row->usage.cpu, row->in, row->out, row->networked };

    g_hash_table_insert (self->before, g_strdup (row->info->id), g_memdup2 (&before, sizeof before));
  }
  self->sampled = now;
  g_clear_pointer (&self->instances, g_ptr_array_unref);
  self->instances = g_steal_pointer (&instances);
  return TRUE;
}
