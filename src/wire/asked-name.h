/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that an instance has asked the resolver of its own network for: a bounded table, of the last ones. It is
 * nowhere but in memory, of the keeper and of the services that it tells: what somebody looks up is nobody else's
 * business, and goes with the instance. libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/destination.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_ASKED_NAMES 16

/* Zero is a free row. */
typedef struct {
  int64_t last;             /* when it was asked for last, us since 1970; the clock may have been set in between */
  uint64_t order;           /* of the last time, among all names */
  uint32_t count;           /* since the row was made, INT32_MAX at most */
  uint32_t changed;         /* 1: since the reader has set it to 0 */
  char name[SBX_NAME_SIZE]; /* in small letters; NULs from its end on */
} SbxAskedName;

/* Zero is an empty table. A row keeps its place until another name takes it over: the one not asked for longest goes.
 */
typedef struct {
  uint64_t n_asked;
  SbxAskedName rows[SBX_ASKED_NAMES];
} SbxAskedNames;

/* Whether @name, which may come from anywhere, is one that is kept: of a host's letters in small ("a" to "z", digits,
 * "-", "_", "."), neither empty nor longer than a name can be. It can do nothing to a terminal or a log. */
bool sbx_asked_name_is_valid (const char *name);
/* Counts that @name was asked for @times times (more than 0), at @when. Anything that is no valid name is ignored. */
void sbx_asked_names_add (SbxAskedNames *self, const char *name, uint32_t times, int64_t when);
/* Adds what @more, which may come from anywhere, has; in the order in which it was asked for. */
void sbx_asked_names_join (SbxAskedNames *self, const SbxAskedNames *more);

#ifdef __cplusplus
}
#endif
