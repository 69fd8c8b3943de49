/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The little of Wayland's protocol that it takes to tell a compositor of a sandbox: wayland.xml (wl_display,
 * wl_registry, wl_callback) and staging/security-context/security-context-v1.xml of wayland-protocols. What the
 * compositor sends is bytes of another program: each wait has an end, each size a limit, and what does not belong here
 * is an error. libc only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_WAYLAND_ENGINE "org.example.Sandbox"
#define SBX_WAYLAND_WAIT_MS 10000

/* A connection. Zero is none; its members are wayland.c's. */
typedef struct {
  int fd;
  int64_t deadline;    /* CLOCK_MONOTONIC, milliseconds */
  uint32_t manager;    /* the name of the global; 0: it is not there */
  uint32_t last;       /* the newest object that we have made */
  size_t n, left;      /* bytes in the buffer; that may still come */
  uint8_t bytes[4096]; /* no message is larger (libwayland's connection.c) */
} SbxWayland;

/* Connects to the socket @socket (O_PATH); all that is done with the connection has @milliseconds together. 0; or -1
 * with errno and nothing to be closed: ETIMEDOUT for somebody who listens and lets nobody in, else what socket(2) and
 * connect(2) say, when nobody does. */
int sbx_wayland_connect (SbxWayland *self, int socket, int milliseconds);
/* The same with @fd, a connection that is there already and does not block; it is closed with @self. */
void sbx_wayland_begin (SbxWayland *self, int fd, int milliseconds);
void sbx_wayland_close (SbxWayland *self);

/* Asks whether the compositor has wp_security_context_manager_v1. 1, 0; or -1 with errno: ETIMEDOUT; ECONNRESET: it has
 * hung up; EBADMSG: its answer makes no sense; EPROTO: it has sent an error; or what sendmsg(2) and recv(2) say. */
int sbx_wayland_has_context (SbxWayland *self);

/* After that has returned 1: makes a context for whoever connects to @listener, a socket that listens, until the other
 * end of @end is closed. Both stay the caller's. @app_id may be "". 0: the compositor has it; or -1 with errno, as
 * above, and EMSGSIZE for ids that are too long. */
int sbx_wayland_make_context (SbxWayland *self, int listener, int end, const char *app_id, const char *instance_id);

#ifdef __cplusplus
}
#endif
