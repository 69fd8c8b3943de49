/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses of this machine, all of them: what a sandbox with a network of its own must not reach. libc only. */
#pragma once

#include "keeper/border.h"

/* Lists them; unknown where they cannot be listed, or are too many. */
void sbx_host_addresses_list (SbxHostAddresses *addresses);
/* A socket that can be read when one has come or gone. -1 with errno. */
int sbx_host_addresses_watch (void);
/* Reads what it has to say, which is that they have to be listed again. */
void sbx_host_addresses_drain (int sock);
