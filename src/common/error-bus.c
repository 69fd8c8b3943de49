/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/error-bus.h"

#include <gio/gio.h>

#include "common/error.h"

void
sbx_error_register (void)
{
  for (guint i = 0; i < SBX_N_ERRORS; i++)
    (void) g_dbus_error_register_error (SBX_ERROR, (gint) i, sbx_error_name ((SbxError) i));
}
