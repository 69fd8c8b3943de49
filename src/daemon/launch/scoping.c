/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/scoping.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/instances/record.h"
#include "daemon/launch/running.h"
#include "daemon/launch/scope.h"
#include "wire/layout.h"

struct _SbxScoping {
  const SbxContext *context;
  SbxInstance *instance;
  int directory, fd; /* of the record; the file, locked */
  gboolean looks;    /* for who was killed */
};

static void
scoping_free (SbxScoping *self)
{
  if (self->fd >= 0)
    close (self->fd); /* and with it the lock */
  if (self->directory >= 0)
    close (self->directory);
  g_object_unref (self->instance);
  g_free (self);
}

static SbxScoping *
scoping_new (const SbxContext *context, SbxInstance *instance)
{
  SbxScoping *self = g_new0 (SbxScoping, 1);
  int parent = sbx_runtime_dir_open (context->runtime, NULL);

  self->context = context;
  self->instance = g_object_ref (instance);
  self->directory = parent < 0 ? -1 : sbx_record_open (parent, sbx_instance_get_id (instance));
  self->fd = -1;
  return self;
}

/* Opens and locks the file, with @flags of open(2) more. FALSE with errno: EWOULDBLOCK when somebody is at it. One that
 * was removed while we waited for it is no lock for anybody else. */
static gboolean
lock (SbxScoping *self, int flags)
{
  struct stat st;

  if (self->directory < 0) {
    errno = ENOENT;
    return FALSE;
  }
  do {
    if (self->fd >= 0)
      close (self->fd);
    self->fd = openat (self->directory, SBX_SCOPE_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);
    if (self->fd < 0 || flock (self->fd, LOCK_EX | LOCK_NB) < 0 || fstat (self->fd, &st) < 0)
      return FALSE;
  } while (st.st_nlink == 0);
  return TRUE;
}

SbxScoping *
sbx_scoping_begin (const SbxContext *context, SbxInstance *instance, GError **error)
{
  SbxScoping *self = scoping_new (context, instance);

  if (lock (self, O_CREAT))
    return self;
  if (errno == EWOULDBLOCK)
    sbx_throw (error, SBX_ERROR_LIMITS, "another change of this instance is being made; try again");
  else
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "record: make the file %s", SBX_SCOPE_FILE);
  scoping_free (self);
  return NULL;
}

void
sbx_scoping_change_async (SbxScoping *self, const SbxPolicy *policy, GAsyncReadyCallback callback, gpointer user_data)
{
  const SbxInfo *info = sbx_instance_get_info (self->instance);
  g_autofree char *name = sbx_scope_name (info->app_id, info->id);

  sbx_scope_change_async (self->context->bus, name, policy, callback, user_data);
}

void
sbx_scoping_done (SbxScoping *self)
{
  (void) unlinkat (self->directory, SBX_SCOPE_FILE, 0);
  scoping_free (self);
}

/* The file of one that could not be changed stays, for the next service. */
static void
on_undone (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxScoping *self = user_data;
  g_autoptr (SbxInstance) instance = g_object_ref (self->instance);
  g_autoptr (GError) error = NULL;
  gboolean looks = self->looks;

  if (sbx_scope_change_finish (result, &error)) {
    sbx_scoping_done (self);
  } else {
    g_warning ("%s: its scope may have lower limits than are shown: %s", sbx_instance_get_path (instance),
               error->message);
    scoping_free (self);
  }
  if (looks)
    sbx_greeting_end (sbx_instance_get_greeting (instance));
}

void
sbx_scoping_undo (SbxScoping *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy =
      sbx_running_policy (self->context->host, sbx_instance_get_info (self->instance), &error);

  if (policy) {
    sbx_scoping_change_async (self, policy, on_undone, self);
    return;
  }
  g_warning ("%s: %s", sbx_instance_get_path (self->instance), error->message);
  if (self->looks)
    sbx_greeting_end (sbx_instance_get_greeting (self->instance));
  scoping_free (self);
}

/* The record is final, if the greeting has come: no change is being made that was begun before. Else the scope stays
 * lower, which is safe, until the next service looks. */
static void
on_greeted (gpointer data)
{
  SbxScoping *self = data;

  if (sbx_instance_get_greeting (self->instance)->given_up
      || sbx_instance_get_state (self->instance) != SBX_STATE_RUNNING || !lock (self, 0)) {
    scoping_free (self);
    return;
  }
  self->looks = TRUE;
  sbx_greeting_begin (sbx_instance_get_greeting (self->instance)); /* those that wait go on waiting */
  sbx_scoping_undo (self);
}

void
sbx_scoping_look (const SbxContext *context, SbxInstance *instance)
{
  SbxGreeting *greeting = sbx_instance_get_greeting (instance);
  SbxScoping *self;

  if (sbx_greeting_is_over (greeting)) /* it is our own */
    return;
  self = scoping_new (context, instance);
  if (self->directory >= 0 && faccessat (self->directory, SBX_SCOPE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    sbx_greeting_then (greeting, on_greeted, self);
  else
    scoping_free (self);
}
