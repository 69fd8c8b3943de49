/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instances that the service knows, and how people name them. */
#pragma once

#include "cli/service.h"

G_BEGIN_DECLS

typedef struct {
  char *path;
  const char *id;       /* in path: 16 hexadecimal digits */
  GVariant *properties; /* a{sv} of the Instance interface */
} SbxItem;

/* All of them, oldest first; NULL with @error. Free with g_ptr_array_unref (). */
GPtrArray *sbx_instances_get (SbxService *service, GError **error);
/* The one that @name means: its id, application id, pid, or the beginning of its id. NULL with NOT_FOUND, or BAD_OPTION
 * when several would fit. Owned by @items. */
SbxItem *sbx_instances_find (GPtrArray *items, const char *name, GError **error);
/* Both in one, with the message printed. The path is the caller's. NULL when it failed. */
char *sbx_instances_resolve (SbxService *service, const char *name);

/* Property access; "" or 0 when it is missing. */
const char *sbx_item_string (const SbxItem *item, const char *property);
guint64 sbx_item_number (const SbxItem *item, const char *property);
gboolean sbx_item_running (const SbxItem *item); /* State is not "exited" */
/* The command, with what a shell would need quoted, clean for a terminal. */
char *sbx_item_command (const SbxItem *item);

/* Waits until the instance at @path has ended. @timeout_ms: < 0 for ever. 1: @properties (a{sv}) is its last state; 0:
 * out of time; -1: @error. Survives a restart of the service. */
int sbx_instances_wait (SbxService *service, const char *path, gint64 timeout_ms, GVariant **properties,
                        GError **error);
/* The exit status that stands for how it ended, or -1 with a message. */
int sbx_instances_exit_status (GVariant *properties);

G_END_DECLS
