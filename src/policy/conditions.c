/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/conditions.h"

#include <string.h>

#include "common/error.h"
#include "policy/options.h"

typedef struct {
  const char *word;
  gboolean number; /* "word>=N" */
  gsize offset;
} Fact;

static const Fact known[] = {
  { "landlock", TRUE, G_STRUCT_OFFSET (SbxConditions, landlock_abi) },
  { "wayland", FALSE, G_STRUCT_OFFSET (SbxConditions, wayland) },
  { "x11", FALSE, G_STRUCT_OFFSET (SbxConditions, x11) },
  { "session-bus", FALSE, G_STRUCT_OFFSET (SbxConditions, session_bus) },
  { "pidns", FALSE, G_STRUCT_OFFSET (SbxConditions, pidns) },
};

static gboolean
throw_unknown (const char *term, GError **error)
{
  const char *words[G_N_ELEMENTS (known) + 1] = { NULL };
  const char *near;

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    words[i] = known[i].word;
  near = sbx_nearest_word (term, words);
  if (near)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown condition \"%s\", did you mean \"%s\"?", term, near);
  return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                    "unknown condition \"%s\"; known: landlock>=N, wayland, x11, session-bus, pidns, and ! before each",
                    term);
}

/* One term without its "!". */
static gboolean
evaluate_term (const char *term, const SbxConditions *facts, gboolean *holds, GError **error)
{
  gsize n = strcspn (term, "<>=");

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++) {
    int value = G_STRUCT_MEMBER (int, facts, known[i].offset);
    guint64 wanted = 1;

    if (strlen (known[i].word) != n || strncmp (known[i].word, term, n) != 0)
      continue;
    if (term[n] == '\0') {
      *holds = value > 0;
      return TRUE;
    }
    if (!known[i].number || strncmp (term + n, ">=", 2) != 0
        || !g_ascii_string_to_unsigned (term + n + 2, 10, 0, 1000, &wanted, NULL))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                        "condition \"%s\": only landlock is compared, and only with >=", term);
    *holds = value >= (int) wanted;
    return TRUE;
  }
  return throw_unknown (term, error);
}

gboolean
sbx_condition_evaluate (const char *condition, const SbxConditions *facts, gboolean *holds, GError **error)
{
  g_auto (GStrv) terms = g_strsplit (condition, ",", -1);

  *holds = TRUE;
  for (char **term = terms; *term; term++) {
    const char *text = g_strstrip (*term);
    gboolean negated = *text == '!', one = FALSE;

    if (!evaluate_term (text + negated, facts, &one, error))
      return FALSE;
    *holds = *holds && one != negated;
  }
  return TRUE;
}
