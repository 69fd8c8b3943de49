/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sandbox may reach: an immutable value, ordered by "allows no more than". The bottom allows nothing.
 *
 * Every facility has one kind, and the kind says how values are compared, met and overridden:
 *   flags   a set of words                      meet = intersection
 *   level   one word of an ordered row          meet = the one that allows less
 *   paths   path → none < ro < rw < create, each path as its nearest named ancestor says   meet = pointwise least
 *   names   bus name or prefix.* → see < talk < own, the greatest that matches              meet = pointwise least
 *   ports   a set of TCP ports or "all"         meet = intersection
 *   number  a limit or none                     meet = least
 *   pairs   variable → nothing < one value < the caller's own; meet of two different values is nothing
 *   calls   system calls allowed or denied on top of the tier
 * One table in policy-table.c names each facility with its group, key, kind, words and privilege class. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef enum {
  SBX_SHARED_NETWORK = 1 << 0,
  SBX_SHARED_IPC = 1 << 1,
} SbxShared;

typedef enum {
  SBX_SOCKET_WAYLAND = 1 << 0,
  SBX_SOCKET_X11 = 1 << 1,
  SBX_SOCKET_FALLBACK_X11 = 1 << 2, /* X11 only where there is no Wayland */
  SBX_SOCKET_PULSEAUDIO = 1 << 3,
  SBX_SOCKET_PIPEWIRE = 1 << 4,
  SBX_SOCKET_CUPS = 1 << 5,
  SBX_SOCKET_GPG_AGENT = 1 << 6,
  SBX_SOCKET_SSH_AUTH = 1 << 7,
  SBX_SOCKET_SESSION_BUS = 1 << 8, /* the whole bus, unfiltered */
  SBX_SOCKET_SYSTEM_BUS = 1 << 9,
  SBX_SOCKET_PCSC = 1 << 10,
} SbxSockets;

typedef enum {
  SBX_DEVICE_DRI = 1 << 0,
  SBX_DEVICE_INPUT = 1 << 1,
  SBX_DEVICE_KVM = 1 << 2,
  SBX_DEVICE_SHM = 1 << 3, /* the host's /dev/shm */
  SBX_DEVICE_USB = 1 << 4,
  SBX_DEVICE_ALL = 1 << 5, /* the host's /dev; implies the others when compared */
} SbxDevices;

typedef enum {
  SBX_FEATURE_DEVEL = 1 << 0,      /* perf_event_open, personality */
  SBX_FEATURE_USERNS = 1 << 1,     /* user namespaces of its own: browsers, nested bwrap */
  SBX_FEATURE_BACKGROUND = 1 << 2, /* the instance lives until its last process has ended */
  SBX_FEATURE_MULTIARCH = 1 << 3,  /* system calls of 32-bit programs */
  SBX_FEATURE_ROOT = 1 << 4,       /* started by root, be uid 0 inside too */
  SBX_FEATURE_NO_LANDLOCK =
      1 << 5, /* go on where the kernel has no Landlock; then it is not inferiors-only, and says so */
} SbxFeatures;

typedef enum { SBX_HIDEPID_PTRACEABLE, SBX_HIDEPID_INVISIBLE, SBX_HIDEPID_OFF } SbxHidepid;
typedef enum { SBX_SUBSET_PID, SBX_SUBSET_ALL } SbxSubset;
typedef enum { SBX_PROCFS_INSTANCE_PRIVATE, SBX_PROCFS_INSTANCE_NONE } SbxProcfsInstance;
typedef enum { SBX_PIDNS_PRIVATE, SBX_PIDNS_SESSION } SbxPidns;
typedef enum {
  SBX_X11_NESTED, /* one of the sandbox's own, in a window or without one */
  SBX_X11_SHARED  /* the user's */
} SbxX11;

/* What each lets through is the table in plan/syscall-table.c. In the order of what they allow. */
typedef enum { SBX_TIER_STRICT, SBX_TIER_DUMPER, SBX_TIER_DEFAULT, SBX_TIER_DEBUGGER, SBX_TIER_BROWSER } SbxTier;
typedef enum { SBX_ACCESS_NONE, SBX_ACCESS_RO, SBX_ACCESS_RW, SBX_ACCESS_CREATE } SbxAccess;
typedef enum { SBX_BUS_NONE, SBX_BUS_SEE, SBX_BUS_TALK, SBX_BUS_OWN } SbxBusAccess;
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

/* What a difference costs at the authority; bits, so that several can be asked. The order is that of the actions in
 * names.h from extend-files on. */
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

/* What a policy is read against: paths like ~ and xdg-download become absolute ones when a policy is *resolved*. */
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
/* What @to has and @from has not, for somebody who may not read @to: the paths, names and values that are not in @said,
 * which is that one's own, are told by their kind only. In one line; the caller's. */
char *sbx_policy_tell_more (const SbxPolicy *from, const SbxPolicy *to, const SbxPolicy *said);

/* a{sv}, floating: group → a{ss} of key → value in the vocabulary of the key file, for example
 * {"Context": <{"shared": "network;"}>}. Complete: merging it over sbx_policy_new () gives @policy. */
GVariant *sbx_policy_to_variant (const SbxPolicy *policy);
/* The same as the groups of a profile; the caller's. */
char *sbx_policy_to_key_file (const SbxPolicy *policy);
/* @base with what @groups names put over it: words and paths are added, "!word" takes away. Errors: BAD_OPTION, naming
 * the group, the key and the nearest known word. */
SbxPolicy *sbx_policy_merge_variant (const SbxPolicy *base, GVariant *groups, const SbxPlaces *places, GError **error);

/* What pointers these return is the policy's, and so are arrays, which end with NULL where their length is not told. */
guint sbx_policy_get_shared (const SbxPolicy *policy); /* SbxShared bits, and so on */
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
/* Of @path, which is absolute and normal: as its nearest named ancestor says, or NONE. "/" (host) speaks for itself and
 * the places below only: a sandbox has a /tmp, /run, /usr, ... of its own, and whoever wants the host's has to name it.
 */
SbxAccess sbx_policy_get_access (const SbxPolicy *policy, const char *path);
/* The places that host stands for; ends with NULL. */
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
/* Names of system calls, in order. */
const char *const *sbx_policy_get_seccomp_allow (const SbxPolicy *policy);
const char *const *sbx_policy_get_seccomp_deny (const SbxPolicy *policy);

G_END_DECLS
