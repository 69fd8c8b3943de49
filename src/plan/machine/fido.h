/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which HID devices are security keys (U2F, FIDO2). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the report descriptor of @n bytes is that of one: it has the usage page 0xf1d0 ("FIDO Alliance", in the HID
 * Usage Tables, 1.12). */
gboolean sbx_fido_is_key (const guint8 *descriptor, gsize n);

G_END_DECLS
