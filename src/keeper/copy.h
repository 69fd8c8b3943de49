/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies a file in a child, so that nothing waits for it, however large it is and however slowly it can be read. libc
 * only.
 *
 *   begin ──▶ child: bytes, fdatasync(2) ──▶ done (0): it may get its name
 *                 └── an error, its end, or the end of the time, upon which it is killed ──▶ done (errno)
 *
 * What is written has no name before all of it is there (O_TMPFILE), so nothing of a half copy is ever seen, and
 * nothing is left of it whoever is killed. Where a file system has no such files it has a temporary one, which the
 * keeper removes, or the child when the keeper is gone. One copy at a time. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "keeper/loop.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What has been written. It is closed after done (), and goes with that unless it has got a name. */
typedef struct {
  int fd;
  int directory; /* where it is to be; borrowed */
  const char *temporary;
  bool named; /* it has the name @temporary */
} SbxCopied;

typedef struct SbxCopy SbxCopy;

struct SbxCopy {
  SbxWatch answer; /* a pipe from the child: open while there is one. Due: it has taken too long */
  pid_t child;     /* the last one, until it has been reaped; or 0 */
  SbxCopied made;
  /* @error: 0, or an errno: ETIME when it has taken too long, EIO when the child was killed. May begin the next. */
  void (*done) (SbxCopy *self, SbxCopied *copied, int error);
};

/* Adds its watch. 0, or -1 with errno. */
int sbx_copy_set_up (SbxCopy *self, SbxLoop *loop, int order, void (*done) (SbxCopy *, SbxCopied *, int));
/* Whether a copy is under way. */
bool sbx_copy_is_busy (const SbxCopy *self);
/* Copies the first @st->st_size bytes of @from, with the permissions of @st without setuid and the like, to the
 * directory @directory, within @time_ms. @temporary is a name that nobody else uses there, and both have to stay valid
 * until done (). 0, or -1 with errno, and done () is not called. */
int sbx_copy_begin (SbxCopy *self, int from, const struct stat *st, int directory, const char *temporary, int time_ms);
/* Whether the child that has ended was this one's. */
bool sbx_copy_reaped (SbxCopy *self, pid_t pid);

/* Gives it the name @name, in the place of what has it. 0, or -1 with errno. */
int sbx_copied_name (SbxCopied *self, const char *name);

#ifdef __cplusplus
}
#endif
