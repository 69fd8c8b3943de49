/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pseudo-terminal for the sandbox, relayed to the caller's terminal or pipes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SbxTerminal SbxTerminal;

/* A pseudo-terminal with the modes and the size of the caller's, if it has one. Nothing is relayed yet. */
SbxTerminal *sbx_terminal_new (GError **error);
/* Puts the caller's terminal back as it was. */
void sbx_terminal_free (SbxTerminal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxTerminal, sbx_terminal_free)

/* The sandbox's end; ours until sbx_terminal_start (). */
int sbx_terminal_get_slave (SbxTerminal *self);

/* Raw mode, and bytes both ways from now on. */
void sbx_terminal_start (SbxTerminal *self);
/* The caller's window has a new size. */
void sbx_terminal_resize (SbxTerminal *self);
/* @on_stop is called when the character that stops a job (^Z) is typed and is for the application itself; what it does
 * is as if the kernel had sent SIGTSTP. */
void sbx_terminal_set_on_stop (SbxTerminal *self, void (*on_stop) (gpointer data), gpointer data);
/* Around a stop of ourselves: puts the caller's terminal back as it was, and makes it raw again, in the background
 * as soon as it is ours. */
void sbx_terminal_suspend (SbxTerminal *self);
void sbx_terminal_resume (SbxTerminal *self);
/* Writes out what the sandbox has written last; gives up when nothing moves for half a second. */
void sbx_terminal_drain (SbxTerminal *self);

G_END_DECLS
