/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/forward.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "common/path.h"
#include "layers/doors.h"

static void
file_clear (gpointer data)
{
  g_free (((SbxForwardedFile *) data)->path);
}

void
sbx_forward_free (SbxForward *forward)
{
  g_array_unref (forward->files);
  g_free (forward);
}

static gboolean
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && (a->st_mode & S_IFMT) == (b->st_mode & S_IFMT);
}

/* Where the file of @fd lies, if that place still shows this very file. */
static char *
path_of (int fd, GError **error)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link (link, NULL);
  struct stat by_fd, by_path;

  if (path && path[0] == '/' && fstat (fd, &by_fd) == 0 && lstat (path, &by_path) == 0 && is_same (&by_fd, &by_path)
      && (S_ISREG (by_fd.st_mode) || S_ISDIR (by_fd.st_mode)))
    return g_steal_pointer (&path);
  sbx_throw (error, SBX_ERROR_BAD_OPTION,
             "the option \"forward\" takes files and directories that have a place in the file system; %s has none",
             path ? path : "a descriptor");
  return NULL;
}

/* What nobody means by opening a file: the whole system or home, and what the sandbox has of its own. */
static gboolean
check_path (const SbxMachine *machine, const char *path, GError **error)
{
  static const char *const own[] = { "/proc", "/sys", "/dev", "/tmp/.X11-unix", "/tmp/.ICE-unix" };
  g_autofree char *homes = g_build_filename (machine->data_home, SBX_RUNTIME_SUBDIR, NULL);
  g_autofree char *profiles = g_build_filename (machine->config_home, SBX_RUNTIME_SUBDIR, NULL);
  g_autofree char *instances =
      g_build_filename (machine->runtime_dir ? machine->runtime_dir : "/run/user", SBX_RUNTIME_SUBDIR, NULL);
  const char *const kept[] = { machine->home, homes, profiles, instances };
  gboolean bad = strcmp (path, "/") == 0 || sbx_path_is_below (path, instances);

  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    bad = bad || sbx_path_is_below (path, own[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    bad = bad || sbx_path_is_below (kept[i], path);
  return !bad
         || sbx_throw (
             error, SBX_ERROR_BAD_OPTION,
             "the option \"forward\" does not take %s: it is of the system or of the sandbox itself, or all of "
             "the home; hand over a directory in it, or name it with --filesystem",
             path);
}

/* Through a descriptor with O_PATH as much is allowed as the profile says, through any other one as it was opened
 * with. */
static SbxAccess
wanted_access (int fd, const SbxPolicy *policy)
{
  SbxAccess level = sbx_policy_get_forward (policy);
  int flags = fcntl (fd, F_GETFL);

  if (flags & O_PATH)
    return MAX (level, SBX_ACCESS_RO);
  return (flags & O_ACCMODE) == O_RDONLY ? SBX_ACCESS_RO : SBX_ACCESS_RW;
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (((const SbxForwardedFile *) a)->path, ((const SbxForwardedFile *) b)->path);
}

/* One file, of which @approved may open less than @access. */
static void
note_classes (SbxForward *self, const char *path, SbxAccess access, const SbxPolicy *approved)
{
  if (access > sbx_policy_get_forward (approved) && access > sbx_policy_get_access (approved, path))
    self->classes |= SBX_CLASS_FILES;
}

SbxForward *
sbx_forward_new (const SbxMachine *machine, const int *fds, gsize n, const SbxPolicy *policy, const SbxPolicy *approved,
                 GError **error)
{
  g_autoptr (SbxForward) self = g_new0 (SbxForward, 1);

  self->files = g_array_new (FALSE, FALSE, sizeof (SbxForwardedFile));
  g_array_set_clear_func (self->files, file_clear);
  for (gsize i = 0; i < n; i++) {
    SbxForwardedFile file = { .path = path_of (fds[i], error), .fd = fds[i] };
    SbxAccess access;

    if (!file.path)
      return NULL;
    access = wanted_access (fds[i], policy);
    file.writable = access >= SBX_ACCESS_RW;
    g_array_append_val (self->files, file);
    if (!check_path (machine, file.path, error))
      return NULL;
    note_classes (self, file.path, access, approved);
  }
  g_array_sort (self->files, compare_paths);
  return g_steal_pointer (&self);
}

gboolean
sbx_forward_add_new (SbxForward *self, const SbxMachine *machine, const SbxNewFile *files, gsize n,
                     const SbxPolicy *policy, const SbxPolicy *approved, GError **error)
{
  for (gsize i = 0; sbx_policy_get_forward (policy) >= SBX_ACCESS_RW && i < n; i++) {
    g_autofree char *directory = path_of (files[i].directory, error);
    SbxForwardedFile file = { .writable = TRUE, .is_new = TRUE, .fd = files[i].directory };

    if (!directory)
      return FALSE;
    file.path = g_build_filename (directory, files[i].name, NULL);
    g_array_append_val (self->files, file);
    if (!check_path (machine, file.path, error))
      return FALSE;
    note_classes (self, file.path, SBX_ACCESS_RW, approved);
  }
  g_array_sort (self->files, compare_paths);
  return TRUE;
}

static SbxObject
object_of (const SbxForwardedFile *file)
{
  struct stat st;

  return file->is_new || fstat (file->fd, &st) < 0 ? (SbxObject){ 0, 0 } : (SbxObject){ st.st_dev, st.st_ino };
}

GVariant *
sbx_forwarded_file_describe (const SbxForwardedFile *file)
{
  SbxObject object = object_of (file);

  return g_variant_new ("(^aybtt)", file->path, file->writable, (guint64) object.device, (guint64) object.inode);
}

gboolean
sbx_forwarded_file_is_there (const SbxForwardedFile *file, GVariant *rows)
{
  SbxObject object = object_of (file);

  for (gsize i = 0; rows && i < g_variant_n_children (rows); i++) {
    const char *path;
    gboolean writable;
    guint64 device, inode;

    g_variant_get_child (rows, i, "(^&aybtt)", &path, &writable, &device, &inode);
    if (writable < file->writable || !sbx_path_is_below (file->path, path))
      continue;
    /* A directory shows what is in it; a file may have been replaced outside */
    if (!g_str_equal (path, file->path) || (device == object.device && inode == object.inode))
      return TRUE;
  }
  return FALSE;
}

static void
mount_points_clear (gpointer data)
{
  SbxMountPoints *points = data;

  g_array_unref (points->points);
  g_free (points->homes);
}

void
sbx_mount_points_unref (SbxMountPoints *points)
{
  g_rc_box_release_full (points, mount_points_clear);
}

SbxMountPoints *
sbx_mount_points_new (const SbxLayers *layers, const char *homes, SbxRegistry *registry)
{
  GArray *list = sbx_layers_list_points (layers);
  gboolean staged = sbx_layers_have_doors (layers);
  SbxMountPoints *points;

  if (list->len == 0 && !staged) {
    g_array_unref (list);
    return NULL;
  }
  points = g_rc_box_new0 (SbxMountPoints);
  points->points = list;
  points->homes = g_strdup (homes);
  points->staged = staged;
  points->registry = registry;
  return points;
}

static void
remove_stages (SbxMountPoints *points, SbxInstance *instance)
{
  char id[SBX_ID_SIZE];

  if (!points->staged)
    return;
  sbx_id_format (sbx_instance_get_id (instance), id);
  if (sbx_door_put_aside (points->homes, id))
    sbx_door_remove_aside_later (points->homes);
  points->staged = FALSE;
}

void
sbx_mount_points_remove (SbxMountPoints *points, SbxInstance *instance)
{
  g_autoptr (GPtrArray) others = sbx_registry_list (points->registry);

  remove_stages (points, instance);
  for (guint i = 0; i < others->len; i++) {
    SbxInstance *other = others->pdata[i];

    /* What is a mount point there would be unmounted by its removal; it comes with that one's end */
    if (other != instance && sbx_instance_get_state (other) != SBX_STATE_EXITED
        && g_strcmp0 (sbx_instance_get_info (other)->app_id, sbx_instance_get_info (instance)->app_id) == 0) {
      sbx_mount_points_remove_with (g_rc_box_acquire (points), other);
      return;
    }
  }
  sbx_layer_points_remove (points->points, points->homes);
}

static void
on_instance_ended (SbxInstance *instance, gpointer user_data)
{
  sbx_mount_points_remove (user_data, instance);
}

static void
on_closure_gone (gpointer data, GClosure *closure)
{
  sbx_mount_points_unref (data);
}

void
sbx_mount_points_remove_with (SbxMountPoints *points, SbxInstance *instance)
{
  g_signal_connect_data (instance, "ended", G_CALLBACK (on_instance_ended), points, on_closure_gone, 0);
}
