/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways out of a sandbox: files by which a sandbox that may change them, and sockets by which one that may reach them,
 * has something run outside of it. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

typedef enum {
  SBX_WAY_STARTUP,  /* what a session or a shell runs at its beginning or end */
  SBX_WAY_PROGRAMS, /* settings and plug-ins by which other programs run commands */
  SBX_WAY_COMMANDS, /* directories of programs */
  SBX_WAY_DESKTOP,  /* what a desktop starts, for whoever it is */
  SBX_WAY_MANAGERS, /* sockets of what starts programs */
  SBX_WAY_AGENTS,   /* sockets of what does other things that it is told */
  SBX_N_WAYS
} SbxWayKind;

/* What the paths of the table are relative to, like xdg-config in a profile. */
typedef enum { SBX_BASE_HOME, SBX_BASE_CONFIG, SBX_BASE_DATA, SBX_BASE_RUN } SbxWayBase;

typedef struct {
  SbxWayBase base;
  const char *path; /* a file or directory; all of a directory counts */
  SbxWayKind kind;
  const char *why; /* who obeys it, and how; not translated: names of programs, and of their settings */
} SbxWayOut;

extern const SbxWayOut sbx_ways_out[]; /* ends with a NULL path */

/* The least access by which a way of that kind is open. */
SbxAccess sbx_way_out_least (SbxWayKind kind);
/* As it is written in a profile: "~/.bashrc", "xdg-config/git". The caller's. */
char *sbx_way_out_name (const SbxWayOut *way);
/* Where it is; NULL where @places has no such base. The caller's. */
char *sbx_way_out_path (const SbxWayOut *way, const SbxPlaces *places);
/* Returns the first way of that kind that @policy opens, at its path or at any below; NULL: none. */
const SbxWayOut *sbx_way_out_find (const SbxPolicy *policy, const SbxPlaces *places, SbxWayKind kind);

G_END_DECLS
