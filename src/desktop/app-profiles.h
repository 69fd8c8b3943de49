/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which shipped profile is made for which application. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The profile for the desktop entry @id ("firefox-esr.desktop") that starts @program ("/usr/bin/firefox-esr", or NULL)
 * and is in @categories; "desktop" where none is made for it. */
const char *sbx_app_profile_find (const char *id, const char *program, const char *const *categories);

/* Whether people mean @id by @name: the id with or without its end, the last part of a reverse domain name, the
 * program, or a name that the same profile is made for (firefox: firefox-esr.desktop). */
gboolean sbx_app_profile_match (const char *name, const char *id, const char *program);

/* Programs that run others: to start the same one is not to start the same application. */
gboolean sbx_app_profile_is_interpreter (const char *program);

G_END_DECLS
