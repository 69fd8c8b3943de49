/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers: what the keeper mounts into a sandbox that bwrap has made, in this order, before anything of the application
 * runs. libc only.
 *
 * A layer says by which path something was found, and which object that was. The path is where to look again, the
 * object is what has to be found: the keeper mounts nothing else (keeper/gather.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  SBX_LAYER_TREE,      /* what is at the source outside, with all that is mounted in it */
  SBX_LAYER_SELF,      /* what is there inside, upon itself: so it cannot be renamed, or it becomes read-only */
  SBX_LAYER_TMPFS,     /* an empty directory of its own, of @mode */
  SBX_LAYER_DIRECTORY, /* nothing is mounted: the place is only made */
  SBX_LAYER_FILE,      /* a file of @content and @mode, read-only */
  SBX_LAYER_SEAL,      /* what is mounted there already becomes read-only */
  SBX_LAYER_DOOR, /* a file that the application may save (keeper/parts/doors.h). @source: the directory that it is in
                     outside; @dest: its place inside, of the same name; @content: the path, with its NUL, of the
                     directory where the two meet. IS_FILE: it is there already, so its place becomes a link */
  SBX_N_LAYER_KINDS
} SbxLayerKind;

typedef enum {
  SBX_LAYER_READ_ONLY = 1 << 0,
  SBX_LAYER_DEVICES = 1 << 1,    /* device files in it can be used */
  SBX_LAYER_MAKE = 1 << 2,       /* the place is made if it is not there, and every missing directory above it */
  SBX_LAYER_IS_FILE = 1 << 3,    /* … as an empty file */
  SBX_LAYER_KNOWN = 1 << 4,      /* TREE, DOOR: the source has to be this object; else whatever is there is meant */
  SBX_LAYER_DEST_KNOWN = 1 << 5, /* what is at the place has to be this other object */
  SBX_LAYER_SYSTEM = 1 << 6,     /* TREE, read-only: of the system, where no user writes; links to it are followed */
  SBX_LAYER_WAYLAND = 1 << 7,    /* TREE: the user's Wayland socket, or one of the instance's own in its place
                                    (keeper/context.h) */
  SBX_LAYER_ALL_FLAGS = (1 << 8) - 1
} SbxLayerFlags;

/* As stat(2) tells it. */
typedef struct {
  uint64_t device, inode;
} SbxLayerObject;

typedef struct {
  SbxLayerKind kind;
  uint32_t flags; /* SbxLayerFlags */
  uint32_t mode;  /* of TMPFS, DIRECTORY and FILE, and of directories that MAKE makes */
  SbxLayerObject object, dest_object;
  const char *source;  /* TREE, DOOR: absolute, without links; else "" */
  const char *dest;    /* inside: absolute, without links, not "/" */
  const void *content; /* of FILE; DOOR: see there; WAYLAND: the application's id, with its NUL */
  size_t n_content;
} SbxLayer;

#define SBX_LAYER_MAX_CONTENT 65536
#define SBX_LAYER_MAX_APP_ID 512 /* with its NUL; the options take 256 bytes (policy/options.c) */

/* The size in bytes of the record of @layer; the second writes the record at @at. */
size_t sbx_layer_size (const SbxLayer *layer);
void sbx_layer_write (const SbxLayer *layer, void *at);
/* Reads a record of @size bytes: @layer points into it. False for what breaks a rule above: a number that is none, a
 * path that is relative, too long, or has empty parts, "." or ".."; a content without a file, or a source without a
 * tree.
 */
bool sbx_layer_read (SbxLayer *layer, const void *data, size_t size);

#ifdef __cplusplus
}
#endif
