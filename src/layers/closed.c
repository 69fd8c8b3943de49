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

gboolean
sbx_closed_list_add_source (SbxClosedList *self, const SbxSource *source, const char *named, const char *what,
                            guint flags, GError **error)
{
  SbxClosed row = { .flags = flags, .object = source->object, .directory = source->kind == SBX_SOURCE_DIRECTORY };

  if (sbx_object_set_find (self->set, &row.object))
    return TRUE;
  row.words = g_strdup_printf ("%s (%s)", what, named);
  if (sbx_object_set_add (self->set, source->fd, row.words) < 0) {
    g_free (row.words);
    return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "files: keep %s open", source->path);
  }
  row.named = g_strdup (named);
  row.path = g_strdup (source->path);
  row.links = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < source->links->len; i++)
    g_ptr_array_add (row.links, g_strdup (g_array_index (source->links, SbxSourceLink, i).path));
  g_array_append_val (self->rows, row);
  return TRUE;
}

/* @named does not exist: notes the nearest directory above it that does. */
static void
add_missing (SbxClosedList *self, const char *named, const char *what, guint flags)
{
  SbxClosed row = { g_strdup (named), NULL, g_strdup_printf ("%s (%s)", what, named), flags, { 0, 0 }, TRUE, NULL };
  g_autofree char *above = g_path_get_dirname (named);

  for (;;) {
    const SbxSourceWay way = { 0 };
    g_autoptr (SbxSource) source = sbx_source_open (above, &way, NULL);
    char *next;

    if (source || above[1] == '\0') {
      row.path = g_strdup (source ? source->path : "/");
      break;
    }
    next = g_path_get_dirname (above);
    g_free (above);
    above = next;
  }
  g_array_append_val (self->missing, row);
}

gboolean
sbx_closed_list_add (SbxClosedList *self, const char *named, const char *what, guint flags, GError **error)
{
  const SbxSourceWay way = { 0 };
  g_autoptr (GError) problem = NULL;
  g_autoptr (SbxSource) source = sbx_source_open (named, &way, &problem);

  if (source)
    return sbx_closed_list_add_source (self, source, named, what, flags, error);
  if (!g_error_matches (problem, SBX_ERROR, SBX_ERROR_NOT_FOUND)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  add_missing (self, named, what, flags);
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

gboolean
sbx_closed_list_has_named (const SbxClosedList *self, const char *path)
{
  for (guint i = 0; i < self->rows->len; i++)
    if (strcmp (g_array_index (self->rows, SbxClosed, i).named, path) == 0)
      return TRUE;
  return FALSE;
}
