/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CHANGEs of an instance that the keeper has not answered yet. */
#pragma once

#include <gio/gio.h>

#include "wire/message.h"

G_BEGIN_DECLS

typedef struct {
  guint32 last;        /* the number given last */
  GHashTable *waiting; /* number → GTask * */
} SbxChanges;

void sbx_changes_init (SbxChanges *self);
void sbx_changes_clear (SbxChanges *self);
/* A number for the next one; never 0. */
guint32 sbx_changes_next (SbxChanges *self);
/* Takes @task, which waits for the answer to the CHANGE @number. */
void sbx_changes_add (SbxChanges *self, guint32 number, GTask *task);
/* APPLIED returns the content of @fd (GBytes), which stays the caller's; NOT_APPLIED an error. */
void sbx_changes_answer (SbxChanges *self, const SbxMessage *message, int fd);
/* Answers all of them with EXITED and @text. */
void sbx_changes_end (SbxChanges *self, const char *text);

G_END_DECLS
