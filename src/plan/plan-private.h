/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside this folder only: the plan while it is being made. Each plan-*.c adds its part. */
#pragma once

#include "plan/plan.h"

G_BEGIN_DECLS

/* With one of these, there are windows. */
#define SBX_PLAN_DISPLAYS (SBX_SOCKET_WAYLAND | SBX_SOCKET_X11 | SBX_SOCKET_FALLBACK_X11)

typedef enum {
  SBX_OP_RO_BIND,
  SBX_OP_BIND,
  SBX_OP_DEV_BIND,
  SBX_OP_TMPFS,
  SBX_OP_SYMLINK, /* source: the link's text */
  SBX_OP_DIR,
  SBX_OP_FILE, /* content, read-only */
  SBX_OP_PROC,
  SBX_OP_DEV,
  SBX_OP_REMOUNT_RO,
  SBX_N_OPS
} SbxOpKind;

typedef struct {
  SbxOpKind kind;
  char *source; /* or NULL */
  char *dest;
  int mode;   /* of TMPFS, DIR and FILE; -1: bwrap's default */
  int number; /* FILE */
} SbxOp;

typedef struct {
  int resource; /* RLIMIT_* */
  const char *name;
  guint64 value;
  gboolean of_all; /* it stands in for a limit of all processes together */
} SbxRlimit;

struct _SbxPlan {
  GObject parent_instance;
  /* What it is made from; only while it is made */
  const SbxPolicy *policy;
  const SbxRequest *request;
  SbxMachine *machine;
  /* What it comes to */
  SbxPolicy *kept_policy;
  char *home, *runtime_dir, *app_home; /* inside; app_home: on the host, where persistent things lie */
  char *cwd;
  char **argv;
  guint uid, gid;      /* inside */
  gboolean as_root;    /* started by root: mapped to another uid inside */
  gboolean handler;    /* joins another instance */
  guint32 join;        /* handler: what is in force for it because it is for its target */
  GArray *ops;         /* SbxOp */
  GArray *files;       /* SbxPlanFile */
  GArray *directories; /* SbxPlanDirectory */
  GPtrArray *bwrap;
  GPtrArray *proxy;               /* the command line of the filtered buses; empty: none */
  char *bus_directory, *app_info; /* … or NULL */
  char *documents, *documents_at; /* SBX_TAG_DOCUMENTS, SBX_TAG_DOCUMENTS_AT, or NULL */
  GPtrArray *display;             /* the command line of the X server; empty: none */
  GBytes *display_file;
  guint64 sidecar_memory;                /* for each, or SBX_LIMIT_NONE */
  GBytes *proxy_filter, *display_filter; /* what they may call, or NULL without them */
  GPtrArray *environment;
  GPtrArray *warnings;
  GPtrArray *covered;  /* places that become read-only in the end */
  GPtrArray *writable; /* places below which Landlock lets write */
  guint32 procfs_flags, domain_flags, start_flags;
  guint64 handled_fs, handled_net, scoped;
  GArray *connect, *bind; /* guint16 */
  GArray *rlimits;        /* SbxRlimit */
  GBytes *filter;
  gboolean inferiors_only;
};

void sbx_plan_op (SbxPlan *self, SbxOpKind kind, const char *source, const char *dest, int mode);
void sbx_plan_file (SbxPlan *self, const char *what, const char *content, const char *dest);
/* The same with bytes that nobody is told; takes @content. */
void sbx_plan_secret_file (SbxPlan *self, const char *what, GBytes *content, const char *dest);
void sbx_plan_warn (SbxPlan *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void sbx_plan_writable (SbxPlan *self, const char *path);
void sbx_plan_directory (SbxPlan *self, const char *path, guint mode);
/* A variable from the caller, or else the service. */
const char *sbx_plan_getenv (SbxPlan *self, const char *name);
void sbx_plan_setenv (SbxPlan *self, const char *name, const char *value);
gboolean sbx_plan_has_env (SbxPlan *self, const char *name);
gboolean sbx_plan_exists (SbxPlan *self, const char *path);
/* Whether @path, which the caller has named as one, can be a socket: neither a file nor a directory. */
gboolean sbx_plan_may_be_socket (SbxPlan *self, const char *path);
/* Binds @path at its own place if it is there. TRUE when it is. */
gboolean sbx_plan_bind_if_there (SbxPlan *self, SbxOpKind kind, const char *path);

void sbx_plan_add_system (SbxPlan *self);    /* mounts/system.c: /usr, /etc, /dev, /proc, the home */
void sbx_plan_add_files (SbxPlan *self);     /* mounts/files.c: filesystems=, and what is covered again */
void sbx_plan_close_covered (SbxPlan *self); /* … after every other mount, since that needs its place to be made */
void sbx_plan_add_devices (SbxPlan *self);   /* mounts/devices.c */
void sbx_plan_add_sockets (SbxPlan *self);   /* mounts/sockets.c */
/* Of a sidecar: bwrap and the root of its sandbox, to which the caller adds, and then the program, to which it adds
 * what that is told. sidecar.c */
void sbx_plan_begin_sidecar (SbxPlan *self, GPtrArray *argv);
void sbx_plan_end_sidecar (GPtrArray *argv, const char *program);
void sbx_plan_add_words (GPtrArray *argv, const char *const *words);
void sbx_plan_add_x11 (SbxPlan *self);         /* mounts/x11.c */
void sbx_plan_add_environment (SbxPlan *self); /* environment.c */
/* Where the socket of @bus is, which no path may open: NULL where the policy has the whole bus, or none is known. */
char *sbx_plan_find_bus (SbxPlan *self, SbxBus bus);
void sbx_plan_add_buses (SbxPlan *self); /* mounts/bus.c; its variables come after the caller's */
/* mounts/portals.c: the proxy's rules for those portals that @rules (n of them, the session bus's) grant; whether they
 * grant the one by which the user chooses files; and whether a rule is of portals and nothing else, so that it needs no
 * rule of its own. */
void sbx_plan_add_portals (SbxPlan *self, const SbxBusRule *rules, gsize n);
gboolean sbx_plan_grants_files (const SbxBusRule *rules, gsize n);
gboolean sbx_plan_is_portal (const SbxBusRule *rule);
gboolean sbx_plan_add_confinement (SbxPlan *self, GError **error); /* confine.c: Landlock, procfs, seccomp, limits */
void sbx_plan_write_bwrap (SbxPlan *self);                         /* bwrap-args.c */
const char *sbx_op_name (SbxOpKind kind);

G_END_DECLS
