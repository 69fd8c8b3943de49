/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was granted for a time: from the rows of Grants that have a deadline to the policy without them.
 *
 * A record keeps the policy from before the first of them (Base). What an instance may have at most is that, and what
 * grants add that have not ended; what it has is never more than its present policy, so nothing that was taken away
 * meanwhile comes back. */
#pragma once

#include "daemon/instances/info.h"
#include "daemon/launch/host.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* us of the clock of deadlines, which goes on while the machine sleeps and is set by nobody (CLOCK_BOOTTIME). */
guint64 sbx_lending_now (void);
/* Adds to a row of Grants (a{sv}) when it ends; of 0 @seconds nothing: with the instance. */
void sbx_lending_add_deadline (GVariantBuilder *row, guint32 seconds);
/* The next deadline; 0: there is none. */
guint64 sbx_lending_next (const SbxInfo *info);
/* The most that the instance may have once what is due by @due has ended; the caller's. BAD_OPTION for a record that
 * makes no sense. */
SbxPolicy *sbx_lending_most (SbxHost *host, const SbxInfo *info, guint64 due, GError **error);
/* Whether @path is open with @access only until some deadline. */
gboolean sbx_lending_is_lent (SbxHost *host, const SbxInfo *info, const char *path, SbxAccess access);
/* Grants (aa{sv}) with those that are due by @due written down as ended; the caller's. */
GVariant *sbx_lending_end (const SbxInfo *info, guint64 due);
/* Whether each that has a deadline could end now: what lies in it and stays would be an obstacle, for example. Errors:
 * those of sbx_narrowing_plan_new (). */
gboolean sbx_lending_check (SbxHost *host, const SbxInfo *info, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
