/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cli.h"

#include <string.h>

#include "cli/text/output.h"
#include "cli/text/service-text.h"
#include "cli/words.h"
#include "config.h"

#define SBX_HELP_COLUMNS 78

const char *
sbx_take_first_word (SbxCommand *command)
{
  const char *word = command->argc > 1 ? command->argv[1] : NULL;

  if (!word || word[0] == '-')
    return NULL;
  memmove (command->argv + 1, command->argv + 2, (gsize) (command->argc - 1) * sizeof *command->argv);
  command->argc--;
  return word;
}

const char *
sbx_take_sandbox_and_command (SbxCommand *command, const char *first, char ***argv)
{
  const char *word = first;

  *argv = command->argv + 1;
  if (word)
    return word;
  if (command->argc < 2)
    return NULL;
  word = *(*argv)++;
  if (**argv && strcmp (**argv, "--") == 0)
    ++*argv;
  return word;
}

/* What is to be said of the option of @argv that @error complains of, or NULL. */
static char *
explain_option (const SbxVerb *verb, char *const *argv, const GError *error)
{
  if (!verb || !g_error_matches (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
    return NULL;
  for (; *argv; argv++) {
    g_autofree char *valid = g_utf8_make_valid (*argv, -1);

    if (**argv == '-' && strstr (error->message, valid))
      return sbx_words_explain_option (
          &(SbxWordsVerb){ verb->name, verb->options, verb->policy || verb->forwards, verb->policy }, valid);
  }
  return NULL;
}

gboolean
sbx_parse (SbxCommand *command, const GOptionEntry *entries, GOptionGroup *group, const char *usage,
           const char *summary, int *status)
{
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_strconcat ("sandboxctl ", command->argv[0], NULL);
  g_autofree char *wrapped = sbx_output_wrap (summary, SBX_HELP_COLUMNS), *meant = NULL, *said = NULL;
  g_autofree char **words = NULL;
  const SbxVerb *verb;

  g_option_context_set_summary (context, wrapped);
  g_option_context_set_strict_posix (context, command->strict);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (group)
    g_option_context_add_group (context, group);
  g_set_prgname (program);
  verb = sbx_verb_find (command->verbs, command->argv[0]);
  words = g_memdup2 (command->argv, (gsize) (command->argc + 1) * sizeof *words);
  command->argv[0] = program;
  if (g_option_context_parse (context, &command->argc, &command->argv, &error)) {
    command->argv[0] = (char *) "";
    if (command->argc > 1 && strcmp (command->argv[1], "--") == 0) {
      command->argv++;
      command->argc--;
    }
    return TRUE;
  }
  meant = explain_option (verb, words + 1, error);
  said = sbx_service_text (error->message);
  *status = meant ? sbx_fail ("%s; %s", said, meant) : sbx_fail (_ ("%s (see `%s --help`)"), said, program);
  return FALSE;
}

const SbxVerb *
sbx_verb_find (const SbxVerb *verbs, const char *name)
{
  for (const SbxVerb *verb = verbs; verb->name; verb++)
    if (strcmp (verb->name, name) == 0)
      return verb;
  return NULL;
}

const char **
sbx_verb_names (const SbxVerb *verbs)
{
  GPtrArray *names = g_ptr_array_new ();

  for (const SbxVerb *verb = verbs; verb->name; verb++)
    if (verb->summary)
      g_ptr_array_add (names, (gpointer) verb->name);
  g_ptr_array_add (names, NULL);
  return (const char **) g_ptr_array_free (names, FALSE);
}

int
sbx_sub_verb_run (const SbxSubVerb *verbs, gsize n_verbs, const char *name, guint n_words, gpointer self)
{
  for (gsize i = 0; i < n_verbs; i++)
    if (strcmp (verbs[i].name, name) == 0)
      return n_words >= verbs[i].min && n_words <= verbs[i].max ? verbs[i].function (self)
                                                                : sbx_fail (_ ("usage: sandboxctl %s"), verbs[i].usage);
  return -1;
}

SbxPlaces
sbx_find_places (const char **xdg_dirs)
{
  for (int i = 0; i < G_USER_N_DIRECTORIES; i++)
    xdg_dirs[i] = g_get_user_special_dir ((GUserDirectory) i);
  return (SbxPlaces){ .home = g_get_home_dir (),
                      .xdg_dirs = xdg_dirs,
                      .runtime_dir = g_getenv ("XDG_RUNTIME_DIR"),
                      .data_home = g_get_user_data_dir (),
                      .config_home = g_get_user_config_dir (),
                      .cache_home = g_get_user_cache_dir () };
}
