/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For instance.c, which changes it, and bus/instance-properties.c, which shows it on D-Bus. */
#pragma once

#include "daemon/instances/instance.h"
#include "wire/denials.h"

G_BEGIN_DECLS

struct _SbxInstance {
  GObject parent_instance;
  SbxInfo *info;
  char *path;
  SbxState state;
  SbxKeeperLink *keeper;
  gint64 reconnect_time;
  gboolean connected_before;
  GWeakRef starter; /* the client that launched it */
  gint32 pid, keeper_pid;
  int init_pidfd; /* from READY to STARTED, else -1 */
  gint64 start_time, exit_time;
  guint32 enforced;
  gboolean main_ended;
  gint32 wait_status;
  SbxCulprit culprit;
  char *text;
  GVariant *cached[2];
  guint32 next_job;
  GPtrArray *handlers;  /* char *: the D-Bus paths of those that run */
  GArray *denials;      /* SbxDenial: as the keeper's table has them */
  guint32 denials_more; /* those that no row there counts any more */
  guint denials_logged; /* rows that the log has had */
  GHashTable *jobs;     /* number → GTask *: EXECs without an answer; task data: the command */
};

G_END_DECLS
