/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A user namespace that nobody is in yet. libc only. */
#pragma once

#include <sys/types.h>

/* Makes one below the user namespace @owner, in which our own uid and gid have to be 0; in the new one they are @uid
 * and
 * @gid. Returns a close-on-exec descriptor of it, or -1 with errno. */
int sbx_user_namespace_new (int owner, uid_t uid, gid_t gid);
