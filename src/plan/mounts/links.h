/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links, mails, files and folders that an application opens go to the desktop's portal, where its policy lets it talk
 * to that. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

/* First on PATH where sbx_mounts_opens_outside (): xdg-open and its kind. */
#define SBX_MOUNTS_LINKS_DIR "/run/sandbox/bin"

gboolean sbx_mounts_opens_outside (SbxDraft *self);
/* Belongs to the skeleton: comes before what is the user's. */
void sbx_mounts_add_links (SbxDraft *self);

G_END_DECLS
