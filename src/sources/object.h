/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files and directories by what they are and not by their names: device and inode number, which are no other object's
 * as long as somebody keeps this one open. */
#pragma once

#include <glib.h>
#include <sys/stat.h>

G_BEGIN_DECLS

typedef struct {
  guint64 device, inode;
} SbxObject;

typedef struct _SbxObjectSet SbxObjectSet;

SbxObject sbx_object_of (const struct stat *st);
gboolean sbx_object_equal (const SbxObject *a, const SbxObject *b);

/* An empty set. */
SbxObjectSet *sbx_object_set_new (void);
void sbx_object_set_free (SbxObjectSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxObjectSet, sbx_object_set_free)

/* Adds the object that @fd is open on, with words for people of what it is; the first words of an object stay. The set
 * keeps a descriptor of its own, so that the numbers stay this object's. 0, or -1 with errno. */
int sbx_object_set_add (SbxObjectSet *self, int fd, const char *words) G_GNUC_WARN_UNUSED_RESULT;
/* Returns the words of @object, which stay the set's, or NULL when it is not in the set. */
const char *sbx_object_set_find (const SbxObjectSet *self, const SbxObject *object);
guint sbx_object_set_size (const SbxObjectSet *self);

G_END_DECLS
