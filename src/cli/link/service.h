/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way to sandboxd: over the session bus or its own socket, or a private one over a socket pair where there is
 * neither. */
#pragma once

#include "cli/link/connection.h"

G_BEGIN_DECLS

typedef struct _SbxService SbxService;

/* Connects. Errors: NOT_SUPPORTED, with the remedy. */
SbxService *sbx_service_open (GError **error);
/* The same; the first call will be Launch. A private service then begins with that, and looks for other instances after
 * it. */
SbxService *sbx_service_open_for_launch (GError **error);
void sbx_service_free (SbxService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxService, sbx_service_free)

/* How it is reached: "session bus"; "own socket", that of `sandboxd --session`; "private", one that we have started,
 * over a connection of our own. */
const char *sbx_service_get_way (SbxService *self);

/* A method call without time limit, polkit may ask. @parameters may be floating or NULL, @fds NULL. When the bus has no
 * such service, a private one is started and asked. The reply's body, or NULL with the service's error. */
GVariant *sbx_service_call (SbxService *self, const char *path, const char *interface, const char *method,
                            GVariant *parameters, const SbxFdList *fds, GError **error);

/* The same for a call that is answered by a descriptor, (h), which is the caller's. -1 with @error; SPAWN_FAILED for an
 * answer that has none. */
int sbx_service_call_for_fd (SbxService *self, const char *path, const char *interface, const char *method,
                             GVariant *parameters, GError **error);

/* The same for a question that changes nothing: it is asked again if the service was killed or has left meanwhile. */
GVariant *sbx_service_ask (SbxService *self, const char *path, const char *interface, const char *method,
                           GVariant *parameters, GError **error);

/* sbx_service_call () in two steps, for callers that wait for other things too. After sbx_service_begin (), and
 * whenever sbx_service_get_fd () is readable, sbx_service_advance () says DONE with *@reply or @error, or PENDING. */
typedef enum { SBX_SERVICE_PENDING, SBX_SERVICE_DONE } SbxServiceProgress;
gboolean sbx_service_begin (SbxService *self, const char *path, const char *interface, const char *method,
                            GVariant *parameters, const SbxFdList *fds, GError **error);
SbxServiceProgress sbx_service_advance (SbxService *self, GVariant **reply, GError **error);
/* To wait on with poll (); the service's own. */
int sbx_service_get_fd (SbxService *self);

/* From now on sbx_service_wait_for_signal () hears of the object at @path and of the service's coming and going. */
gboolean sbx_service_watch (SbxService *self, const char *path, GError **error);
/* Waits at most @ms milliseconds (-1: for ever) for one of those. FALSE with @error when the connection has ended,
 * FALSE without when time is up. */
gboolean sbx_service_wait_for_signal (SbxService *self, int ms, GError **error);

G_END_DECLS
