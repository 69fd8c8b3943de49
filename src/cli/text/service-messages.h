/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts of the service: scripts/service_messages.py makes the table from the sources. */
#pragma once

/* Format strings as they stand there; ends with NULL. */
extern const char *const sbx_service_messages[];
