/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/narrow-limits.h"

#include <glib/gi18n.h>

#include "common/error.h"
#include "daemon/launch/scope.h"
#include "plan/process.h"

gboolean
sbx_narrow_limits (const SbxInfo *info, const SbxPolicy *from, const SbxPolicy *to, GArray *limits, gboolean *scope,
                   GError **error)
{
  gboolean scoped = g_str_equal (info->limits, "scope");
  g_autoptr (GArray) rows = sbx_process_list_rlimits (to), before = sbx_process_list_rlimits (from);

  if (!scoped && sbx_policy_get_limit (to, SBX_LIMIT_CPU) != sbx_policy_get_limit (from, SBX_LIMIT_CPU))
    return sbx_throw (
        error, SBX_ERROR_NOT_SUPPORTED,
        "cpu= cannot be taken away while the instance runs: it was started without a scope of the systemd "
        "user manager, and only that could do it; nothing was changed. Stop it, and start it with "
        "--limit=cpu");
  *scope = scoped && sbx_scope_differs (from, to);
  for (guint i = 0; i < rows->len; i++) {
    const SbxRlimit *row = &g_array_index (rows, SbxRlimit, i);
    gboolean same = FALSE;

    for (guint j = 0; j < before->len; j++) {
      const SbxRlimit *old = &g_array_index (before, SbxRlimit, j);

      same = same || (row->resource == old->resource && row->value == old->value);
    }
    if (!same && !(scoped && row->of_all))
      g_array_append_val (limits, *row);
  }
  return TRUE;
}
