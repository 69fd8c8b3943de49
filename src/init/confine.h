/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/failure.h"
#include "wire/block.h"

/* Confines this process, and with it everything that it starts, as @block, that of START, says: with the app domain
 * and the system-call filter. Also makes it non-dumpable. Adds what is in force then to @enforced (SbxEnforced).
 * Returns 0, or -1 with @failure: APP_DOMAIN or SECCOMP. */
int sbx_init_confine (const SbxBlock *block, uint32_t *enforced, SbxInitFailure *failure);
