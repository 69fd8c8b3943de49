/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a policy promises, each as something that sandbox-probe can try. A promise that is not in this table is one that
 * `verify` does not try. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* What is there outside to be reached. */
typedef struct {
  const char *bystander;        /* the name of a process in no sandbox */
  guint bystander_pid;          /* its number, or 0 */
  const char *neighbour;        /* of one in another sandbox, or NULL */
  guint port;                   /* of 127.0.0.1, where somebody listens; or 0 */
  const char *address;          /* "ADDRESS:PORT" where somebody listens: another one of this machine's; or NULL */
  const char *bus_name;         /* somebody's on the session bus, or NULL */
  const char *terminal;         /* somebody's terminal, or NULL */
  const char *abstract;         /* an abstract socket's name, with its "@", or NULL */
  const char *in_home, *in_tmp; /* files, or NULL */
  gint32 shm;                   /* the key of shared memory */
  const char *system_name;      /* somebody's on the system bus, or NULL */
  const char *key_name;         /* of a key in the kernel, or NULL */
  const char *service;          /* the path of the service's own socket, where it serves; or NULL */
  const char *profiles;         /* the directory of the user's profiles, or NULL */
  const char *const *calls;     /* that can be tried without harm; NULL-terminated */
} SbxTargets;

typedef struct {
  char *text;       /* what is promised, for people: "sees no process of yours" */
  char *word;       /* what sandbox-probe is to try */
  gboolean reached; /* whether it is to get there */
} SbxPromise;

/* GPtrArray of SbxPromise: those that @policy and @plan, as Explain has them, make about @targets on this machine. */
GPtrArray *sbx_promises_list (const SbxPolicy *policy, GVariant *plan, const SbxTargets *targets);

typedef enum { SBX_PROMISE_KEPT, SBX_PROMISE_BROKEN, SBX_PROMISE_UNTESTED } SbxPromiseState;

/* What came of it: @inside and @outside are lines of sandbox-probe, "yes …" or "no …". One that is refused counts only
 * if outside it is reached. */
SbxPromiseState sbx_promise_judge (const SbxPromise *promise, const char *inside, const char *outside);

G_END_DECLS
