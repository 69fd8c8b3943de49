/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which instance a process is in. */
#pragma once

#include "daemon/instances/registry.h"

G_BEGIN_DECLS

/* Finds the running instance in which the process of @pidfd is: its application, what that has started, whatever
 * namespaces those have made, and its PID 1; of a handler, its own processes. *@instance is borrowed from @registry, or
 * NULL when the process is in none: outside, ended, one of those that serve a sandbox from outside (keeper, bwrap, bus
 * proxy, X server), or one that has joined a sandbox's pid namespace and has mounts of its own. What cannot be found
 * out is none.
 *
 * What counts is what the kernel says of the process while the descriptor holds its number, so that it makes no
 * difference how soon numbers are used again. FALSE with BAD_OPTION when @pidfd is no pidfd, and with NOT_SUPPORTED
 * when the kernel does not say whose it is. @runtime has the records. */
gboolean sbx_identify (SbxRegistry *registry, SbxRuntimeDir *runtime, int pidfd, SbxInstance **instance,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
