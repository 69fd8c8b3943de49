/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names on a bus that have a number in them, of a process or of a file: the next start has another one. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "com.example.*" of "com.example.tool_66306_1234", which ends an element with numbers, and of
 * "org.mpris.MediaPlayer2.vlc.instance1234"; the caller's. NULL: it has none ("org.example.Tool2" has a version), or
 * the pattern would cover what is not one vendor's, as org.kde.* does, or something that lies open with it alone. */
char *sbx_numbers_pattern (const char *name);

G_END_DECLS
