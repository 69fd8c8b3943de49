/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/facts.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/read-file.h"

#define MAX_SYSCTL 256

struct _SbxFacts {
  char *root;
  int mounts; /* /proc/self/mountinfo, or -1 */
  guint mounts_changed;
};

SbxFacts *
sbx_facts_new (const char *root)
{
  SbxFacts *self = g_new0 (SbxFacts, 1);

  self->root = g_strdup (root);
  self->mounts = open ("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  return self;
}

void
sbx_facts_free (SbxFacts *self)
{
  if (self->mounts >= 0)
    close (self->mounts);
  g_free (self->root);
  g_free (self);
}

/* Counts the changes of the mount table: one that has been made since a box stands need not have reached it, and what
 * was unmounted below it may still be there. mountinfo tells each once, by POLLERR and POLLPRI (proc(5)). */
static void
look_at_mounts (SbxFacts *self)
{
  struct pollfd polled = { .fd = self->mounts, .events = POLLPRI };

  if (self->mounts < 0 || (poll (&polled, 1, 0) > 0 && (polled.revents & (POLLPRI | POLLERR))))
    self->mounts_changed++; /* without the table nothing is known, and no box is as good as another */
}

static void
add_sysctls (const SbxFacts *self, GString *text)
{
  static const char *const names[] = { "kernel/unprivileged_userns_clone",
                                       "kernel/apparmor_restrict_unprivileged_userns",
                                       "kernel/apparmor_restrict_unprivileged_unconfined",
                                       "kernel/yama/ptrace_scope",
                                       "user/max_user_namespaces",
                                       "user/max_pid_namespaces",
                                       "user/max_mnt_namespaces",
                                       "user/max_net_namespaces",
                                       "vm/memfd_noexec" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (self->root, "proc/sys", names[i], NULL);
    gsize size;
    g_autofree char *value = sbx_read_file (AT_FDCWD, path, MAX_SYSCTL, SBX_READ_PLAIN, &size);

    g_string_append_printf (text, "%s=%s\n", names[i], value ? value : "-");
  }
}

char *
sbx_facts_get (SbxFacts *self, const char *const *sources, const char *const *programs)
{
  GString *text = g_string_new (NULL);
  struct utsname names = { 0 };
  struct stat st;

  look_at_mounts (self);
  g_string_append_printf (text, "mounts=%u\n", self->mounts_changed);
  (void) uname (&names);
  g_string_append_printf (text, "uname=%s %s\n", names.release, names.nodename);
  add_sysctls (self, text);
  for (gsize i = 0; sources[i]; i++)
    if (stat (sources[i], &st) == 0)
      g_string_append_printf (text, "%s %lx:%lx %o\n", sources[i], (gulong) st.st_dev, (gulong) st.st_ino, st.st_mode);
  for (gsize i = 0; programs[i]; i++)
    if (stat (programs[i], &st) == 0)
      g_string_append_printf (text, "%s %lx:%lx %ld.%09ld %ld\n", programs[i], (gulong) st.st_dev, (gulong) st.st_ino,
                              (glong) st.st_ctim.tv_sec, (glong) st.st_ctim.tv_nsec, (glong) st.st_size);
  return g_string_free (text, FALSE);
}
