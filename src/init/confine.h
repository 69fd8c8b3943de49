/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/failure.h"
#include "wire/block.h"

/* Confines this process, and with it all that it starts, as @block, which is START's, says: the app domain and the
 * system-call filter. It becomes non-dumpable as well. Adds what is in force then to @enforced (SbxEnforced), and sets
 * @questions to the caller's descriptor where a filter asks about calls (seccomp_unotify(2)), else to -1. Returns 0, or
 * -1 with @failure: APP_DOMAIN or SECCOMP. */
int sbx_init_confine (const SbxBlock *block, uint32_t *enforced, int *questions, SbxInitFailure *failure);
