/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts layers inside, in a child that has joined the namespaces of the sandbox, before anything of the application
 * runs. libc only.
 *
 * Each place is opened from the sandbox's root without following a link, so nothing that is mounted there can lead
 * anywhere else, whoever has written it. A place is made only where the layer says so. */
#pragma once

#include "keeper/gather.h"
#include "keeper/made.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Mounts the @n @layers in their order below @root, the trees among them from the gatherer's @link. 0, or -1 with
 * @failure. What was mounted before that stays. What is made is noted in @made, if that is not NULL. */
int sbx_lay_all (const SbxLayer *layers, size_t n, int root, int link, SbxMade *made, SbxLayerFailure *failure);

/* Puts what @failure means, for people, with the source or destination of the layer, into @text of @size bytes. */
void sbx_layer_failure_text (const SbxLayerFailure *failure, const SbxLayer *layers, size_t n, char *text, size_t size);

#ifdef __cplusplus
}
#endif
