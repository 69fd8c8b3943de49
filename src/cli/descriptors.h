/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of our descriptors the new process gets, under which numbers. */
#pragma once

#include "cli/job.h"

G_BEGIN_DECLS

/* The option `fds` (a{uh}, floating) for the standard descriptors and what is inherited, appended to @list. @terminal:
 * a pseudo-terminal's end to be 0, 1 and 2, or -1. NULL with a message printed. */
GVariant *sbx_descriptors_collect (const SbxDescriptors *descriptors, const SbxJobOptions *options, int terminal,
                                   GUnixFDList *list);

/* One message when one of the standard three is closed. */
gboolean sbx_descriptors_check (const SbxDescriptors *descriptors);

G_END_DECLS
