/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/runtime-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"

#define COARSE_USEC 50000
#define LOCK_TRIES 500 /* of a millisecond each: it is held for as long as a connect takes, or by a stopped process */

struct _SbxRuntimeDir {
  char *base;
  gboolean from_environment;
  int fd;
  gint64 changed; /* us since 1970 */
};

SbxRuntimeDir *
sbx_runtime_dir_new (const char *const *environment)
{
  SbxRuntimeDir *self = g_new0 (SbxRuntimeDir, 1);
  const char *base = g_environ_getenv ((char **) environment, "XDG_RUNTIME_DIR");

  self->fd = -1;
  self->from_environment = base && base[0] != '\0';
  self->base = self->from_environment ? g_strdup (base) : g_strdup_printf ("/run/user/%u", (unsigned) geteuid ());
  return self;
}

void
sbx_runtime_dir_free (SbxRuntimeDir *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->base);
  g_free (self);
}

/* Open, a directory, ours, and writable for nobody else. */
static int
open_base (SbxRuntimeDir *self, GError **error)
{
  static const char remedy[] = N_ ("log in through a display manager or systemd, or make one: "
                                   "export XDG_RUNTIME_DIR=$(mktemp -d)");
  struct stat st;
  int fd;

  if (!g_path_is_absolute (self->base)) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "XDG_RUNTIME_DIR is \"%s\", not an absolute path; %s", self->base,
               remedy);
    return -1;
  }
  fd = open (self->base, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &st) < 0) {
    int saved = errno;

    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "no runtime directory: %s%s: %s; %s",
               self->from_environment ? "XDG_RUNTIME_DIR is " : "XDG_RUNTIME_DIR is not set and ", self->base,
               g_strerror (saved), remedy);
  } else if (st.st_uid != geteuid () || (st.st_mode & 022)) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
               "the runtime directory %s belongs to uid %u and has mode %04o; it must be yours and closed to others "
               "(chmod 0700); %s",
               self->base, (unsigned) st.st_uid, (unsigned) st.st_mode & 07777, remedy);
  } else {
    return fd;
  }
  if (fd >= 0)
    close (fd);
  return -1;
}

static int
open_below (SbxRuntimeDir *self, int base, GError **error)
{
  struct stat st;
  int fd;

  if (mkdirat (base, SBX_RUNTIME_SUBDIR, 0700) < 0 && errno != EEXIST) {
    sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "make the directory %s/%s", self->base, SBX_RUNTIME_SUBDIR);
    return -1;
  }
  fd = openat (base, SBX_RUNTIME_SUBDIR, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 || fstat (fd, &st) < 0) {
    sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "open %s/%s, which must be a directory and no link",
                     self->base, SBX_RUNTIME_SUBDIR);
  } else if (st.st_uid != geteuid () || (st.st_mode & 077)) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
               "%s/%s belongs to uid %u and has mode %04o; it must be yours with mode 0700: remove it", self->base,
               SBX_RUNTIME_SUBDIR, (unsigned) st.st_uid, (unsigned) st.st_mode & 07777);
  } else {
    return fd;
  }
  if (fd >= 0)
    close (fd);
  return -1;
}

int
sbx_runtime_dir_open (SbxRuntimeDir *self, GError **error)
{
  struct stat st;
  int base;

  /* One that was removed under us is made anew */
  if (self->fd >= 0 && fstat (self->fd, &st) == 0 && st.st_nlink > 0)
    return self->fd;
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  base = open_base (self, error);
  if (base >= 0) {
    self->fd = open_below (self, base, error);
    close (base);
  }
  return self->fd;
}

gboolean
sbx_runtime_dir_lock (int directory)
{
  for (int i = 0; flock (directory, LOCK_EX | LOCK_NB) < 0; i++) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || i == LOCK_TRIES)
      return FALSE;
    g_usleep (1000);
  }
  return TRUE;
}

gboolean
sbx_runtime_dir_has_changed (SbxRuntimeDir *self)
{
  struct stat st;
  gint64 changed;

  if (self->fd < 0 || fstat (self->fd, &st) < 0)
    return FALSE;
  changed = (gint64) st.st_mtim.tv_sec * G_USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
  if (changed == self->changed)
    return FALSE;
  /* The kernel's time stamps are as coarse as its ticks: the next change may get the same one */
  self->changed = ABS (g_get_real_time () - changed) < COARSE_USEC ? 0 : changed;
  return TRUE;
}

void
sbx_runtime_dir_look_again (SbxRuntimeDir *self)
{
  self->changed = 0;
}
