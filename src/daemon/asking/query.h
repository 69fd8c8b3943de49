/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A notification with buttons, on the user's desktop (org.freedesktop.Notifications, the Desktop Notifications
 * Specification 1.2). The server is whoever answers; a button counts once, and only if that same client says so, of
 * that notification, by a key that was made for it. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _SbxQuery SbxQuery;

#define SBX_QUERY_ACTIONS 2

/* @action: the number of the button that was pressed, by the client @server (a unique name); -1: it was closed, or
 * nobody shows notifications. Not called after either of these. */
typedef void (*SbxQueryFunc) (SbxQuery *query, int action, const char *server, gpointer user_data);

/* Shows @title and @body on @bus, text without markup of any kind: what looks like it is shown as it is written.
 * @labels: of the buttons, SBX_QUERY_ACTIONS at most, of which NULL ones are left out. @seconds: how long. Nothing is
 * waited for. */
SbxQuery *sbx_query_show (GDBusConnection *bus, const char *title, const char *body, const char *const *labels,
                          guint seconds, SbxQueryFunc func, gpointer user_data);
/* Says something else in the same place, without buttons; @func is not called any more. */
void sbx_query_replace (SbxQuery *self, const char *title, const char *body, guint seconds);
/* Takes it from the screen unless @leave, and forgets it; @func is not called any more. */
void sbx_query_free (SbxQuery *self, gboolean leave);

G_END_DECLS
