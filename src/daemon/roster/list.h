/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of applications of `sandboxd --session=LIST`. A group for each, named by the application's id:
 *
 *   [org.example.Clock]
 *   Profile=appliance
 *   Command=/usr/bin/clock             as in a profile; not said: the profile's
 *   Restart=failure                    never (not said), failure, always
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SBX_RESTART_NEVER,
  SBX_RESTART_FAILURE, /* it could not be started, or has not ended by itself with status 0 */
  SBX_RESTART_ALWAYS,
} SbxRestart;

typedef struct {
  char *app_id, *profile;
  char **command; /* NULL: the profile's */
  SbxRestart restart;
  guint line; /* of its group, from 1 */
} SbxListed;

/* Reads the list @path: SbxListed *, in its order, freed with the array. BAD_OPTION, "file:line:column: …", for what is
 * not of this form, has an id twice, an application without a profile, or more than SBX_MAX_LISTED; NOT_FOUND. */
GPtrArray *sbx_list_read (const char *path, GError **error);
/* The same of @size bytes of @data, which errors call @name. */
GPtrArray *sbx_list_parse (const char *data, gsize size, const char *name, GError **error);

G_END_DECLS
