/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting a keeper and having it make a box: the first half of every launch, whether it is known yet for whom. */
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include "plan/skeleton.h"

G_BEGIN_DECLS

/* Starts a keeper of its own, by sbx_keeper_spawn () with @nofile, @session and @quiet. @environment: the service's.
 * Returns the socket to it and its number in *@pid, or -1 with NOT_SUPPORTED or SPAWN_FAILED. */
int sbx_boxes_start_keeper (const char *const *environment, const struct rlimit *nofile, int session, gboolean quiet,
                            pid_t *pid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends PREPARE over @sock, a new socket to a keeper. What becomes of it the keeper tells. Errors: SPAWN_FAILED,
 * NOT_SUPPORTED. */
gboolean sbx_boxes_prepare (const char *const *environment, int sock, const SbxSkeleton *skeleton,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
