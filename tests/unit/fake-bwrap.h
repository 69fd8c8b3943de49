/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in for bwrap, sandbox-init and the application: processes that do what a test tells them, over a socket that
 * PREPARE hands in as a file. This test program is all of them, executed again. */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "wire/message.h"

#define FAKE_BWRAP "--fake-bwrap"
#define FAKE_SIDECAR "--fake-sidecar"
#define FAKE_SOCKET 10 /* its number there, of the test's socket */

/* Does its work and never returns if the program was executed as one of them. */
void fake_bwrap_main (int argc, char **argv);

/* The test's side: each tells the process that stands for init to do something. What the keeper sends to init comes
 * back over the same socket. */
/* … to send that to the keeper; @by_child: from a new child, which stays */
void fake_init_say (int sock, const SbxMessage *message, gboolean by_child);
/* … to end with that status, as fake bwrap does then */
void fake_init_exit (int sock, int status);
/* … to print that, as bwrap would */
void fake_bwrap_print (int sock, const char *text);
