/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/adopt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/bounds.h"
#include "daemon/instances/revive.h"
#include "wire/layout.h"

typedef struct {
  SbxRuntimeDir *runtime;
  int parent;
  SbxRegistry *registry;
  GPtrArray *unannounced;
  gboolean again; /* soon: some could not be looked at */
  gboolean later; /* the next time: some are not ours yet */
} Search;

static SbxInfo *
read_info (int directory, guint64 id)
{
  g_autoptr (GError) error = NULL;
  SbxInfo *info = sbx_record_read_info (directory, id, &error);

  if (info)
    return info;
  g_warning ("Record %016" G_GINT64_MODIFIER "x: %s", id, error->message);
  return sbx_info_new (id); /* one can still stop it */
}

/* Its keeper may be between mkdir and listen. */
static gboolean
is_young (int directory)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  struct stat st;

  return fstat (directory, &st) == 0 && now - st.st_ctim.tv_sec < SBX_YOUNG_RECORD_SECONDS && now >= st.st_ctim.tv_sec;
}

static void
add (Search *search, int directory, SbxInfo *info, const SbxStatus *status, int sock)
{
  g_autoptr (SbxInstance) instance = sbx_instance_new (info);

  sbx_instance_set_status (instance, status);
  if (sock >= 0) {
    sbx_instance_set_keeper (instance, sock);
    sbx_greeting_begin (sbx_instance_get_greeting (instance));
  }
  sbx_instance_read_refusals (instance, directory);
  sbx_registry_add (search->registry, instance);
}

/* A record without a keeper. */
static void
take_dead (Search *search, int directory, guint64 id)
{
  SbxStatus status = { 0 };
  gboolean announced = sbx_record_is_announced (directory);
  gboolean readable = sbx_revive_read_status (directory, id, &status);

  if (readable && status.state == SBX_STATUS_EXITED) {
    gint64 age = (g_get_real_time () - status.exit_time) / G_USEC_PER_SEC;

    if (age >= SBX_EXITED_KEPT_SECONDS)
      sbx_record_sweep (search->parent, id);
    else
      add (search, directory, read_info (directory, id), &status, -1);
  } else if (readable && status.state == SBX_STATUS_RUNNING) {
    sbx_revive_bury (&status);
    sbx_record_set_exited (search->parent, id, &status);
    add (search, directory, read_info (directory, id), &status, -1);
  } else if (is_young (directory)) {
    search->again = TRUE;
  } else {
    sbx_record_sweep (search->parent, id);
  }
  if (search->unannounced && !announced && sbx_registry_lookup (search->registry, id))
    g_ptr_array_add (search->unannounced, g_object_ref (sbx_registry_lookup (search->registry, id)));
}

/* A keeper without START: its instance is the service's that prepares it, and may never come to life. When it does is
 * seen by looking again; a question to the user may take its time. */
static void
take_unborn (Search *search, int directory, int sock)
{
  close (sock);
  search->later = TRUE;
  search->again = search->again || is_young (directory);
}

/* Connected first and read then, so that nothing can happen unnoticed in between. */
static void
take_live (Search *search, int directory, guint64 id, int sock)
{
  SbxStatus status = { 0 };

  if (!sbx_revive_read_status (directory, id, &status))
    status = (SbxStatus){ .state = SBX_STATUS_PREPARED }; /* the keeper's greeting says more */
  if (status.state == SBX_STATUS_PREPARED && !sbx_record_has_info (directory)) {
    take_unborn (search, directory, sock);
    return;
  }
  if (status.state == SBX_STATUS_EXITED) {
    close (sock);
    add (search, directory, read_info (directory, id), &status, -1);
    return;
  }
  add (search, directory, read_info (directory, id), &status, sock);
}

/* Errors that pass: a full queue of connections, or too few resources on our side. After any other there is no
 * keeper. */
static gboolean
may_pass (int error)
{
  static const int passing[] = { EAGAIN, EINTR, EMFILE, ENFILE, ENOMEM, ENOBUFS };

  for (gsize i = 0; i < G_N_ELEMENTS (passing); i++)
    if (error == passing[i])
      return TRUE;
  return FALSE;
}

static void
take (Search *search, guint64 id)
{
  int directory = sbx_record_open (search->parent, id);
  int sock;

  if (directory < 0)
    return;
  sock = sbx_record_connect (directory);
  if (sock >= 0)
    take_live (search, directory, id, sock);
  else if (may_pass (errno))
    search->again = TRUE;
  else
    take_dead (search, directory, id);
  close (directory);
}

gboolean
sbx_adopt (SbxRuntimeDir *runtime, SbxRegistry *registry, GPtrArray *unannounced)
{
  Search search = { runtime, sbx_runtime_dir_open (runtime, NULL), registry, unannounced, FALSE, FALSE };
  struct dirent *entry;
  DIR *dir;
  int fd;

  if (search.parent < 0 || !sbx_runtime_dir_has_changed (runtime))
    return FALSE;
  fd = openat (search.parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  dir = fd < 0 ? NULL : fdopendir (fd);
  if (!dir) {
    g_warning ("Cannot look for instances: %s", g_strerror (errno));
    return FALSE;
  }
  while ((entry = readdir (dir)) != NULL) {
    guint64 id;

    if (sbx_id_parse (entry->d_name, &id) && !sbx_registry_lookup (registry, id))
      take (&search, id);
  }
  closedir (dir);
  if (search.again || search.later)
    sbx_runtime_dir_look_again (runtime);
  return search.again;
}
