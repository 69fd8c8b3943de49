/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service says, in the language of who reads it.
 *
 * Over D-Bus, in records and in logs its texts are English: programs and reports of errors have one language, and the
 * service cannot know that of each reader. Here the format that a text was made from is found again, and translated
 * with what was put into it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @text, made from one of sbx_service_messages or from several with ": " between them, translated; a copy where it is
 * not one or has no translation. The caller's. */
char *sbx_service_text (const char *text);

G_END_DECLS
