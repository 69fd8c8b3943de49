/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a keeper answers to CHANGE. */
#pragma once

#include "daemon/instances/questions.h"
#include "wire/message.h"

G_BEGIN_DECLS

/* APPLIED returns the content of @fd (GBytes), which stays the caller's; NOT_APPLIED an error. */
void sbx_changes_answer (SbxQuestions *changes, const SbxMessage *message, int fd);

G_END_DECLS
