/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cookies of X11. A server asks for nothing else: whoever has one reads every key and every window. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SBX_X11_COOKIE_SIZE 16 /* of MIT-MAGIC-COOKIE-1, Xsecurity(7) */

/* Returns the cookie for display @number of this machine from the file @path, or NULL if the file has none. */
GBytes *sbx_x11_find_cookie (const char *path, const char *number);

/* A file as XAUTHORITY wants it, with rows for each: @cookies are SBX_X11_COOKIE_SIZE bytes each. */
GBytes *sbx_x11_write_cookies (const guint8 *const *cookies, const char *const *numbers, gsize n);

G_END_DECLS
