/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and writing as a whole. libc only. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes all @size bytes into the file @fd at offset @at; the position of the file does not matter. Returns 0, or -1
 * with errno: that of pwrite(2), or ENOSPC when nothing is taken. */
int sbx_pwrite_all (int fd, const void *data, size_t size, off_t at);

/* Reads the beginning of the file @fd as a string, whatever its position is: as much as fits into @text, which has
 * @size bytes including the NUL. Returns the number of bytes, or -1 with errno (that of pread(2)) and "" in @text. */
ssize_t sbx_read_text (int fd, char *text, size_t size);
/* The same for the file @path; a FIFO is not waited for. -1 also with the errno of open(2). */
ssize_t sbx_read_text_at (const char *path, char *text, size_t size);

#ifdef __cplusplus
}
#endif
