/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/fd-list.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/error.h"

struct _SbxFdList {
  GArray *fds; /* int; -1 for one that was stolen */
};

SbxFdList *
sbx_fd_list_new (void)
{
  SbxFdList *self = g_new0 (SbxFdList, 1);

  self->fds = g_array_new (FALSE, FALSE, sizeof (int));
  return self;
}

void
sbx_fd_list_clear (SbxFdList *self)
{
  for (guint i = 0; i < self->fds->len; i++)
    if (g_array_index (self->fds, int, i) >= 0)
      close (g_array_index (self->fds, int, i));
  g_array_set_size (self->fds, 0);
}

void
sbx_fd_list_free (SbxFdList *self)
{
  sbx_fd_list_clear (self);
  g_array_unref (self->fds);
  g_free (self);
}

int
sbx_fd_list_append (SbxFdList *self, int fd, GError **error)
{
  int copy = fcntl (fd, F_DUPFD_CLOEXEC, 0);

  if (copy < 0) {
    sbx_throw_errno (error, SBX_ERROR_LIMITS, errno, "copy a descriptor");
    return -1;
  }
  g_array_append_val (self->fds, copy);
  return (int) self->fds->len - 1;
}

void
sbx_fd_list_take (SbxFdList *self, const int *fds, gsize n)
{
  g_array_append_vals (self->fds, fds, (guint) n);
}

gsize
sbx_fd_list_get_length (const SbxFdList *self)
{
  return self->fds->len;
}

const int *
sbx_fd_list_peek (const SbxFdList *self)
{
  return (const int *) (gconstpointer) self->fds->data;
}

SbxFdList *
sbx_fd_list_split (SbxFdList *self, gsize n)
{
  SbxFdList *first = sbx_fd_list_new ();

  n = MIN (n, self->fds->len);
  if (n == 0)
    return first;
  sbx_fd_list_take (first, sbx_fd_list_peek (self), n);
  g_array_remove_range (self->fds, 0, (guint) n);
  return first;
}

int
sbx_fd_list_steal (SbxFdList *self, int place)
{
  int fd = -1;

  if (place < 0 || (guint) place >= self->fds->len)
    return -1;
  fd = g_array_index (self->fds, int, place);
  g_array_index (self->fds, int, place) = -1;
  return fd;
}
