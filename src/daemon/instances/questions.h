/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to a keeper that it has not answered yet, by number. What an answer means, its kind knows: exec-jobs.h,
 * changes.h. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  guint32 last;        /* the number given last */
  GHashTable *waiting; /* number → GTask * */
} SbxQuestions;

void sbx_questions_init (SbxQuestions *self);
/* Forgets those that wait, without an answer. */
void sbx_questions_clear (SbxQuestions *self);
/* A number for the next one; never 0, which is the application. */
guint32 sbx_questions_next (SbxQuestions *self);
/* Whether one waits. */
gboolean sbx_questions_are_open (const SbxQuestions *self);
/* Takes @task, which waits for the answer to the question @number. */
void sbx_questions_add (SbxQuestions *self, guint32 number, GTask *task);
/* Returns the one that waits for the answer to @number, now the caller's; NULL if nobody does. */
GTask *sbx_questions_take (SbxQuestions *self, guint32 number);
/* Answers all of them with EXITED and @text. */
void sbx_questions_end (SbxQuestions *self, const char *text);

G_END_DECLS
