/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Output for people and for programs: tables, text that cannot do anything to a terminal. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether a terminal might take @c for an order: controls, and what turns the direction of a line. */
gboolean sbx_output_is_harmful (gunichar c);

/* @text (any bytes) as UTF-8 without control characters: those become \xNN. */
char *sbx_output_clean (const char *text);

/* @text, which is UTF-8, with blanks behind it to that many columns of a terminal; a wide character has two of them. */
char *sbx_output_pad (const char *text, int columns);

/* The beginning of @text, which is UTF-8, that fits into that many columns. */
char *sbx_output_cut (const char *text, int columns);

/* @text, which is UTF-8, in lines of at most @columns, broken at white space and between letters that are two columns
 * wide. A longer word has a line of its own. Owned by the caller. */
char *sbx_output_wrap (const char *text, int columns);

/* The lines of a table, as sbx_output_table () prints them. */
GStrv sbx_output_format (GPtrArray *rows);

/* A table: columns as wide as their widest cell, the last one open-ended. @rows: GPtrArray of GStrv, the first is the
 * heading. */
void sbx_output_table (GPtrArray *rows);

/* "AppId" → "app-id" */
char *sbx_output_kebab (const char *name);

/* Whether colours are wanted on standard output: a terminal, and no NO_COLOR (no-color.org). */
gboolean sbx_output_colours (void);

/* Prints "sandboxctl: message" to standard error, on one line and in the reader's language, where the service has made
 * it too (service-text.h); returns SBX_EXIT_SANDBOX. */
int sbx_fail (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* The same for an error. Frees nothing. */
int sbx_fail_error (const GError *error);

/* Flushes standard output. FALSE, and a message, when something could not be written; @closed: there never was one. */
gboolean sbx_output_finish (gboolean closed);

G_END_DECLS
