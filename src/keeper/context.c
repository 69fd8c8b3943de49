/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/context.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/layout.h"
#include "wire/wayland.h"

#define BACKLOG 128 /* as libwayland's (wayland-server.c) */

/* Closes @fd and keeps errno. */
static void
close_quietly (int fd)
{
  int saved = errno;

  if (fd >= 0)
    close (fd);
  errno = saved;
}

bool
sbx_context_is_wanted (const SbxLayer *layers, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (layers[i].flags & SBX_LAYER_WAYLAND)
      return true;
  return false;
}

/* Bound through the descriptor of the directory, as the record's own socket is. Whoever accepts must not wait for a
 * client that has left again: what is set here is so for the compositor's descriptor too. */
static int
listen_in (int directory)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (sock < 0)
    return -1;
  snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" SBX_WAYLAND_SOCKET, directory);
  umask (0077);
  if (bind (sock, (struct sockaddr *) &address, sizeof address) == 0 && listen (sock, BACKLOG) == 0)
    return sock;
  close_quietly (sock);
  return -1;
}

/* The socket that was made in @directory, as the caller's mount namespace has it, in which the directory's path says
 * where to look. */
static int
find_socket (int directory)
{
  char link[64], path[PATH_MAX];
  struct stat made, found;
  ssize_t n;
  int fd;

  snprintf (link, sizeof link, "/proc/self/fd/%d", directory);
  n = readlink (link, path, sizeof path - sizeof "/" SBX_WAYLAND_SOCKET);
  if (n < 0)
    return -1;
  snprintf (path + n, sizeof path - (size_t) n, "/" SBX_WAYLAND_SOCKET);
  fd = open (path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0
      || (fstatat (directory, SBX_WAYLAND_SOCKET, &made, AT_SYMLINK_NOFOLLOW) == 0 && fstat (fd, &found) == 0
          && made.st_dev == found.st_dev && made.st_ino == found.st_ino))
    return fd;
  close (fd);
  errno = ESTALE;
  return -1;
}

/* What @wayland, a connection, comes to: the socket of its own, @source, or -1 with errno. */
static int
ask (SbxWayland *wayland, const SbxContextSide *side, const SbxLayer *layer, int source)
{
  int has = sbx_wayland_has_context (wayland), listener, rc;

  if (has <= 0)
    return has < 0 ? -1 : source;
  listener = listen_in (side->directory);
  if (listener < 0)
    return -1;
  rc = sbx_wayland_make_context (wayland, listener, side->end, layer->content, side->id);
  close_quietly (listener);
  return rc < 0 ? -1 : find_socket (side->directory);
}

int
sbx_context_make (const SbxContextSide *side, const SbxLayer *layer, int source)
{
  SbxWayland wayland;
  int fd;

  if (side->directory < 0)
    return source;
  if (sbx_wayland_connect (&wayland, source, SBX_WAYLAND_WAIT_MS) < 0) {
    if (errno == ECONNREFUSED || errno == EPROTOTYPE) /* nobody listens, or what does speaks something else */
      return source;
    close_quietly (source);
    return -1;
  }
  fd = ask (&wayland, side, layer, source);
  sbx_wayland_close (&wayland);
  if (fd != source)
    close_quietly (source);
  return fd;
}

bool
sbx_context_was_made (int directory)
{
  struct stat st;

  return fstatat (directory, SBX_WAYLAND_SUBDIR "/" SBX_WAYLAND_SOCKET, &st, AT_SYMLINK_NOFOLLOW) == 0;
}
