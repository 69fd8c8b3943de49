/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application has written, on its way to a place of the host. libc only.
 *
 * Nobody gets more by executing it than its content gives: setuid, setgid and file capabilities do not come along. Nor
 * do its access lists: a file that takes the place of another has that one's. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the regular file @fd, which may be O_PATH and is like @st, gives more to who executes it. */
bool sbx_publish_is_privileged (int fd, const struct stat *st);
/* Takes that from it. 0, or -1 with errno, and it must not be seen outside then. */
int sbx_publish_drop_privileges (int fd);
/* The same, and gives it the access list of the file @name in @directory, or none where that has none or is not there.
 * 0, or -1 with errno. */
int sbx_publish_tame (int fd, int directory, const char *name);
/* Gives the file @fd the name @name in @directory, in the place of what has it, by way of the name @temporary, which
 * nobody else uses there. 0, or -1 with errno. */
int sbx_publish_link (int fd, int directory, const char *temporary, const char *name);

#ifdef __cplusplus
}
#endif
