/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/write-file.h"
#include "desktop/entry.h"

void
sbx_file_state_clear (SbxFileState *state)
{
  g_clear_pointer (&state->data, g_free);
  state->type = SBX_FILE_NOTHING;
}

gboolean
sbx_file_state_read (const char *path, gsize max, SbxFileState *state, GError **error)
{
  struct stat st;

  sbx_file_state_clear (state);
  if (lstat (path, &st) < 0)
    return errno == ENOENT || errno == ENOTDIR
           || sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, _ ("cannot look at %s"), path);
  state->mode = st.st_mode & 07777;
  if (S_ISLNK (st.st_mode)) {
    state->type = SBX_FILE_LINK;
    state->data = g_file_read_link (path, NULL);
    state->size = state->data ? strlen (state->data) : 0;
    return state->data || sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, _ ("cannot read the link %s"), path);
  }
  if (!S_ISREG (st.st_mode)) {
    state->type = SBX_FILE_STRANGE;
    return TRUE;
  }
  state->type = SBX_FILE_CONTENT;
  state->data = sbx_desktop_read_file (path, max, &state->size, error);
  return state->data != NULL;
}

gboolean
sbx_file_state_equal (const SbxFileState *a, const SbxFileState *b)
{
  return a->type == b->type
         && (a->type == SBX_FILE_NOTHING
             || (a->data && b->data && a->size == b->size && memcmp (a->data, b->data, a->size) == 0));
}

void
sbx_staged_file_free (SbxStagedFile *self)
{
  if (self->temporary)
    unlinkat (self->dir, self->temporary, 0);
  close (self->dir);
  g_free (self->path);
  g_free (self->name);
  g_free (self->temporary);
  g_free (self);
}

static gboolean
fail (GError **error, int errnum, const char *path)
{
  const char *remedy =
      errnum == ENOSPC || errnum == EDQUOT ? _ ("; the disk is full, so make room and try again")
      : errnum == EROFS ? _ ("; make the file system writable, or name another place with XDG_DATA_HOME")
      : errnum == EACCES || errnum == EPERM ? _ ("; the directory must be yours and writable (ls -ld shows it)")
                                            : "";

  return sbx_throw (error, SBX_ERROR_SPAWN_FAILED, _ ("cannot write %s: %s%s"), path, g_strerror (errnum), remedy);
}

/* The directory of @path, made if it is missing. Whoever may write to it could put things into ours. */
static int
open_directory (const char *path, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (path);
  struct stat st;
  int fd;

  if (g_mkdir_with_parents (dir, 0755) < 0)
    return fail (error, errno, path), -1;
  fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return fail (error, errno, path), -1;
  if (fstat (fd, &st) == 0 && st.st_uid == geteuid () && !(st.st_mode & S_IWOTH))
    return fd;
  close (fd);
  sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
             _ ("%s is not yours alone to write to, so others could change what is put there; chown it to you and take "
                "o+w away"),
             dir);
  return -1;
}

static gboolean
write_temporary (const SbxStagedFile *self, const SbxFileState *state)
{
  int fd, saved;
  gboolean ok;

  if (state->type == SBX_FILE_LINK)
    return symlinkat (state->data, self->dir, self->temporary) == 0;
  fd = openat (self->dir, self->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return FALSE;
  ok = sbx_write_all (fd, state->data, state->size) == 0 && fchmod (fd, state->mode) == 0 && fsync (fd) == 0;
  saved = errno;
  close (fd);
  errno = saved;
  return ok;
}

SbxStagedFile *
sbx_stage_file (const char *path, const SbxFileState *state, GError **error)
{
  g_autoptr (SbxStagedFile) self = NULL;
  int dir = open_directory (path, error);

  if (dir < 0)
    return NULL;
  self = g_new0 (SbxStagedFile, 1);
  self->dir = dir;
  self->path = g_strdup (path);
  self->name = g_path_get_basename (path);
  /* Hidden, and without a suffix that a desktop would look at */
  self->temporary = g_strdup_printf (".sandbox-%08x%08x", g_random_int (), g_random_int ());
  if (write_temporary (self, state))
    return g_steal_pointer (&self);
  fail (error, errno, path);
  return NULL;
}

gboolean
sbx_staged_file_commit (SbxStagedFile *self, GError **error)
{
  if (renameat (self->dir, self->temporary, self->dir, self->name) < 0)
    return fail (error, errno, self->path);
  g_clear_pointer (&self->temporary, g_free);
  fsync (self->dir);
  return TRUE;
}

gboolean
sbx_file_restore (const char *path, const SbxFileState *state, GError **error)
{
  g_autoptr (SbxStagedFile) staged = NULL;

  if (state->type == SBX_FILE_NOTHING)
    return unlink (path) == 0 || errno == ENOENT || fail (error, errno, path);
  staged = sbx_stage_file (path, state, error);
  return staged && sbx_staged_file_commit (staged, error);
}
