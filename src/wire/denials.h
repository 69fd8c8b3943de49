/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an instance wanted and was denied: a bounded table, whichever part finds out. libc only.
 *
 * Names come from inside the sandbox. Each source says what its names look like; anything else is ignored. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_DENIALS 32
#define SBX_DENIAL_OBJECT                                                                                              \
  256                         /* with its NUL; a D-Bus name has 255 bytes at most (D-Bus specification, Valid Names)   \
                               */
#define SBX_DENIAL_ACTION 512 /* with its NUL; interface, dot, member */

#define SBX_DENIAL_PROCESS 16 /* with its NUL: what the kernel keeps of a name (TASK_COMM_LEN, proc_pid_comm(5)) */

/* Who denied it. */
typedef enum {
  SBX_DENIAL_BUS,     /* the filtered buses. object: a bus name, action: "interface.member", need: SbxBusNeed */
  SBX_DENIAL_CALL,    /* the filter of system calls. object: a call, action: the kind of SbxCallRule (wire/call-rule.h),
                         need: SBX_CALL_NEEDS_ALLOWING */
  SBX_DENIAL_NETWORK, /* the border of a network of its own. object: an address, action: "tcp:PORT", "udp:PORT" or
                         "icmp"; or a name that was asked for, and "dns". need: SbxNetworkNeed */
  SBX_N_DENIAL_SOURCES
} SbxDenialSource;

/* What the policy would have had to grant; the numbers are xdg-dbus-proxy's own (FlatpakPolicy). */
typedef enum {
  SBX_BUS_NEEDS_SEE = 1,
  SBX_BUS_NEEDS_TALK = 2,
  SBX_BUS_NEEDS_OWN = 3,
} SbxBusNeed;

#define SBX_CALL_NEEDS_ALLOWING 1

/* The word of [Network] allow= that the address is within; NOWHERE: no word opens it. */
typedef enum {
  SBX_NETWORK_NEEDS_INTERNET = 1,
  SBX_NETWORK_NEEDS_LAN,
  SBX_NETWORK_NEEDS_HOST,
  SBX_NETWORK_NEEDS_DNS,
  SBX_NETWORK_NEEDS_NOWHERE,
} SbxNetworkNeed;

typedef struct {
  uint32_t source;  /* SbxDenialSource */
  uint32_t need;    /* as the source says */
  uint32_t count;   /* since the row was made, INT32_MAX at most */
  uint32_t padding; /* 0 */
  int64_t from, to; /* when it came first and last, us since 1970; the clock may have been set in between */
  char process[SBX_DENIAL_PROCESS]; /* who wanted it first, printable ASCII; "" = not known */
  char object[SBX_DENIAL_OBJECT], action[SBX_DENIAL_ACTION];
} SbxDenial;

typedef struct {
  SbxDenial denial;
  uint64_t first, last; /* by the number of denials so far */
  bool changed;         /* since the reader has set it to false */
} SbxDenialRow;

/* Zero is an empty table. A row keeps its place until another denial takes it over. */
typedef struct {
  SbxDenialRow rows[SBX_DENIALS]; /* those that came most often, and those that came last: half of each */
  size_t n_rows;
  uint64_t n_seen;  /* denials so far */
  uint32_t dropped; /* denials that no row counts any more; INT32_MAX at most */
} SbxDenials;

/* Counts one more denial of @action on @object, now. Returns its row, or NULL: it does not look as @source says, and is
 * ignored. */
SbxDenialRow *sbx_denials_add (SbxDenials *self, SbxDenialSource source, const char *object, const char *action,
                               uint32_t need);
/* The same, that came @times times (more than 0). */
SbxDenialRow *sbx_denials_add_times (SbxDenials *self, SbxDenialSource source, const char *object, const char *action,
                                     uint32_t need, uint32_t times);
/* Counts @times denials that no row counts. */
void sbx_denials_drop (SbxDenials *self, uint32_t times);
/* Says who wanted it: @name is what the process calls itself, of which nothing but printable ASCII is kept. */
void sbx_denial_set_process (SbxDenial *denial, const char *name);
/* Whether a row has changed. */
bool sbx_denials_have_news (const SbxDenials *self);

/* Whether everything in @denial, which may come from anywhere, is as its source says. */
bool sbx_denial_is_valid (const SbxDenial *denial);
/* Whether both are equal apart from their counts. */
bool sbx_denial_is_same (const SbxDenial *a, const SbxDenial *b);
/* Whether @object and @action are as @source says. */
bool sbx_denial_is_object (SbxDenialSource source, const char *object);
bool sbx_denial_is_action (SbxDenialSource source, const char *action);
/* What the record of an instance has of them, as a file: SBX_DENIALS_FILE_HEAD bytes and the rows. Writes at most
 * SBX_DENIALS_FILE_MAX bytes to @file, and returns how many. */
#define SBX_DENIALS_FILE_HEAD (4 * sizeof (uint32_t))
#define SBX_DENIALS_FILE_MAX (SBX_DENIALS_FILE_HEAD + SBX_DENIALS * sizeof (SbxDenial))
size_t sbx_denials_write (const SbxDenials *self, void *file);
/* Reads such a file into @self. 0, or -1 with EBADMSG for anything else, and @self is empty then. */
int sbx_denials_read (SbxDenials *self, const void *file, size_t size);

/* Words for people: "see", "talk", "own", "allow", "internet". NULL for a number that @source does not have. */
const char *sbx_denial_need_name (uint32_t source, uint32_t need);

#ifdef __cplusplus
}
#endif
