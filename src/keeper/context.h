/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Wayland socket of one instance, where the compositor takes one of its own for it (wire/wayland.h). libc only. */
#pragma once

#include "wire/layer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the gatherer has for it. All of it stays the caller's. */
typedef struct {
  int directory; /* where the socket is made: the record's SBX_WAYLAND_SUBDIR; or -1: none is to be made */
  int end;       /* of a pipe, to be read: the keeper has the other end for as long as the instance lives */
  const char *id;
} SbxContextSide;

/* Whether one of the @n @layers is the user's Wayland socket. */
bool sbx_context_is_wanted (const SbxLayer *layers, size_t n);

/* In the gatherer, when it is in namespaces of its own: @source (O_PATH) is the socket of
 * @layer, whose content is the application's id. Returns the socket that the instance gets, a descriptor with O_PATH:
 * one of its own, and @source is closed; or @source itself, where the compositor has no contexts or nobody listens. -1
 * with errno, and @source is closed: what sbx_wayland_has_context () and sbx_wayland_make_context () say, or what
 * bind(2) and listen(2) do. Takes SBX_WAYLAND_WAIT_MS at most. */
int sbx_context_make (const SbxContextSide *side, const SbxLayer *layer, int source);

/* Whether a socket of its own has been made in the record's @directory. */
bool sbx_context_was_made (int directory);

#ifdef __cplusplus
}
#endif
