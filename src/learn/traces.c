/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/traces.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"

static void
trace_free (gpointer data)
{
  SbxTrace *self = data;

  g_free (self->name);
  g_free (self);
}

static char *
read_all (int fd, gsize *size, GError **error)
{
  g_autofree char *bytes = NULL;
  struct stat st;

  if (fstat (fd, &st) < 0 || st.st_size < 0 || st.st_size > SBX_LEARNED_FILE_MAX) {
    sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "what was learned cannot be read");
    return NULL;
  }
  *size = (gsize) st.st_size;
  bytes = g_malloc (*size + 1);
  if (pread (fd, bytes, *size, 0) != (gssize) *size) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "what was learned cannot be read");
    return NULL;
  }
  return g_steal_pointer (&bytes);
}

/* A name that comes again has all that was done with it until then. */
static void
add (SbxTraces *self, GHashTable *known, const SbxLearnedHead *head, const char *bytes)
{
  g_autofree char *name = g_strndup (bytes, head->length), *key = g_strdup_printf ("%u %s", head->kind, name);
  SbxTrace *trace = g_hash_table_lookup (known, key);

  if (!trace) {
    trace = g_new0 (SbxTrace, 1);
    trace->kind = (SbxLearnedKind) head->kind;
    trace->name = g_steal_pointer (&name);
    g_ptr_array_add (self->names, trace);
    g_hash_table_insert (known, g_steal_pointer (&key), trace);
  }
  trace->uses |= head->uses;
}

SbxTraces *
sbx_traces_read (int fd, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gsize size = 0, at = 0;
  g_autofree char *bytes = read_all (fd, &size, error);
  SbxLearnedHead head;
  const char *name;
  SbxTraces *self;

  if (!bytes)
    return NULL;
  self = g_new0 (SbxTraces, 1);
  self->names = g_ptr_array_new_with_free_func (trace_free);
  while (sbx_learned_next (bytes, size, &at, &head, &name)) {
    if (head.kind >= SBX_LEARNED_ELSEWHERE)
      self->notes |= 1u << head.kind;
    else
      add (self, known, &head, name);
  }
  self->broken = at != size;
  return self;
}

void
sbx_traces_free (SbxTraces *self)
{
  g_ptr_array_unref (self->names);
  g_free (self);
}

gboolean
sbx_traces_have (const SbxTraces *self, SbxLearnedKind note)
{
  return (self->notes & (1u << note)) != 0;
}
