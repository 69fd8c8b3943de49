/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Telling the user, through the desktop's portal. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Says that @app_id has crashed of @signal_name, and offers to open @directory (or NULL) in the file manager. Does
 * nothing where there is no session bus (@bus is NULL), no portal or no libportal, and waits for none of them. */
void sbx_notify_crash (GDBusConnection *bus, const char *app_id, const char *signal_name, const char *directory);

G_END_DECLS
