/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What our programs assume of each other beside messages and blocks: the numbers of the descriptors that each is
 * started with, and the places of files. */
#pragma once

/* A number as text, for a command line. */
#define SBX_FD_TEXT(number) SBX_FD_TEXT_OF (number)
#define SBX_FD_TEXT_OF(number) #number

/* sandbox-keeper */
#define SBX_KEEPER_SOCKET_FD 3 /* one end of a pair, of which sandboxd has the other (message.h) */
/* … of a handler, which has of its target: */
#define SBX_JOIN_OWNER_FD 4 /* the user namespace that owns its mounts */
#define SBX_JOIN_USER_FD 5  /* the user namespace of its processes: the same, or one below */
#define SBX_JOIN_PID_FD 6   /* its pid namespace */
#define SBX_JOIN_MOUNT_FD 7 /* its mount namespace */
#define SBX_JOIN_INIT_FD 8  /* a pidfd of its PID 1 */
#define SBX_JOIN_LINK_FD 9  /* a socket to its keeper */
/* … of an instance with pidns=session: SBX_JOIN_LINK_FD, a socket to sandbox-session, and the rest over that */

/* sandbox-session */
#define SBX_SESSION_LISTENER_FD 3  /* listens at SBX_SESSION_SOCKET … */
#define SBX_SESSION_DIRECTORY_FD 4 /* … in this directory, which is locked (flock(2)) to connect and to end */

/* An instance's bwrap */
#define SBX_BWRAP_OWNER_FD                                                                                             \
  5 /* of one that joins namespaces: as SBX_JOIN_OWNER_FD, SBX_JOIN_USER_FD and SBX_JOIN_PID_FD */
#define SBX_BWRAP_USER_FD 6
#define SBX_BWRAP_PID_FD 7
#define SBX_INIT_CONTROL_FD 8 /* sandbox-init's socket to the keeper; sandbox-init closes all others */
#define SBX_INIT_PROGRAM_FD 9 /* sandbox-init itself, executed as /proc/self/fd/9 */
#define SBX_BWRAP_FILES_FD 10 /* the first of the files that FDMAP of PREPARE names */

/* A sidecar's bwrap */
#define SBX_SIDECAR_FILE_FD 10   /* its file, if it has one */
#define SBX_SIDECAR_LINK_FD 11   /* the pipe over which it says that it is ready */
#define SBX_SIDECAR_FILTER_FD 12 /* what it may call */

/* The program of a handler that is started for a crash: what happened, in JSON */
#define SBX_CRASH_JSON_FD 3

/* The socket to the keeper, in those of its children that execute no program */
#define SBX_FINDER_LINK_FD 0
#define SBX_GATHERER_LINK_FD 0
#define SBX_GATHERER_DIRECTORY_FD 1 /* keeper/context.h, where there is one */
#define SBX_GATHERER_END_FD 2
#define SBX_TRACER_LINK_FD 3
#define SBX_LEARNER_LINK_FD 3
#define SBX_LEARNER_QUESTIONS_FD 4 /* the listener of the filter */
#define SBX_LEARNER_FILE_FD 5      /* learned.h */

/* Beside the records: whoever connects is told what an instance with pidns=session joins */
#define SBX_SESSION_SOCKET "session"

/* The record of an instance, in $XDG_RUNTIME_DIR/sandbox/<id as 16 hex digits>/ */
#define SBX_KEEPER_SOCKET "keeper"
#define SBX_STATUS_FILE "status"
#define SBX_INFO_FILE "info"
#define SBX_SCOPE_FILE "scope"       /* while its scope is changed, or may be another one than info says */
#define SBX_NEW_INFO_FILE "info.new" /* until it takes the place of that */
#define SBX_DENIED_FILE "denied"     /* denials.h */
#define SBX_NEW_DENIED_FILE "denied.new"
#define SBX_WAYLAND_SUBDIR "wayland" /* … with the socket that the compositor listens at: keeper/context.h */
#define SBX_WAYLAND_SOCKET "socket"
#define SBX_PORTAL_SUBDIR "portal" /* what portals read of it: portal-info.h */
/* … and the directories of sidecars: sidecars.h */

/* Where the directories of doors are inside, each by a name of its own (keeper/parts/doors.h) */
#define SBX_DOORS_PLACE "/run/sandbox/open"
/* … and outside, in the directory of all kept homes: <id>/<that name> */
#define SBX_DOORS_SUBDIR ".open"

/* Where a handler finds its target's files, read-only */
#define SBX_TARGET_ROOT "/run/sandbox/target"
