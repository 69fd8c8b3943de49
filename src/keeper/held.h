/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What processes have open of something that has been taken away: nobody can take that from them. libc only.
 *
 * It is told as text: for each thing the pid on the host, a word, and a path, each with a NUL behind it. The words:
 *   fd        a descriptor: open for writing, if the path has become read-only
 *   cwd, root the working directory, the root directory
 *   map       mapped into memory; written to as well, if the path has become read-only
 *   namespace the process is in a mount namespace that the application has made before, or has a descriptor of one, and
 *             may be able to take the cover away there; the path is ""
 *   connection
 *             a connection to a socket that is gone, which stays; the path is the socket's
 *   cut       a connection to a server that ends, and with it that: a message bus; the path is ""
 *   sockets   it has sockets, and the kernel does not tell whom they are connected to; the path is ""
 *   unknown   it could not be looked at; the path is ""
 *   more      there is more than is told, from this process on; the path is ""
 *
 * Threads with descriptors or a directory of their own (unshare(2)) are told under the pid of their process. What is on
 * its way between processes (SCM_RIGHTS) is known to nobody. */
#pragma once

#include <sys/types.h>

#include "keeper/connections.h"

#define SBX_HELD_MAX 4096 /* things that are told */

/* Looks at @init's processes, but not at @init, and writes the text into @out. @servers: what was served to them and is
 * not any more; @own: the instance's own namespaces. 0, or -1 with errno. */
int sbx_held_write (const SbxNarrowing *narrowing, const SbxHeldServers *servers, pid_t init, const SbxNamespaces *own,
                    int out);
