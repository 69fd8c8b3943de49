/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments are those of the manual page of each call. */
#include "plan/filter/path-table.h"

#define NONE SBX_NO_ARGUMENT
#define PLAIN(call, uses, path)                                                                                        \
  {                                                                                                                    \
    call, SBX_PATH_PLAIN, uses, path, NONE, NONE                                                                       \
  }
#define AT(call, uses, directory, path)                                                                                \
  {                                                                                                                    \
    call, SBX_PATH_PLAIN, uses, path, directory, NONE                                                                  \
  }
#define LOOK SBX_USE_LOOK
#define WRITE SBX_USE_WRITE
#define MAKE (SBX_USE_MAKE | SBX_USE_WRITE)

const SbxPathRow sbx_path_rows[] = {
  { "open", SBX_PATH_OPEN, 0, 0, NONE, 1 },
  { "openat", SBX_PATH_OPEN, 0, 1, 0, 2 },
  { "openat2", SBX_PATH_OPEN_HOW, 0, 1, 0, 2 },
  PLAIN ("creat", MAKE, 0),
  PLAIN ("stat", LOOK, 0),
  PLAIN ("stat64", LOOK, 0),
  PLAIN ("lstat", LOOK, 0),
  PLAIN ("lstat64", LOOK, 0),
  AT ("newfstatat", LOOK, 0, 1),
  AT ("fstatat64", LOOK, 0, 1),
  AT ("statx", LOOK, 0, 1),
  PLAIN ("access", LOOK, 0),
  AT ("faccessat", LOOK, 0, 1),
  AT ("faccessat2", LOOK, 0, 1),
  PLAIN ("readlink", LOOK, 0),
  AT ("readlinkat", LOOK, 0, 1),
  PLAIN ("chdir", LOOK, 0),
  PLAIN ("execve", SBX_USE_EXECUTE, 0),
  AT ("execveat", SBX_USE_EXECUTE, 0, 1),
  PLAIN ("mkdir", MAKE, 0),
  AT ("mkdirat", MAKE, 0, 1),
  PLAIN ("rmdir", WRITE, 0),
  PLAIN ("unlink", WRITE, 0),
  AT ("unlinkat", WRITE, 0, 1),
  PLAIN ("truncate", WRITE, 0),
  PLAIN ("rename", WRITE, 0),
  PLAIN ("rename", MAKE, 1),
  AT ("renameat", WRITE, 0, 1),
  AT ("renameat", MAKE, 2, 3),
  AT ("renameat2", WRITE, 0, 1),
  AT ("renameat2", MAKE, 2, 3),
  PLAIN ("symlink", MAKE, 1),
  AT ("symlinkat", MAKE, 1, 2),
  PLAIN ("link", SBX_USE_READ, 0),
  PLAIN ("link", MAKE, 1),
  AT ("linkat", SBX_USE_READ, 0, 1),
  AT ("linkat", MAKE, 2, 3),
  { "connect", SBX_PATH_CONNECT, SBX_USE_CONNECT, 1, NONE, 2 },
  { .call = NULL },
};
