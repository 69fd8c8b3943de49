/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a desktop looks for what it starts, and finding things there. */
#pragma once

#include "desktop/entry.h"

G_BEGIN_DECLS

typedef struct {
  char *home, *data_home, *config_home, *state_home, *bin_dir;
  char **data_dirs, **config_dirs; /* the system's, in order */
  char **path;                     /* $PATH without bin_dir */
  gboolean bin_dir_first;          /* a command of bin_dir comes before the system's */
} SbxDesktopPlaces;

/* From the environment, by the XDG Base Directory Specification. */
SbxDesktopPlaces *sbx_desktop_places_new (void);
void sbx_desktop_places_free (SbxDesktopPlaces *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxDesktopPlaces, sbx_desktop_places_free)

typedef struct {
  char *id;   /* "a-b.desktop" */
  char *path; /* where it lies */
  char *file; /* what to read */
} SbxDesktopFile;
void sbx_desktop_file_free (SbxDesktopFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxDesktopFile, sbx_desktop_file_free)

typedef enum { SBX_DESKTOP_APPLICATIONS, SBX_DESKTOP_AUTOSTART, SBX_DESKTOP_SERVICES } SbxDesktopKind;

/* The user's directory of @kind. */
char *sbx_desktop_places_own (const SbxDesktopPlaces *self, SbxDesktopKind kind);
/* All files of @kind that are in force: of each id the first. SbxDesktopFile, ordered by id. @view: path → the file to
 * read in its place (what was there before an installation), or "" for none; may be NULL. */
GPtrArray *sbx_desktop_places_list (const SbxDesktopPlaces *self, SbxDesktopKind kind, GHashTable *view);

/* The file that @program (a name or a path) stands for, absolute, links not followed; NULL when there is none. */
char *sbx_desktop_places_find_program (const SbxDesktopPlaces *self, const char *program);
/* Whether two such files are the same one in the end. */
gboolean sbx_desktop_same_program (const char *a, const char *b);
/* The programs that @entry starts, wrapped or not: absolute, each once. @group: SBX_DESKTOP_GROUP or
 * SBX_DBUS_SERVICE_GROUP. */
GPtrArray *sbx_desktop_places_programs (const SbxDesktopPlaces *self, const SbxDesktopEntry *entry, const char *group);

G_END_DECLS
