/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "init/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
sbx_init_command_read (SbxInitCommand *self, const SbxBlock *block, size_t n_fds)
{
  SbxRecord record = { 0 };

  *self = (SbxInitCommand){ 0 };
  self->flags = sbx_block_u32 (block, SBX_TAG_FLAGS, 0);
  if (!sbx_block_next (block, SBX_TAG_FDMAP, &record) || record.length != n_fds * sizeof (int32_t)) {
    errno = EBADMSG;
    return -1;
  }
  memcpy (self->targets, record.value, record.length);
  self->argv = sbx_block_strv (block, SBX_TAG_ARGV, &self->argc);
  if (!self->argv)
    return -1;
  self->shell = calloc (self->argc + 2, sizeof *self->shell);
  if (!self->shell)
    return -1;
  self->env = sbx_block_strv (block, SBX_TAG_ENV, &self->n_env);
  if (!self->env) {
    self->env = calloc (1, sizeof *self->env);
    self->n_env = 0;
  }
  return self->env ? 0 : -1;
}

void
sbx_init_command_clear (SbxInitCommand *self)
{
  free (self->argv);
  free (self->shell);
  free (self->env);
}

int
sbx_init_command_enter_directory (SbxInitCommand *self, const SbxBlock *block)
{
  const char *home = sbx_block_string (block, SBX_TAG_HOME, "/");
  const char *cwd = sbx_block_string (block, SBX_TAG_CWD, home),
             *also = sbx_block_string (block, SBX_TAG_CWD_ALSO, cwd);
  int error = chdir (cwd) < 0 ? errno : 0;

  if (error && chdir (also) < 0) {
    errno = error;
    if (!(self->flags & SBX_START_CWD_OPTIONAL) && cwd != home)
      return -1;
    if (chdir (home) < 0 && chdir ("/") < 0)
      return -1;
  }
  memcpy (self->pwd, "PWD=", 4);
  if (!getcwd (self->pwd + 4, sizeof self->pwd - 4))
    return 0; /* as a shell does: no PWD is better than a wrong one */
  for (size_t i = 0; i < self->n_env; i++)
    if (strncmp (self->env[i], "PWD=", 4) == 0)
      self->env[i] = self->pwd;
  return 0;
}

/* execve, and for a script without "#!" the shell, as POSIX wants it of execvp; libcs differ there. */
static void
try_exec (const SbxInitCommand *self, const char *path)
{
  char **argv = self->argv;

  execve (path, argv, self->env);
  if (errno == ENOEXEC) {
    self->shell[0] = (char *) "/bin/sh";
    self->shell[1] = (char *) path;
    memcpy (self->shell + 2, argv + 1, (self->argc - 1) * sizeof *argv);
    self->shell[self->argc + 1] = NULL;
    execve ("/bin/sh", self->shell, self->env);
  }
}

static const char *
search_path (const SbxInitCommand *self)
{
  for (size_t i = 0; i < self->n_env; i++)
    if (strncmp (self->env[i], "PATH=", 5) == 0)
      return self->env[i] + 5;
  return "/usr/bin:/bin";
}

/* EACCES is remembered while the search goes on, so that "not executable" is not reported as "not found". */
void
sbx_init_command_execute (const SbxInitCommand *self)
{
  const char *name = self->argv[0], *at = search_path (self);
  char path[PATH_MAX];
  bool refused = false;

  if (strchr (name, '/')) {
    try_exec (self, name);
    return;
  }
  errno = ENOENT;
  while (*name && *at) {
    size_t length = strcspn (at, ":");

    if (snprintf (path, sizeof path, "%.*s%s%s", (int) length, at, length > 0 ? "/" : "", name) < (int) sizeof path) {
      try_exec (self, path);
      if (errno == EACCES)
        refused = true;
      else if (errno != ENOENT && errno != ENOTDIR)
        return;
    }
    at += length + (at[length] == ':');
  }
  errno = refused ? EACCES : ENOENT;
}
