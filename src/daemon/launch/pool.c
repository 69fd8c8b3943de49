/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/pool.h"

#include <glib-unix.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "common/read-file.h"
#include "daemon/launch/pressure.h"
#include "wire/message.h"

typedef struct {
  SbxPool *pool;
  SbxSkeleton *skeleton;
  char *facts; /* from before it was made */
  int sock;
  guint source; /* on it */
  pid_t keeper, init;
  gboolean ready;
} Box;

struct _SbxPool {
  const SbxPoolFunctions *functions;
  gpointer data;
  guint room, refill_ms, look_seconds;
  GQueue kinds; /* SbxSkeleton *, the one used last first */
  GPtrArray *boxes;
  guint refill, look; /* sources */
  char *problem;      /* why there is none, or NULL */
};

static void
box_free (gpointer data)
{
  Box *box = data;

  g_clear_handle_id (&box->source, g_source_remove);
  if (box->sock >= 0)
    close (box->sock); /* its keeper takes everything down */
  sbx_skeleton_unref (box->skeleton);
  g_free (box->facts);
  g_free (box);
}

SbxPool *
sbx_pool_new (const SbxPoolFunctions *functions, gpointer data, guint room, guint refill_ms, guint look_seconds)
{
  SbxPool *self = g_new0 (SbxPool, 1);

  self->functions = functions;
  self->data = data;
  self->room = room;
  self->refill_ms = refill_ms;
  self->look_seconds = look_seconds;
  self->boxes = g_ptr_array_new_with_free_func (box_free);
  return self;
}

void
sbx_pool_close (SbxPool *self)
{
  self->room = 0;
  g_clear_handle_id (&self->refill, g_source_remove);
  g_clear_handle_id (&self->look, g_source_remove);
  g_ptr_array_set_size (self->boxes, 0);
  g_queue_clear_full (&self->kinds, (GDestroyNotify) sbx_skeleton_unref);
}

void
sbx_pool_free (SbxPool *self)
{
  sbx_pool_close (self);
  g_ptr_array_unref (self->boxes);
  g_free (self->problem);
  g_free (self);
}

static void
set_problem (SbxPool *self, const char *problem)
{
  g_free (self->problem);
  self->problem = g_strdup (problem);
}

/* One with @skeleton, rather one that stands. */
static Box *
find_box (const SbxPool *self, const SbxSkeleton *skeleton)
{
  Box *found = NULL;

  for (guint i = 0; i < self->boxes->len; i++) {
    Box *box = self->boxes->pdata[i];

    if ((!found || !found->ready) && sbx_skeleton_equal (box->skeleton, skeleton))
      found = box;
  }
  return found;
}

static guint
count_kind (const SbxPool *self, const SbxSkeleton *skeleton)
{
  guint n = 0;

  for (guint i = 0; i < self->boxes->len; i++)
    n += sbx_skeleton_equal (((const Box *) self->boxes->pdata[i])->skeleton, skeleton);
  return n;
}

/* The kind of which there are fewest, and of those the one used last; NULL: nothing has been launched. */
static SbxSkeleton *
find_rarest (const SbxPool *self)
{
  SbxSkeleton *rarest = NULL;
  guint fewest = G_MAXUINT;

  for (const GList *at = self->kinds.head; at; at = at->next) {
    guint n = count_kind (self, at->data);

    if (n < fewest) {
      rarest = at->data;
      fewest = n;
    }
  }
  return rarest;
}

/* A box of which there is more than one of its kind, or NULL. */
static Box *
find_spare (const SbxPool *self)
{
  for (guint i = 0; i < self->boxes->len; i++) {
    Box *box = self->boxes->pdata[i];

    if (count_kind (self, box->skeleton) > 1)
      return box;
  }
  return NULL;
}

static gboolean
is_stale (const SbxPool *self, const Box *box)
{
  g_autofree char *now = self->functions->facts (self->data, box->skeleton);

  return !g_str_equal (now, box->facts);
}

static void arrange_refill (SbxPool *self, guint ms);

/* Drops what would be made otherwise now, and all when memory is short. */
static gboolean
on_look (gpointer user_data)
{
  SbxPool *self = user_data;
  gboolean pressed = self->functions->is_pressed (self->data), dropped = FALSE;

  for (guint i = self->boxes->len; i > 0; i--)
    if (pressed || is_stale (self, self->boxes->pdata[i - 1])) {
      g_ptr_array_remove_index (self->boxes, i - 1);
      dropped = TRUE;
    }
  if (pressed)
    set_problem (self, "memory is short");
  else if (dropped)
    arrange_refill (self, self->refill_ms);
  if (self->boxes->len > 0)
    return G_SOURCE_CONTINUE;
  self->look = 0;
  return G_SOURCE_REMOVE;
}

/* READY, FAILED or the end of the socket. */
static gboolean
on_keeper (int fd, GIOCondition condition, gpointer user_data)
{
  Box *box = user_data;
  SbxPool *self = box->pool;
  int fds[SBX_MESSAGE_FDS], rc;
  SbxMessage message;
  size_t n = 0;

  rc = sbx_message_recv_now (fd, SBX_CHANNEL_KEEPER_TO_DAEMON, &message, fds, &n, NULL);
  for (size_t i = 0; rc > 0 && i < n; i++)
    close (fds[i]);
  if (rc > 0 && message.type == SBX_MSG_READY && !box->ready) {
    box->ready = TRUE;
    box->init = message.pid;
    arrange_refill (self, 0); /* the next one */
    return G_SOURCE_CONTINUE;
  }
  if (rc > 0 && message.type == SBX_MSG_FAILED)
    set_problem (self, message.text[0] ? message.text : "it could not be made");
  box->source = 0;
  g_ptr_array_remove (self->boxes, box); /* not again before the next launch, which will say what is wrong */
  return G_SOURCE_REMOVE;
}

static void
make_box (SbxPool *self, SbxSkeleton *skeleton)
{
  g_autoptr (GError) error = NULL;
  Box *box = g_new0 (Box, 1);

  *box = (Box){ .pool = self, .skeleton = sbx_skeleton_ref (skeleton) };
  box->facts = self->functions->facts (self->data, skeleton);
  box->sock = self->functions->start (self->data, skeleton, &box->keeper, &error);
  if (box->sock < 0) {
    set_problem (self, error->message);
    box_free (box);
    return;
  }
  box->source = g_unix_fd_add (box->sock, G_IO_IN | G_IO_HUP | G_IO_ERR, on_keeper, box);
  g_ptr_array_add (self->boxes, box);
  if (self->look == 0)
    self->look = g_timeout_add_seconds (self->look_seconds, on_look, self);
}

/* Makes one box if there is room, or if a kind has none and another one several; its READY lets the next one follow. */
static void
make_next (SbxPool *self)
{
  SbxSkeleton *rarest = find_rarest (self);
  Box *spare = NULL;

  if (!rarest)
    return;
  if (self->boxes->len >= self->room) {
    spare = count_kind (self, rarest) == 0 ? find_spare (self) : NULL;
    if (!spare)
      return;
    g_ptr_array_remove (self->boxes, spare);
  }
  make_box (self, rarest);
}

static gboolean
on_refill (gpointer user_data)
{
  SbxPool *self = user_data;

  self->refill = 0;
  if (self->functions->is_busy (self->data)) {
    arrange_refill (self, self->refill_ms);
  } else if (self->functions->is_pressed (self->data)) {
    set_problem (self, "memory is short");
  } else {
    set_problem (self, NULL);
    make_next (self);
  }
  return G_SOURCE_REMOVE;
}

static void
arrange_refill (SbxPool *self, guint ms)
{
  g_clear_handle_id (&self->refill, g_source_remove);
  if (self->room > 0)
    self->refill = g_timeout_add (ms, on_refill, self);
}

int
sbx_pool_take (SbxPool *self, const SbxSkeleton *skeleton, pid_t *keeper)
{
  Box *box = find_box (self, skeleton);
  int sock = -1;

  if (!box || !box->ready)
    return -1;
  if (!is_stale (self, box) && poll (&(struct pollfd){ box->sock, POLLIN, 0 }, 1, 0) == 0) {
    sock = box->sock;
    *keeper = box->keeper;
    box->sock = -1;
  }
  g_ptr_array_remove (self->boxes, box);
  return sock;
}

void
sbx_pool_want (SbxPool *self, SbxSkeleton *skeleton)
{
  if (self->room == 0)
    return;
  for (GList *at = self->kinds.head; at; at = at->next)
    if (sbx_skeleton_equal (at->data, skeleton)) {
      sbx_skeleton_unref (at->data);
      g_queue_delete_link (&self->kinds, at);
      break;
    }
  g_queue_push_head (&self->kinds, sbx_skeleton_ref (skeleton));
  if (g_queue_get_length (&self->kinds) > self->room) {
    g_autoptr (SbxSkeleton) old = g_queue_pop_tail (&self->kinds);
    Box *box;

    while ((box = find_box (self, old)) != NULL)
      g_ptr_array_remove (self->boxes, box);
  }
  arrange_refill (self, self->refill_ms);
}

guint
sbx_pool_count (const SbxPool *self)
{
  guint n = 0;

  for (guint i = 0; i < self->boxes->len; i++)
    n += ((const Box *) self->boxes->pdata[i])->ready;
  return n;
}

/* The bwrap between the two, or 0. */
static pid_t
find_child (pid_t parent)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", (int) parent, (int) parent);
  gsize size;
  g_autofree char *text = sbx_read_file (-1, path, 4096, SBX_READ_PLAIN, &size);

  return text ? (pid_t) g_ascii_strtoll (text, NULL, 10) : 0;
}

static guint64
count_memory (const SbxPool *self)
{
  guint64 memory = 0;

  for (guint i = 0; i < self->boxes->len; i++) {
    const Box *box = self->boxes->pdata[i];
    const int pids[] = { box->keeper, find_child (box->keeper), box->init };

    memory += sbx_pressure_of_processes (pids, G_N_ELEMENTS (pids));
  }
  return memory;
}

static char *
tell (const SbxPool *self, guint64 memory)
{
  if (self->room == 0)
    return g_strdup ("off");
  if (self->problem)
    return g_strdup_printf ("none is made: %s", self->problem);
  return g_strdup_printf ("%u of at most %u, %.1f MiB of memory", sbx_pool_count (self), self->room,
                          (double) memory / (1 << 20));
}

GVariant *
sbx_pool_describe (const SbxPool *self)
{
  gboolean works = self->room == 0 || !self->problem;
  guint64 memory = count_memory (self);
  g_autofree char *detail = tell (self, memory);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "state", g_variant_new_string (works ? "works" : "limited"));
  g_variant_builder_add (&builder, "{sv}", "works", g_variant_new_boolean (works));
  g_variant_builder_add (&builder, "{sv}", "detail", g_variant_new_string (detail));
  if (!works)
    g_variant_builder_add (&builder, "{sv}", "remedy",
                           g_variant_new_string ("the next launch tries again; until then each takes longer"));
  g_variant_builder_add (&builder, "{sv}", "waiting", g_variant_new_uint32 (sbx_pool_count (self)));
  g_variant_builder_add (&builder, "{sv}", "room", g_variant_new_uint32 (self->room));
  g_variant_builder_add (&builder, "{sv}", "memory", g_variant_new_uint64 (memory));
  return g_variant_builder_end (&builder);
}
