/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Narrowing: what the keeper takes away from a running instance, one record for each path. libc only. */
#pragma once

#include "wire/layer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  SBX_NARROW_GONE,      /* nothing is there any more, and nothing can be put there */
  SBX_NARROW_READ_ONLY, /* it can be read and not written, with all that is in it */
  SBX_NARROW_KEEP,      /* stays as it is, although it lies in something that becomes read-only */
  SBX_N_NARROW_KINDS
} SbxNarrowKind;

typedef struct {
  SbxNarrowKind kind;
  bool known;            /* it is there outside, and is this object */
  SbxLayerObject object; /* zero unless it is known */
  const char *path;      /* inside: absolute, normal, not "/" */
} SbxNarrow;

/* The size in bytes of the record of @narrow; the second writes the record at @at. */
size_t sbx_narrow_size (const SbxNarrow *narrow);
void sbx_narrow_write (const SbxNarrow *narrow, void *at);
/* Reads a record of @size bytes: @narrow points into it. False for what breaks a rule above. */
bool sbx_narrow_read (SbxNarrow *narrow, const void *data, size_t size);

/* Whether @path is @top or lies in it. Both are absolute and normal. */
bool sbx_narrow_is_below (const char *path, const char *top);

#ifdef __cplusplus
}
#endif
