/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked for: the command and what belongs to it, beside the policy. */
#pragma once

#include <glib.h>

#include "policy/inherited.h"

G_BEGIN_DECLS

/* A file or directory that the caller hands over, at its own place: bytes, absolute, without links. */
typedef struct {
  char *path;
  gboolean writable;
  gboolean is_new; /* it is not there yet */
  int fd;          /* the caller's, borrowed; not the plan's concern. Of a new one: its directory */
} SbxForwardedFile;

typedef struct {
  const char *id; /* of the instance, 16 hex digits; NULL: not known, for Explain */
  const char *app_id;
  const char *const *argv; /* bytes, at least one */
  const char *const *env;  /* NAME=value from the caller: put over the policy's */
  const char *const *unset_env;
  const SbxInherited *inherited; /* or NULL: nothing is said */
  const char *cwd;               /* or NULL: the home */
  const char *cwd_also;          /* another name of it, for where @cwd is not inside; or NULL */
  gboolean cwd_optional;         /* go home when neither is inside */
  gboolean tty;
  gboolean learned;                /* calls that name files are asked about */
  const char *terminal;            /* with tty: the path of its device on the host, or NULL */
  const SbxForwardedFile *forward; /* parents before children */
  gsize n_forward;
  const char *const *display_env; /* the caller's DISPLAY, LANG, TERM, … as NAME=value, or NULL: the service's */
  gboolean handler;               /* joins another instance, its target, to look at its processes */
  guint32 target_enforced;        /* handler: SbxEnforced of the target */
  gboolean target_in_session;     /* handler: the target has pidns=session */
  const char *crash_directory;    /* handler for a crash: where it may write, on the host, or NULL */
  const char *dump_program;       /* handler: the path of sandbox-dump, or NULL */
  guint target_pid;               /* handler: the target's main process, as its pid namespace numbers it */
  const char *const *warnings;    /* what is to be said besides what the plan itself warns of; n_warnings of them */
  gsize n_warnings;
  const char *open_program;  /* the path of sandbox-open, or NULL */
  const char *accessibility; /* the address of the session's bus for screen readers, or NULL */
  gboolean replaces;         /* its sidecars are to take the place of those of an instance that runs */
} SbxPlanRequest;

/* In a handler's sandbox, beside SBX_TARGET_ROOT */
#define SBX_PLAN_CRASH_DIRECTORY "/run/sandbox/crash"
#define SBX_PLAN_DUMP_PROGRAM "/run/sandbox/sandbox-dump"

G_END_DECLS
