/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command as START and EXEC describe it: read before the fork, where memory can be allocated, and used after it. */
#pragma once

#include <limits.h>

#include "wire/block.h"
#include "wire/fdmap.h"

typedef struct {
  char **argv; /* argc strings */
  size_t argc;
  char **shell; /* room for argv with "/bin/sh" before it */
  char **env;   /* n_env strings */
  size_t n_env;
  int32_t targets[SBX_FDMAP_MAX]; /* FDMAP */
  uint32_t flags;                 /* SbxStartFlags */
  char pwd[PATH_MAX + 4];         /* "PWD=…" once sbx_init_command_enter_directory () has been there */
} SbxInitCommand;

/* Reads it from @block, which must outlive it and is START's or EXEC's with @n_fds descriptors for FDMAP. 0, or -1 with
 * EBADMSG or ENOMEM; sbx_init_command_clear () either way. */
int sbx_init_command_read (SbxInitCommand *self, const SbxBlock *block, size_t n_fds);
void sbx_init_command_clear (SbxInitCommand *self);

/* The next two are for the child, which must not allocate: */
/* Goes to the working directory by one of its names, or home if it is not there and need not be, and makes PWD say
 * where that is. 0, or -1 with chdir(2)'s errno. */
int sbx_init_command_enter_directory (SbxInitCommand *self, const SbxBlock *block);
/* Executes the command, which is looked for along its own PATH. Returns only with errno: ENOENT if it is nowhere,
 * EACCES if it is somewhere and must not be executed, or execve(2)'s. */
void sbx_init_command_execute (const SbxInitCommand *self);
