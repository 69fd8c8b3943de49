/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks up outside what is to be mounted inside. libc only.
 *
 * A mount can only be cloned by whoever has CAP_SYS_ADMIN over a mount namespace that it is in, and a descriptor from
 * another namespace will not do (open_tree(2): EINVAL). So the gatherer, a child, makes a user and mount namespace of
 * its own, in which everything is where it is outside. There it opens each source again by its path, following no link,
 * and clones it only if it is the object that was meant: a path is where to look, and nothing more. */
#pragma once

#include <stddef.h>

#include "keeper/context.h"
#include "wire/layer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What was being done with a layer when that failed. */
typedef enum {
  SBX_LAYER_FAULT_NONE,
  SBX_LAYER_FAULT_NAMESPACE,  /* the gatherer has got none */
  SBX_LAYER_FAULT_SOURCE,     /* looking up the source */
  SBX_LAYER_FAULT_REPLACED,   /* it is another object */
  SBX_LAYER_FAULT_CLONE,      /* cloning it */
  SBX_LAYER_FAULT_ATTRIBUTES, /* making it read-only, without devices, … */
  SBX_LAYER_FAULT_PLACE,      /* looking up the destination */
  SBX_LAYER_FAULT_MAKE,       /* making it */
  SBX_LAYER_FAULT_MOVED,      /* what is there is another object */
  SBX_LAYER_FAULT_MOUNT,
  SBX_LAYER_FAULT_PROTOCOL,
  SBX_LAYER_FAULT_COMPOSITOR, /* asking for a Wayland socket of its own … */
  SBX_LAYER_FAULT_SILENT,     /* … of one who does not answer */
  SBX_N_LAYER_FAULTS
} SbxLayerFault;

typedef struct {
  SbxLayerFault fault;
  int error;    /* an errno, or 0 */
  size_t layer; /* its number */
} SbxLayerFailure;

/* In a child: makes the namespaces, clones the TREEs among the @n @layers, and then sends each over @link, a message
 * CLONED; or one message NOT_CLONED. @side: for the Wayland socket. */
void sbx_gather (const SbxLayer *layers, size_t n, int link, const SbxContextSide *side);

/* Opens @path below @root without following a link. A descriptor with O_PATH, or -1 with errno: ELOOP for a link. */
int sbx_open_beneath (int root, const char *path);
/* The same, with links followed as whoever has @root as its root directory would follow them. */
int sbx_open_inside (int root, const char *path);
/* Opens the source of @layer below @root, and checks that it is its object if that is known. A descriptor with O_PATH,
 * or -1 with errno: ESTALE when it is another one. */
int sbx_layer_open_source (const SbxLayer *layer, int root);
/* Gives the detached @tree what @layer says: read-only, devices; no setuid programs. 0, or -1 with errno. */
int sbx_layer_set_attributes (const SbxLayer *layer, int tree);

#ifdef __cplusplus
}
#endif
