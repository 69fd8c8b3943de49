/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances as the service describes them, and finding the one that is meant. */
#pragma once

#include "cli/link/service.h"

G_BEGIN_DECLS

typedef struct {
  char *path, *id;      /* id: 16 hexadecimal digits */
  GVariant *properties; /* a{sv} */
  guint64 started;      /* StartTime: looked up once, and not each time that two are compared */
} SbxInstanceInfo;

/* GPtrArray of SbxInstanceInfo by start time, or NULL with @error. */
GPtrArray *sbx_instances_list (SbxService *service, GError **error);
/* The same without those that have ended, of which there can be many times as many. */
GPtrArray *sbx_instances_list_running (SbxService *service, GError **error);
/* The same with the few properties that a table shows (ListBrief in the interface); all of them from an older service.
 */
GPtrArray *sbx_instances_list_brief (SbxService *service, GError **error);

/* The one that @word names: an id, an application id, a pid, or the beginning of an id, in this order; those that run
 * come before those that have ended. NULL with @error for none and for several. */
const SbxInstanceInfo *sbx_instances_find (GPtrArray *instances, const char *word, GError **error);

/* The last element of the object path @path, which owns it. */
const char *sbx_instance_id_of_path (const char *path);
/* "" when the property is not told; @self's. */
const char *sbx_instance_text (const SbxInstanceInfo *self, const char *property);
/* Its state as a word for people. */
const char *sbx_instance_state (const SbxInstanceInfo *self);
/* 0 when it is not told. */
guint64 sbx_instance_number (const SbxInstanceInfo *self, const char *property);
/* Whether its State is "exited". */
gboolean sbx_instance_has_ended (const SbxInstanceInfo *self);
/* The command for people: cleaned, quoted where needed. */
char *sbx_instance_command (const SbxInstanceInfo *self);

/* The exit status that Result a{sv} stands for; @problem gets a text when the sandbox broke down, else NULL. */
int sbx_instance_exit_status (GVariant *result, char **problem);

/* Opens the service, lists, and finds all of @words (NULL at the end) before anything is done to one of them. GPtrArray
 * of SbxInstanceInfo, which *@instances owns, or NULL with @error. */
GPtrArray *sbx_instances_open_all (char *const *words, SbxService **service, GPtrArray **instances, GError **error);

/* Opens the service and finds what @word names: what the verbs on one instance begin with. *@instances keeps the result
 * alive, and has no more than was needed to find it. */
const SbxInstanceInfo *sbx_instances_open (const char *word, SbxService **service, GPtrArray **instances,
                                           GError **error);

G_END_DECLS
