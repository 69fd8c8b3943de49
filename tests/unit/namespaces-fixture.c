/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "namespaces-fixture.h"

#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static void
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
  close (fd);
}

void
enter_namespaces (unsigned user, unsigned group)
{
  g_autofree char *users = g_strdup_printf ("%u %u 1", user, getuid ());
  g_autofree char *groups = g_strdup_printf ("%u %u 1", group, getgid ());

  g_assert_cmpint (unshare (CLONE_NEWUSER | CLONE_NEWNS), ==, 0);
  write_text ("/proc/self/setgroups", "deny");
  write_text ("/proc/self/uid_map", users);
  write_text ("/proc/self/gid_map", groups);
  g_assert_cmpint (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), ==, 0);
}
