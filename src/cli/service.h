/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way to sandboxd: over the session bus, or a private one over a socket pair where there is none. */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

#define SBX_TYPE_SERVICE (sbx_service_get_type ())
G_DECLARE_FINAL_TYPE (SbxService, sbx_service, SBX, SERVICE, GObject)

/* Connects. Errors: NOT_SUPPORTED, with the remedy. */
SbxService *sbx_service_open (GError **error);

GDBusConnection *sbx_service_get_connection (SbxService *self);
const char *sbx_service_get_name (SbxService *self); /* to send to; NULL on a private connection */

/* A method call without time limit, polkit may ask. @fds may be NULL. When the bus has no such service, a private one
 * is started and asked. The reply, or NULL with the service's error. */
GVariant *sbx_service_call (SbxService *self, const char *path, const char *interface, const char *method,
                            GVariant *parameters, GUnixFDList *fds, GError **error);

/* The same without waiting. @callback may get the reply with sbx_service_call_finish (). */
void sbx_service_call_async (SbxService *self, const char *path, const char *interface, const char *method,
                             GVariant *parameters, GUnixFDList *fds, GAsyncReadyCallback callback, gpointer user_data);
GVariant *sbx_service_call_finish (SbxService *self, GAsyncResult *result, GError **error);

G_END_DECLS
