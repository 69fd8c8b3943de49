/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One D-Bus method call on its way to its answer. methods.c makes it and lets it through its gate. */
#pragma once

#include "daemon/bus/manager.h"
#include "daemon/identity/gates.h"

G_BEGIN_DECLS

typedef struct {
  SbxManager *manager;
  SbxInstance *instance;             /* NULL: the manager object */
  GDBusMethodInvocation *invocation; /* answered once */
  SbxSubject *subject;
  gpointer data; /* what its function has found out before it asked, or NULL; freed with it, by free_data () */
  GDestroyNotify free_data;
} SbxCall;

/* Takes @subject, which may not be NULL, and @invocation; copies references of the others. */
SbxCall *sbx_call_new (SbxManager *manager, SbxInstance *instance, GDBusMethodInvocation *invocation,
                       SbxSubject *subject);
void sbx_call_free (SbxCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxCall, sbx_call_free)

/* Goes on with a call. Takes @call. */
typedef void (*SbxCallFunc) (SbxCall *call);

SbxContext *sbx_call_get_context (const SbxCall *call);
SbxRegistry *sbx_call_get_registry (const SbxCall *call);
/* May polkit ask the user? */
gboolean sbx_call_is_interactive (const SbxCall *call);
/* Asks the authority for @actions (NULL-terminated; copied) and then calls @func; else answers with the error. The
 * question is withdrawn when the caller leaves. Takes @call. */
void sbx_call_ask (SbxCall *call, const char *const *actions, gboolean interactive, SbxCallFunc func);
/* Whether the instance can be changed, and from where the caller is: the answer tells of processes and files on the
 * host. NOT_AUTHORIZED, EXITED. */
gboolean sbx_call_check_change (const SbxCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether the instance runs. EXITED. */
gboolean sbx_call_check_runs (const SbxCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of what is granted: what was started from inside of an instance never has more than that one. @policy is what the
 * instance would have, @classes what the authority is asked for, @what what people call it. POLICY_EXCEEDED; what
 * sbx_running_policy () says of a starter. */
gboolean sbx_call_check_starter (const SbxCall *call, const SbxPolicy *policy, guint classes, const char *what,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether @asked, the classes that were approved, are all that is needed by now. NOT_AUTHORIZED. */
gboolean sbx_call_check_approved (guint asked, guint classes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Answers that the caller may not know of the object or may not do this from where it is. Takes @call. */
void sbx_call_refuse (SbxCall *call, const SbxStanding *standing);
/* Answers with an error. Takes both. */
void sbx_call_fail (SbxCall *call, GError *error);
/* Answers with @value, a tuple. Takes both. */
void sbx_call_return (SbxCall *call, GVariant *value);
/* Answers with the descriptor @fd, which is closed, as (h). Takes @call. */
void sbx_call_return_fd (SbxCall *call, int fd);

G_END_DECLS
