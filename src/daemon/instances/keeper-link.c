/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/keeper-link.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/bounds.h"

/* Messages taken in one go, so that a talkative keeper does not keep others from being served. */
#define BATCH 16

typedef struct {
  SbxMessage message;
  int *fds; /* our duplicates */
  gsize n_fds;
} Queued;

struct _SbxKeeperLink {
  GObject parent_instance;
  int fd;
  guint reader, writer;
  SbxKeeperLinkFunc func;
  gpointer user_data;
  GQueue queue; /* Queued * */
};

G_DEFINE_FINAL_TYPE (SbxKeeperLink, sbx_keeper_link, G_TYPE_OBJECT)

static void
close_all (const int *fds, gsize n)
{
  for (gsize i = 0; i < n; i++)
    close (fds[i]);
}

static void
queued_free (gpointer data)
{
  Queued *queued = data;

  close_all (queued->fds, queued->n_fds);
  g_free (queued->fds);
  g_free (queued);
}

void
sbx_keeper_link_close (SbxKeeperLink *self)
{
  g_clear_handle_id (&self->reader, g_source_remove);
  g_clear_handle_id (&self->writer, g_source_remove);
  g_queue_clear_full (&self->queue, queued_free);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->func = NULL;
}

static void
sbx_keeper_link_dispose (GObject *object)
{
  sbx_keeper_link_close (SBX_KEEPER_LINK (object));
  G_OBJECT_CLASS (sbx_keeper_link_parent_class)->dispose (object);
}

static void
sbx_keeper_link_class_init (SbxKeeperLinkClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = sbx_keeper_link_dispose;
}

static void
sbx_keeper_link_init (SbxKeeperLink *self)
{
  self->fd = -1;
}

static void
tell_end (SbxKeeperLink *self)
{
  SbxKeeperLinkFunc func = self->func;
  gpointer user_data = self->user_data;

  self->reader = 0; /* the source ends by its return value */
  sbx_keeper_link_close (self);
  if (func)
    func (self, NULL, -1, user_data);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (SbxKeeperLink) self = g_object_ref (user_data);

  for (guint i = 0; i < BATCH; i++) {
    int fds[SBX_MESSAGE_FDS];
    SbxMessage message;
    gsize n_fds;
    int rc = sbx_message_recv_now (self->fd, SBX_CHANNEL_KEEPER_TO_DAEMON, &message, fds, &n_fds, NULL);

    if (rc < 0 && errno == EAGAIN)
      return G_SOURCE_CONTINUE;
    if (rc <= 0) {
      if (rc < 0 && errno != ECONNRESET)
        g_warning ("Dropped a keeper: %s", g_strerror (errno));
      tell_end (self);
      return G_SOURCE_REMOVE;
    }
    self->func (self, &message, n_fds > 0 ? fds[0] : -1, self->user_data);
    close_all (fds, n_fds); /* the channel's table allows one at most */
    if (self->fd < 0) {     /* closed by the function, and this source with it */
      return G_SOURCE_REMOVE;
    }
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_writable (int fd, GIOCondition condition, gpointer user_data)
{
  SbxKeeperLink *self = user_data;
  Queued *queued;

  while ((queued = g_queue_peek_head (&self->queue)) != NULL) {
    if (sbx_message_send_now (self->fd, &queued->message, queued->fds, queued->n_fds) < 0) {
      if (errno == EAGAIN)
        return G_SOURCE_CONTINUE;
      break; /* the reader learns of it */
    }
    queued_free (g_queue_pop_head (&self->queue));
  }
  self->writer = 0;
  return G_SOURCE_REMOVE;
}

SbxKeeperLink *
sbx_keeper_link_new (int fd, SbxKeeperLinkFunc func, gpointer user_data)
{
  SbxKeeperLink *self = g_object_new (SBX_TYPE_KEEPER_LINK, NULL);

  self->fd = fd;
  self->func = func;
  self->user_data = user_data;
  self->reader = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, self);
  return self;
}

static gboolean
enqueue (SbxKeeperLink *self, const SbxMessage *message, const int *fds, gsize n_fds, GError **error)
{
  Queued *queued;

  if (g_queue_get_length (&self->queue) >= SBX_MAX_QUEUED_MESSAGES)
    return sbx_throw (error, SBX_ERROR_LIMITS, "%d requests wait for this instance already; try again later",
                      SBX_MAX_QUEUED_MESSAGES);
  queued = g_new0 (Queued, 1);
  queued->message = *message;
  queued->fds = g_new (int, n_fds + 1);
  for (; queued->n_fds < n_fds; queued->n_fds++) {
    queued->fds[queued->n_fds] = fcntl (fds[queued->n_fds], F_DUPFD_CLOEXEC, 3);
    if (queued->fds[queued->n_fds] < 0) {
      int saved = errno;

      queued_free (queued);
      return sbx_throw_errno (error, SBX_ERROR_LIMITS, saved, "duplicate a descriptor");
    }
  }
  g_queue_push_tail (&self->queue, queued);
  if (self->writer == 0)
    self->writer = g_unix_fd_add (self->fd, G_IO_OUT, on_writable, self);
  return TRUE;
}

gboolean
sbx_keeper_link_send (SbxKeeperLink *self, const SbxMessage *message, const int *fds, gsize n_fds, GError **error)
{
  if (self->fd < 0)
    return sbx_throw (error, SBX_ERROR_EXITED, "the instance has ended");
  if (g_queue_is_empty (&self->queue)) {
    if (sbx_message_send_now (self->fd, message, fds, n_fds) == 0)
      return TRUE;
    if (errno == EPIPE || errno == ECONNRESET)
      return sbx_throw (error, SBX_ERROR_EXITED, "the instance has ended");
    if (errno != EAGAIN)
      return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "protocol: send to the keeper");
  }
  return enqueue (self, message, fds, n_fds, error);
}
