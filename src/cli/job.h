/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One process started by us: its descriptors, its lifeline, its signals, its terminal, its exit status. What `run` and
 * `exec` have in common.
 *
 *   LAUNCHING ──lifeline: STARTED──▶ RUNNING ──EXITED──▶ ──ENDED or end of file──▶ exit status
 *       │ the service's error, or FAILED
 *       ▼
 *   125, 126, 127 and one line that says why
 *
 * From STARTED on only the lifeline counts: it leads to the keeper, so a killed service changes nothing. */
#pragma once

#include "cli/cli.h"
#include "cli/service.h"

G_BEGIN_DECLS

typedef struct {
  gboolean tty;
  gboolean detach;
  gboolean no_inherit;
  gboolean json;
  char *cwd;
  char **env; /* NAME=value */
  char **unset_env;
  char **fds; /* numbers, as text */
} SbxJobOptions;

/* The entries of the options that both verbs have. */
#define SBX_JOB_ENTRIES(options)                                                                                       \
  { "tty", 't', 0, G_OPTION_ARG_NONE, &(options)->tty, N_ ("Give it a terminal of its own"), NULL },                   \
      { "cwd", 0, 0, G_OPTION_ARG_FILENAME, &(options)->cwd, N_ ("Its working directory, as inside"), N_ ("DIR") },    \
      { "env", 0, 0, G_OPTION_ARG_STRING_ARRAY, &(options)->env, N_ ("Set a variable"), N_ ("NAME=VALUE") },           \
      { "unset-env", 0, 0, G_OPTION_ARG_STRING_ARRAY, &(options)->unset_env, N_ ("Unset a variable"), N_ ("NAME") },   \
      { "fd",                                                                                                          \
        0,                                                                                                             \
        0,                                                                                                             \
        G_OPTION_ARG_STRING_ARRAY,                                                                                     \
        &(options)->fds,                                                                                               \
        N_ ("Pass this descriptor on, even a directory"),                                                              \
        N_ ("NUMBER") },                                                                                               \
  {                                                                                                                    \
    "no-inherit-fds", 0, 0, G_OPTION_ARG_NONE, &(options)->no_inherit, N_ ("Pass only descriptors 0, 1 and 2 on"),     \
        NULL                                                                                                           \
  }

void sbx_job_options_clear (SbxJobOptions *options);

typedef struct {
  const char *path, *interface, *method;
  GVariant *first; /* the method's first argument, or NULL; floating */
  const char *const *argv;
  GVariantBuilder *options; /* a{sv}: what only this verb says; the rest is added */
  gboolean exec;            /* the lifeline ends with EXITED: there is no ENDED for one process of many */
} SbxJobCall;

/* Blocks the signals that are forwarded, starts, waits, returns the exit status. */
int sbx_job_run (SbxCommand *command, const SbxJobOptions *options, const SbxJobCall *call);

G_END_DECLS
