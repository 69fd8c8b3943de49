/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sandbox may reach: an immutable value, ordered by "allows no more than". The bottom allows nothing.
 *
 * Every facility has one kind, and the kind says how values are compared, met and overridden:
 *   flags   a set of words                      meet = intersection
 *   level   one word of an ordered row          meet = the one that allows less
 *   paths   path → none < ro < rw < create, each path as its nearest named ancestor says   meet = pointwise least
 *   names   bus name or prefix.* → see < talk < own, the greatest that matches              meet = pointwise least
 *   ports   a set of TCP ports or "all"         meet = intersection
 *   published   ports of this machine that lead to it       meet = intersection
 *   destinations  places and networks that packets go to    meet = intersection, of denied ones union
 *   number  a limit or none                     meet = least
 *   pairs   variable → nothing < one value < the caller's own; meet of two different values is nothing
 *   calls   system calls allowed or denied on top of the tier
 * words.h has every word with its meaning, its class and its risk, vocabulary.c every key with its group and kind. */
#pragma once

#include <glib-object.h>

#include "policy/words.h"
#include "wire/destination.h"
#include "wire/published.h"

G_BEGIN_DECLS

/* The words of each key are the rows of words.h. The flags are bits, all others in the order of what they allow. */
#define SBX_POSITION(name, ...) name##_POSITION,
#define SBX_BIT(name, ...) name = 1 << name##_POSITION,
#define SBX_NAME(name, ...) name,

enum { SBX_SHARED_WORDS (SBX_POSITION) };
enum { SBX_SOCKET_WORDS (SBX_POSITION) };
enum { SBX_DEVICE_WORDS (SBX_POSITION) };
enum { SBX_FEATURE_WORDS (SBX_POSITION) };
typedef enum { SBX_SHARED_WORDS (SBX_BIT) } SbxShared;
typedef enum { SBX_SOCKET_WORDS (SBX_BIT) } SbxSockets;
typedef enum { SBX_DEVICE_WORDS (SBX_BIT) } SbxDevices;
typedef enum { SBX_FEATURE_WORDS (SBX_BIT) } SbxFeatures;

typedef enum { SBX_HIDEPID_WORDS (SBX_NAME) } SbxHidepid;
typedef enum { SBX_SUBSET_WORDS (SBX_NAME) } SbxSubset;
typedef enum { SBX_PROCFS_INSTANCE_WORDS (SBX_NAME) } SbxProcfsInstance;
typedef enum { SBX_PIDNS_WORDS (SBX_NAME) } SbxPidns;
typedef enum { SBX_X11_WORDS (SBX_NAME) } SbxX11;
typedef enum { SBX_TIER_WORDS (SBX_NAME) } SbxTier;
typedef enum { SBX_ACCESS_WORDS (SBX_NAME) } SbxAccess;
typedef enum { SBX_SESSION_BUS_WORDS (SBX_NAME) } SbxBusAccess;
#undef SBX_POSITION
#undef SBX_BIT
#undef SBX_NAME

typedef enum { SBX_BUS_SESSION, SBX_BUS_SYSTEM, SBX_N_BUSES } SbxBus;
typedef enum {
  SBX_LIMIT_MEMORY,
  SBX_LIMIT_PIDS,
  SBX_LIMIT_CPU,
  SBX_LIMIT_NOFILE,
  SBX_LIMIT_CORE,
  SBX_N_LIMITS
} SbxLimit;
#define SBX_LIMIT_NONE G_MAXUINT64 /* memory, core: bytes; cpu: percent of one processor; pids, nofile: number */

/* What polkit is asked for because of a difference; bits, so that several can be asked. The order is that of the
 * actions in names.h from extend-files on. */
typedef enum {
  SBX_CLASS_FILES = 1 << 0,
  SBX_CLASS_NETWORK = 1 << 1,
  SBX_CLASS_DEVICES = 1 << 2,
  SBX_CLASS_BUS = 1 << 3,
  SBX_CLASS_DISPLAY = 1 << 4,
  SBX_CLASS_HANDLER = 1 << 5, /* no policy needs it: a crash handler that the profile does not name */
} SbxClass;

typedef struct _SbxPolicy SbxPolicy;

/* Policies never change, so that one may be shared by whoever holds a reference. */
SbxPolicy *sbx_policy_ref (const SbxPolicy *policy);
void sbx_policy_unref (SbxPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxPolicy, sbx_policy_unref)

/* What a policy is read against: when it is resolved, paths like ~ and xdg-download become absolute ones. */
typedef struct {
  const char *home;
  const char *const *xdg_dirs; /* G_USER_N_DIRECTORIES entries, NULL where none is set, in GUserDirectory's order */
  const char *runtime_dir, *data_home, *config_home, *cache_home;
} SbxPlaces;

/* Nothing is granted, and nothing is limited: what profiles start from. */
SbxPolicy *sbx_policy_new (void);
/* As sbx_policy_new (), with every limit 0: allows no more than any other. */
SbxPolicy *sbx_policy_bottom (void);

/* The greatest policy that allows no more than either. */
SbxPolicy *sbx_policy_meet (const SbxPolicy *a, const SbxPolicy *b) G_GNUC_WARN_UNUSED_RESULT;
/* The least policy that allows no less than either. */
SbxPolicy *sbx_policy_join (const SbxPolicy *a, const SbxPolicy *b) G_GNUC_WARN_UNUSED_RESULT;
/* @base with the filesystems= and sockets= of @from: what can be changed while an instance runs. */
SbxPolicy *sbx_policy_with_mounts (const SbxPolicy *base, const SbxPolicy *from) G_GNUC_WARN_UNUSED_RESULT;
/* @base with the [Network] allow= and deny= of @from: what its border can be told while an instance with a network of
 * its own runs. Without a network @base stays as it is. */
SbxPolicy *sbx_policy_with_destinations (const SbxPolicy *base, const SbxPolicy *from) G_GNUC_WARN_UNUSED_RESULT;
/* @base with @more of [Network] allow= ("lan", "example.org:443"; no "none" and no "!"), the caller's. Without a
 * network
 * @base stays as it is. Errors: BAD_OPTION, with the word. */
SbxPolicy *sbx_policy_with_allowed (const SbxPolicy *base, const char *const *more,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* @base with the names of both buses of @from: what another filter of them can be told while an instance runs. */
SbxPolicy *sbx_policy_with_buses (const SbxPolicy *base, const SbxPolicy *from) G_GNUC_WARN_UNUSED_RESULT;
/* @base with the limits of @from. */
SbxPolicy *sbx_policy_with_limits (const SbxPolicy *base, const SbxPolicy *from) G_GNUC_WARN_UNUSED_RESULT;
/* @base with what @more has of names on both buses, of sockets= and of devices=. */
SbxPolicy *sbx_policy_with_more (const SbxPolicy *base, const SbxPolicy *more) G_GNUC_WARN_UNUSED_RESULT;
/* @base with @access to @path, which is absolute and normal; rules of @base for what lies in it stay. */
SbxPolicy *sbx_policy_with_path (const SbxPolicy *base, const char *path, SbxAccess access) G_GNUC_WARN_UNUSED_RESULT;
/* Whether @a allows no more than @b. */
gboolean sbx_policy_leq (const SbxPolicy *a, const SbxPolicy *b);
/* Whether each allows no more than the other. */
gboolean sbx_policy_equal (const SbxPolicy *a, const SbxPolicy *b);
/* For GHashTable: equal policies have the same. */
guint sbx_policy_hash (const SbxPolicy *policy);
/* The classes (SbxClass bits) in which @a allows more than @b. What has no class of its own in the table (seccomp,
 * features, procfs, limits) counts as SBX_CLASS_DEVICES. The environment counts as nothing: whoever launches may set
 * it. */
guint sbx_policy_excess (const SbxPolicy *a, const SbxPolicy *b);
/* One line per difference in people's words, "+ network shared", "- files ~/Music (read-only)"; "" when equal. The
 * caller's. */
char *sbx_policy_diff (const SbxPolicy *from, const SbxPolicy *to);
/* Tells what @to has beyond @from, to somebody who may not read @to: paths, names and values are told by their kind
 * only, except those in @said, which the reader wrote. One line; the caller's. */
char *sbx_policy_tell_more (const SbxPolicy *from, const SbxPolicy *to, const SbxPolicy *said);

/* a{sv}, floating: group → a{ss} of key → value in the vocabulary of the key file, for example
 * {"Context": <{"shared": "network;"}>}. Complete: merging it over sbx_policy_new () gives @policy. */
GVariant *sbx_policy_to_variant (const SbxPolicy *policy);
/* The same as the groups of a profile; the caller's. */
char *sbx_policy_to_key_file (const SbxPolicy *policy);
/* @base with what @groups names put over it: words and paths are added, "!word" takes away. Errors: BAD_OPTION, naming
 * the group, the key and the nearest known word. */
SbxPolicy *sbx_policy_merge_variant (const SbxPolicy *base, GVariant *groups, const SbxPlaces *places, GError **error);

/* All pointers that these return are the policy's, and so are arrays, which end with NULL unless their length is
 * told. */
guint sbx_policy_get_shared (const SbxPolicy *policy); /* SbxShared bits, of the networks one; and so on */
/* Whether there is a network at all: the host's, or one of its own. */
gboolean sbx_policy_has_network (const SbxPolicy *policy);
guint sbx_policy_get_sockets (const SbxPolicy *policy);
guint sbx_policy_get_devices (const SbxPolicy *policy);
guint sbx_policy_get_features (const SbxPolicy *policy);
SbxHidepid sbx_policy_get_hidepid (const SbxPolicy *policy);
SbxSubset sbx_policy_get_subset (const SbxPolicy *policy);
SbxProcfsInstance sbx_policy_get_procfs_instance (const SbxPolicy *policy);
SbxPidns sbx_policy_get_pidns (const SbxPolicy *policy);
SbxTier sbx_policy_get_tier (const SbxPolicy *policy);
/* Whose X server the sockets x11 and fallback-x11 lead to. */
SbxX11 sbx_policy_get_x11 (const SbxPolicy *policy);
/* How files that the caller hands over with the command are opened up: NONE (not without approval), RO or RW. */
SbxAccess sbx_policy_get_forward (const SbxPolicy *policy);
/* In the units that SBX_LIMIT_NONE names, which is the value where there is no limit. */
guint64 sbx_policy_get_limit (const SbxPolicy *policy, SbxLimit limit);

/* Named paths in order of their bytes, parents before children, all absolute and normal. */
typedef struct {
  const char *path;
  SbxAccess access;
} SbxPathRule;
const SbxPathRule *sbx_policy_get_filesystems (const SbxPolicy *policy, gsize *n);
/* A second name inside for @source, which may be read: filesystems=SOURCE:ro@WHERE. Both are absolute and normal. */
typedef struct {
  const char *where;
  const char *source;
} SbxAttached;
/* In order of their names inside. */
const SbxAttached *sbx_policy_get_attached (const SbxPolicy *policy, gsize *n);
/* Whether @row is one of them. */
gboolean sbx_policy_has_attached (const SbxPolicy *policy, const SbxAttached *row);
/* In @item, a path of filesystems= as it is written, the ":" of ":ro@WHERE" (or of another mode, which is an error
 * there); NULL where there is none. WHERE has no colon: with one it is the name of a file that is meant. */
const char *sbx_attached_find_mark (const char *item);
/* Of @path, which is absolute and normal: as its nearest named ancestor says, or NONE. "/" (host) speaks for itself and
 * the places below only: a sandbox has a /tmp, /run, /usr, ... of its own, and whoever wants the host's has to name it.
 */
SbxAccess sbx_policy_get_access (const SbxPolicy *policy, const char *path);
/* The places that "host" stands for; ends with NULL. */
const char *const *sbx_path_host_places (void);
/* "/", one of them, or something below one. */
gboolean sbx_path_is_of_host (const char *path);
/* Paths below the home, relative to it; "." is the whole home. */
const char *const *sbx_policy_get_persistent (const SbxPolicy *policy);
/* The same as rules, with the exceptions (access NONE): "/" is the home, parents before children. */
const SbxPathRule *sbx_policy_get_kept (const SbxPolicy *policy, gsize *n);
typedef struct {
  const char *name;
  SbxBusAccess access;
} SbxBusRule; /* name or name.* */
const SbxBusRule *sbx_policy_get_bus (const SbxPolicy *policy, SbxBus bus, gsize *n);
/* Whether every name that @b matches is matched by @a; both are names of rules. */
gboolean sbx_names_cover (const char *a, const char *b);
const char *const *sbx_policy_get_environment (const SbxPolicy *policy); /* NAME=value; NAME alone: the caller's own */
/* Returns FALSE for "all ports"; else @ports (n of them, ascending). */
gboolean sbx_policy_get_connect (const SbxPolicy *policy, const guint16 **ports, gsize *n);
/* The same for the ports that may be listened on. */
gboolean sbx_policy_get_bind (const SbxPolicy *policy, const guint16 **ports, gsize *n);
/* Where packets of a network may go: @n destinations, of which the denied ones are taken from the others. */
const SbxDestination *sbx_policy_get_allowed (const SbxPolicy *policy, gsize *n);
const SbxDestination *sbx_policy_get_denied (const SbxPolicy *policy, gsize *n);
/* Whether those that are allowed are others than those of such a network of which nothing is said; whether some are
 * denied. Without a network both are FALSE. */
gboolean sbx_policy_names_allowed (const SbxPolicy *policy);
/* Whether a destination is the name of a host. */
gboolean sbx_policy_uses_names (const SbxPolicy *policy);
gboolean sbx_policy_names_denied (const SbxPolicy *policy);
/* "internet;10.1.0.0/16:443/tcp;" or "none" of those that are allowed, or denied; the caller's. */
char *sbx_policy_describe_destinations (const SbxPolicy *policy, gboolean denied);
/* Ports of this machine that lead to it, where it has a network of its own. */
const SbxPublished *sbx_policy_get_published (const SbxPolicy *policy, gsize *n);
/* "8080:80;192.0.2.7:53:53/udp;" or ""; the caller's. */
char *sbx_policy_describe_published (const SbxPolicy *policy);
/* The same of one destination, "lan:80/tcp"; the caller's. */
char *sbx_policy_describe_destination (const SbxDestination *row);
/* Names of system calls, in order. */
const char *const *sbx_policy_get_seccomp_allow (const SbxPolicy *policy);
const char *const *sbx_policy_get_seccomp_deny (const SbxPolicy *policy);

G_END_DECLS
