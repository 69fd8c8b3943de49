/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long something lasts, in the words of sleep(1) and timeout(1). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads "90", "90s", "5m", "2h" or "1d", whole numbers, into @seconds, from 1 to @most. FALSE for anything else. */
gboolean sbx_duration_parse (const char *text, guint32 most, guint32 *seconds) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
