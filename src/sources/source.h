/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens what a path means, once, one component after the other, and says on which way it was found.
 *
 * Whoever may write a directory decides what the names in it mean. So a link is followed only where no sandbox can have
 * made it: not below a directory that some sandbox may write (it is *tainted*). */
#pragma once

#include "sources/object.h"

G_BEGIN_DECLS

#define SBX_SOURCE_MAX_LINKS 40
#define SBX_SOURCE_MAX_STEPS 10000 /* components, those of links included */

typedef enum {
  SBX_SOURCE_FILE,
  SBX_SOURCE_DIRECTORY,
  SBX_SOURCE_SOCKET,
  SBX_SOURCE_DEVICE,
  SBX_SOURCE_OTHER, /* a FIFO, or what no other word is for */
} SbxSourceKind;

/* A link that was followed. */
typedef struct {
  char *path;   /* of the link itself, without links */
  char *target; /* its text */
} SbxSourceLink;

typedef struct {
  int fd;     /* O_PATH, close-on-exec */
  char *path; /* where it was found: absolute, without links */
  SbxSourceKind kind;
  SbxObject object;
  GArray *links;       /* SbxSourceLink, in the order in which they were followed */
  const char *tainted; /* the words of the innermost tainted directory that it is below (or is), or NULL */
  const char *closed;  /* the same of a closed one */
  gboolean missing;    /* what was asked for is not there, and this is the directory in which the next part would be */
} SbxSource;

/* How to open. Everything may be zero. */
typedef struct {
  const SbxObjectSet *tainted;         /* or NULL */
  const SbxObjectSet *parents_tainted; /* directories of which each one in them is tainted, and they are not; or NULL */
  /* More that is tainted: asked for when there is a link, since that is rare and finding out may take long. The set
   * stays the other's. Or NULL. */
  const SbxObjectSet *(*more_tainted) (gpointer data);
  gpointer data;
  gboolean *planted;          /* or NULL: set when a link that a sandbox may have made is why there is an error */
  const SbxObjectSet *closed; /* or NULL. Only looked out for, not refused here */
  gboolean create;            /* directories that are missing are made, with @mode as the umask leaves it, but none in
                               * something closed */
  mode_t mode;
  gboolean partial; /* what is missing is no error: the way ends in the directory that it would be in */
} SbxSourceWay;

/* Opens @path, which is absolute. Errors: NOT_FOUND (a component is missing), SPAWN_FAILED: with the component and its
 * errno; a link that a sandbox may have made, with what to write instead; more than SBX_SOURCE_MAX_LINKS links,
 * SBX_SOURCE_MAX_STEPS components or PATH_MAX bytes; a directory that would have to be made in something closed. What
 * was made before an error stays. */
SbxSource *sbx_source_open (const char *path, const SbxSourceWay *way, GError **error);
void sbx_source_free (SbxSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxSource, sbx_source_free)

G_END_DECLS
