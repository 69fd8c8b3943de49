/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and writing as a whole. libc only. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes all @size bytes into the file @fd, from its byte @at on, whatever its position is. 0, or -1 with errno:
 * pwrite(2)'s, ENOSPC also when nothing is taken. */
int sbx_pwrite_all (int fd, const void *data, size_t size, off_t at);

/* The beginning of the file @fd as a string, whatever its position is: as much as fits into @text, which has @size
 * bytes with its NUL. Returns how many bytes that are, or -1 with errno (pread(2)'s) and "" in @text. */
ssize_t sbx_read_text (int fd, char *text, size_t size);
/* The same of the file @path, which is not waited for if it is a FIFO. -1 also with open(2)'s errno. */
ssize_t sbx_read_text_at (const char *path, char *text, size_t size);

#ifdef __cplusplus
}
#endif
