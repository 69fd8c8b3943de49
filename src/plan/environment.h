/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment of a process: clean, and put together in this order, of which the later one wins:
 *
 *   1. what the box offers as its base      HOME, PATH, XDG_RUNTIME_DIR, …
 *   2. how the caller speaks to its user    LANG, TERM, …; with windows, network, graphics: what these want
 * (variables.c)
 *   3. the policy's [Environment]
 *   4. the caller's own variables, and which it wants to be without
 *   5. what the box offers as fixed         DISPLAY, WAYLAND_DISPLAY, addresses of buses, …
 *   6. what it offers where nobody has said anything
 *
 * sandbox-profile(5) has the list. */
#pragma once

#include "plan/offers.h"
#include "plan/request.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* With one of these, there are windows. */
#define SBX_PLAN_DISPLAYS (SBX_SOCKET_WAYLAND | SBX_SOCKET_X11 | SBX_SOCKET_FALLBACK_X11)

/* NAME=value, each name once, ends with NULL. @environment: the service's, for a request without a display
 * environment. */
GPtrArray *sbx_environment_make (const SbxPolicy *policy, const SbxOffers *offers, const SbxPlanRequest *request,
                                 const char *const *environment);

/* The value of @name for the caller, or else for the service with @environment. NULL where it is not set or empty. */
const char *sbx_environment_of_caller (const SbxPlanRequest *request, const char *const *environment, const char *name);

/* Whether a plan under @policy looks at the variable @name of the caller; FALSE for tokens, which are good for one
 * start only. */
gboolean sbx_plan_looks_at (const SbxPolicy *policy, const char *name);

G_END_DECLS
