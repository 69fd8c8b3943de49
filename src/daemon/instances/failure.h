/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A keeper's FAILED in people's words. */
#pragma once

#include "common/error.h"
#include "wire/message.h"

G_BEGIN_DECLS

/* SPAWN_FAILED: "<step>: <what went wrong> (<errno's name>)", with the remedy where one is known. @command: argv[0]. */
GError *sbx_failure_new (const SbxMessage *failed, const char *command);
/* The same of a launch, whose command is @argv (aay). */
GError *sbx_failure_of_launch (const SbxMessage *failed, GVariant *argv);

G_END_DECLS
