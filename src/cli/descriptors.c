/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/descriptors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
sbx_descriptors_check (const SbxDescriptors *descriptors)
{
  static const char *const names[] = { N_ ("standard input"), N_ ("standard output"), N_ ("standard error") };
  static const char *const remedies[] = { "</dev/null", ">/dev/null", "2>/dev/null" };

  for (int fd = 0; fd < 3; fd++)
    if (descriptors->closed[fd]) {
      sbx_fail (_ ("%s is closed, and the command would open something else in its place; redirect it: %s"),
                _ (names[fd]), remedies[fd]);
      return FALSE;
    }
  return TRUE;
}

/* A directory leads out of the sandbox, through openat (): it is handed over only when it is named. */
static gboolean
leads_out (int fd)
{
  int flags = fcntl (fd, F_GETFL);
  struct stat st;

  return (flags >= 0 && (flags & O_PATH)) || (fstat (fd, &st) == 0 && S_ISDIR (st.st_mode));
}

static gboolean
add (GVariantBuilder *map, GUnixFDList *list, int number, int fd)
{
  g_autoptr (GError) error = NULL;
  int handle = g_unix_fd_list_append (list, fd, &error);

  if (handle < 0) {
    sbx_fail (_ ("descriptor %d: %s"), number, error->message);
    return FALSE;
  }
  g_variant_builder_add (map, "{uh}", (guint32) number, handle);
  return TRUE;
}

/* --fd=N: it must be open, whatever it is. */
static gboolean
add_named (GVariantBuilder *map, GUnixFDList *list, const SbxJobOptions *options)
{
  for (char **text = options->fds; text && *text; text++) {
    guint64 number;

    if (!g_ascii_string_to_unsigned (*text, 10, 3, 65535, &number, NULL)) {
      sbx_fail (_ ("--fd=%s: say the number of an open descriptor, from 3 on"), *text);
      return FALSE;
    }
    if (fcntl ((int) number, F_GETFD) < 0) {
      sbx_fail (_ ("--fd=%s: there is no such open descriptor"), *text);
      return FALSE;
    }
    if (!add (map, list, (int) number, (int) number))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_named (const SbxJobOptions *options, int fd)
{
  for (char **text = options->fds; text && *text; text++)
    if (atoi (*text) == fd)
      return TRUE;
  return FALSE;
}

GVariant *
sbx_descriptors_collect (const SbxDescriptors *descriptors, const SbxJobOptions *options, int terminal,
                         GUnixFDList *list)
{
  g_auto (GVariantBuilder) map = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{uh}"));
  int null = -1;

  for (int fd = 0; fd < 3; fd++) {
    int source = terminal >= 0 ? terminal : fd;

    if (fd == 0 && options->detach && terminal < 0 && isatty (0)) /* a job in the background must not read from it */
      source = null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    if (!add (&map, list, fd, source))
      return NULL;
  }
  if (null >= 0)
    close (null);
  for (guint i = 0; !options->no_inherit && i < descriptors->inherited->len; i++) {
    int fd = g_array_index (descriptors->inherited, int, i);

    if (is_named (options, fd))
      continue;
    if (leads_out (fd))
      g_printerr (_ ("sandboxctl: descriptor %d is a directory and is not passed on; --fd=%d does it\n"), fd, fd);
    else if (!add (&map, list, fd, fd))
      return NULL;
  }
  return add_named (&map, list, options) ? g_variant_builder_end (&map) : NULL;
}
