/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flatpak's options for what a sandbox may reach, as groups and keys of a policy. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _SbxPolicyOptions SbxPolicyOptions;

SbxPolicyOptions *sbx_policy_options_new (void);
void sbx_policy_options_free (SbxPolicyOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxPolicyOptions, sbx_policy_options_free)

/* For sbx_parse (); @self must outlive it. */
GOptionGroup *sbx_policy_options_group (SbxPolicyOptions *self);
/* a{sv}: group → a{ss}; floating. NULL when no option was given. */
GVariant *sbx_policy_options_to_variant (SbxPolicyOptions *self);

G_END_DECLS
