/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of an installation: which files it consists of, and what was there before. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  char *kind; /* "launcher", "handler", "autostart", "dbus", "command" */
  char *path;
  char *content; /* to be installed; NULL in a record that was read */
  guint mode;
  /* Of the record */
  char **sums;  /* SHA-256 of what we have put there: now, and before if it was interrupted */
  char *backup; /* name of the copy of what was there, or NULL */
} SbxDesktopItem;
/* All copied; for the items of a record, which owns them. */
SbxDesktopItem *sbx_desktop_item_new (const char *kind, const char *path, const char *content, guint mode);

typedef struct {
  char *id;               /* "firefox-esr.desktop" */
  char *source;           /* the desktop entry it was made from */
  char *profile, *app_id; /* app_id: or NULL */
  gboolean portal;        /* the launcher belongs to the desktop's portal */
  GPtrArray *items;       /* SbxDesktopItem */
} SbxDesktopRecord;
/* Without items. */
SbxDesktopRecord *sbx_desktop_record_new (const char *id);
void sbx_desktop_record_free (SbxDesktopRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxDesktopRecord, sbx_desktop_record_free)

/* The record in the file @path, whose name is the id and SBX_DESKTOP_RECORD_SUFFIX. Errors: NOT_FOUND,
 * BAD_OPTION (names the line, or what is damaged). */
#define SBX_DESKTOP_RECORD_SUFFIX ".record"
SbxDesktopRecord *sbx_desktop_record_read (const char *path, GError **error);
/* The text of such a file; every item has its sums. The caller's. */
char *sbx_desktop_record_write (const SbxDesktopRecord *record);

G_END_DECLS
