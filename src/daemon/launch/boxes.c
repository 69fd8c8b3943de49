/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/boxes.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "common/program-copy.h"
#include "daemon/instances/keeper-spawn.h"
#include "wire/io.h"
#include "wire/message.h"

int
sbx_boxes_start_keeper (const char *const *environment, const struct rlimit *nofile, int session, gboolean quiet,
                        pid_t *pid, GError **error)
{
  g_autofree char *keeper = sbx_program_find (environment, "sandbox-keeper", error);

  return keeper ? sbx_keeper_spawn (keeper, nofile, session, quiet, pid, error) : -1;
}

/* Its offset stays at the beginning, since bwrap reads from where the descriptor stands. */
static int
make_file (const SbxPlanFile *file, GError **error)
{
  int fd = memfd_create (file->what, MFD_CLOEXEC), saved;
  gsize size;
  const char *data = g_bytes_get_data (file->content, &size);

  if (fd >= 0 && sbx_pwrite_all (fd, data, size, 0) == 0)
    return fd;
  saved = errno;
  if (fd >= 0)
    close (fd);
  sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, saved, "record: make %s in memory", file->what);
  return -1;
}

static int
copy_init (const char *const *environment, GError **error)
{
  g_autofree char *path = sbx_program_find (environment, "sandbox-init", error);

  return path ? sbx_program_copy (path, error) : -1;
}

static void
clear_fds (GArray *fds)
{
  for (guint i = 0; i < fds->len; i++)
    close (g_array_index (fds, int, i));
  g_array_unref (fds);
}

static gboolean
add_fd (GArray *fds, int fd)
{
  if (fd >= 0)
    g_array_append_val (fds, fd);
  return fd >= 0;
}

gboolean
sbx_boxes_prepare (const char *const *environment, int sock, const SbxSkeleton *skeleton, GError **error)
{
  SbxMessage message = { .type = SBX_MSG_PREPARE };
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));
  gsize n_files = 0;
  const SbxPlanFile *files = sbx_skeleton_get_files (skeleton, &n_files);
  gboolean ok = add_fd (fds, sbx_skeleton_write (skeleton, error)) && add_fd (fds, copy_init (environment, error));

  for (gsize i = 0; ok && i < n_files; i++)
    ok = add_fd (fds, make_file (&files[i], error));
  if (ok && sbx_message_send_now (sock, &message, (const int *) (gpointer) fds->data, fds->len) < 0) {
    /* One that has ended already tells it, or its silence does */
    ok = errno == EPIPE || errno == ECONNRESET
         || sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "protocol: send to the keeper");
  }
  clear_fds (fds);
  return ok;
}
