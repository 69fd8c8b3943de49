/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A box: what exists before any command runs in it, and for all of them. A value: nothing has been opened or started.
 */
#pragma once

#include "plan/filter/syscall-table.h"
#include "plan/offers.h"

G_BEGIN_DECLS

typedef enum {
  SBX_MOUNT_BIND,
  SBX_MOUNT_TMPFS,
  SBX_MOUNT_SYMLINK, /* source: the link's text */
  SBX_MOUNT_DIRECTORY,
  SBX_MOUNT_FILE, /* of content that bwrap reads from a descriptor, read-only */
  SBX_MOUNT_PROC,
  SBX_MOUNT_DEV,
  SBX_MOUNT_REMOUNT, /* what is mounted there already becomes read-only */
  SBX_N_MOUNT_KINDS
} SbxMountKind;

typedef enum {
  SBX_MOUNT_READ_ONLY = 1 << 0,
  SBX_MOUNT_DEVICES = 1 << 1, /* device files in it can be used */
  SBX_MOUNT_WAYLAND = 1 << 2, /* the user's Wayland socket, or one that the compositor gives this instance */
} SbxMountFlags;

/* Who asked for a mount. */
typedef enum {
  SBX_BY_SYSTEM, /* every box has it */
  SBX_BY_POLICY, /* a facility, or what is kept */
  SBX_BY_PATH,   /* a path that the policy names */
  SBX_BY_CALLER, /* handed over, or part of how it was called */
  SBX_BY_COVER,  /* it hides what another one would show */
} SbxMountBy;

typedef struct {
  SbxMountKind kind;
  guint flags; /* SbxMountFlags */
  SbxMountBy by;
  char *source; /* on the host, or NULL */
  char *dest;   /* inside */
  int mode;     /* of TMPFS, DIRECTORY and FILE; -1: bwrap's default */
  int number;   /* FILE: the descriptor; else -1 */
} SbxMount;

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

/* A program that serves the box from outside, in a sandbox of its own. */
typedef struct {
  SbxSidecarKind kind;
  GPtrArray *argv; /* bwrap's, ends with NULL */
  GBytes *file;    /* what it reads from SBX_SIDECAR_FILE_FD, or NULL */
  GBytes *to;      /* SbxDestination[], or NULL */
  GBytes *filter;  /* struct sock_filter[] */
  guint64 memory;  /* bytes, or SBX_LIMIT_NONE */
} SbxPlanSidecar;

/* Filled by the rooms of this folder; everybody else only reads it. */
typedef struct {
  char *home, *runtime_dir; /* inside */
  char *app_home;           /* on the host, where persistent things lie */
  char *app_id;
  guint uid, gid;         /* inside */
  gboolean as_root;       /* started by root: mapped to another uid inside */
  guint shared;           /* SbxShared: namespaces that are the host's */
  guint facts;            /* SbxBoxFacts */
  gboolean handler;       /* joins another instance */
  gboolean session;       /* joins the pid namespace of its login session */
  guint32 join;           /* handler: what is in force for it because it is for its target */
  GArray *mounts;         /* SbxMount */
  gsize n_skeleton;       /* so many of them bwrap makes; the others the keeper mounts afterwards: */
  gsize n_common;         /* those up to here in every box with that skeleton, the rest for one launch */
  gsize n_skeleton_files; /* so many of the files go to bwrap */
  GArray *files;          /* SbxPlanFile */
  GArray *directories;    /* SbxPlanDirectory */
  GArray *sidecars;       /* SbxPlanSidecar */
  GPtrArray *writable;    /* places below which Landlock lets write */
  GPtrArray *bwrap;
  GBytes *published;              /* SbxPublished[], or NULL */
  char *documents, *documents_at; /* SBX_TAG_DOCUMENTS, SBX_TAG_DOCUMENTS_AT, or NULL */
  guint32 procfs_flags, domain_flags;
  SbxOffers *offers;
} SbxBox;

SbxBox *sbx_box_new (void);
void sbx_box_free (SbxBox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxBox, sbx_box_free)

/* Whether it is in a pid namespace that others are in as well. */
gboolean sbx_box_joins (const SbxBox *self);
/* Whether it shows a path of the policy at another name than its own (sbx_policy_get_attached ()). */
gboolean sbx_mount_is_second_name (const SbxMount *mount);
/* All of it stays the box's. */
const SbxMount *sbx_box_get_mounts (const SbxBox *self, gsize *n);
const SbxPlanFile *sbx_box_get_files (const SbxBox *self, gsize *n);
const SbxPlanDirectory *sbx_box_get_directories (const SbxBox *self, gsize *n);
const SbxPlanSidecar *sbx_box_find_sidecar (const SbxBox *self, SbxSidecarKind kind); /* or NULL */
/* The command line of bwrap: complete, ends with … "--", "/proc/self/fd/9", NULL. */
const char *const *sbx_box_get_bwrap_argv (const SbxBox *self);

G_END_DECLS
