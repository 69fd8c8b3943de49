/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/child.h"

#include <signal.h>

int
sbx_child_spawn (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, short flags,
                 char *const *argv, char *const *envp)
{
  posix_spawnattr_t attributes;
  sigset_t none, all;
  int rc;

  sigemptyset (&none);
  sigfillset (&all);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setsigdefault (&attributes, &all);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setflags (&attributes, (short) (flags | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
  rc = posix_spawn (pid, path, actions, &attributes, argv, envp);
  posix_spawnattr_destroy (&attributes);
  return rc;
}
