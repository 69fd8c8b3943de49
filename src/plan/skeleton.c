/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/skeleton.h"

#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "wire/block.h"

struct _SbxSkeleton {
  gatomicrefcount refs;
  gboolean common;
  SbxBlockWriter block; /* the records of PREPARE */
  GArray *files;        /* SbxPlanFile */
  GPtrArray *sources;   /* ends with NULL */
};

static void
clear_file (gpointer data)
{
  g_bytes_unref (((SbxPlanFile *) data)->content);
}

/* What the keeper mounts when bwrap is done. Whatever is at the source by then is meant, as it would be for bwrap. */
static void
add_layers (const SbxBox *box, SbxBlockWriter *writer)
{
  for (gsize i = box->n_skeleton; i < box->n_common; i++) {
    const SbxMount *mount = &g_array_index (box->mounts, SbxMount, i);
    const SbxLayer layer = { .kind = SBX_LAYER_TREE,
                             .flags = SBX_LAYER_READ_ONLY | SBX_LAYER_MAKE | SBX_LAYER_SYSTEM,
                             .source = mount->source,
                             .dest = mount->dest };

    sbx_block_add_layer (writer, &layer);
  }
}

static void
add_records (const SbxBox *box, SbxBlockWriter *writer)
{
  g_autofree gint32 *numbers = g_new (gint32, box->n_skeleton_files + 1);

  for (gsize i = 0; i < box->n_skeleton_files; i++)
    numbers[i] = g_array_index (box->files, SbxPlanFile, i).number;
  sbx_block_add_strv (writer, SBX_TAG_BWRAP, sbx_box_get_bwrap_argv (box));
  sbx_block_add (writer, SBX_TAG_FDMAP, numbers, box->n_skeleton_files * sizeof *numbers);
  sbx_block_add_u32 (writer, SBX_TAG_PROCFS, box->procfs_flags);
  sbx_block_add_u32 (writer, SBX_TAG_DOMAIN, box->domain_flags);
  add_layers (box, writer);
  if (box->handler)
    sbx_block_add_u32 (writer, SBX_TAG_JOIN, box->join);
  if (box->session)
    sbx_block_add (writer, SBX_TAG_SESSION, (guint32[]){ box->uid, box->gid }, 2 * sizeof (guint32));
}

static void
add_mounts (SbxSkeleton *self, const SbxBox *box)
{
  gsize n;
  const SbxMount *mounts = sbx_box_get_mounts (box, &n);

  g_ptr_array_add (self->sources, g_strdup (sbx_box_get_bwrap_argv (box)[0]));
  for (gsize i = 0; i < box->n_common; i++) {
    if (mounts[i].by == SBX_BY_CALLER)
      self->common = FALSE;
    if (mounts[i].kind == SBX_MOUNT_BIND)
      g_ptr_array_add (self->sources, g_strdup (mounts[i].source));
  }
  g_ptr_array_add (self->sources, NULL);
}

SbxSkeleton *
sbx_skeleton_new (const SbxBox *box)
{
  SbxSkeleton *self = g_new0 (SbxSkeleton, 1);

  g_atomic_ref_count_init (&self->refs);
  self->common = !sbx_box_joins (box) && !sbx_box_find_sidecar (box, SBX_SIDECAR_NETWORK);
  self->files = g_array_new (FALSE, TRUE, sizeof (SbxPlanFile));
  g_array_set_clear_func (self->files, clear_file);
  self->sources = g_ptr_array_new_with_free_func (g_free);
  add_records (box, &self->block);
  add_mounts (self, box);
  for (gsize i = 0; i < box->n_skeleton_files; i++) {
    SbxPlanFile file = g_array_index (box->files, SbxPlanFile, i);

    g_bytes_ref (file.content);
    g_array_append_val (self->files, file);
  }
  return self;
}

SbxSkeleton *
sbx_skeleton_ref (SbxSkeleton *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
sbx_skeleton_unref (SbxSkeleton *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  sbx_block_writer_clear (&self->block);
  g_array_unref (self->files);
  g_ptr_array_unref (self->sources);
  g_free (self);
}

gboolean
sbx_skeleton_is_common (const SbxSkeleton *self)
{
  return self->common && self->block.error == 0;
}

gboolean
sbx_skeleton_equal (const SbxSkeleton *self, const SbxSkeleton *other)
{
  if (self->block.size != other->block.size || self->files->len != other->files->len
      || memcmp (self->block.data, other->block.data, self->block.size) != 0)
    return FALSE;
  for (guint i = 0; i < self->files->len; i++)
    if (!g_bytes_equal (g_array_index (self->files, SbxPlanFile, i).content,
                        g_array_index (other->files, SbxPlanFile, i).content))
      return FALSE;
  return TRUE;
}

const char *const *
sbx_skeleton_get_sources (const SbxSkeleton *self)
{
  return (const char *const *) self->sources->pdata;
}

const SbxPlanFile *
sbx_skeleton_get_files (const SbxSkeleton *self, gsize *n)
{
  *n = self->files->len;
  return (const SbxPlanFile *) (gpointer) self->files->data;
}

int
sbx_skeleton_write (const SbxSkeleton *self, GError **error)
{
  int fd = sbx_block_make (&self->block);

  if (fd < 0)
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "cannot write the launch down in memory");
  return fd;
}
