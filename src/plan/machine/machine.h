/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts that a plan depends on: the kernel, the user, what lies where. Probed once by the service; made up by tests. */
#pragma once

#include <gio/gio.h>

#include "plan/machine/links.h"

G_BEGIN_DECLS

typedef struct {
  int landlock_abi;           /* 0 = none */
  gboolean pidns_option;      /* procfs knows pidns= (6.18); tried, not guessed from the version */
  gboolean hidepid;           /* procfs knows hidepid=ptraceable (5.8) */
  gboolean mount_setattr;     /* 5.12 */
  gboolean seccomp;           /* filters */
  int yama;                   /* kernel.yama.ptrace_scope, or -1 without Yama */
  const char *userns_problem; /* NULL, or why user namespaces are refused, with the remedy */
} SbxKernel;

typedef struct _SbxMachine SbxMachine;

typedef enum { SBX_FILE_MISSING, SBX_FILE_REGULAR, SBX_FILE_DIRECTORY, SBX_FILE_OTHER } SbxFileKind;

struct _SbxMachine {
  SbxKernel kernel;
  guint uid, gid;
  const char *user_name, *home, *runtime_dir, *data_home, *config_home;
  const char *machine_id;                         /* of machine-id(5), or NULL */
  const char *user_dirs[G_USER_N_DIRECTORIES];    /* as user-dirs.dirs names them; NULL: it does not */
  const char *bwrap, *dbus_proxy, *xephyr, *xvfb; /* absolute paths, or NULL when not found */
  const char *slirp4netns;                        /* likewise */
  const char *bwrap_problem;      /* why there is no usable bwrap, with the remedy; NULL when there is one */
  const char *const *environment; /* of the service */
  /* What is at @path on the host, links followed; @link (may be NULL) gets the text of a symlink (g_free) or NULL. */
  SbxFileKind (*look) (SbxMachine *self, const char *path, char **link);
  /* The user's row and the group's that /etc/passwd and /etc/group should have and have not: the whole file with it
   * (g_free), or NULL where it is there. @path: one of the two. NULL: they have it. */
  char *(*accounts) (SbxMachine *self, const char *path);
  /* The links of the system that lead out of it now: SbxLinkOut, the machine's. NULL: there are none. */
  const GArray *(*links_out) (SbxMachine *self);
  /* Whether the device of hidraw @number is a security key. NULL: none is. */
  gboolean (*is_fido) (SbxMachine *self, guint number);
  /* Whether the document portal has its file system at @path; asked of the kernel, so that a portal that hangs holds up
   * nobody. */
  gboolean (*has_documents) (SbxMachine *self, const char *path);
  /* Why no sandbox can have a network of its own, with the remedy, or NULL; the machine's. The function NULL: every one
   * can. */
  const char *(*network_problem) (SbxMachine *self);
  /* Paths below /etc that "others" may not read; asked only when uid is 0. NULL-terminated, owned by the machine. */
  const char *const *(*hidden_config) (SbxMachine *self);
  /* The cookie of X display @number in the file @path, or NULL: sbx_x11_find_cookie (). NULL: none for anybody. */
  GBytes *(*x11_cookie) (SbxMachine *self, const char *path, const char *number);
  void (*random) (SbxMachine *self, guint8 *bytes, gsize size);
  GHashTable *filters; /* sbx_seccomp_get () */
  gpointer data;
};

/* Probes the running machine; takes about a millisecond. @environment: envp-style, copied. */
SbxMachine *sbx_machine_probe (const char *const *environment);
void sbx_machine_free (SbxMachine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxMachine, sbx_machine_free)

/* Asks bwrap for its version, which costs an exec: NULL, or why it cannot be used. For Features and after failures. */
const char *sbx_machine_check_bwrap (SbxMachine *self);

/* Asks xdg-dbus-proxy for its version, which costs an exec. TRUE before 0.1.7, which mixes up the answers of a client
 * that does not wait for the first one where a rule is for all names below another; and for one that does not say. */
gboolean sbx_machine_is_old_proxy (SbxMachine *self);

/* For the property Features (machine-features.c): a{sv}, floating. A mechanism is an a{sv} of state (s: works, limited,
 * missing), works (b: the state is works), detail (s) and, unless it works, remedy (s). Besides: landlock-abi and yama
 * (i, -1 without Yama), inferiors-only (b). */
GVariant *sbx_machine_features (SbxMachine *self);

/* The value of @name in an envp-style array, or NULL. */
const char *sbx_machine_getenv (const char *const *environment, const char *name);

G_END_DECLS
