/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers/closed.h"

#include <errno.h>
#include <string.h>

#include "common/error.h"

static void
clear_row (gpointer data)
{
  SbxClosed *row = data;

  g_free (row->named);
  g_free (row->path);
  g_free (row->words);
  g_clear_pointer (&row->links, g_ptr_array_unref);
}

static GArray *
new_rows (void)
{
  GArray *rows = g_array_new (FALSE, TRUE, sizeof (SbxClosed));

  g_array_set_clear_func (rows, clear_row);
  return rows;
}

SbxClosedList *
sbx_closed_list_new (void)
{
  SbxClosedList *self = g_new0 (SbxClosedList, 1);

  self->rows = new_rows ();
  self->missing = new_rows ();
  self->set = sbx_object_set_new ();
  return self;
}

void
sbx_closed_list_free (SbxClosedList *self)
{
  g_array_unref (self->rows);
  g_array_unref (self->missing);
  sbx_object_set_free (self->set);
  g_free (self);
}

static GPtrArray *
copy_links (const SbxSource *source)
{
  GPtrArray *links = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < source->links->len; i++)
    g_ptr_array_add (links, g_strdup (g_array_index (source->links, SbxSourceLink, i).path));
  return links;
}

gboolean
sbx_closed_list_add_source (SbxClosedList *self, const SbxSource *source, const char *named, const char *what,
                            guint flags, GError **error)
{
  SbxClosed row = { .flags = flags, .object = source->object, .directory = source->kind == SBX_SOURCE_DIRECTORY };
  const char *known = sbx_object_set_find (self->set, &row.object);

  if (known) {
    sbx_closed_list_narrow (self, known, flags);
    return TRUE;
  }
  row.words = g_strdup_printf ("%s (%s)", what, named);
  if (sbx_object_set_add (self->set, source->fd, row.words) < 0) {
    g_free (row.words);
    return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "files: keep %s open", source->path);
  }
  row.named = g_strdup (named);
  row.path = g_strdup (source->path);
  row.links = copy_links (source);
  g_array_append_val (self->rows, row);
  return TRUE;
}

gboolean
sbx_closed_list_add (SbxClosedList *self, const char *named, const char *what, guint flags, GError **error)
{
  const SbxSourceWay way = { .partial = TRUE };
  g_autoptr (SbxSource) source = sbx_source_open (named, &way, error);
  SbxClosed row = { .flags = flags, .directory = TRUE };

  if (!source)
    return FALSE;
  if (!source->missing)
    return sbx_closed_list_add_source (self, source, named, what, flags, error);
  row.named = g_strdup (named);
  row.path = g_strdup (source->path);
  row.words = g_strdup_printf ("%s (%s)", what, named);
  row.links = copy_links (source);
  g_array_append_val (self->missing, row);
  return TRUE;
}

const SbxClosed *
sbx_closed_list_find (const SbxClosedList *self, const char *words)
{
  for (guint i = 0; i < self->rows->len; i++) {
    const SbxClosed *row = &g_array_index (self->rows, SbxClosed, i);

    if (strcmp (row->words, words) == 0)
      return row;
  }
  return NULL;
}

void
sbx_closed_list_narrow (SbxClosedList *self, const char *words, guint flags)
{
  for (guint i = 0; i < self->rows->len; i++) {
    SbxClosed *row = &g_array_index (self->rows, SbxClosed, i);

    if (strcmp (row->words, words) == 0 && !(flags & SBX_CLOSED_READABLE))
      row->flags &= ~(guint) SBX_CLOSED_READABLE;
  }
}

const SbxClosed *
sbx_closed_list_find_named (const SbxClosedList *self, const char *path)
{
  for (guint i = 0; i < self->rows->len; i++) {
    const SbxClosed *row = &g_array_index (self->rows, SbxClosed, i);

    if (strcmp (row->named, path) == 0)
      return row;
  }
  return NULL;
}

gboolean
sbx_closed_list_has_named (const SbxClosedList *self, const char *path)
{
  return sbx_closed_list_find_named (self, path) != NULL;
}
