/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process takes something away from itself and from all that it starts: Landlock for files, a filter of system calls
 * for the network. It asks nobody, and nothing undoes it. */
#pragma once

#include <glib.h>

#include "policy/policy.h"

G_BEGIN_DECLS

/* Leaves this process what @groups (a{sv}, as the option "policy" of Launch) does not take away. Files
 * (filesystems=): what is taken away cannot be opened any more, or not for writing, by this path, and the
 * directories above it cannot be written to, so that nothing gets another name. Names can still be listed, and modes
 * and times are not Landlock's. The network (shared=): no sockets but those of the machine itself (AF_UNIX,
 * AF_NETLINK). Errors: G_OPTION_ERROR for what no process can take from itself, the kernel lacks, or is not there; the
 * process may be restricted partly then, and has to end. */
gboolean sbx_tighten_self (GVariant *groups, const SbxPlaces *places, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
