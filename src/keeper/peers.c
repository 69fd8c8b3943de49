/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/peers.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ESTABLISHED 1  /* TCP_ESTABLISHED, include/net/tcp_states.h */
#define LISTEN 10      /* TCP_LISTEN */
#define MINOR_BITS 20u /* of dev_t in the kernel, include/linux/kdev_t.h */

static int
ask (int sock)
{
  struct {
    struct nlmsghdr head;
    struct unix_diag_req request;
  } message = {
    .head = { .nlmsg_len = sizeof message,
              .nlmsg_type = SOCK_DIAG_BY_FAMILY,
              .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
    .request = { .sdiag_family = AF_UNIX,
                 .udiag_states = 1u << ESTABLISHED | 1u << LISTEN,
                 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS },
  };

  return send (sock, &message, sizeof message, 0) < 0 ? -1 : 0;
}

typedef struct {
  void (*each) (void *data, const SbxPeer *peer);
  void *data;
} Listing;

static void
read_file (SbxPeer *peer, const void *value, size_t size)
{
  struct unix_diag_vfs file;

  if (size < sizeof file)
    return;
  memcpy (&file, value, sizeof file);
  peer->major = file.udiag_vfs_dev >> MINOR_BITS;
  peer->minor = file.udiag_vfs_dev & ((1u << MINOR_BITS) - 1);
  peer->inode = file.udiag_vfs_ino;
}

/* @value: numbers of those at the other end; more than one of those that a server has not let in yet. */
static void
tell_others (const Listing *listing, SbxPeer *peer, const char *value, size_t size)
{
  for (; size >= sizeof peer->other; value += sizeof peer->other, size -= sizeof peer->other) {
    memcpy (&peer->other, value, sizeof peer->other);
    if (peer->other != 0 && (peer->inode != 0 || peer->name[0]))
      listing->each (listing->data, peer);
  }
}

/* The kernel writes name and file before the others (sk_diag_fill () in net/unix/diag.c). */
static void
read_peer (const Listing *listing, const struct nlmsghdr *head)
{
  const struct unix_diag_msg *message = NLMSG_DATA (head);
  const struct rtattr *attribute = (const struct rtattr *) (const void *) (message + 1);
  int left = (int) head->nlmsg_len - (int) NLMSG_LENGTH (sizeof *message);
  SbxPeer peer = { 0 };

  for (; RTA_OK (attribute, left); attribute = RTA_NEXT (attribute, left)) {
    const char *value = RTA_DATA (attribute);
    size_t size = RTA_PAYLOAD (attribute);

    if (attribute->rta_type == UNIX_DIAG_NAME && size > 0 && *value == '/')
      memcpy (peer.name, value, size < sizeof peer.name ? size : sizeof peer.name - 1);
    else if (attribute->rta_type == UNIX_DIAG_VFS)
      read_file (&peer, value, size);
    else if (attribute->rta_type == UNIX_DIAG_PEER || attribute->rta_type == UNIX_DIAG_ICONS)
      tell_others (listing, &peer, value, size);
  }
}

/* 1; 0: that was the last message; or -1 with errno. */
static int
read_message (const Listing *listing, const struct nlmsghdr *head)
{
  if (head->nlmsg_type == NLMSG_DONE)
    return 0;
  if (head->nlmsg_type == NLMSG_ERROR) {
    const struct nlmsgerr *error = NLMSG_DATA (head);

    errno = head->nlmsg_len >= NLMSG_LENGTH (sizeof *error) && error->error < 0 ? -error->error : EBADMSG;
    return -1;
  }
  if (head->nlmsg_len >= NLMSG_LENGTH (sizeof (struct unix_diag_msg)))
    read_peer (listing, head);
  return 1;
}

static int
read_answer (int sock, const Listing *listing)
{
  _Alignas(struct nlmsghdr) char bytes[16384];
  int more = 1;

  while (more > 0) {
    ssize_t n = recv (sock, bytes, sizeof bytes, 0);
    const struct nlmsghdr *head = (const struct nlmsghdr *) (const void *) bytes;

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return -1;
    for (int left = (int) n; more > 0 && NLMSG_OK (head, left); head = NLMSG_NEXT (head, left))
      more = read_message (listing, head);
  }
  return more;
}

int
sbx_peers_list (void (*each) (void *data, const SbxPeer *peer), void *data)
{
  int sock = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  int rc = sock < 0 ? -1 : ask (sock), saved;

  if (rc == 0)
    rc = read_answer (sock, &(Listing){ each, data });
  saved = errno;
  if (sock >= 0)
    close (sock);
  errno = saved;
  return rc;
}
