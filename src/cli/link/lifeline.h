/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller's end of a lifeline: what the keeper says of one process, and signals to it. */
#pragma once

#include <glib.h>

#include "wire/message.h"

G_BEGIN_DECLS

typedef struct {
  int fd;
  gboolean started, failed, exited, ended, closed;
  int wait_status;    /* if exited */
  SbxMessage failure; /* if failed */
  SbxMessage end;     /* if ended */
} SbxLifeline;

/* Makes one; *@other is the end to send away, and the caller's to close. */
gboolean sbx_lifeline_init (SbxLifeline *self, int *other, GError **error);
void sbx_lifeline_clear (SbxLifeline *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SbxLifeline, sbx_lifeline_clear)

/* Takes in what has come, without waiting. */
void sbx_lifeline_read (SbxLifeline *self);
/* The same, waiting for at most @ms milliseconds until @self says FAILED or is closed. */
void sbx_lifeline_wait_for_failure (SbxLifeline *self, int ms);
/* Has @signo sent to the application, or to its process group; nothing when the keeper has gone. */
void sbx_lifeline_send_signal (SbxLifeline *self, int signo, gboolean to_group);

/* Exit status for the wait status of an application: its own, or 128 + n. */
int sbx_lifeline_exit_status (int wait_status);

G_END_DECLS
