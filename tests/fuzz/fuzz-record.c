/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The info file of a record, as a later service reads it: whatever runs as our uid can write there. What is accepted
 * can be told over D-Bus, and what is written anew from it is read as the same. */
#include <string.h>

#include "common/error.h"
#include "daemon/instances/record.h"
#include "fuzz.h"

#define ID G_GUINT64_CONSTANT (0x0123456789abcdef)

static void
check_error (const GError *error)
{
  MUST (error->domain == SBX_ERROR);
  MUST (error->code == SBX_ERROR_BAD_OPTION);
  MUST (g_utf8_validate (error->message, -1, NULL));
}

static void
check_strings (const SbxInfo *info)
{
  const char *const strings[] = { info->app_id, info->profile, info->limits, info->on_crash };

  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    MUST (strings[i] && g_utf8_validate (strings[i], -1, NULL));
  for (gsize i = 0; info->warnings[i]; i++)
    MUST (g_utf8_validate (info->warnings[i], -1, NULL));
}

static void
check_info (const char *text, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxInfo) info = sbx_info_parse (text, size, ID, &error), again = NULL;
  g_autoptr (GBytes) written = NULL;

  MUST ((info == NULL) == (error != NULL));
  if (!info) {
    check_error (error);
    return;
  }
  MUST (info->id == ID);
  check_strings (info);
  written = sbx_info_write (info);
  again = sbx_info_parse (g_bytes_get_data (written, NULL), g_bytes_get_size (written), ID, &error);
  if (!again)
    fprintf (stderr, "%s\n", error->message);
  MUST (again != NULL);
  MUST (again->parent == info->parent && again->nested == info->nested);
  MUST ((again->display == NULL) == (info->display == NULL));
  MUST (!info->display || g_strv_equal ((const char *const *) again->display, (const char *const *) info->display));
  MUST (strcmp (again->app_id, info->app_id) == 0 && strcmp (again->profile, info->profile) == 0);
  MUST (strcmp (again->limits, info->limits) == 0 && strcmp (again->on_crash, info->on_crash) == 0);
  MUST (g_variant_equal (again->command, info->command) && g_variant_equal (again->policy, info->policy));
  MUST (g_strv_equal ((const char *const *) again->warnings, (const char *const *) info->warnings));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  /* As sbx_record_read () gives them out: with a NUL behind the end */
  g_autofree char *text = g_malloc (size + 1);

  if (size > 0)
    memcpy (text, data, size);
  text[size] = '\0';
  if (size <= SBX_INFO_MAX)
    check_info (text, size);
  return 0;
}
