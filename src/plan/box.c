/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/box.h"

static void
clear_mount (gpointer data)
{
  SbxMount *mount = data;

  g_free (mount->source);
  g_free (mount->dest);
}

static void
clear_file (gpointer data)
{
  g_bytes_unref (((SbxPlanFile *) data)->content);
}

static void
clear_directory (gpointer data)
{
  g_free (((SbxPlanDirectory *) data)->path);
}

static void
clear_sidecar (gpointer data)
{
  SbxPlanSidecar *sidecar = data;

  g_ptr_array_unref (sidecar->argv);
  g_clear_pointer (&sidecar->file, g_bytes_unref);
  g_clear_pointer (&sidecar->filter, g_bytes_unref);
  g_clear_pointer (&sidecar->to, g_bytes_unref);
}

static GArray *
new_array (gsize size, GDestroyNotify clear)
{
  GArray *array = g_array_new (FALSE, TRUE, (guint) size);

  g_array_set_clear_func (array, clear);
  return array;
}

SbxBox *
sbx_box_new (void)
{
  SbxBox *self = g_new0 (SbxBox, 1);

  self->mounts = new_array (sizeof (SbxMount), clear_mount);
  self->files = new_array (sizeof (SbxPlanFile), clear_file);
  self->directories = new_array (sizeof (SbxPlanDirectory), clear_directory);
  self->sidecars = new_array (sizeof (SbxPlanSidecar), clear_sidecar);
  self->writable = g_ptr_array_new_with_free_func (g_free);
  self->bwrap = g_ptr_array_new_with_free_func (g_free);
  self->offers = sbx_offers_new ();
  return self;
}

void
sbx_box_free (SbxBox *self)
{
  g_free (self->home);
  g_free (self->runtime_dir);
  g_free (self->app_home);
  g_free (self->app_id);
  g_array_unref (self->mounts);
  g_array_unref (self->files);
  g_array_unref (self->directories);
  g_array_unref (self->sidecars);
  g_ptr_array_unref (self->writable);
  g_ptr_array_unref (self->bwrap);
  g_clear_pointer (&self->published, g_bytes_unref);
  g_free (self->documents);
  g_free (self->documents_at);
  sbx_offers_unref (self->offers);
  g_free (self);
}

gboolean
sbx_box_joins (const SbxBox *self)
{
  return self->handler || self->session;
}

gboolean
sbx_mount_is_second_name (const SbxMount *mount)
{
  return mount->by == SBX_BY_PATH && mount->kind == SBX_MOUNT_BIND && strcmp (mount->source, mount->dest) != 0;
}

const SbxMount *
sbx_box_get_mounts (const SbxBox *self, gsize *n)
{
  *n = self->mounts->len;
  return (const SbxMount *) (gpointer) self->mounts->data;
}

const SbxPlanFile *
sbx_box_get_files (const SbxBox *self, gsize *n)
{
  *n = self->files->len;
  return (const SbxPlanFile *) (gpointer) self->files->data;
}

const SbxPlanDirectory *
sbx_box_get_directories (const SbxBox *self, gsize *n)
{
  *n = self->directories->len;
  return (const SbxPlanDirectory *) (gpointer) self->directories->data;
}

const SbxPlanSidecar *
sbx_box_find_sidecar (const SbxBox *self, SbxSidecarKind kind)
{
  for (guint i = 0; i < self->sidecars->len; i++)
    if (g_array_index (self->sidecars, SbxPlanSidecar, i).kind == kind)
      return &g_array_index (self->sidecars, SbxPlanSidecar, i);
  return NULL;
}

const char *const *
sbx_box_get_bwrap_argv (const SbxBox *self)
{
  return (const char *const *) self->bwrap->pdata;
}
