/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process that we start ourselves would have from us, for the option "inherit". */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The a{sv} of the option, floating. To be called before anything sets signal handlers, as GSocket does for SIGPIPE. */
GVariant *sbx_inherited_collect (void);

G_END_DECLS
