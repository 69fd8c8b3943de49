/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/harden.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "common/error.h"
#include "common/names.h"
#include "plan/filter/syscall-filter.h"

static gboolean
install_filter (GError **error)
{
  g_autoptr (GBytes) bytes = sbx_seccomp_compile_own (error);
  struct sock_fprog program = { 0 };
  gsize size = 0;

  if (!bytes)
    return FALSE;
  program.filter = (struct sock_filter *) g_bytes_get_data (bytes, &size);
  program.len = (unsigned short) (size / sizeof (struct sock_filter));
  return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0
         || sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "cannot filter this process's system calls");
}

gboolean
sbx_harden (GError **error)
{
  /* bwrap gains nothing by execve: the keeper has never let it (keeper/launch.c), and one that is setuid does its work
   * by user namespaces then as any other */
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "cannot give up privileges (no_new_privs)");
  if (g_strcmp0 (g_getenv (SBX_ENV_DUMPABLE), "1") != 0 && prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "cannot keep others from tracing this process");
  return install_filter (error);
}
