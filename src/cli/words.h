/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verbs and options that sandboxctl does not have: the word that was meant. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is known of a verb. */
typedef struct {
  const char *name, *options; /* as in the table of verbs */
  gboolean starts, policy;    /* it starts something; it takes the policy options */
} SbxWordsVerb;

/* For people, the caller's to free. What `sandboxctl @word` should have been, with these @verbs (NULL-terminated): a
 * verb that is spelt nearly so, or begins so; what other programs call so; an application or a profile of that name. */
char *sbx_words_explain_verb (const char *const *verbs, const char *word);

/* The same for @option of @verb, as it was written: "--net=none", "-it". NULL: there is nothing to say of it. */
char *sbx_words_explain_option (const SbxWordsVerb *verb, const char *option);

/* The profile that is made for the command @program, or NULL: none but the general ones; static. */
const char *sbx_words_profile_of (const char *program);

G_END_DECLS
