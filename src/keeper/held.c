/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/held.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/mounts.h"
#include "keeper/reach.h"
#include "wire/io.h"

typedef struct {
  const SbxNarrowing *narrowing;
  SbxConnections connections;
  int main, proc;
  FILE *out;
  size_t n;
  pid_t init, pid; /* the one that is looked at */
  pid_t told_sockets;
} Look;

static void
tell (Look *look, const char *word, const char *path)
{
  if (look->n < SBX_HELD_MAX)
    fprintf (look->out, "%d%c%s%c%s%c", (int) look->pid, 0, word, 0, path, 0);
  else if (look->n == SBX_HELD_MAX)
    fprintf (look->out, "%d%cmore%c%c", (int) look->pid, 0, 0, 0);
  look->n++;
}

/* The place that has @path of the mount @mount (0: of any), or NULL. */
static const SbxNarrowPlace *
find_place (const Look *look, int mount, const char *path)
{
  const SbxNarrowing *narrowing = look->narrowing;

  for (size_t i = 0; i < narrowing->n_places; i++) {
    const SbxNarrowPlace *place = &narrowing->places[i];

    if ((mount == 0 || place->mount == mount) && sbx_narrow_is_below (path, narrowing->text + place->point))
      return place;
  }
  return NULL;
}

/* Whether something may be changed through it: a directory leads to its files. */
static bool
may_write (int at, int dir, const char *number)
{
  char name[64], text[1024], *flags;
  struct stat st;
  int fd;

  if (fstat (at, &st) == 0 && S_ISDIR (st.st_mode))
    return true;
  if (!number)
    return false;
  snprintf (name, sizeof name, "fdinfo/%.20s", number);
  fd = openat (dir, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return true;
  flags = sbx_read_text (fd, text, sizeof text) > 0 ? strstr (text, "flags:") : NULL;
  close (fd);
  return !flags || (strtol (flags + strlen ("flags:"), NULL, 8) & O_ACCMODE) != O_RDONLY;
}

/* @link: "socket:[NUMBER]". */
static void
look_at_socket (Look *look, const char *link)
{
  unsigned long number = strtoul (link + strlen ("socket:["), NULL, 10);

  for (size_t i = 0; i < look->connections.n; i++) {
    const SbxConnection *row = &look->connections.rows[i];

    if (row->socket == number) {
      tell (look, row->is_cut ? "cut" : "connection", row->path);
      return;
    }
  }
  if (look->connections.incomplete && look->told_sockets != look->pid) {
    look->told_sockets = look->pid;
    tell (look, "sockets", "");
  }
}

/* One of the links of @dir, the directory of a process: "cwd", "fd/3". @number: of the descriptor, or NULL. */
static void
look_at_link (Look *look, int dir, const char *link, const char *word, const char *number)
{
  char path[PATH_MAX];
  ssize_t n = readlinkat (dir, link, path, sizeof path - 1);
  const SbxNarrowPlace *place;
  int at;

  if (n <= 0)
    return;
  path[n] = '\0';
  if (strncmp (path, "mnt:[", 5) == 0)
    tell (look, "namespace", "");
  if (strncmp (path, "socket:[", 8) == 0)
    look_at_socket (look, path);
  if (path[0] != '/' || !find_place (look, 0, path))
    return;
  at = openat (dir, link, O_PATH | O_CLOEXEC);
  if (at < 0)
    return;
  place = find_place (look, sbx_mount_id (look->proc, at), path);
  if (place && (!place->read_only || may_write (at, dir, number)))
    tell (look, word, path);
  close (at);
}

/* -1 with errno when it may not be looked at. */
static int
look_at_descriptors (Look *look, int dir)
{
  int fd = openat (dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *fds = fd < 0 ? NULL : fdopendir (fd);
  struct dirent *entry;
  char link[64];

  if (!fds)
    return -1;
  while ((entry = readdir (fds)) != NULL) {
    if (entry->d_name[0] == '.')
      continue;
    snprintf (link, sizeof link, "fd/%.20s", entry->d_name);
    look_at_link (look, dir, link, "fd", entry->d_name);
  }
  closedir (fds);
  return 0;
}

/* A line of maps: "start-end rwxp offset major:minor inode   path". */
static void
look_at_map (Look *look, const char *line)
{
  const char *path = strchr (line, '/');
  char modes[8] = "";
  const SbxNarrowPlace *place = path ? find_place (look, 0, path) : NULL;

  if (!place || sscanf (line, "%*s %7s", modes) != 1)
    return;
  if (!place->read_only || (modes[1] == 'w' && modes[3] == 's'))
    tell (look, "map", path);
}

static void
look_at_maps (Look *look, int dir)
{
  int fd = openat (dir, "maps", O_RDONLY | O_CLOEXEC);
  FILE *maps = fd < 0 ? NULL : fdopen (fd, "r");
  char *line = NULL;
  size_t room = 0;
  ssize_t n;

  if (!maps) {
    if (fd >= 0)
      close (fd);
    return;
  }
  while ((n = getline (&line, &room, maps)) > 0) {
    line[n - 1] = '\0';
    look_at_map (look, line);
  }
  free (line);
  fclose (maps);
}

static bool
is_elsewhere (const Look *look, int dir)
{
  struct stat main, own;

  return fstat (look->main, &main) == 0 && fstatat (dir, "ns/mnt", &own, 0) == 0
         && (main.st_dev != own.st_dev || main.st_ino != own.st_ino);
}

/* Whether the thread may have what its process has not: after unshare(2) it has a table or a directory of its own. */
static bool
has_own (pid_t pid, pid_t thread, int what)
{
  return syscall (SYS_kcmp, pid, thread, what, 0, 0) != 0; /* also when it is not known */
}

/* @dir: of the thread. -1 with errno when it may not be looked at. */
static int
look_at_thread (Look *look, pid_t thread, int dir)
{
  if (is_elsewhere (look, dir))
    tell (look, "namespace", "");
  if ((thread == look->pid || has_own (look->pid, thread, KCMP_FILES)) && look_at_descriptors (look, dir) < 0)
    return -1;
  if (thread == look->pid || has_own (look->pid, thread, KCMP_FS)) {
    look_at_link (look, dir, "cwd", "cwd", NULL);
    look_at_link (look, dir, "root", "root", NULL);
  }
  return 0;
}

static int
look_at_process (void *data, pid_t pid, int dir)
{
  Look *look = data;
  const struct dirent *entry;
  DIR *tasks;

  look->pid = pid;
  if (pid == look->init)
    return 0;
  tasks = sbx_reach_open_tasks (dir);
  while (tasks && (entry = readdir (tasks)) != NULL) {
    int thread = entry->d_name[0] == '.' ? -1 : openat (dirfd (tasks), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (thread < 0)
      continue;
    if (look_at_thread (look, (pid_t) strtol (entry->d_name, NULL, 10), thread) < 0 && errno != ENOENT
        && errno != ESRCH)
      tell (look, "unknown", "");
    close (thread);
  }
  if (tasks)
    closedir (tasks);
  look_at_maps (look, dir);
  return 0;
}

int
sbx_held_write (const SbxNarrowing *narrowing, const SbxHeldServers *servers, pid_t init, const SbxNamespaces *own,
                int out)
{
  Look look = { .narrowing = narrowing, .main = own->mount, .init = init };
  int copy = dup (out), rc = 0;

  look.proc = open ("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  look.out = copy < 0 ? NULL : fdopen (copy, "w");
  if (!look.out) {
    if (copy >= 0)
      close (copy);
    close (look.proc);
    return -1;
  }
  sbx_connections_find (&look.connections, narrowing, servers, own, init);
  if (narrowing->n_places > 0 || look.connections.n > 0 || look.connections.incomplete)
    rc = sbx_reach_processes (init, look_at_process, &look);
  if (fclose (look.out) != 0)
    rc = -1;
  close (look.proc);
  free (look.connections.rows);
  return rc;
}
