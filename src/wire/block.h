/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A block: what a PREPARE, FURNISH, START or EXEC message carries, in a sealed memfd. libc only.
 *
 * Layout: records of { uint32_t tag; uint32_t length; uint8_t value[length]; } one after the other, each record
 * padded with NULs to a multiple of 8 bytes, host byte order. Which tags may come, how often, and how long each may be,
 * is one table in block.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/destination.h"
#include "wire/layer.h"
#include "wire/narrow.h"
#include "wire/sidecars.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  SBX_TAG_ID = 1,    /* 16 hex digits */
  SBX_TAG_INFO,      /* bytes for the info file, of START; for the new one, of CHANGE */
  SBX_TAG_BWRAP,     /* strv: argument vector, [0] is bwrap's path */
  SBX_TAG_FDMAP,     /* int32_t[]: the number inside of each descriptor that follows the fixed ones */
  SBX_TAG_PROCFS,    /* uint32_t: SbxProcfsFlags */
  SBX_TAG_DOMAIN,    /* uint32_t: SbxDomainFlags, of the instance domain */
  SBX_TAG_FLAGS,     /* uint32_t: SbxStartFlags */
  SBX_TAG_ARGV,      /* strv, at least one */
  SBX_TAG_ENV,       /* strv of NAME=value */
  SBX_TAG_CWD,       /* path */
  SBX_TAG_HOME,      /* path: the directory to go to when CWD is not there and CWD_OPTIONAL is set */
  SBX_TAG_SECCOMP,   /* struct sock_filter[] */
  SBX_TAG_LANDLOCK,  /* uint64_t[3]: handled_access_fs, handled_access_net, scoped of the app domain; absent = no domain
                      */
  SBX_TAG_PATH_RULE, /* uint64_t access + path; repeated; a path that does not exist is passed over */
  SBX_TAG_PORT_RULE, /* uint64_t[2]: access, port; repeated */
  SBX_TAG_RLIMIT,    /* uint64_t[3]: resource, soft, hard; repeated. Of CHANGE: no process may have more from now on */
  SBX_TAG_JOIN,      /* uint32_t: SbxEnforced that a handler has from its target; absent = an instance of its own */
  SBX_TAG_DOCUMENTS, /* string: below XDG_RUNTIME_DIR/doc, which is the same inside: the part for this application;
                        absent = none */
  SBX_TAG_DOCUMENTS_AT, /* path: that directory; with DOCUMENTS */
  SBX_TAG_SIDECAR, /* uint32_t: SbxSidecarKind, each kind once. Begins a group: the SIDECAR_ records right behind it,
                      each at most once, are this sidecar's */
  SBX_TAG_SIDECAR_COMMAND, /* strv: its command line, [0] is bwrap's path */
  SBX_TAG_SIDECAR_FILTER,  /* struct sock_filter[]: what it may call */
  SBX_TAG_SIDECAR_FILE,    /* bytes that it is given as a file; absent = no file */
  SBX_TAG_SIDECAR_MEMORY,  /* uint64_t: bytes that it may have (RLIMIT_DATA); absent = no limit */
  SBX_TAG_CWD_ALSO,        /* path: another name of CWD, which is tried next */
  SBX_TAG_UMASK,           /* uint32_t */
  SBX_TAG_IGNORED,         /* uint64_t: signals, bit N-1 is signal N */
  SBX_TAG_NICE,            /* uint32_t: 20 more than the nice value */
  SBX_TAG_SCHEDULER,       /* uint32_t: SCHED_* */
  SBX_TAG_IO_PRIORITY,     /* uint32_t: as ioprio_set(2) takes it */
  SBX_TAG_OOM,             /* uint32_t: oom_score_adj, of which lower ones than one has are passed over */
  SBX_TAG_CPUS,            /* uint64_t[]: as sched_setaffinity(2) takes them */
  SBX_TAG_LAYER,           /* what the keeper mounts into the sandbox: wire/layer.h; repeated, in this order */
  SBX_TAG_NARROW,          /* what a running instance loses: wire/narrow.h; repeated */
  SBX_TAG_SESSION, /* uint32_t[2]: uid and gid inside, of an instance that joins the pid namespace of its login session;
                      absent = it has one of its own, or its target's */
  SBX_TAG_CALL_RULE,  /* a call that the filter asks about: wire/call-rule.h; repeated */
  SBX_TAG_SIDECAR_TO, /* SbxDestination[]: where the packets may go that it carries; absent = nowhere */
  SBX_TAG_PATH_CALL,  /* a call that the filter of an instance that is learned asks about: wire/path-call.h; repeated */
  SBX_TAG_TO, /* SbxDestination[]: where packets of a running instance's own network may go from now on; absent = as
                 before */
  SBX_TAG_SIDECARS_ENDED, /* uint32_t: bit N is the SbxSidecarKind N, which a running instance loses */
  SBX_TAG_SIDECARS_STAY,  /* uint32_t: bit N is the SbxSidecarKind N: the one that is replaced goes on with those who
                             are connected to it */
  SBX_TAG_PUBLISHED, /* SbxPublished[]: ports of this machine that lead into the instance's own network; absent = none
                      */
  SBX_TAG_SYSTEM_LAYER, /* what the keeper mounts into every sandbox of a kind: a layer with SBX_LAYER_SYSTEM; repeated,
                           in this order */
  SBX_N_TAGS
} SbxTag;

typedef enum {
  SBX_PROCFS_PRIVATE = 1 << 0,    /* replace bwrap's own; without it nothing is done */
  SBX_PROCFS_PTRACEABLE = 1 << 1, /* hidepid=ptraceable */
  SBX_PROCFS_INVISIBLE = 1 << 2,  /* hidepid=invisible */
  SBX_PROCFS_SUBSET_PID = 1 << 3,
  SBX_PROCFS_READ_ONLY =
      1 << 4, /* nothing can be written in it or through its links: /proc/PID/mem, /proc/PID/root/… */
  SBX_PROCFS_NO_KEYS = 1 << 5, /* the files that name the user's keys cannot be read */
  /* Not of an instance's own: */
  SBX_PROCFS_NO_ACCESS = 1 << 6,  /* hidepid=noaccess */
  SBX_PROCFS_NO_WRITING = 1 << 7, /* read-only, but its links are followed */
} SbxProcfsFlags;

/* What one may ask a procfs to be. */
#define SBX_PROCFS_ASKABLE (SBX_PROCFS_PTRACEABLE | SBX_PROCFS_INVISIBLE | SBX_PROCFS_NO_ACCESS | SBX_PROCFS_SUBSET_PID)

typedef enum {
  SBX_DOMAIN_SCOPED = 1 << 0,   /* enter it if the kernel has scopes */
  SBX_DOMAIN_REQUIRED = 1 << 1, /* fail the launch where it can't be had */
} SbxDomainFlags;

typedef enum {
  SBX_START_TTY = 1 << 0, /* fd 0 becomes the controlling terminal */
  SBX_START_CWD_OPTIONAL = 1 << 1,
  SBX_START_LINGER = 1 << 2, /* the instance lives until its last process has ended */
  SBX_START_SWEEP = 1 << 3,  /* init, which is not PID 1, ends all others of its Landlock domain when it ends */
} SbxStartFlags;

/* One record of a block, pointing into it. */
typedef struct {
  uint32_t tag;
  uint32_t length;
  const void *value;
} SbxRecord;

/* A block that has been mapped and checked as a whole: every length, count and terminating NUL. */
typedef struct {
  const uint8_t *data;
  size_t size;
} SbxBlock;

typedef enum {
  SBX_BLOCK_PREPARE, /* a box: nothing of the user's, nor of the command that will run in it */
  SBX_BLOCK_START,   /* its first process, what confines all of them, and the info file */
  SBX_BLOCK_EXEC,    /* one more process: what confines it is in force already */
  SBX_BLOCK_CHANGE,  /* what a running instance loses or gets */
  SBX_BLOCK_FURNISH, /* what one instance has in its box: a name, sidecars, files */
} SbxBlockKind;

/* Maps the memfd @fd and checks all of it. Refuses one that is not sealed against writing, shrinking and growing
 * (EPERM), is over 64 MiB (E2BIG), or breaks the table (EBADMSG). Returns 0 or -1 with errno. */
int sbx_block_open (SbxBlock *block, int fd, SbxBlockKind kind);
/* The same checks on bytes in memory (8-byte aligned), which the caller keeps alive. */
int sbx_block_check (SbxBlock *block, const void *data, size_t size, SbxBlockKind kind);
/* Unmaps what sbx_block_open () has mapped. */
void sbx_block_close (SbxBlock *block);

/* The next record with @tag after @record (which starts zeroed). False when there is none. */
bool sbx_block_next (const SbxBlock *block, uint32_t tag, SbxRecord *record);

/* Returns the only value of @tag as a number or string, or @fallback. */
uint32_t sbx_block_u32 (const SbxBlock *block, uint32_t tag, uint32_t fallback);
/* Points into the block. */
const char *sbx_block_string (const SbxBlock *block, uint32_t tag, const char *fallback);

/* The strings of a strv record as a NULL-terminated array that points into the block; free () the array.
 * NULL with errno = ENOMEM, or ENOENT when the block has no such record. */
char **sbx_block_strv (const SbxBlock *block, uint32_t tag, size_t *count);

/* One group of a block. */
typedef struct {
  SbxSidecarKind kind;
  SbxBlock records; /* those of the group, for the functions above; a part of the block, never to be closed */
} SbxSidecarGroup;

/* The next group after @group (which starts zeroed). False when there is none. */
bool sbx_block_next_sidecar (const SbxBlock *block, SbxSidecarGroup *group);

/* A block that is being written. Starts zeroed; each function adds a record to a growing buffer; sbx_block_finish ()
 * reports the first error. */
typedef struct {
  uint8_t *data;
  size_t size, room;
  int error;
} SbxBlockWriter;

void sbx_block_add (SbxBlockWriter *writer, uint32_t tag, const void *value, size_t length);
void sbx_block_add_u32 (SbxBlockWriter *writer, uint32_t tag, uint32_t value);
void sbx_block_add_string (SbxBlockWriter *writer, uint32_t tag, const char *value);
void sbx_block_add_strv (SbxBlockWriter *writer, uint32_t tag, const char *const *strings);
/* Access right + path of a PATH_RULE. */
void sbx_block_add_path_rule (SbxBlockWriter *writer, uint64_t access, const char *path);
/* As LAYER, or as SYSTEM_LAYER if it is one. */
void sbx_block_add_layer (SbxBlockWriter *writer, const SbxLayer *layer);
void sbx_block_add_narrow (SbxBlockWriter *writer, const SbxNarrow *narrow);
/* Writes the buffer, which stays, to a sealed, close-on-exec memfd. Returns the descriptor or -1 with errno. */
int sbx_block_make (const SbxBlockWriter *writer);
/* The same, and frees it. */
int sbx_block_finish (SbxBlockWriter *writer);
/* Frees the buffer of one that is not finished. */
void sbx_block_writer_clear (SbxBlockWriter *writer);

#ifdef __cplusplus
}
#endif
