/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The polkit authority: the only part of the service that talks to it. Never blocks, keeps no answers. */
#pragma once

#include "daemon/identity/subject.h"

G_BEGIN_DECLS

#define SBX_TYPE_AUTHORITY (sbx_authority_get_type ())
G_DECLARE_FINAL_TYPE (SbxAuthority, sbx_authority, SBX, AUTHORITY, GObject)

/* Starts looking for the authority in the background; questions asked meanwhile wait for the outcome. */
SbxAuthority *sbx_authority_new (void);

/* Asks whether @subject may have all of @actions (NULL-terminated, of names.h; copied), one after the other; polkit
 * may show a dialogue if @interactive. When @cancellable is cancelled, the question is withdrawn. */
void sbx_authority_check_async (SbxAuthority *self, SbxSubject *subject, const char *const *actions,
                                gboolean interactive, GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data);
/* For a subject in an instance that asks for no more than that has (launch/nested.h): as above, without a dialogue. */
void sbx_authority_check_nested_async (SbxAuthority *self, SbxSubject *subject, const char *const *actions,
                                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean sbx_authority_check_finish (SbxAuthority *self, GAsyncResult *result, GError **error);

/* "polkit", "none" (no system bus), "silent" (it has not come up in time) or "unknown" (not found out yet); for the
 * property Features. */
const char *sbx_authority_get_kind (SbxAuthority *self);

G_END_DECLS
