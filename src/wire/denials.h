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

/* Who denied it. */
typedef enum {
  SBX_DENIAL_BUS, /* the filtered buses. object: a bus name, action: "interface.member", need: SbxBusNeed */
  SBX_N_DENIAL_SOURCES
} SbxDenialSource;

/* What the policy would have had to grant; the numbers are xdg-dbus-proxy's own (FlatpakPolicy). */
typedef enum {
  SBX_BUS_NEEDS_SEE = 1,
  SBX_BUS_NEEDS_TALK = 2,
  SBX_BUS_NEEDS_OWN = 3,
} SbxBusNeed;

typedef struct {
  uint32_t source; /* SbxDenialSource */
  uint32_t need;   /* as the source says */
  uint32_t count;  /* since the row was made, INT32_MAX at most */
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

/* Counts one more denial of @action on @object. Ignores it if it does not look as @source says. */
void sbx_denials_add (SbxDenials *self, SbxDenialSource source, const char *object, const char *action, uint32_t need);
/* Whether a row has changed. */
bool sbx_denials_have_news (const SbxDenials *self);

/* Whether everything in @denial, which may come from anywhere, is as its source says. */
bool sbx_denial_is_valid (const SbxDenial *denial);
/* Whether both are equal apart from their counts. */
bool sbx_denial_is_same (const SbxDenial *a, const SbxDenial *b);
/* Whether @object and @action are as @source says. */
bool sbx_denial_is_object (SbxDenialSource source, const char *object);
bool sbx_denial_is_action (SbxDenialSource source, const char *action);
/* Words for people: "see", "talk", "own". NULL for a number that @source does not have. */
const char *sbx_denial_need_name (uint32_t source, uint32_t need);

#ifdef __cplusplus
}
#endif
