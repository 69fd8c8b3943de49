/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/identify.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "wire/sys.h"

gboolean
sbx_identify_process (SbxService *service, pid_t pid, guint64 *id, char **path, GError **error)
{
  g_autoptr (SbxFdList) fds = sbx_fd_list_new ();
  g_autoptr (GVariant) reply = NULL;
  int pidfd = sbx_sys_pidfd_open (pid), handle;

  if (pidfd < 0)
    return sbx_throw_errno (error, errno == ESRCH ? SBX_ERROR_NOT_FOUND : SBX_ERROR_NOT_SUPPORTED, errno,
                            _ ("process %d"), (int) pid);
  handle = sbx_fd_list_append (fds, pidfd, error);
  close (pidfd);
  if (handle < 0)
    return FALSE;
  reply = sbx_service_call (service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Identify", g_variant_new ("(h)", handle),
                            fds, error);
  if (!reply)
    return FALSE;
  g_variant_get (reply, "(to)", id, path);
  return TRUE;
}
