/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/instances/keeper-requests.h"
#include "daemon/instances/keeper-spawn.h"
#include "daemon/instances/pid-session.h"
#include "daemon/launch/boxes.h"
#include "daemon/launch/scope.h"
#include "plan/blocks.h"

void
sbx_preparation_clear (SbxPreparation *self)
{
  g_clear_pointer (&self->request, sbx_launch_request_free);
  g_clear_pointer (&self->choice, sbx_choice_free);
  if (self->points) /* it has not come to life */
    sbx_mount_points_remove (self->points, self->instance);
  g_clear_pointer (&self->points, sbx_mount_points_unref);
  g_clear_pointer (&self->skeleton, sbx_skeleton_unref);
  g_clear_pointer (&self->layers, sbx_layers_free);
  g_clear_pointer (&self->surroundings, sbx_surroundings_free);
  g_clear_object (&self->instance);
  g_clear_object (&self->target);
  if (self->start_block >= 0)
    close (self->start_block);
  self->start_block = -1;
}

gboolean
sbx_preparation_wants_scope (const SbxPreparation *self)
{
  return self->context->bus && sbx_scope_is_wanted (self->choice->policy);
}

static int
open_directory (SbxPreparation *self, GError **error)
{
  int directory = sbx_runtime_dir_open (self->context->runtime, error);
  int fd = directory < 0 ? -1 : fcntl (directory, F_DUPFD_CLOEXEC, 3);

  if (directory >= 0 && fd < 0)
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "record: duplicate the runtime directory");
  return fd;
}

static int
write_furnish (SbxPreparation *self, GError **error)
{
  const SbxLayer *layers;
  char id[SBX_ID_SIZE];
  gsize n;

  sbx_id_format (sbx_instance_get_id (self->instance), id);
  layers = sbx_layers_get (self->layers, &n);
  return sbx_box_write_furnish (sbx_plan_get_box (self->choice->plan), id, layers, n, error);
}

/* What cannot be told to a keeper that has ended is no error of its own: what it has said last tells why. */
static gboolean
tell_keeper (SbxPreparation *self, const SbxMessage *message, const int *fds, gsize n_fds, GError **error)
{
  GError *problem = NULL;

  if (sbx_instance_send (self->instance, message, fds, n_fds, &problem))
    return TRUE;
  if (g_error_matches (problem, SBX_ERROR, SBX_ERROR_EXITED)) {
    g_error_free (problem);
    return TRUE;
  }
  g_propagate_error (error, problem);
  return FALSE;
}

static gboolean
send_furnish (SbxPreparation *self, GError **error)
{
  SbxMessage message = { .type = SBX_MSG_FURNISH };
  int fds[2] = { write_furnish (self, error), -1 };
  gboolean ok = fds[0] >= 0 && (fds[1] = open_directory (self, error)) >= 0
                && tell_keeper (self, &message, fds, G_N_ELEMENTS (fds), error);

  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    if (fds[i] >= 0)
      close (fds[i]);
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

/* The others are made by the layers. */
static gboolean
make_shared_directories (SbxPreparation *self, GError **error)
{
  gsize n = 0;
  const SbxPlanDirectory *directories = sbx_box_get_directories (sbx_plan_get_box (self->choice->plan), &n);

  for (gsize i = 0; i < n; i++)
    if ((directories[i].mode & S_ISVTX) && make_shared_directory (&directories[i]) < 0)
      return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno,
                              "persistent: make the directory %s, which is to be closed inside", directories[i].path);
  return TRUE;
}

gboolean
sbx_preparation_has_directories (const SbxPreparation *self)
{
  gsize n = 0;
  const SbxPlanDirectory *directories = sbx_box_get_directories (sbx_plan_get_box (self->choice->plan), &n);

  for (gsize i = 0; i < n; i++)
    if (access (directories[i].path, F_OK) < 0)
      return FALSE;
  return TRUE;
}

/* *@session: the socket to sandbox-session, or -1 where the instance has a pid namespace of its own. */
static gboolean
join_session (SbxPreparation *self, int *session, GError **error)
{
  SbxContext *context = self->context;
  g_autofree char *path = NULL;

  *session = -1;
  if (!sbx_plan_get_box (self->choice->plan)->session)
    return TRUE;
  path = sbx_program_find ((const char *const *) context->environment, "sandbox-session", error);
  if (path)
    *session = sbx_pid_session_connect (context->runtime, path, error);
  return *session >= 0;
}

/* Whether the box may be one that waits: not for a caller in a sandbox, whose launches are its own affair. */
static gboolean
may_be_ready_made (const SbxPreparation *self)
{
  return sbx_skeleton_is_common (self->skeleton) && !self->target && !self->request->within;
}

/* A handler's keeper is a child of its target's: it has to be in the target's Landlock domain. */
static int
start_keeper (SbxPreparation *self, GError **error)
{
  SbxContext *context = self->context;
  g_autofree char *keeper = NULL;
  pid_t pid = 0;
  int sock, session;

  if (self->target) {
    keeper = sbx_program_find ((const char *const *) context->environment, "sandbox-keeper", error);
    return keeper ? sbx_instance_attach (self->target, keeper, self->request->options.hold, self->crash, error) : -1;
  }
  if (!join_session (self, &session, error))
    return -1;
  /* A private service's standard error is its caller's, who may wait for the end of it */
  sock = sbx_boxes_start_keeper ((const char *const *) context->environment, &context->nofile, session,
                                 context->bus == NULL, &pid, error);
  if (session >= 0)
    close (session);
  if (sock >= 0)
    sbx_instance_set_keeper_pid (self->instance, pid);
  return sock;
}

/* A box that waits, or a keeper that makes one. */
static gboolean
get_box (SbxPreparation *self, GError **error)
{
  pid_t pid = 0;
  int sock = may_be_ready_made (self) ? sbx_pool_take (self->context->pool, self->skeleton, &pid) : -1;

  if (sock >= 0) {
    sbx_instance_set_keeper_pid (self->instance, pid);
    sbx_instance_set_keeper (self->instance, sock);
    return TRUE;
  }
  sock = start_keeper (self, error); /* it loads while we write */
  if (sock < 0)
    return FALSE;
  sbx_instance_set_keeper (self->instance, sock);
  return sbx_boxes_prepare ((const char *const *) self->context->environment, sock, self->skeleton, error);
}

/* Which limits go with START, and what is written down of them, is known when there is a scope or there will be none.
 */
static gboolean
write_start (SbxPreparation *self, GError **error)
{
  const SbxLaunchRequest *request = self->request;
  const SbxInfo *info = sbx_instance_get_info (self->instance);
  g_autoptr (GBytes) text = sbx_info_write (info);

  self->start_block =
      sbx_process_write_start (sbx_plan_get_process (self->choice->plan), text, g_str_equal (info->limits, "scope"),
                               request->targets, request->n_fds, error);
  g_clear_object (&self->choice->plan); /* it may be large, and the authority may take its time */
  return self->start_block >= 0;
}

static gboolean
make_layers (SbxPreparation *self, GError **error)
{
  const SbxChoice *choice = self->choice;
  const GArray *files = choice->forward->files;

  self->surroundings = sbx_surroundings_new (self->choice->host, sbx_instance_get_id (self->instance));
  self->layers = sbx_layers_new (sbx_plan_get_box (choice->plan), choice->policy,
                                 (const SbxForwardedFile *) (gpointer) files->data, files->len,
                                 &self->surroundings->around, error);
  return self->layers != NULL;
}

gboolean
sbx_preparation_prepare (SbxPreparation *self, GError **error)
{
  const SbxBox *box = sbx_plan_get_box (self->choice->plan);
  g_autofree char *homes = g_path_get_dirname (box->app_home);

  /* The runtime directory first: where that is another user's, nothing is made */
  if (sbx_runtime_dir_open (self->context->runtime, error) < 0 || !make_shared_directories (self, error))
    return FALSE;
  self->skeleton = sbx_skeleton_new (box);
  if (!get_box (self, error) || !make_layers (self, error)) /* it is made while we open what is the user's */
    return FALSE;
  self->points = sbx_mount_points_new (self->layers, homes, self->registry);
  if (!send_furnish (self, error))
    return FALSE;
  return sbx_preparation_wants_scope (self) || write_start (self, error);
}

gboolean
sbx_preparation_start (SbxPreparation *self, GError **error)
{
  const SbxLaunchRequest *request = self->request;
  SbxMessage message = { .type = SBX_MSG_START, .value = request->lifeline >= 0 ? SBX_START_LIFELINE : 0 };
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));

  if (self->start_block < 0 && !write_start (self, error))
    return FALSE;
  if (self->choice->on_crash)
    message.value |= SBX_START_TRACE;
  if (request->learn >= 0)
    message.value |= SBX_START_LEARN;
  g_array_append_val (fds, self->start_block);
  if (request->lifeline >= 0)
    g_array_append_val (fds, request->lifeline);
  if (request->learn >= 0)
    g_array_append_val (fds, request->learn);
  if (request->n_fds > 0)
    g_array_append_vals (fds, request->fds, (guint) request->n_fds);
  if (!tell_keeper (self, &message, (const int *) (gpointer) fds->data, fds->len, error))
    return FALSE;
  close (self->start_block);
  self->start_block = -1;
  g_clear_object (&self->request->list); /* the keeper has its own copies */
  return TRUE;
}

void
sbx_preparation_set_limits (SbxPreparation *self, const char *limits, const char *warning)
{
  sbx_instance_set_limits (self->instance, limits, warning);
}

/* bwrap's version costs an exec, so it is asked for only when bwrap has failed. */
GError *
sbx_preparation_explain (const SbxPreparation *self, const GError *error, SbxStep step)
{
  const char *problem = NULL;

  if (step == SBX_STEP_BWRAP || step == SBX_STEP_NAMESPACES)
    problem = sbx_machine_check_bwrap (self->context->host->machine);
  return problem ? g_error_new_literal (SBX_ERROR, SBX_ERROR_NOT_SUPPORTED, problem) : g_error_copy (error);
}

void
sbx_preparation_hand_over (SbxPreparation *self)
{
  if (may_be_ready_made (self))
    sbx_pool_want (self->context->pool, self->skeleton);
  if (self->points)
    sbx_mount_points_remove_with (g_steal_pointer (&self->points), self->instance);
}
