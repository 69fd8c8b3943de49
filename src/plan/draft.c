/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/draft.h"

#include <string.h>

#include "plan/environment.h"
#include "wire/layout.h"

static void
add_mount (SbxDraft *self, SbxMount mount, const char *source, const char *dest)
{
  mount.source = g_strdup (source);
  mount.dest = g_strdup (dest);
  g_array_append_val (self->box->mounts, mount);
}

void
sbx_draft_mount (SbxDraft *self, SbxMountBy by, SbxMountKind kind, const char *source, const char *dest, int mode)
{
  const guint flags = kind == SBX_MOUNT_REMOUNT ? SBX_MOUNT_READ_ONLY : 0;

  add_mount (self, (SbxMount){ .kind = kind, .flags = flags, .by = by, .mode = mode, .number = -1 }, source, dest);
}

void
sbx_draft_skeleton_directory (SbxDraft *self, const char *dest, int mode)
{
  SbxMount mount = {
    .kind = SBX_MOUNT_DIRECTORY, .by = SBX_BY_POLICY, .dest = g_strdup (dest), .mode = mode, .number = -1
  };

  g_array_insert_val (self->box->mounts, self->box->n_skeleton, mount);
  self->box->n_skeleton++;
  self->box->n_common++;
}

void
sbx_draft_skeleton_link (SbxDraft *self, const char *target, const char *dest)
{
  SbxMount mount = { .kind = SBX_MOUNT_SYMLINK,
                     .by = SBX_BY_POLICY,
                     .source = g_strdup (target),
                     .dest = g_strdup (dest),
                     .mode = -1,
                     .number = -1 };

  g_array_insert_val (self->box->mounts, self->box->n_skeleton, mount);
  self->box->n_skeleton++;
  self->box->n_common++;
}

void
sbx_draft_bind (SbxDraft *self, SbxMountBy by, guint flags, const char *source, const char *dest)
{
  add_mount (self, (SbxMount){ .kind = SBX_MOUNT_BIND, .flags = flags, .by = by, .mode = -1, .number = -1 }, source,
             dest);
}

gboolean
sbx_draft_bind_if_there (SbxDraft *self, SbxMountBy by, guint flags, const char *path)
{
  if (!sbx_draft_exists (self, path))
    return FALSE;
  sbx_draft_bind (self, by, flags, path, path);
  return TRUE;
}

static void
add_file (SbxDraft *self, SbxMountBy by, const char *what, GBytes *content, gboolean secret, const char *dest)
{
  SbxPlanFile file = { SBX_BWRAP_FILES_FD + (int) self->box->files->len, content, what, secret };
  const SbxMount mount = {
    .kind = SBX_MOUNT_FILE, .flags = SBX_MOUNT_READ_ONLY, .by = by, .mode = secret ? 0600 : 0644, .number = file.number
  };

  g_array_append_val (self->box->files, file);
  add_mount (self, mount, NULL, dest);
}

void
sbx_draft_file (SbxDraft *self, SbxMountBy by, const char *what, const char *content, const char *dest)
{
  add_file (self, by, what, g_bytes_new (content, strlen (content)), FALSE, dest);
}

void
sbx_draft_secret_file (SbxDraft *self, SbxMountBy by, const char *what, GBytes *content, const char *dest)
{
  add_file (self, by, what, content, TRUE, dest);
}

void
sbx_draft_writable (SbxDraft *self, const char *path)
{
  g_ptr_array_add (self->box->writable, g_strdup (path));
}

void
sbx_draft_directory (SbxDraft *self, const char *path, guint mode)
{
  SbxPlanDirectory directory = { g_strdup (path), mode };

  g_array_append_val (self->box->directories, directory);
}

void
sbx_draft_offer (SbxDraft *self, SbxOfferKind kind, const char *name, const char *value)
{
  sbx_offers_add (self->box->offers, kind, name, value);
}

void
sbx_draft_warn (SbxDraft *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (self->warnings, g_strdup_vprintf (format, args));
  va_end (args);
}

const char *
sbx_draft_getenv (SbxDraft *self, const char *name)
{
  return sbx_environment_of_caller (self->request, self->machine->environment, name);
}

gboolean
sbx_draft_exists (SbxDraft *self, const char *path)
{
  return self->machine->look (self->machine, path, NULL) != SBX_FILE_MISSING;
}

gboolean
sbx_draft_may_be_socket (SbxDraft *self, const char *path)
{
  return self->machine->look (self->machine, path, NULL) == SBX_FILE_OTHER;
}
