/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* $XDG_STATE_HOME/sandbox/crashes: one directory for each crash, named ID or ID-N after the instance. `crash.json` is
 * the service's; the rest is what a handler wrote, who must be expected to be hostile: no link in there is followed. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SBX_CRASH_FILE "crash.json"   /* what the service knows */
#define SBX_APP_FILE "app-id"         /* for sbx_crash_store_rotate () */
#define SBX_REPORT_FILE "report.json" /* what sandbox-dump found out */
#define SBX_CRASHES_MAX 32
#define SBX_CRASHES_MAX_BYTES (G_GUINT64_CONSTANT (4) << 30)
#define SBX_CRASH_FILE_MAX (16u << 20)

typedef struct {
  char *id;
  char *app;     /* what SBX_APP_FILE says, or NULL */
  gint64 time;   /* of the last change; seconds since 1970 */
  guint64 bytes; /* on the disk */
} SbxCrashEntry;

void sbx_crash_entry_free (SbxCrashEntry *entry);

/* Where it is, by @environment; the caller's. */
char *sbx_crash_store_path (const char *const *environment);
/* A descriptor of it; made (mode 0700) if @make. -1 with NOT_FOUND (it is not there), or SPAWN_FAILED. */
int sbx_crash_store_open (const char *path, gboolean make, GError **error);
/* SbxCrashEntry *, oldest first. */
GPtrArray *sbx_crash_store_list (int store);
/* A new directory for a crash of the instance @instance (16 hex digits). NULL with SPAWN_FAILED. */
char *sbx_crash_store_add (int store, const char *instance, GError **error);
/* Removes reports but @keep until there are at most @count of at most @bytes: always the oldest one of the instance, or
 * application, that has most of them or the largest, so that one that crashes again and again replaces its own and not
 * those of others. If @keep alone is the largest, what is too much stays until the next time. */
void sbx_crash_store_rotate (int store, const char *keep, guint count, guint64 bytes);
/* FALSE with NOT_FOUND, BAD_OPTION (no such name) or SPAWN_FAILED. */
gboolean sbx_crash_store_remove (int store, const char *id, GError **error);
/* A whole new file in the place of @name. */
gboolean sbx_crash_store_write (int store, const char *id, const char *name, const char *text, GError **error);
/* A regular file of at most SBX_CRASH_FILE_MAX, or NULL with NOT_FOUND. */
char *sbx_crash_store_read (int store, const char *id, const char *name, gsize *size, GError **error);

G_END_DECLS
