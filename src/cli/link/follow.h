/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One process in a sandbox, from the call that starts it to its end: its status becomes ours, our signals its. */
#pragma once

#include "cli/link/lifeline.h"
#include "cli/link/service.h"
#include "cli/link/terminal.h"

G_BEGIN_DECLS

/* The signals that are passed on: to be called before there is any thread. */
void sbx_follow_block_signals (void);

typedef struct {
  SbxService *service;
  const char *path, *interface, *method;
  GVariant *parameters; /* floating or not */
  SbxFdList *fds;
  SbxLifeline *lifeline;
  SbxTerminal *terminal; /* or NULL */
  const char *command;   /* for messages */
  const char *cwd;       /* as asked for, or NULL */
  const char *profile;   /* or NULL */
  gboolean instance;     /* a whole sandbox: over when that has ended */
  gboolean needs_reply;  /* not over before the service has answered, however soon the process ends */
  guint timeout_ms;      /* 0: none; after the start: SIGTERM, and what is left after five more seconds is ended */
  void (*replied) (GVariant *reply, gpointer data); /* or NULL: the call was answered without an error */
  gpointer data;
} SbxFollowCall;

/* Makes the call, waits for the end, says on standard error what went wrong. Returns the exit status. */
int sbx_follow (const SbxFollowCall *call);

/* For a FAILED of @step with @errnum, in plain words with the remedy; NULL where the service's own text is better. */
char *sbx_follow_explain_failure (SbxStep step, int errnum, const SbxFollowCall *call);
/* 127, 126 or 125. */
int sbx_follow_failure_status (SbxStep step, int errnum);

G_END_DECLS
