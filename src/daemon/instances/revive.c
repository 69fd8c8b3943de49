/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/revive.h"

#include <signal.h>
#include <unistd.h>

#include "wire/layout.h"

gboolean
sbx_revive_read_status (int directory, guint64 id, SbxStatus *status)
{
  g_autoptr (GError) error = NULL;

  if (sbx_record_read_status (directory, status, &error))
    return TRUE;
  g_info ("Record %016" G_GINT64_MODIFIER "x: %s", id, error->message);
  return FALSE;
}

void
sbx_revive_bury (SbxStatus *status)
{
  status->state = SBX_STATUS_EXITED;
  status->culprit = SBX_CULPRIT_KEEPER;
  status->culprit_status = SIGKILL;
  status->exit_time = g_get_real_time ();
  status->wait_status = SIGKILL;
  status->pid = 0;
  sbx_status_set_text (status, "sandbox-keeper ended without a word; was it killed?");
}

void
sbx_revive (SbxRuntimeDir *runtime, SbxInstance *instance)
{
  guint64 id = sbx_instance_get_id (instance);
  int parent = sbx_runtime_dir_open (runtime, NULL);
  int directory = parent < 0 ? -1 : sbx_record_open (parent, id);
  int sock = directory < 0 ? -1 : sbx_record_connect (directory);
  SbxStatus status = { 0 };

  if (sock >= 0) {
    sbx_instance_set_keeper (instance, sock);
    sbx_greeting_begin (sbx_instance_get_greeting (instance));
  } else {
    if (directory < 0 || !sbx_revive_read_status (directory, id, &status))
      status = (SbxStatus){ 0 };
    if (status.state != SBX_STATUS_EXITED) {
      sbx_instance_get_status (instance, &status);
      sbx_revive_bury (&status);
      if (directory >= 0)
        sbx_record_set_exited (parent, id, &status);
    }
    sbx_instance_end_by_status (instance, &status);
  }
  if (directory >= 0)
    close (directory);
}
