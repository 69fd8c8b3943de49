/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/usage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/process.h"

#define MAX_DEPTH 1024 /* of parents; a snapshot that is read while processes end may have a loop */

typedef struct {
  pid_t pid;
  SbxProcessStat stat;
} Process;

struct _SbxProcesses {
  GHashTable *by_pid; /* pid → Process */
};

SbxProcesses *
sbx_processes_new (void)
{
  SbxProcesses *self = g_new0 (SbxProcesses, 1);
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint64 pid;

  self->by_pid = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  while (dir && (name = g_dir_read_name (dir)) != NULL) {
    Process process = { 0 };

    if (!g_ascii_string_to_unsigned (name, 10, 1, G_MAXINT, &pid, NULL))
      continue;
    process.pid = (pid_t) pid;
    if (sbx_process_stat_read (process.pid, &process.stat))
      g_hash_table_insert (self->by_pid, GINT_TO_POINTER (process.pid), g_memdup2 (&process, sizeof process));
  }
  return self;
}

void
sbx_processes_free (SbxProcesses *self)
{
  g_hash_table_unref (self->by_pid);
  g_free (self);
}

static const Process *
find (const SbxProcesses *self, pid_t pid)
{
  return g_hash_table_lookup (self->by_pid, GINT_TO_POINTER (pid));
}

static gboolean
is_below (const SbxProcesses *self, const Process *process, pid_t root)
{
  for (int depth = 0; process && depth < MAX_DEPTH; depth++) {
    if (process->stat.parent == root)
      return TRUE;
    process = find (self, process->stat.parent);
  }
  return FALSE;
}

static guint64
memory_of (pid_t pid)
{
  g_autofree char *rollup = g_strdup_printf ("/proc/%d/smaps_rollup", (int) pid);
  g_autofree char *statm = g_strdup_printf ("/proc/%d/statm", (int) pid);
  g_autofree char *text = NULL;
  const char *pss;
  guint64 size, resident;

  if (g_file_get_contents (rollup, &text, NULL, NULL) && (pss = strstr (text, "\nPss:")) != NULL
      && sscanf (pss, "\nPss: %" G_GUINT64_FORMAT " kB", &size) == 1)
    return size * 1024;
  g_clear_pointer (&text, g_free);
  if (g_file_get_contents (statm, &text, NULL, NULL)
      && sscanf (text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &size, &resident) == 2)
    return resident * (guint64) sysconf (_SC_PAGESIZE);
  return 0;
}

gboolean
sbx_processes_measure (const SbxProcesses *self, pid_t pid, SbxUsage *usage)
{
  const Process *leader = find (self, pid), *init = leader ? find (self, leader->stat.parent) : NULL;
  GHashTableIter iter;
  gpointer value;

  *usage = (SbxUsage){ 0 };
  if (!init)
    return FALSE;
  usage->cpu = init->stat.reaped;
  g_hash_table_iter_init (&iter, self->by_pid);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Process *process = value;

    if (!is_below (self, process, init->pid))
      continue;
    usage->cpu += process->stat.cpu + process->stat.reaped;
    usage->memory += memory_of (process->pid);
    usage->tasks += process->stat.threads;
  }
  return TRUE;
}
