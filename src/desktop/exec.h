/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The value of Exec= and an argument vector, both ways, by the rules of the Desktop Entry Specification, "The Exec
 * key": first the escapes of every string value, then the quoting of arguments. Field codes (%u …) stay what they are.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @value: raw, as in the file. The specification knows double quotes; single quotes and a backslash before a character
 * are read too, since every desktop does and means the same by them. What desktops read differently is an error: a
 * reserved character that is not quoted, "$" and "`" in double quotes without a backslash, unknown field codes, line
 * ends. Errors: BAD_OPTION, without the place. */
char **sbx_exec_split (const char *value, GError **error);

/* The raw value for @argv, quoted as the specification says and nothing else. */
char *sbx_exec_join (const char *const *argv);

/* For the Exec= of a D-Bus service file, where the shell's rules hold, and of a shell script. NULL: an argument has a
 * backslash or a line end, which implementations of D-Bus read differently (@shell FALSE only). */
char *sbx_exec_join_shell (const char *const *argv, gboolean shell);
/* Errors: BAD_OPTION. */
char **sbx_exec_split_shell (const char *value, GError **error);

/* Returns the argument that says which application this is: the first one after `env` and its options and variables;
 * for a program that runs others (sh, python3, …) the first file among its arguments, or NULL. */
const char *sbx_exec_program (const char *const *argv);

G_END_DECLS
