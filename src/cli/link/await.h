/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits for the end of an instance that others may have started. */
#pragma once

#include "cli/link/service.h"

G_BEGIN_DECLS

typedef enum { SBX_AWAIT_ENDED, SBX_AWAIT_TIMEOUT, SBX_AWAIT_ERROR } SbxAwait;

/* Waits at most @ms milliseconds (-1: for ever), across restarts of the service. ENDED: *@result is a{sv}, the
 * instance's Result. ERROR: @error. */
SbxAwait sbx_await_end (SbxService *service, const char *path, gint64 ms, GVariant **result, GError **error);

G_END_DECLS
