/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A desktop entry (Desktop Entry Specification 1.5) or a D-Bus service file: read strictly, changed key by key, written
 * with every comment, translation and unknown key as it was. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SBX_DESKTOP_MAX (1024 * 1024) /* the largest in Debian 12 is below 100 KiB */
#define SBX_DESKTOP_GROUP "Desktop Entry"
#define SBX_DESKTOP_ACTION_PREFIX "Desktop Action "
#define SBX_DBUS_SERVICE_GROUP "D-BUS Service"

typedef struct _SbxDesktopEntry SbxDesktopEntry;
void sbx_desktop_entry_free (SbxDesktopEntry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxDesktopEntry, sbx_desktop_entry_free)

/* Reads @data (@size bytes), called @name in errors; its first group must be @group. Errors: BAD_OPTION with
 * "name:line: …": NUL, carriage returns and other control characters, no UTF-8, groups or keys that are there twice,
 * lines that are neither; LIMITS beyond SBX_DESKTOP_MAX. */
SbxDesktopEntry *sbx_desktop_entry_parse (const char *data, gsize size, const char *name, const char *group,
                                          GError **error);
/* The same from the regular file @path, which may be a link; never waits. Errors also: NOT_FOUND, SPAWN_FAILED (cannot
 * be read, no regular file). */
SbxDesktopEntry *sbx_desktop_entry_read (const char *path, const char *group, GError **error);

/* The names of the groups, in order; free the array only. */
const char **sbx_desktop_entry_groups (const SbxDesktopEntry *self);
/* The keys of @group, in order, "Name[de]" and all; empty when there is no such group. Free the array only. */
const char **sbx_desktop_entry_keys (const SbxDesktopEntry *self, const char *group);
/* The raw value (escapes and all) of @key, or NULL. Translations are keys like "Name[de]". */
const char *sbx_desktop_entry_get (const SbxDesktopEntry *self, const char *group, const char *key);
/* Whether the value is "true", or "1" as before version 1.0 of the specification. */
gboolean sbx_desktop_entry_get_boolean (const SbxDesktopEntry *self, const char *group, const char *key);
/* The items of a list, unescaped; empty when there is no such key. */
char **sbx_desktop_entry_get_list (const SbxDesktopEntry *self, const char *group, const char *key);
/* Replaces the raw value, or adds the key at the end of the group, which must be there. */
void sbx_desktop_entry_set (SbxDesktopEntry *self, const char *group, const char *key, const char *raw);
/* Removes the key, or the group with all that is in it; nothing when it is not there. */
void sbx_desktop_entry_unset (SbxDesktopEntry *self, const char *group, const char *key);
void sbx_desktop_entry_remove_group (SbxDesktopEntry *self, const char *group);
/* The file; what was not changed is the same to the byte. */
char *sbx_desktop_entry_to_text (const SbxDesktopEntry *self);

/* Reads the whole of the regular file @path, at most @max bytes. Errors: NOT_FOUND, LIMITS, SPAWN_FAILED. */
char *sbx_desktop_read_file (const char *path, gsize max, gsize *size, GError **error);

G_END_DECLS
