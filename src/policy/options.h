/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a{sv} options of D-Bus methods, by table: unknown keys, wrong types, oversize values are BAD_OPTION and name the key.
 * A new option is a row, a field of SbxOptions, its use, and its description in data/dbus-1. */
#pragma once

#include <gio/gio.h>

#include "policy/nearest.h"

G_BEGIN_DECLS

typedef gboolean (*SbxOptionCheck) (const char *key, GVariant *value, GError **error);

typedef struct {
  const char *key;
  const char *type;     /* GVariant type string */
  gsize max_size;       /* bytes of the serialised value */
  SbxOptionCheck check; /* or NULL */
  gsize field;          /* offset in SbxOptions, of the C type that belongs to @type */
} SbxOptionSpec;

/* What the options say, all of it owned. A value of type s or ay is a char *, without the NUL at the end that some
 * bindings send; as: char **; b: gboolean; h: gint32; any other: GVariant *. NULL, FALSE or -1 (h): not said. */
typedef struct {
  char *app_id, *cwd, *cwd_also, *on_crash, *activation_token, *hidepid, *subset, *access;
  char **unset_env, **display_env;
  gboolean cwd_optional, tty, hold, join, reconnect;
  gint32 lifeline, descriptors, learn;
  GVariant *env;         /* a{ss} */
  GVariant *fds;         /* a{uh} */
  GVariant *forward;     /* ah */
  GVariant *forward_new; /* a(hay) */
  GVariant *policy;      /* a{sv} */
  GVariant *seconds;     /* u */
  GVariant *inherit;     /* a{sv}; policy/inherited.h */
} SbxOptions;

/* Every entry of @options against @table (ends with a NULL key). Errors: BAD_OPTION, with the key, for one that is not
 * in it (names the nearest), is too large, of another type, or not what its check wants. */
gboolean sbx_options_check (GVariant *options, const SbxOptionSpec *table, GError **error);

/* Checks @options and puts them into @into, which is overwritten. Errors: those of sbx_options_check (); @into says
 * nothing then. */
gboolean sbx_options_read (GVariant *options, const SbxOptionSpec *table, SbxOptions *into, GError **error);
void sbx_options_clear (SbxOptions *self);

/* s: as a D-Bus name without ':', at most 255 bytes; one element is enough. Errors: BAD_OPTION. */
gboolean sbx_option_check_app_id (const char *key, GVariant *value, GError **error);

/* The options of Launch and Explain, of Exec, of Attach, of GetProcfs, of Grant, of GrantNetwork, and of
 * GrantFacilities. */
extern const SbxOptionSpec sbx_launch_options[];
extern const SbxOptionSpec sbx_exec_options[];
extern const SbxOptionSpec sbx_attach_options[];
extern const SbxOptionSpec sbx_procfs_options[];
extern const SbxOptionSpec sbx_grant_options[];
extern const SbxOptionSpec sbx_grant_network_options[];
extern const SbxOptionSpec sbx_grant_facilities_options[];
#define SBX_GRANT_MAX_SECONDS 2678400 /* 31 days */

G_END_DECLS
