/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "TERM", "SIGTERM", "term", "15", "RTMIN+3", "RTMAX-1"; -1 for anything else. */
int sbx_signal_from_name (const char *name);

G_END_DECLS
