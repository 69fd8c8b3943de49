/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The desktop's own dialog for installing launchers: the dynamic launcher portal, by way of libportal, which is loaded
 * when it is needed: most runs of sandboxctl have no use for it. */
#pragma once

#include "desktop/store.h"

G_BEGIN_DECLS

typedef struct _SbxPortal SbxPortal;

/* NULL when there is no session bus, no portal that installs launchers of applications, no libportal, or when none of
 * them answers within seconds. */
SbxPortal *sbx_portal_open (void);
void sbx_portal_free (SbxPortal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxPortal, sbx_portal_free)

typedef enum { SBX_PORTAL_YES, SBX_PORTAL_NO, SBX_PORTAL_BROKEN } SbxPortalAnswer;

/* Shows the user the dialog for @entry and waits for the answer, some minutes at most. YES: with *@token for
 * sbx_portal_install (), to be freed. BROKEN: there is nobody who could be asked; @error says why. */
SbxPortalAnswer sbx_portal_ask (SbxPortal *self, const SbxDesktopPlaces *places, const SbxDesktopEntry *entry,
                                char **token, GError **error);

/* Has the portal take over the launcher of @record, which has been installed already; the commands in it stay ours.
 * FALSE when it does not, and the launcher is as it was. */
gboolean sbx_portal_install (SbxPortal *self, SbxDesktopStore *store, const SbxDesktopPlaces *places,
                             SbxDesktopRecord *record, const char *token);

G_END_DECLS
