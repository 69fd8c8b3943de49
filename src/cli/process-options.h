/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `run` and `exec` have in common: the options of a new process, and the descriptors that it gets. */
#pragma once

#include "cli/cli.h"
#include "cli/link/lifeline.h"
#include "cli/link/terminal.h"
#include "common/fd-list.h"

G_BEGIN_DECLS

typedef struct {
  /* As parsed */
  char *cwd;
  char **env, **unset_env, **fd_words;
  gboolean tty, no_inherit;
  int output;    /* for standard output and error, where nobody would read them; -1: none */
  gboolean icon; /* nobody reads them, whatever they are */
  /* As made */
  GVariantBuilder options; /* a{sv} */
  SbxFdList *fds;
  SbxTerminal *terminal;
  SbxLifeline lifeline;
  gboolean open; /* options is being built */
} SbxProcessOptions;

#define SBX_PROCESS_OPTIONS_INIT                                                                                       \
  {                                                                                                                    \
    .lifeline = { .fd = -1 }, .output = -1                                                                             \
  }
void sbx_process_options_clear (SbxProcessOptions *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SbxProcessOptions, sbx_process_options_clear)

/* The rows for GOption: the caller puts them before its own. */
#define SBX_PROCESS_OPTIONS_ENTRIES(process)                                                                           \
  { "cwd", 0, 0, G_OPTION_ARG_FILENAME, &(process)->cwd, N_ ("Start in this directory"), N_ ("DIR") },                 \
      { "env", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(process)->env, N_ ("Set a variable"), N_ ("NAME=VALUE") },         \
      { "unset-env", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(process)->unset_env, N_ ("Unset a variable"), N_ ("NAME") }, \
      { "tty", 't', 0, G_OPTION_ARG_NONE, &(process)->tty, N_ ("With a terminal of its own"), NULL },                  \
      { "fd",                                                                                                          \
        0,                                                                                                             \
        0,                                                                                                             \
        G_OPTION_ARG_STRING_ARRAY,                                                                                     \
        &(process)->fd_words,                                                                                          \
        N_ ("Pass on this open descriptor or directory"),                                                              \
        N_ ("NUMBER") },                                                                                               \
  {                                                                                                                    \
    "no-inherit-fds", 0, 0, G_OPTION_ARG_NONE, &(process)->no_inherit,                                                 \
        N_ ("Pass on only 0, 1, 2 and what --fd names"), NULL                                                          \
  }

/* Makes options, descriptors, terminal, and, unless @detached, the lifeline. */
gboolean sbx_process_options_make (SbxProcessOptions *self, const SbxCommand *command, gboolean detached,
                                   GError **error);

/* The last thing before the call, when all descriptors are there: more than a message bus takes in one message go
 * through one of their own. */
gboolean sbx_process_options_pack (SbxProcessOptions *self, GError **error);

/* @argv as aay, floating. */
GVariant *sbx_process_options_argv (char **argv);

G_END_DECLS
