/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside this folder only: a box while it is made. build.c goes through the rooms, each of which adds its part. */
#pragma once

#include "plan/box.h"
#include "plan/machine/machine.h"
#include "plan/request.h"
#include "policy/policy.h"

G_BEGIN_DECLS

typedef struct {
  const SbxPolicy *policy;
  const SbxPlanRequest *request;
  SbxMachine *machine;
  SbxBox *box;             /* what it comes to */
  GPtrArray *warnings;     /* sentences for the caller */
  GPtrArray *covered;      /* places that become read-only in the end */
  gboolean runtime_hidden; /* the runtime directory is in a tree of the host, and hidden by one of the sandbox's own */
} SbxDraft;

/* The next mount. @source may be NULL; @mode as in SbxMount. Strings are copied. */
void sbx_draft_mount (SbxDraft *self, SbxMountBy by, SbxMountKind kind, const char *source, const char *dest, int mode);
/* A directory that bwrap makes, although it comes after the skeleton. */
void sbx_draft_skeleton_directory (SbxDraft *self, const char *dest, int mode);
/* A symbolic link that bwrap makes, although it comes after the skeleton. */
void sbx_draft_skeleton_link (SbxDraft *self, const char *target, const char *dest);
/* @source from the host at @dest. @flags: SbxMountFlags. */
void sbx_draft_bind (SbxDraft *self, SbxMountBy by, guint flags, const char *source, const char *dest);
/* @path at its own place if it is there. TRUE when it is. */
gboolean sbx_draft_bind_if_there (SbxDraft *self, SbxMountBy by, guint flags, const char *path);
/* A file with @content at @dest. @what (static): for messages. */
void sbx_draft_file (SbxDraft *self, SbxMountBy by, const char *what, const char *content, const char *dest);
/* The same with bytes that nobody is told; takes @content. */
void sbx_draft_secret_file (SbxDraft *self, SbxMountBy by, const char *what, GBytes *content, const char *dest);
/* A place below which Landlock lets write. */
void sbx_draft_writable (SbxDraft *self, const char *path);
/* A directory of the host that is made before the launch. */
void sbx_draft_directory (SbxDraft *self, const char *path, guint mode);
/* A variable that the box offers, as sbx_offers_add (). */
void sbx_draft_offer (SbxDraft *self, SbxOfferKind kind, const char *name, const char *value);
void sbx_draft_warn (SbxDraft *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* A variable of the caller, or else the service. NULL where it is not set or empty. */
const char *sbx_draft_getenv (SbxDraft *self, const char *name);
gboolean sbx_draft_exists (SbxDraft *self, const char *path);
/* Whether @path, which the caller has named as one, can be a socket: neither a file nor a directory. */
gboolean sbx_draft_may_be_socket (SbxDraft *self, const char *path);

G_END_DECLS
