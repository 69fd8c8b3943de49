/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who asks, and where from: decided once for each call, and handed down.
 *
 * A caller that comes through its instance's filtered bus is that instance: it may start others that are allowed no
 * more than itself, sees and controls those and what they have started, and sees itself. Any other caller in a sandbox
 * is nobody. */
#pragma once

#include "daemon/identity/caller.h"
#include "daemon/instances/registry.h"

G_BEGIN_DECLS

typedef enum {
  SBX_WHERE_OUTSIDE,
  SBX_WHERE_INSTANCE, /* in one that is known */
  SBX_WHERE_UNKNOWN,  /* in some sandbox */
} SbxWhere;

/* Counted; made for callers of our own uid and root, and for everybody if we are root. */
typedef struct {
  SbxRegistry *registry;
  SbxCaller *caller;
  SbxWhere where;
  SbxInstance *own; /* INSTANCE: the one that the caller is in; else NULL */
} SbxSubject;

SbxSubject *sbx_subject_ref (SbxSubject *subject);
void sbx_subject_unref (SbxSubject *subject);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxSubject, sbx_subject_unref)

/* @subject is borrowed; NULL with an @error, which is the callee's to look at only. */
typedef void (*SbxSubjectFunc) (SbxSubject *subject, const GError *error, gpointer user_data);

/* Calls @func exactly once, now or later: when @caller is known and it can be said where it is. An application may ask
 * before its keeper has told that it runs; that is waited for. What counts is what the kernel says of the process that
 * is connected to the bus: a child of a child of a child of the instance's keeper, and not below its PID 1, is its bus
 * proxy (keeper), and nothing of the application's can be that. Errors: NOT_AUTHORIZED for a caller that has left or
 * is of another uid. @runtime must outlive the question. */
void sbx_subject_find (SbxRegistry *registry, SbxRuntimeDir *runtime, SbxCaller *caller, SbxSubjectFunc func,
                       gpointer user_data);

/* Returns the running instance whose bus proxy the process @proxy is, borrowed, or NULL. */
SbxInstance *sbx_subject_find_by_proxy (SbxRegistry *registry, SbxRuntimeDir *runtime, pid_t proxy);

/* NOT_AUTHORIZED for one that is in a sandbox. */
gboolean sbx_subject_check_outside (const SbxSubject *subject, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether it may know of @instance. A caller outside of all sandboxes may know of each; one inside, of its own and of
 * those below. */
gboolean sbx_subject_may_see (const SbxSubject *subject, SbxInstance *instance);
/* Whether @instance is its own work: started over this connection, or from inside of its own instance or below. */
gboolean sbx_subject_is_starter (const SbxSubject *subject, SbxInstance *instance);

G_END_DECLS
