/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells the user on the screen: org.freedesktop.Notifications on the session bus. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A notification with this title and text, neither of which is taken for markup. Waits for seconds at most; where there
 * is nobody who shows it, nothing happens. */
void sbx_notice_show (const char *title, const char *text);

G_END_DECLS
