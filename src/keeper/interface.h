/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interface of a sandbox's own network, and the addresses and routes that go with it. libc only. */
#pragma once

/* Makes it in the network namespace of the caller, who needs CAP_NET_ADMIN there. Returns the descriptor of its other
 * end, close-on-exec, with whose last copy it goes; or -1 with errno and what has failed in @failed, static. */
int sbx_interface_make (const char **failed);
