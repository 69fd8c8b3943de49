/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One instance, as the service sees it: what its record says, and what its keeper tells.
 *
 *   STARTING ──STARTED──▶ RUNNING ──ENDED, or the keeper is gone──▶ EXITED
 *       └──FAILED, or the keeper is gone: signal "failed", nothing is left of it
 *
 * Signals: "ready" (): prepared, waiting for START; "started" (); "failed" (GError *, SbxStep); "abandoned" ();
 * "changed" (a NULL-terminated array of D-Bus property names); "lost" (): the keeper has closed the socket without a
 * word, dead or tired of us; "policy" (): the info file has another one; "crashed" (const SbxMessage *): CRASHED;
 * "denied" (): the refusals have changed, not long ago; "ended" (). */
#pragma once

#include <gio/gio.h>

#include "daemon/instances/crossed.h"
#include "daemon/instances/greeting.h"
#include "daemon/instances/keeper-link.h"
#include "daemon/instances/record.h"
#include "daemon/instances/refusals.h"

G_BEGIN_DECLS

typedef enum { SBX_STATE_STARTING, SBX_STATE_RUNNING, SBX_STATE_EXITED } SbxState;

#define SBX_TYPE_INSTANCE (sbx_instance_get_type ())
G_DECLARE_FINAL_TYPE (SbxInstance, sbx_instance, SBX, INSTANCE, GObject)

/* Takes @info. STARTING, without a keeper. */
SbxInstance *sbx_instance_new (SbxInfo *info);
/* Takes the socket @fd to the keeper. */
void sbx_instance_set_keeper (SbxInstance *self, int fd);
/* When a keeper was set for the second or a later time; monotonic us, or 0. */
gint64 sbx_instance_get_reconnect_time (SbxInstance *self);
/* The pid of the keeper, if it is a child of ours; else 0, as for a new instance. */
void sbx_instance_set_keeper_pid (SbxInstance *self, pid_t pid);
pid_t sbx_instance_get_keeper_pid (SbxInstance *self);
/* What the status file says: for adopting. */
void sbx_instance_set_status (SbxInstance *self, const SbxStatus *status);
/* What the status file would say now. */
void sbx_instance_get_status (SbxInstance *self, SbxStatus *status);
/* The client that launched it (SbxCaller); not kept alive by that. NULL: one of another life of this service. */
void sbx_instance_set_starter (SbxInstance *self, GObject *client);
/* Whether that is @client. */
gboolean sbx_instance_is_started_by (SbxInstance *self, GObject *client);

guint64 sbx_instance_get_id (SbxInstance *self);
const char *sbx_instance_get_path (SbxInstance *self); /* of the D-Bus object */
const SbxInfo *sbx_instance_get_info (SbxInstance *self);
SbxState sbx_instance_get_state (SbxInstance *self);
/* us since 1970; 0 before STARTED. */
gint64 sbx_instance_get_start_time (SbxInstance *self);
/* us since 1970, when EXITED. */
gint64 sbx_instance_get_exit_time (SbxInstance *self);
/* code, signal, core as for the D-Bus signal Exited. */
void sbx_instance_get_result (SbxInstance *self, int *code, int *signo, gboolean *core);

/* When EXITED: what has ended it, and what is to be said about that, or "". */
SbxCulprit sbx_instance_get_culprit (SbxInstance *self);
const char *sbx_instance_get_text (SbxInstance *self);

/* What others have made of the properties: kept for them until a property changes. @slot: 0 or 1. */
GVariant *sbx_instance_get_cached (SbxInstance *self, guint slot); /* borrowed, or NULL */
void sbx_instance_set_cached (SbxInstance *self, guint slot, GVariant *value);

/* Requests to the keeper. Errors: EXITED, LIMITS, SPAWN_FAILED. */
gboolean sbx_instance_send (SbxInstance *self, const SbxMessage *message, const int *fds, gsize n_fds,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What answers are waited for, by kind: their numbers are the keeper's. */
typedef enum { SBX_QUESTION_JOB, SBX_QUESTION_CHANGE, SBX_N_QUESTION_KINDS } SbxQuestionKind;
/* Sends @message, with a number, as a question of @kind; @task gets the answer, or one of these errors. */
void sbx_instance_ask (SbxInstance *self, SbxQuestionKind kind, SbxMessage *message, const int *fds, gsize n_fds,
                       GTask *task);
/* Whether a change of it is under way, so that what is known of it may be the past soon. */
gboolean sbx_instance_is_changing (const SbxInstance *self);
/* Takes from @info, the file as it is now, what changes while it runs. */
void sbx_instance_take_policy (SbxInstance *self, SbxInfo *info);
/* Its keeper's, which is borrowed. */
SbxGreeting *sbx_instance_get_greeting (SbxInstance *self);
guint32 sbx_instance_get_enforced (SbxInstance *self); /* SbxEnforced */
gint32 sbx_instance_get_pid (SbxInstance *self);       /* of the main process, or 0 */
/* The keeper's pidfd of sandbox-init, the instance's own; -1 before READY and after the start. */
int sbx_instance_get_init_pidfd (SbxInstance *self);
/* Sets what keeps the limits, as in SbxInfo (NULL: as planned), and a warning about that (or NULL). Only before the
 * instance is announced. */
void sbx_instance_set_limits (SbxInstance *self, const char *limits, const char *warning);
/* The D-Bus paths of the handlers that run; as long as nothing changes them. */
const char *const *sbx_instance_get_handlers (SbxInstance *self, gsize *n);
/* What has crossed the border of its own network, as of the last seconds. */
const SbxCrossed *sbx_instance_get_crossed (SbxInstance *self);
const SbxRefusals *sbx_instance_get_refusals (SbxInstance *self);
/* Takes what its record @directory has of them. */
void sbx_instance_read_refusals (SbxInstance *self, int directory);
/* Adds @path (copied) to Handlers, or removes it. */
void sbx_instance_add_handler (SbxInstance *self, const char *path);
void sbx_instance_remove_handler (SbxInstance *self, const char *path);

/* EXITED, as @status says. */
void sbx_instance_end_by_status (SbxInstance *self, const SbxStatus *status);
/* Ends an instance that has not started yet; no signal but "abandoned" is emitted any more. */
void sbx_instance_abandon (SbxInstance *self);

G_END_DECLS
