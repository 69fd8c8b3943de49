/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A packet as a stranger sends it, with up to seven descriptors: the first byte says over which channel and with how
 * many. What comes through is what the channel's table allows, it can be sent again, and no descriptor stays open. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "wire/message.h"

#define MOST_FDS 7

static void
send_raw (int sock, const uint8_t *data, size_t size, size_t n_fds)
{
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE (sizeof (int) * MOST_FDS)];
  } control;
  struct iovec part = { (void *) data, size };
  struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };

  memset (&control, 0, sizeof control);
  if (n_fds > 0) {
    struct cmsghdr *rights;

    packet.msg_control = control.space;
    packet.msg_controllen = CMSG_SPACE (sizeof (int) * n_fds);
    rights = CMSG_FIRSTHDR (&packet);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN (sizeof (int) * n_fds);
    for (size_t i = 0; i < n_fds; i++)
      ((int *) CMSG_DATA (rights))[i] = sock;
  }
  MUST (sendmsg (sock, &packet, MSG_NOSIGNAL) == (ssize_t) size);
}

static void
check_message (const SbxMessage *message, int *fds, size_t n_fds, SbxChannel channel, const int pair[2])
{
  SbxMessage again;
  int more[SBX_MESSAGE_FDS];
  size_t n_more = 0;

  MUST (message->type >= SBX_MSG_PREPARE && message->type <= SBX_MSG_ASKED);
  MUST (memchr (message->text, '\0', sizeof message->text) != NULL);
  for (size_t i = 0; i < n_fds; i++)
    MUST (fcntl (fds[i], F_GETFD) == FD_CLOEXEC);
  MUST (sbx_message_send (pair[0], message, fds, n_fds) == 0);
  MUST (sbx_message_recv_now (pair[1], channel, &again, more, &n_more, NULL) == 1);
  MUST (n_more == n_fds);
  MUST (again.type == message->type && again.job == message->job && again.pid == message->pid);
  MUST (again.value == message->value && again.detail == message->detail);
  MUST (again.crash == message->crash && again.slot == message->slot && again.start_time == message->start_time);
  MUST (memcmp (&again.crashed, &message->crashed, sizeof again.crashed) == 0);
  MUST (memcmp (&again.denial, &message->denial, sizeof again.denial) == 0);
  if (message->type == SBX_MSG_DENIED)
    MUST (message->slot < SBX_DENIALS && sbx_denial_is_valid (&message->denial));
  MUST (memcmp (&again.traffic, &message->traffic, sizeof again.traffic) == 0);
  if (message->type == SBX_MSG_ASKED)
    MUST (message->slot < SBX_ASKED_NAMES && message->value > 0 && sbx_asked_name_is_valid (message->text));
  MUST (strcmp (again.text, message->text) == 0);
  for (size_t i = 0; i < n_fds; i++) {
    close (fds[i]);
    close (more[i]);
  }
}

/* The lowest number that is free. */
static int
next_number (void)
{
  int fd = fcntl (0, F_DUPFD_CLOEXEC, 0);

  if (fd < 0) /* 0 is closed */
    return 0;
  close (fd);
  return fd;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int before = next_number (), pair[2], fds[SBX_MESSAGE_FDS], rc;
  SbxChannel channel;
  SbxMessage message;
  size_t n_fds = 0;

  if (size < 2 || size > 4096)
    return 0;
  channel = (SbxChannel) (data[0] % (SBX_CHANNEL_HANDLER_TO_KEEPER + 1));
  MUST (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
  send_raw (pair[0], data + 1, size - 1, (data[0] >> 4) % (MOST_FDS + 1));
  rc = sbx_message_recv_now (pair[1], channel, &message, fds, &n_fds, NULL);
  MUST (rc == 1 || (rc == -1 && errno == EBADMSG && n_fds == 0));
  if (rc == 1)
    check_message (&message, fds, n_fds, channel, pair);
  close (pair[0]);
  close (pair[1]);
  MUST (next_number () == before);
  return 0;
}
