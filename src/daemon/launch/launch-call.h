/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of a launch, until it is its turn. */
#pragma once

#include "daemon/identity/subject.h"
#include "daemon/launch/request.h"

G_BEGIN_DECLS

/* What a call of Launch or Attach brings. */
typedef struct {
  const char *profile;
  GVariant *argv, *options;
  GUnixFDList *fds;
  gboolean interactive; /* polkit may show a dialogue */
  SbxInstance *target;  /* what a handler is attached to; NULL: an instance of its own */
  /* For OnCrash=, else 0 and NULL */
  guint32 crash;               /* as CRASHED said */
  guint target_pid;            /* the process that crashed, as its pid namespace numbers it */
  const char *crash_directory; /* where the handler may write */
} SbxLaunchCall;

/* Makes @call one with the values of @from that are its own. */
void sbx_launch_call_copy (SbxLaunchCall *call, const SbxLaunchCall *from);
/* Frees what such a one has. */
void sbx_launch_call_clear (SbxLaunchCall *call);

/* Whether @caller may have one more launch under way, and one of that size. LIMITS. */
gboolean sbx_launch_call_may_queue (const SbxLaunchCall *call, SbxCaller *caller,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether what a handler is to be attached to runs, if there is any. EXITED. */
gboolean sbx_launch_call_check_target (const SbxLaunchCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether its target, if it has one, runs. EXITED. */
gboolean sbx_launch_call_check_target (const SbxLaunchCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
