/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stays closed in every sandbox, and what a policy closes, as objects: under whatever name they are to be seen. */
#pragma once

#include "sources/mount-table.h"
#include "sources/source.h"

G_BEGIN_DECLS

typedef enum {
  SBX_CLOSED_READABLE = 1 << 0, /* it may be read, and not written */
  SBX_CLOSED_NAMED = 1 << 1,    /* a rule that names something in it, by the same words, opens that */
  SBX_CLOSED_MAKE = 1 << 2,     /* it is made where it could be made from inside, else it could be put there */
  SBX_CLOSED_LINKED = 1 << 3,   /* a link in something closed leads to it; who could make it is refused */
} SbxClosedFlags;

typedef struct {
  char *named; /* the path by which it is known; rules are compared with that */
  char
      *path; /* where it was found: without links. Of a missing one: the directory that its first missing part is not in
              */
  char *words; /* for people: what it is, with the path. No other row has the same */
  guint flags; /* SbxClosedFlags */
  SbxObject object;
  gboolean directory;
  GPtrArray *links; /* the paths of the links that lead to it, without links themselves; or NULL */
} SbxClosed;

typedef struct {
  GArray *rows;      /* SbxClosed */
  SbxObjectSet *set; /* the objects, with their words */
  GArray *missing;   /* SbxClosed without an object */
} SbxClosedList;

SbxClosedList *sbx_closed_list_new (void);
void sbx_closed_list_free (SbxClosedList *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxClosedList, sbx_closed_list_free)

/* Adds what is at @named, an absolute path, unless it is there already; links are followed, since whoever uses it
 * follows them too. @what: for people. Errors: SPAWN_FAILED where it is there and cannot be opened. */
gboolean sbx_closed_list_add (SbxClosedList *self, const char *named, const char *what, guint flags,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Adds the object of @source, which is known as @named. */
gboolean sbx_closed_list_add_source (SbxClosedList *self, const SbxSource *source, const char *named, const char *what,
                                     guint flags, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The row of which these are the words cannot be read any more, unless @flags say SBX_CLOSED_READABLE. */
void sbx_closed_list_narrow (SbxClosedList *self, const char *words, guint flags);
/* The row that is known as @path, or NULL. Not what is missing. */
const SbxClosed *sbx_closed_list_find_named (const SbxClosedList *self, const char *path);
/* Adds what the links in the directory of row @at lead to, and in directories in it, @depth deep: as closed as the row.
 * A link that leads nowhere is missing. Errors: SPAWN_FAILED. */
gboolean sbx_closed_list_add_linked (SbxClosedList *self, guint at, guint depth,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Adds what is mounted in the rows from @from on, which may be to be seen elsewhere too. The same. */
gboolean sbx_closed_list_add_mounted (SbxClosedList *self, const SbxMountTable *table, guint from,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether @path is a directory of theirs, or lies in one: nobody inside can change it. */
gboolean sbx_closed_list_holds (const SbxClosedList *self, const char *path);
/* Whether @path is what one of them is known as. Not for what is missing. */
gboolean sbx_closed_list_has_named (const SbxClosedList *self, const char *path);
/* Returns the row with these words, as SbxSource has them, or NULL. */
const SbxClosed *sbx_closed_list_find (const SbxClosedList *self, const char *words);

G_END_DECLS
