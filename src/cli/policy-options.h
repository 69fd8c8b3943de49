/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flatpak's policy options, and ours beside them, as the `policy` of Launch. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SbxPolicyOptions SbxPolicyOptions;

SbxPolicyOptions *sbx_policy_options_new (void);
void sbx_policy_options_free (SbxPolicyOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxPolicyOptions, sbx_policy_options_free)

/* The options, to be parsed with; it belongs to whom it is added to. @self must live as long as it is parsed with. */
GOptionGroup *sbx_policy_options_make_group (SbxPolicyOptions *self);

/* a{sv}, groups → a{ss}, floating; NULL when no option was given. */
GVariant *sbx_policy_options_to_variant (const SbxPolicyOptions *self);

/* One option as on the command line, without its dashes. Errors: G_OPTION_ERROR. */
gboolean sbx_policy_options_add (SbxPolicyOptions *self, const char *name, const char *value, GError **error);

/* What a profile says below [@group]: of lists, its words come behind those that are there already, in place of the
 * same ones; other values replace. Keys that are none stay out. */
void sbx_policy_options_put (SbxPolicyOptions *self, const char *group, const char *key, const char *value);
/* The same with all of @above. */
void sbx_policy_options_put_all (SbxPolicyOptions *self, const SbxPolicyOptions *above);
gboolean sbx_policy_options_is_empty (const SbxPolicyOptions *self);
/* As the groups of a profile, in order; the caller's. */
char *sbx_policy_options_to_text (const SbxPolicyOptions *self);

/* The names of the options in order, NULL-terminated; free the array only. */
const char **sbx_policy_options_names (void);
/* The words that the option @name takes, separated by spaces; NULL when it is not a choice of words. The caller's. */
char *sbx_policy_options_words (const char *name);

G_END_DECLS
