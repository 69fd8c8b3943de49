/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells the user, through the desktop's portal (org.freedesktop.portal.Notification and OpenURI). */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _SbxNotifier SbxNotifier;

/* @bus: the session bus, or NULL: then it says nothing. The portal is not looked for before there is something to say.
 */
SbxNotifier *sbx_notifier_new (GDBusConnection *bus);
void sbx_notifier_free (SbxNotifier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxNotifier, sbx_notifier_free)

/* Says that @app_id has crashed of @signal_name, and offers to open @directory (a path, or NULL) in the file manager.
 * Nothing is waited for, and where there is no portal nothing happens. */
void sbx_notifier_tell_crash (SbxNotifier *self, const char *app_id, const char *signal_name, const char *directory);

G_END_DECLS
