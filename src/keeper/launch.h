/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From PREPARE to STARTING. What goes wrong in it ends in sbx_keeper_fail (). */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "keeper/keeper.h"

/* PREPARE with its descriptors, which stay the caller's: the instance domain, the parts, bwrap. */
void sbx_launch_prepare (SbxKeeper *keeper, const int *fds, size_t n_fds);
/* FURNISH with its descriptors, which stay the caller's but for the one of the directory, which is set to -1: the
 * record, the sidecars, what is to be mounted; if the sandbox is there, it is. Nothing, but in PREPARING and READY, and
 * once. */
void sbx_launch_furnish (SbxKeeper *keeper, int *fds, size_t n_fds);
/* READY of sandbox-init, which is @pid on the host: its mounts are finished from outside. */
void sbx_launch_init_ready (SbxKeeper *keeper, pid_t pid);
/* Keeps START with its descriptors, which it takes (@n_fds becomes 0). */
void sbx_launch_keep_start (SbxKeeper *keeper, const SbxMessage *message, int *fds, size_t *n_fds);
/* Forwards the kept START to init as soon as nothing has to be waited for. */
void sbx_launch_go_on (SbxKeeper *keeper);
/* The process that is to become the application exists: does what has to be done to it before it is executed. */
void sbx_launch_hold_back (SbxKeeper *keeper);

/* The instance's namespaces, for a part's mount () and fill (). */
const SbxNamespaces *sbx_launch_namespaces (SbxKeeper *keeper);
