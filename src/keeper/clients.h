/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a program that serves over sockets has anybody to serve. libc only. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Whether the process @pid, or one below it, has more sockets open than the @listening ones at which it waits for
 * clients. True as well when that cannot be found out. A client that has not been let in yet (accept(2)) does not
 * count. */
bool sbx_clients_any (pid_t pid, unsigned listening);
