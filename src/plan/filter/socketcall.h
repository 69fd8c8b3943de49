/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* socketcall (2) of 32-bit programs (features=multiarch): one call for all that concerns sockets, whose arguments are
 * in memory, where no filter reads them. Debian's 32-bit C library has no other. libseccomp takes a rule about a family
 * for one about them all there. So what comes first is made here. */
#pragma once

#include "plan/filter/syscall-table.h"

G_BEGIN_DECLS

/* Whether the filter of @policy refuses @call, or some of it. */
typedef gboolean (*SbxRefuses) (const SbxPolicy *policy, guint facts, const char *call);

/* @program, with what decides about that call before it; takes it. By its first argument, which is in a register: what
 * is not refused (@refuses) is let through, and what makes sockets is a question to the keeper
 * (keeper/parts/socketcall.h), or ENOSYS where nobody can be asked. All else is left to @program. @facts: SbxBoxFacts.
 */
GBytes *sbx_socketcall_decide (GBytes *program, const SbxPolicy *policy, guint facts, SbxRefuses refuses);

G_END_DECLS
