/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names in a question of seccomp_unotify(2): from the memory and the links of who asks. Nothing is opened for it:
 * what a name means stays its own affair. */
#pragma once

#include <linux/seccomp.h>

#include "wire/learned.h"
#include "wire/path-call.h"

/* The mount namespace of who asks, by number; 0: not known. */
uint64_t sbx_asked_namespace (const struct seccomp_notif *question);

/* The name that @call, a row of the question, has, and what is done with it: as sbx_learned_add () takes it, with @name
 * of SBX_LEARNED_NAME bytes. Whether the question still waits is the caller's to look at: only then was it that
 * process's memory. False: it cannot be read, or means nothing to learn. */
bool sbx_asked_path (const struct seccomp_notif *question, const SbxPathCall *call, SbxLearnedKind *kind,
                     uint32_t *uses, char *name, size_t *length);
