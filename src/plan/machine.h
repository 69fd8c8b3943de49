/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts that a plan depends on: the kernel, the user, what lies where. Probed once by the service; made up by tests. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  int landlock_abi;      /* 0 = none */
  gboolean pidns_option; /* procfs knows pidns=; probed by fsconfig, not by version */
  gboolean hidepid;      /* procfs knows hidepid=ptraceable and subset= (5.8) */
  gboolean mount_setattr;
  int yama;              /* ptrace_scope, or -1 without Yama */
  const char *userns_problem; /* NULL, or why user namespaces are refused, with the remedy */
} SbxKernel;

typedef struct _SbxMachine SbxMachine;

typedef enum { SBX_FILE_MISSING, SBX_FILE_REGULAR, SBX_FILE_DIRECTORY, SBX_FILE_OTHER } SbxFileKind;

struct _SbxMachine {
  SbxKernel kernel;
  guint uid, gid;
  const char *user_name, *home, *runtime_dir, *data_home;
  const char *bwrap, *dbus_proxy;    /* absolute paths, or NULL when not found */
  int bwrap_version;                 /* 8 = 0.8; 0 = unknown */
  const char *const *environment;    /* of the service: DISPLAY, WAYLAND_DISPLAY, … are taken from here or the caller's */
  /* What is at @path on the host; @link gets a symlink's resolved target (g_free) or NULL. lstat semantics. */
  SbxFileKind (*look) (SbxMachine *self, const char *path, char **link);
  /* Paths below /etc that "others" may not read; asked only when uid is 0. NULL-terminated, owned by the machine. */
  const char *const *(*hidden_config) (SbxMachine *self);
  gpointer data;
};

/* Probes the running machine. @environment: envp-style. Free with sbx_machine_free (). */
SbxMachine *sbx_machine_probe (const char *const *environment);
void sbx_machine_free (SbxMachine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxMachine, sbx_machine_free)

/* For the property Features: a{sv}, with what each missing thing costs. */
GVariant *sbx_machine_features (SbxMachine *self);

G_END_DECLS
