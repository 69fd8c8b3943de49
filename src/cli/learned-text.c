/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/learned-text.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "cli/text/output.h"

#define EXAMPLE 80 /* columns of a name */
#define INDENT "    "
#define WIDTH 100

char *
sbx_learned_text_comment (const SbxProposal *line)
{
  g_autofree char *clean = sbx_output_clean (line->example), *example = sbx_output_cut (clean, EXAMPLE);
  g_autofree char *target = line->target ? sbx_output_clean (line->target) : NULL;
  GString *text = g_string_new (NULL);

  if (line->count == 0) {
    g_string_append_printf (text, _ ("%s=%s: not used"), line->key, line->value);
    return g_string_free (text, FALSE);
  }
  g_string_append_printf (text, "%s=%s: ", line->key, line->value);
  g_string_append_printf (text, ngettext ("%u name, %s", "%u names, as %s", line->count), line->count, example);
  if (line->pattern)
    g_string_append (text, _ ("; the number in it is another one next time, so all names below that are meant"));
  if (target)
    g_string_append_printf (text, _ ("; it is a link to %s"), target);
  if (line->asked && line->risk)
    g_string_append_printf (text, _ ("; an application that has it %s"), _ (line->risk));
  if (line->asked && line->way)
    g_string_append_printf (text, ": %s", line->way);
  return g_string_free (text, FALSE);
}

static void
print_wrapped (const char *before, const char *text)
{
  g_autofree char *wrapped = sbx_output_wrap (text, WIDTH);
  g_auto (GStrv) lines = g_strsplit (wrapped, "\n", -1);

  for (char **line = lines; *line; line++)
    printf ("%s%s\n", before, *line);
}

void
sbx_learned_text_print (const SbxProposals *proposals, const char *base)
{
  if (proposals->lines->len == 0) {
    printf (_ ("Nothing to add to the profile %s.\n"), base);
    return;
  }
  printf (_ ("To be added to what the profile %s has; what is marked with \"?\" is for you to say:\n"), base);
  for (guint i = 0; i < proposals->lines->len; i++) {
    const SbxProposal *line = proposals->lines->pdata[i];
    g_autofree char *comment = sbx_learned_text_comment (line);

    print_wrapped (INDENT "# ", comment);
    printf ("%s [%s] %s=%s\n", line->asked ? " ?+" : "  +", line->group, line->key, line->value);
  }
}

void
sbx_learned_text_notes (const SbxTraces *traces, const SbxProposals *proposals, gboolean asking)
{
  const struct {
    gboolean holds;
    const char *text;
  } notes[] = {
    { sbx_traces_have (traces, SBX_LEARNED_ELSEWHERE),
      _ ("A part of it had a sandbox of its own inside: what that named is not learned.") },
    { sbx_traces_have (traces, SBX_LEARNED_OWN_FILTER),
      _ ("A part of it filters its own system calls: what it refuses itself is not learned.") },
    { asking || sbx_traces_have (traces, SBX_LEARNED_OWN_ASKING),
      _ ("A part of it wanted to be asked about system calls itself, which it cannot be in this sandbox: what it would "
         "have done then is not learned.") },
    { sbx_traces_have (traces, SBX_LEARNED_CUT),
      _ ("Who took it down was killed: what was named after that is not learned.") },
    { sbx_traces_have (traces, SBX_LEARNED_UNREADABLE), _ ("Some names could not be read, and are not learned.") },
    { sbx_traces_have (traces, SBX_LEARNED_TOO_MANY),
      _ ("It named more than there is room for: what came last is not learned.") },
    { traces->broken, _ ("What was learned could not be written down as a whole: the disk or the memory is full.") },
    { proposals->unwritable > 0, _ ("Some names have characters that no profile can have, and are left out.") },
    { proposals->more > 0, _ ("There were more lines than are proposed at once: learn again when these are there.") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (notes); i++)
    if (notes[i].holds)
      puts (notes[i].text);
}

gboolean
sbx_learned_text_ask (const SbxProposal *line)
{
  g_autofree char *comment = sbx_learned_text_comment (line);
  char answer[16] = "";

  print_wrapped (INDENT "# ", comment);
  printf (line->asked ? _ ("[%s] %s=%s? (y/N) ") : _ ("[%s] %s=%s? (Y/n) "), line->group, line->key, line->value);
  fflush (stdout);
  if (!fgets (answer, sizeof answer, stdin)) {
    putchar ('\n');
    return FALSE;
  }
  g_strstrip (answer);
  if (answer[0] == '\0')
    return !line->asked;
  return g_ascii_strcasecmp (answer, "y") == 0 || g_ascii_strcasecmp (answer, "yes") == 0;
}
