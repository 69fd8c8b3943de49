/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/machine/slirp.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

#define MINIMUM 2 /* of 1.x */

char *
sbx_slirp_check_version (const char *path, const char *said)
{
  guint major = 0, minor = 0;

  if (!said || sscanf (said, "slirp4netns version %u.%u", &major, &minor) != 2)
    return g_strdup_printf (
        N_ ("%s does not say which version of slirp4netns it is; install the package slirp4netns again"), path);
  if (major == 0 || (major == 1 && minor < MINIMUM))
    return g_strdup_printf (N_ ("%s is slirp4netns %u.%u, and at least 1.%d is needed; update the package slirp4netns"),
                            path, major, minor, MINIMUM);
  return NULL;
}

char *
sbx_slirp_check (const char *path)
{
  g_autofree char *said = NULL;
  const char *argv[] = { path, "--version", NULL };

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &said, NULL, NULL, NULL))
    return sbx_slirp_check_version (path, NULL);
  return sbx_slirp_check_version (path, said);
}

const char *
sbx_slirp_check_device (const char *path)
{
  if (access (path, R_OK | W_OK) == 0)
    return NULL;
  if (errno == EACCES)
    return N_ ("/dev/net/tun may not be opened; an administrator makes it everybody's, as most systems have it, with "
               "`chmod 0666 /dev/net/tun` (each interface stays in the namespace of who makes it)");
  return N_ ("there is no /dev/net/tun; an administrator loads the driver with `modprobe tun`, or, inside a container, "
             "passes the device on");
}
