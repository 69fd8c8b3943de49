/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a compositor sends before it hangs up: it is an answer, or an error, and never more than was sent. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "wire/wayland.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  SbxWayland wayland;
  int pair[2], has;

  if (size > 65536) /* which a socket takes without a reader */
    return 0;
  MUST (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
  MUST (send (pair[1], data, size, 0) == (ssize_t) size);
  shutdown (pair[1], SHUT_WR);
  sbx_wayland_begin (&wayland, pair[0], 60000);
  has = sbx_wayland_has_context (&wayland);
  MUST (has >= 0 || errno == ECONNRESET || errno == EBADMSG || errno == EPROTO);
  MUST (has <= 0 || wayland.manager != 0);
  if (has > 0 && sbx_wayland_make_context (&wayland, pair[1], pair[1], "org.example.App", "0123456789abcdef") < 0)
    MUST (errno == ECONNRESET || errno == EBADMSG || errno == EPROTO);
  MUST (wayland.n <= size && wayland.n <= sizeof wayland.bytes);
  sbx_wayland_close (&wayland);
  close (pair[1]);
  return 0;
}
