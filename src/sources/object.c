/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sources/object.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

typedef struct {
  SbxObject object; /* first: it is the key */
  int fd;
  char *words;
} Entry;

struct _SbxObjectSet {
  GHashTable *entries;
};

SbxObject
sbx_object_of (const struct stat *st)
{
  return (SbxObject){ st->st_dev, st->st_ino };
}

gboolean
sbx_object_equal (const SbxObject *a, const SbxObject *b)
{
  return a->device == b->device && a->inode == b->inode;
}

static guint
hash_object (gconstpointer key)
{
  const SbxObject *object = key;

  return g_int64_hash (&object->device) * 31 + g_int64_hash (&object->inode);
}

static gboolean
equal_objects (gconstpointer a, gconstpointer b)
{
  return sbx_object_equal (a, b);
}

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  close (entry->fd);
  g_free (entry->words);
  g_free (entry);
}

SbxObjectSet *
sbx_object_set_new (void)
{
  SbxObjectSet *self = g_new0 (SbxObjectSet, 1);

  self->entries = g_hash_table_new_full (hash_object, equal_objects, NULL, free_entry);
  return self;
}

void
sbx_object_set_free (SbxObjectSet *self)
{
  g_hash_table_unref (self->entries);
  g_free (self);
}

int
sbx_object_set_add (SbxObjectSet *self, int fd, const char *words)
{
  struct stat st;
  SbxObject object;
  Entry *entry;
  int own;

  if (fstat (fd, &st) < 0)
    return -1;
  object = sbx_object_of (&st);
  if (g_hash_table_contains (self->entries, &object))
    return 0;
  own = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (own < 0)
    return -1;
  entry = g_new0 (Entry, 1);
  *entry = (Entry){ object, own, g_strdup (words) };
  g_hash_table_insert (self->entries, &entry->object, entry);
  return 0;
}

const char *
sbx_object_set_find (const SbxObjectSet *self, const SbxObject *object)
{
  const Entry *entry = g_hash_table_lookup (self->entries, object);

  return entry ? entry->words : NULL;
}

guint
sbx_object_set_size (const SbxObjectSet *self)
{
  return g_hash_table_size (self->entries);
}
