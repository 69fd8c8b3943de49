/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "validator.h"

gboolean
run_validator (const char *path, gboolean must)
{
  const char *argv[] = { "desktop-file-validate", path, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  gboolean accepted;
  int status;

  g_assert_true (
      g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status, &error));
  g_assert_no_error (error);
  accepted = g_spawn_check_wait_status (status, NULL);
  if (must && !accepted)
    g_error ("desktop-file-validate refuses %s: %s", path, output);
  return accepted;
}
