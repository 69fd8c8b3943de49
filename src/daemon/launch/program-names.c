/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/program-names.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/own-names.h"

#define MAX_PROGRAM (4 * 1024 * 1024)

static int
open_program (const char *command)
{
  static const char *const places[] = { "/usr/local/bin", "/usr/bin", "/bin", "/usr/games" };
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  int fd = -1;

  if (g_path_is_absolute (command))
    return open (command, flags);
  for (gsize i = 0; fd < 0 && !strchr (command, '/') && i < G_N_ELEMENTS (places); i++) {
    g_autofree char *path = g_build_filename (places[i], command, NULL);

    fd = open (path, flags);
  }
  return fd;
}

/* What an application could have written says nothing of whose name it is. */
static gboolean
is_of_system (const struct stat *st)
{
  return S_ISREG (st->st_mode) && st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH)) && st->st_size > 0
         && st->st_size <= MAX_PROGRAM;
}

GPtrArray *
sbx_program_names (const SbxPolicy *policy, const char *app_id, const char *command)
{
  g_autofree char *program = NULL;
  GPtrArray *names = NULL;
  void *map = MAP_FAILED;
  struct stat st;
  int fd;

  if (!command || !sbx_own_names_wants_program (policy, app_id))
    return NULL;
  fd = open_program (command);
  if (fd < 0)
    return NULL;
  if (fstat (fd, &st) == 0 && is_of_system (&st))
    map = mmap (NULL, (gsize) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close (fd);
  if (map == MAP_FAILED)
    return NULL;
  program = g_path_get_basename (command);
  names = sbx_own_names_in (map, (gsize) st.st_size, program);
  munmap (map, (gsize) st.st_size);
  return names;
}
