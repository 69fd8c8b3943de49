/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Grant gives to a running instance: from a descriptor to the layers that the keeper mounts. */
#pragma once

#include "daemon/instances/info.h"
#include "daemon/launch/surroundings.h"
#include "plan/plan.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* Files that somebody wants an instance to have. */
typedef struct {
  int fd;           /* on the object, borrowed */
  char *path;       /* where that is: outside and inside; absolute and normal */
  SbxAccess access; /* RO, RW or CREATE */
  guint32 seconds;  /* after which it ends; 0: with the instance */
  /* What a command is handed, as a launch would hand it over; then the policy stays as it is. NULL: it is granted */
  const SbxForwardedFile *forward;
} SbxGrantRequest;

/* @where: ay, the path of what @fd is on, "" for the one that the kernel knows; @how: a{sv}, checked against
 * sbx_grant_options. Errors: BAD_OPTION for what is no file or directory, or has no place in the file system. */
SbxGrantRequest *sbx_grant_request_new (int fd, GVariant *where, GVariant *how, GError **error);
void sbx_grant_request_free (SbxGrantRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxGrantRequest, sbx_grant_request_free)

typedef struct {
  SbxPolicy *policy; /* the effective one, after it */
  guint classes;     /* in which it goes beyond the one before: 0, nothing is new */
  gboolean extends;  /* it has that already, but only for a time: nothing is mounted, and it is written down */
  GPtrArray *given;  /* for people: the differences, a line each */
  SbxSurroundings *surroundings;
  GArray *taken; /* SbxLayersTaken */
  SbxPlan *plan;
  SbxLayers *layers; /* what is to be mounted; it is held open as long as this lives. NULL: nothing is new */
} SbxGrantPlan;

/* Plans @request for the instance that @info describes. With @looking nothing is made and the layers are not complete:
 * whether it can be given. Else what a file that is handed over is saved through may be made (layers/doors.h), which
 * sbx_give_async () looks after. Errors: BAD_OPTION for a path that leads to
 * another object than the descriptor; NOT_FOUND; NOT_AUTHORIZED for what Restrict has taken away; NOT_SUPPORTED for
 * what cannot be given while it runs, with the reason; SPAWN_FAILED, those of sbx_layers_new (). */
SbxGrantPlan *sbx_grant_plan_new (SbxHost *host, const SbxInfo *info, const SbxGrantRequest *request, gboolean looking,
                                  GError **error);
void sbx_grant_plan_free (SbxGrantPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxGrantPlan, sbx_grant_plan_free)

/* What Restrict has left of paths of the instance that @info describes, which has to live as long: SbxLayersTaken; the
 * caller's. */
GArray *sbx_grant_list_taken (const SbxInfo *info);

/* The row of Grants: a{sv}, floating. @pid: who has asked. */
GVariant *sbx_grant_plan_describe (const SbxGrantPlan *self, const SbxGrantRequest *request, guint32 pid);

G_END_DECLS
