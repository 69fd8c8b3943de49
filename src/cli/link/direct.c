/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/direct.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/names.h"
#include "common/session-bus.h"

/* Open, a directory of ours that is closed to others; else -1. */
static int
open_directory (void)
{
  const char *named = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *base = named && *named ? g_strdup (named) : g_strdup_printf ("/run/user/%u", getuid ());
  g_autofree char *path = g_build_filename (base, SBX_RUNTIME_SUBDIR, NULL);
  int fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  struct stat st;

  if (fd < 0 || (fstat (fd, &st) == 0 && st.st_uid == geteuid () && !(st.st_mode & 077)))
    return fd;
  close (fd);
  return -1;
}

static gboolean
is_ours (int fd)
{
  struct ucred peer;
  socklen_t size = sizeof peer;

  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid ();
}

/* The way through the directory's descriptor has no length that sun_path would not take. */
static int
connect_in (int directory, const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, name);
  if (fd < 0 || (connect (fd, (struct sockaddr *) &address, sizeof address) == 0 && is_ours (fd)))
    return fd;
  close (fd);
  return -1;
}

SbxConnection *
sbx_direct_connect (const char *bus)
{
  g_autofree char *name = bus ? sbx_session_socket_name (bus) : g_strdup (SBX_SERVICE_SOCKET);
  int directory = name ? open_directory () : -1, fd;

  if (directory < 0)
    return NULL;
  fd = connect_in (directory, name);
  close (directory);
  return fd < 0 ? NULL : sbx_connection_new_for_peer (fd, NULL);
}
