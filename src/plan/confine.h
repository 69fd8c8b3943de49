/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What confines an instance beyond mounts and namespaces: the private procfs and the instance domain of the box, the
 * app domain and the filter of its first process. */
#pragma once

#include "plan/draft.h"
#include "plan/process.h"

G_BEGIN_DECLS

/* Errors: NOT_SUPPORTED for what this machine cannot do, or a handler cannot have. */
gboolean sbx_confine_box (SbxDraft *draft, GError **error);
/* @process: the first one in @draft's box. NOT_SUPPORTED, or BAD_PROFILE for system calls that there are not. */
gboolean sbx_confine_process (SbxDraft *draft, SbxProcess *process, GError **error);
/* Whether /proc can be limited to inferiors, as the policy promises: then @inferiors_only is TRUE. Where it cannot,
 * that is NOT_SUPPORTED, or a warning if the policy has features=no-landlock. */
gboolean sbx_confine_check_promise (SbxDraft *draft, const SbxProcess *process, gboolean *inferiors_only,
                                    GError **error);

G_END_DECLS
