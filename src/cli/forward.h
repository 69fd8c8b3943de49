/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run --file-forwarding: files among the arguments of the command are opened up in the sandbox. */
#pragma once

#include "common/fd-list.h"

G_BEGIN_DECLS

/* @argv without its marks, "@@ FILE… @@" and "@@u URI… @@" as in flatpak-run(1). Each regular file or directory between
 * them, also as file:// URI or as --option=FILE, is opened once, with O_PATH, into @fds, and its handle added to
 * @handles (ah); the argument becomes the path where that very file is. Of one that is not there yet, in a directory
 * that is, the name goes into @new_files (a(hay)). All else between the marks stays what it is. Errors: BAD_OPTION (too
 * many files), those of opening a file that is there. */
char **sbx_forward_files (char **argv, SbxFdList *fds, GVariantBuilder *handles, GVariantBuilder *new_files,
                          GError **error);

G_END_DECLS
