/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives a running instance what it did not have: the layers of a launch, into a sandbox in which things run. libc only.
 *
 *   gatherer: trees, as for a launch ──▶ worker: a copy of the instance's mount namespace that nothing else is in;
 *   the layers are mounted there ──▶ a clone of all of it ──▶ one move_mount(2) into the instance's own
 *
 * So nothing that is closed is ever to be seen in between, and whatever fails before that has changed nothing. */
#pragma once

#include "keeper/enter.h"
#include "keeper/narrow.h"
#include "wire/layer.h"

/* In a process without threads, which gets children: mounts the @n @layers, of which one is a TREE and all others
 * are DOORs or lie in its place, in the mount namespace @own.mount. @proc: the procfs that shows the caller. 0; or -1
 * with the fault in @shared and nothing changed, unless shared->begun: somebody was killed just when it happened, and
 * whoever calls this again finds out. */
int sbx_give (SbxNarrowing *shared, const SbxLayer *layers, size_t n, const SbxNamespaces *own, int proc);
