/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From policy + request + machine to everything a launch does. A pure function: no file is opened, nothing is started.
 */
#pragma once

#include "plan/machine/machine.h"
#include "policy/policy.h"
#include "wire/layout.h"

G_BEGIN_DECLS

/* A file or directory that the caller hands over, at its own place: bytes, absolute, without links. */
typedef struct {
  char *path;
  gboolean writable;
  int fd; /* the caller's, borrowed; not the plan's concern */
} SbxForwardedFile;

typedef struct {
  const char *id; /* of the instance, 16 hex digits; NULL: not known, for Explain */
  const char *app_id;
  const char *const *argv; /* bytes, at least one */
  const char *const *env;  /* NAME=value from the caller: put over the policy's */
  const char *const *unset_env;
  const char *cwd;       /* or NULL: the home */
  gboolean cwd_optional; /* go home when @cwd is not inside */
  gboolean tty;
  const char *terminal;            /* with tty: the path of its device on the host, or NULL */
  const SbxForwardedFile *forward; /* parents before children */
  gsize n_forward;
  const char *const *display_env; /* the caller's DISPLAY, LANG, TERM, … as NAME=value, or NULL: the service's */
  gboolean handler;               /* joins another instance, its target, to look at its processes */
  guint32 target_enforced;        /* handler: SbxEnforced of the target */
  const char *crash_directory;    /* handler for a crash: where it may write, on the host, or NULL */
  const char *dump_program;       /* handler: the path of sandbox-dump, or NULL */
  guint target_pid;               /* handler: the target's main process, as its pid namespace numbers it */
} SbxRequest;

/* In a handler's sandbox, beside SBX_TARGET_ROOT */
#define SBX_PLAN_CRASH_DIRECTORY "/run/sandbox/crash"
#define SBX_PLAN_DUMP_PROGRAM "/run/sandbox/sandbox-dump"

/* A file made of bytes that bwrap reads from a descriptor. */
typedef struct {
  int number;
  GBytes *content;
  const char *what;
  gboolean secret; /* not told by sbx_plan_to_variant () */
} SbxPlanFile;

/* A directory that must exist before the launch (persistent homes); every missing one above it is made as well. */
typedef struct {
  char *path;
  guint mode;
} SbxPlanDirectory;

#define SBX_TYPE_PLAN (sbx_plan_get_type ())
G_DECLARE_FINAL_TYPE (SbxPlan, sbx_plan, SBX, PLAN, GObject)

/* Descriptors that bwrap inherits, beside SBX_INIT_CONTROL_FD and SBX_INIT_PROGRAM_FD */
#define SBX_PLAN_FIRST_FILE_NUMBER 10
/* … and the bwrap of a sidecar: keeper/sidecar.h */
#define SBX_PLAN_SIDECAR_FILE 10
#define SBX_PLAN_SIDECAR_LINK 11
#define SBX_PLAN_SIDECAR_FILTER 12

/* Whether a plan under @policy looks at the caller's variable @name; not at the tokens, which are good for one start.
 */
gboolean sbx_plan_looks_at (const SbxPolicy *policy, const char *name);

/* Errors: NOT_SUPPORTED (names what is missing), BAD_PROFILE (a policy that contradicts itself), BAD_OPTION. */
SbxPlan *sbx_plan_new (const SbxPolicy *policy, const SbxRequest *request, SbxMachine *machine, GError **error);

/* The plan's own, arrays of strings end with NULL: */
const char *const *sbx_plan_get_bwrap_argv (SbxPlan *self); /* complete, ends with … "--", "/proc/self/fd/9" */
const SbxPlanFile *sbx_plan_get_files (SbxPlan *self, gsize *n);
const SbxPlanDirectory *sbx_plan_get_directories (SbxPlan *self, gsize *n);
const char *const *sbx_plan_get_environment (SbxPlan *self); /* of the application */
const char *const *sbx_plan_get_warnings (SbxPlan *self);
/* Whether /proc shows the application nothing but what it may trace. */
gboolean sbx_plan_is_inferiors_only (SbxPlan *self);

/* May it be the plan of a sandbox that one with the policy @within and the same application id asks for, given that the
 * policy allows no more than @within? POLICY_EXCEEDED with the path that it must not have. */
gboolean sbx_plan_check_nested (SbxPlan *self, const SbxPolicy *within, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a plan with cpu= warns of. Where there is a scope there is nothing to warn of. */
#define SBX_PLAN_CPU_WARNING "cpu= takes a scope of the systemd user manager; where there is none, it is not limited"

/* Both blocks, as sealed memfds (wire/block.h), or -1 with SPAWN_FAILED. @id: 16 hex digits; @info: for the info file.
 */
int sbx_plan_write_prepare (SbxPlan *self, const char *id, GBytes *info, GError **error);
/* @by_scope: a scope holds the limits of all processes together, and rlimits, which count each process's reserved
 * memory and our own processes, need not stand in for it. @targets: the number inside of each descriptor that goes with
 * START, in order. */
int sbx_plan_write_start (SbxPlan *self, gboolean by_scope, const gint32 *targets, gsize n_targets, GError **error);

/* Everything, for Explain and the golden files: a{sv}, floating. */
GVariant *sbx_plan_to_variant (SbxPlan *self);

G_END_DECLS
