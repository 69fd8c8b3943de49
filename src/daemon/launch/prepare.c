/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a launch has on the disk and sends to its keeper. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/instances/program-copy.h"
#include "daemon/launch/launch-private.h"
#include "plan/blocks.h"

static int
make_file (const SbxPlanFile *file, GError **error)
{
  int fd = memfd_create (file->what, MFD_CLOEXEC);
  gsize size;
  const char *data = g_bytes_get_data (file->content, &size);

  for (gsize at = 0; fd >= 0 && at < size;) { /* at an offset, since bwrap reads from where the descriptor stands */
    gssize n = pwrite (fd, data + at, size - at, (off_t) at);

    if (n < 0 && errno != EINTR) {
      int saved = errno;

      close (fd);
      errno = saved;
      fd = -1;
    }
    at += n > 0 ? (gsize) n : 0;
  }
  if (fd < 0)
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "record: make %s in memory", file->what);
  return fd;
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

static int
copy_init (SbxLaunch *launch, GError **error)
{
  g_autofree char *path = sbx_program_find ((const char *const *) launch->context->environment, "sandbox-init", error);

  return path ? sbx_program_copy (path, error) : -1;
}

static int
open_directory (SbxLaunch *launch, GError **error)
{
  int directory = sbx_runtime_dir_open (launch->context->runtime, error);
  int fd = directory < 0 ? -1 : fcntl (directory, F_DUPFD_CLOEXEC, 3);

  if (directory >= 0 && fd < 0)
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "record: duplicate the runtime directory");
  return fd;
}

static int
write_prepare (SbxLaunch *launch, GError **error)
{
  g_autoptr (GBytes) info = sbx_info_write (sbx_instance_get_info (launch->instance));
  char id[SBX_ID_SIZE];

  sbx_id_format (sbx_instance_get_id (launch->instance), id);
  return sbx_box_write_prepare (sbx_plan_get_box (launch->choice->plan), id, info, error);
}

static gboolean
send_prepare (SbxLaunch *launch, GError **error)
{
  SbxMessage message = { .type = SBX_MSG_PREPARE };
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));
  gsize n_files = 0;
  const SbxPlanFile *files = sbx_box_get_files (sbx_plan_get_box (launch->choice->plan), &n_files);
  gboolean ok = add_fd (fds, write_prepare (launch, error)) && add_fd (fds, open_directory (launch, error))
                && add_fd (fds, copy_init (launch, error));

  for (gsize i = 0; ok && i < n_files; i++)
    ok = add_fd (fds, make_file (&files[i], error));
  ok = ok && sbx_instance_send (launch->instance, &message, (const int *) (gpointer) fds->data, fds->len, error);
  clear_fds (fds);
  return ok;
}

/* One for everybody, which the umask must not narrow: only if it was made here, and is what was made. */
static int
make_shared_directory (const SbxPlanDirectory *directory)
{
  int fd, rc;

  if (mkdir (directory->path, directory->mode) < 0)
    return errno == EEXIST ? 0 : -1;
  fd = open (directory->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return -1;
  rc = fchmod (fd, directory->mode);
  close (fd);
  return rc;
}

static int
make_directory (const SbxPlanDirectory *directory)
{
  return directory->mode & S_ISVTX ? make_shared_directory (directory)
                                   : g_mkdir_with_parents (directory->path, (int) directory->mode);
}

static gboolean
make_directories (SbxLaunch *launch, GError **error)
{
  gsize n = 0;
  const SbxPlanDirectory *directories = sbx_box_get_directories (sbx_plan_get_box (launch->choice->plan), &n);

  for (gsize i = 0; i < n; i++)
    if (make_directory (&directories[i]) < 0)
      return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno,
                              directories[i].mode & S_ISVTX
                                  ? "persistent: make the directory %s, which is to be closed inside"
                                  : "persistent: make the directory %s, where the application's files are kept",
                              directories[i].path);
  return TRUE;
}

gboolean
sbx_launch_has_directories (SbxLaunch *launch)
{
  gsize n = 0;
  const SbxPlanDirectory *directories = sbx_box_get_directories (sbx_plan_get_box (launch->choice->plan), &n);

  for (gsize i = 0; i < n; i++)
    if (access (directories[i].path, F_OK) < 0)
      return FALSE;
  return TRUE;
}

/* A handler's keeper is a child of its target's: it has to be in the target's Landlock domain. */
static int
start_keeper (SbxLaunch *launch, GError **error)
{
  SbxContext *context = launch->context;
  pid_t pid = 0;
  int sock;
  g_autofree char *keeper = sbx_program_find ((const char *const *) context->environment, "sandbox-keeper", error);

  if (!keeper)
    return -1;
  if (launch->target)
    return sbx_instance_attach (launch->target, keeper, launch->request->hold, launch->crash, error);
  /* A private service's standard error is its caller's, who may wait for the end of it */
  sock = sbx_keeper_spawn (keeper, &context->nofile, context->bus == NULL, &pid, error);
  if (sock >= 0)
    sbx_instance_set_keeper_pid (launch->instance, pid);
  return sock;
}

/* Which limits go with START is known when there is a scope or there will be none. */
static gboolean
write_start (SbxLaunch *launch, GError **error)
{
  const SbxLaunchRequest *request = launch->request;
  gboolean by_scope = g_str_equal (sbx_instance_get_info (launch->instance)->limits, "scope");

  launch->start_block = sbx_process_write_start (sbx_plan_get_process (launch->choice->plan), by_scope,
                                                 request->targets, request->n_fds, error);
  g_clear_object (&launch->choice->plan); /* it may be large, and the authority may take its time */
  return launch->start_block >= 0;
}

gboolean
sbx_launch_prepare (SbxLaunch *launch, GError **error)
{
  int sock;

  if (!make_directories (launch, error))
    return FALSE;
  launch->points = sbx_mount_points_new (launch->choice->forward, launch->context->machine, launch->registry,
                                         launch->choice->app_id);
  sock = start_keeper (launch, error); /* first: it loads while we write */
  if (sock < 0)
    return FALSE;
  sbx_instance_set_keeper (launch->instance, sock);
  if (!send_prepare (launch, error))
    return FALSE;
  launch->prepared = sbx_launch_wants_scope (launch) || write_start (launch, error);
  return launch->prepared;
}

gboolean
sbx_launch_start (SbxLaunch *launch, GError **error)
{
  const SbxLaunchRequest *request = launch->request;
  SbxMessage message = { .type = SBX_MSG_START, .value = request->lifeline >= 0 ? SBX_START_LIFELINE : 0 };
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));

  if (launch->start_block < 0 && !write_start (launch, error))
    return FALSE;
  if (launch->choice->on_crash)
    message.value |= SBX_START_TRACE;
  g_array_append_val (fds, launch->start_block);
  if (request->lifeline >= 0)
    g_array_append_val (fds, request->lifeline);
  if (request->n_fds > 0)
    g_array_append_vals (fds, request->fds, (guint) request->n_fds);
  if (!sbx_instance_send (launch->instance, &message, (const int *) (gpointer) fds->data, fds->len, error))
    return FALSE;
  launch->started = TRUE;
  close (launch->start_block);
  launch->start_block = -1;
  g_clear_object (&launch->request->list); /* the keeper has its own copies */
  return TRUE;
}
