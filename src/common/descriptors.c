/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"

#define PER_MESSAGE 64 /* of at most 253, SCM_MAX_FD */

/* A packet of one byte with @n descriptors. */
static int
send_some (int sock, const int *fds, gsize n)
{
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (PER_MESSAGE * sizeof (int))];
  } control = { .bytes = { 0 } };
  char byte = 0;
  struct iovec data = { &byte, 1 };
  struct msghdr message = {
    .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE (n * sizeof (int))
  };

  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN (n * sizeof (int));
  memcpy (CMSG_DATA (&control.header), fds, n * sizeof (int));
  return sendmsg (sock, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int
sbx_descriptors_send (const SbxFdList *list, GError **error)
{
  const int *fds = sbx_fd_list_peek (list);
  gint n = (gint) sbx_fd_list_get_length (list);
  int pair[2], problem = 0;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "make a socket for %d descriptors", n);
    return -1;
  }
  for (gint at = 0; at < n && problem == 0; at += PER_MESSAGE)
    if (send_some (pair[0], fds + at, (gsize) MIN (n - at, PER_MESSAGE)) < 0)
      problem = errno;
  close (pair[0]);
  if (problem == 0)
    return pair[1];
  close (pair[1]);
  /* ETOOMANYREFS: more on their way than RLIMIT_NOFILE lets be open */
  sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, problem, "hand over %d descriptors", n);
  return -1;
}

/* Appends the descriptors of one packet. Returns what recvmsg (2) does; -1 with EMFILE when they found no room, with
 * EPROTO when there were none. */
static gssize
receive_some (int sock, GArray *fds)
{
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (253 * sizeof (int))];
  } control;
  char byte;
  struct iovec data = { &byte, 1 };
  struct msghdr message = {
    .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  gssize n = recvmsg (sock, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  guint before = fds->len;

  if (n <= 0)
    return n;
  for (struct cmsghdr *header = CMSG_FIRSTHDR (&message); header; header = CMSG_NXTHDR (&message, header))
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
      g_array_append_vals (fds, CMSG_DATA (header), (guint) ((header->cmsg_len - CMSG_LEN (0)) / sizeof (int)));
  if (message.msg_flags & MSG_CTRUNC) { /* not all of them found room among our own */
    errno = EMFILE;
    return -1;
  }
  if (fds->len == before) { /* of such there is no end while somebody sends them */
    errno = EPROTO;
    return -1;
  }
  return n;
}

static gboolean
is_packet_socket (int sock)
{
  int type = 0, domain = 0;
  socklen_t size = sizeof type;

  return getsockopt (sock, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET
         && getsockopt (sock, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

SbxFdList *
sbx_descriptors_receive (int sock, gsize most, GError **error)
{
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (SbxFdList) list = sbx_fd_list_new ();
  gssize n = -1;
  int problem = 0;

  if (!is_packet_socket (sock)) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION,
               "the option \"descriptors\" is no connected AF_UNIX socket of type SOCK_SEQPACKET");
    return NULL;
  }
  do
    n = receive_some (sock, fds);
  while ((n > 0 && fds->len <= most) || (n < 0 && errno == EINTR));
  problem = n < 0 ? errno : 0;
  sbx_fd_list_take (list, (const int *) (gpointer) fds->data, fds->len);
  if (problem == 0 && fds->len > 0 && fds->len <= most)
    return g_steal_pointer (&list);
  if (problem == EAGAIN)
    sbx_throw (error, SBX_ERROR_BAD_OPTION,
               "the option \"descriptors\": send all of them and close your end before the call");
  else if (problem == EPROTO)
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "the option \"descriptors\": a packet without a descriptor was sent");
  else if (problem != 0)
    sbx_throw_errno (error, SBX_ERROR_BAD_OPTION, problem, "the option \"descriptors\": receive them");
  else
    sbx_throw (error, SBX_ERROR_BAD_OPTION,
               "the option \"descriptors\" carries %u descriptors; from 1 to %zu are allowed", fds->len, most);
  return NULL;
}
