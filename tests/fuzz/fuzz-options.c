/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The a{sv} of a method, in GVariant's text form or, after a NUL, as the bytes of one: the table of options, and the
 * policy in it. What is accepted keeps its promises. */
#include <string.h>

#include "common/error.h"
#include "fuzz.h"
#include "policy/options.h"
#include "policy/policy.h"

static GVariant *
read_options (const uint8_t *data, size_t size)
{
  g_autoptr (GVariant) raw = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (size == 0 || data[0] != '\0') {
    if (!g_utf8_validate_len ((const char *) data, size, NULL)) /* which GLib's parser takes for granted */
      return NULL;
    return g_variant_parse (G_VARIANT_TYPE_VARDICT, (const char *) data, (const char *) data + size, NULL, NULL);
  }
  bytes = g_bytes_new (data + 1, size - 1);
  raw = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
  return g_variant_get_normal_form (raw); /* as everything is that a bus delivers */
}

static void
check_error (const GError *error)
{
  MUST (error->domain == SBX_ERROR);
  MUST (error->code == SBX_ERROR_BAD_OPTION);
  MUST (g_utf8_validate (error->message, -1, NULL));
}

static void
check_path (GVariant *options)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (options, "cwd", G_VARIANT_TYPE_BYTESTRING);
  gsize n;
  const char *path;

  if (!value)
    return;
  path = g_variant_get_fixed_array (value, &n, 1);
  MUST (n > 0 && path[0] == '/');
  MUST (memchr (path, '\0', n - 1) == NULL);
}

static void
check_fds (GVariant *options)
{
  g_autoptr (GVariant) map = g_variant_lookup_value (options, "fds", G_VARIANT_TYPE ("a{uh}"));
  GVariantIter iter;
  guint32 number;
  gint32 handle;

  if (!map)
    return;
  g_variant_iter_init (&iter, map);
  while (g_variant_iter_next (&iter, "{uh}", &number, &handle))
    MUST (number <= 65535 && handle >= 0);
}

static void
check_policy (GVariant *groups)
{
  const SbxPlaces places = { .home = "/home/u" };
  g_autoptr (SbxPolicy) empty = sbx_policy_new (), again = NULL, join = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy = sbx_policy_merge_variant (empty, groups, &places, &error);
  g_autoptr (GVariant) written = NULL;
  g_autofree char *diff = NULL;

  MUST ((policy == NULL) == (error != NULL));
  if (!policy) {
    check_error (error);
    return;
  }
  written = g_variant_ref_sink (sbx_policy_to_variant (policy));
  again = sbx_policy_merge_variant (empty, written, &places, &error);
  if (!again)
    fprintf (stderr, "%s\n", error->message);
  MUST (again != NULL);
  MUST (sbx_policy_equal (again, policy));
  MUST (sbx_policy_hash (again) == sbx_policy_hash (policy));
  join = sbx_policy_join (policy, empty);
  MUST (sbx_policy_leq (policy, join));
  diff = sbx_policy_diff (empty, policy);
  MUST (g_utf8_validate (diff, -1, NULL));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const SbxOptionSpec *const tables[] = { sbx_launch_options, sbx_exec_options, sbx_attach_options };
  g_autoptr (GVariant) options = read_options (data, size);
  g_autoptr (GVariant) groups = NULL;

  if (!options)
    return 0;
  for (size_t i = 0; i < G_N_ELEMENTS (tables); i++) {
    g_autoptr (GError) error = NULL;
    gboolean ok = sbx_options_check (options, tables[i], &error);

    MUST (ok == (error == NULL));
    if (!ok) {
      check_error (error);
      continue;
    }
    check_path (options);
    check_fds (options);
  }
  groups = g_variant_lookup_value (options, "policy", G_VARIANT_TYPE_VARDICT);
  check_policy (groups ? groups : options);
  return 0;
}
