/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/questions.h"

#include "common/error.h"

static GHashTable *
make_table (void)
{
  return g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
}

void
sbx_questions_init (SbxQuestions *self)
{
  *self = (SbxQuestions){ .waiting = make_table () };
}

void
sbx_questions_clear (SbxQuestions *self)
{
  g_clear_pointer (&self->waiting, g_hash_table_unref);
}

guint32
sbx_questions_next (SbxQuestions *self)
{
  if (++self->last == 0)
    self->last = 1;
  return self->last;
}

void
sbx_questions_add (SbxQuestions *self, guint32 number, GTask *task)
{
  g_hash_table_insert (self->waiting, GUINT_TO_POINTER (number), task);
}

gboolean
sbx_questions_are_open (const SbxQuestions *self)
{
  return g_hash_table_size (self->waiting) > 0;
}

GTask *
sbx_questions_take (SbxQuestions *self, guint32 number)
{
  gpointer task = NULL;

  return g_hash_table_steal_extended (self->waiting, GUINT_TO_POINTER (number), NULL, &task) ? task : NULL;
}

void
sbx_questions_end (SbxQuestions *self, const char *text)
{
  g_autoptr (GHashTable) waiting = g_steal_pointer (&self->waiting);
  GHashTableIter iter;
  gpointer task;

  self->waiting = make_table ();
  g_hash_table_iter_init (&iter, waiting);
  while (g_hash_table_iter_next (&iter, NULL, &task))
    g_task_return_new_error (task, SBX_ERROR, SBX_ERROR_EXITED, "%s", text);
}
