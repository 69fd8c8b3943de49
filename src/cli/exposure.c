/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exposure.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/text/output.h"
#include "policy/real-names.h"

SbxPolicy *
sbx_exposure_policy (GVariant *groups, GError **error)
{
  const SbxPlaces places = { .home = g_get_home_dir () }; /* nothing else is looked up: its paths are absolute */
  g_autoptr (SbxPolicy) base = sbx_policy_new ();

  return sbx_policy_merge_variant (base, groups, &places, error);
}

static SbxPlaces
find_places (void)
{
  return (SbxPlaces){ .home = g_get_home_dir (),
                      .runtime_dir = g_getenv ("XDG_RUNTIME_DIR"),
                      .data_home = g_get_user_data_dir (),
                      .config_home = g_get_user_config_dir (),
                      .cache_home = g_get_user_cache_dir () };
}

static guint
score (const SbxPolicy *policy, GArray **open)
{
  const SbxPlaces places = find_places ();

  return sbx_score_here (policy, &places, open);
}

static char *
number (guint tenths)
{
  return g_strdup_printf ("%u.%u", tenths / 10, tenths % 10);
}

char *
sbx_exposure_text (const SbxPolicy *policy)
{
  guint tenths = score (policy, NULL);
  g_autofree char *text = number (tenths);

  return g_strdup_printf (_ ("%s of 10 (%s)"), text, sbx_score_word (tenths));
}

/* With the file that opens it, and who obeys that. */
static char *
describe (const SbxScoreRow *row)
{
  g_autofree char *path = row->way ? sbx_way_out_name (row->way) : NULL;

  return path ? g_strdup_printf ("%s: %s (%s)", _ (row->reason), path, row->way->why) : g_strdup (_ (row->reason));
}

void
sbx_exposure_print (const char *name, const SbxPolicy *policy)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (GArray) open = NULL;
  g_autofree char *clean = sbx_output_clean (name), *text = sbx_exposure_text (policy);
  const char *heading[] = { _ ("EXPOSURE"), _ ("BECAUSE A PROGRAM"), NULL };

  score (policy, &open);
  g_ptr_array_add (rows, g_strdupv ((char **) heading));
  for (guint i = 0; i < open->len; i++) {
    const SbxScoreRow *row = &g_array_index (open, SbxScoreRow, i);
    char *cells[] = { number (row->exposure), describe (row), NULL };

    g_ptr_array_add (rows, g_memdup2 (cells, sizeof cells));
  }
  sbx_output_table (rows);
  printf (_ ("All in all, %s: %s\n"), clean, text);
}

char **
sbx_exposure_row (const char *name, const SbxPolicy *policy)
{
  g_autoptr (GArray) open = NULL;
  guint tenths = score (policy, &open);
  const char *worst = open->len > 0 ? g_array_index (open, SbxScoreRow, 0).reason : NULL;
  char *cells[] = { sbx_output_clean (name), number (tenths), g_strdup (sbx_score_word (tenths)),
                    g_strdup (worst ? _ (worst) : ""), NULL };

  return g_memdup2 (cells, sizeof cells);
}

GVariant *
sbx_exposure_to_variant (const SbxPolicy *policy)
{
  const SbxPlaces places = find_places ();

  return g_variant_ref_sink (sbx_score_here_to_variant (policy, &places));
}
