/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process: a command in a box, the application itself (START) or one beside it (EXEC). A value: nothing is started.
 * Only the first process of a box has a filter and an app domain; all others inherit them from sandbox-init. */
#pragma once

#include "plan/offers.h"
#include "plan/request.h"
#include "policy/policy.h"

G_BEGIN_DECLS

typedef struct {
  int resource; /* RLIMIT_* */
  const char *name;
  guint64 value;
  gboolean of_all; /* it stands in for a limit of all processes together */
} SbxRlimit;

/* Filled in this folder; everybody else only reads it. */
typedef struct {
  char **argv;
  GPtrArray *environment; /* ends with NULL */
  char *cwd;              /* or NULL: the home */
  char *cwd_also;         /* or NULL: its other name */
  char *home;
  guint32 start_flags;     /* SbxStartFlags */
  GArray *rlimits;         /* SbxRlimit, of the policy */
  SbxInherited *inherited; /* or NULL */
  /* Of the first one of a box, by sbx_confine_process () */
  GBytes *filter; /* struct sock_filter[], or NULL */
  GBytes *rules;  /* SbxCallRule[], or NULL: what of it the keeper counts */
  GBytes *paths;  /* SbxPathCall[], or NULL: it is not learned */
  guint64 handled_fs, handled_net, scoped;
  GPtrArray *writable;    /* below which handled_fs is allowed; the box's, with a reference, or NULL */
  GArray *connect, *bind; /* guint16, or NULL: not limited */
} SbxProcess;

/* The command of @request in a box that offers @offers, under @policy. @environment: the service's, envp-style, for a
 * request without a display environment. Nothing is kept of the arguments, and nothing can fail. */
SbxProcess *sbx_process_new (const SbxPolicy *policy, const SbxOffers *offers, const SbxPlanRequest *request,
                             const char *const *environment);
/* SbxRlimit, the caller's: what @policy limits of a process. */
GArray *sbx_process_list_rlimits (const SbxPolicy *policy);
void sbx_process_free (SbxProcess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxProcess, sbx_process_free)

/* NAME=value, ends with NULL; the process's own. */
const char *const *sbx_process_get_environment (const SbxProcess *self);

G_END_DECLS
