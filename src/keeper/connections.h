/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is connected to what served an instance over sockets, and does not any more. libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keeper/enter.h"
#include "keeper/narrow.h"
#include "wire/sidecars.h"

/* What was served to the instance over sockets, and is not any more. */
typedef struct {
  const SbxNarrow *rows; /* of what is gone: servers that have bound their sockets there */
  size_t n_rows;
  uint32_t cut;   /* bit N: sidecars of the SbxSidecarKind N, which end */
  const char *id; /* of the instance */
} SbxHeldServers;

typedef struct {
  uint32_t socket; /* the inode number of the instance's end, as /proc/PID/fd shows it */
  bool is_cut;     /* the server ends, and with it this */
  char path[109];  /* NUL-terminated: of the socket; "" when it is cut */
} SbxConnection;

typedef struct {
  SbxConnection *rows; /* freed by the caller */
  size_t n;
  bool incomplete; /* the kernel does not tell, or not of all */
} SbxConnections;

/* Lists the connections of the processes of @init, whose namespaces are @own, to @servers and to the sockets that
 * @narrowing has taken away. In a child: to look into their network namespaces it joins @own's user namespace. */
void sbx_connections_find (SbxConnections *self, const SbxNarrowing *narrowing, const SbxHeldServers *servers,
                           const SbxNamespaces *own, pid_t init);
