/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-spawn: for inside of a sandbox, with the options of flatpak-spawn(1), so that wrapper scripts which were
 * written for that one work. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/link/follow.h"
#include "cli/process-options.h"
#include "cli/verbs/functions.h"
#include "common/error.h"

#define MAX_ENVIRONMENT (1024 * 1024)

typedef struct {
  SbxProcessOptions process;
  GPtrArray *env; /* NAME=VALUE */
  char **env_fds, **paths, **read_only_paths;
  gboolean sandbox, no_network, shared_pids, ignored;
} Spawn;

/* Options of flatpak-spawn that we have not, and what does that instead. */
static const struct {
  const char *name, *remedy;
} foreign[] = {
  { "host", N_ ("a sandbox starts nothing outside; start it there, or give its profile what it needs") },
  { "sandbox-expose", N_ ("name a path, with --sandbox-expose-path=PATH") },
  { "sandbox-expose-ro", N_ ("name a path, with --sandbox-expose-path-ro=PATH") },
  { "sandbox-expose-path-try", N_ ("name a path that is there, with --sandbox-expose-path=PATH") },
  { "sandbox-expose-path-ro-try", N_ ("name a path that is there, with --sandbox-expose-path-ro=PATH") },
  { "sandbox-a11y-own-name", N_ ("name it in a profile, and start that with `sandboxctl run --profile=PROFILE`") },
  { "sandbox-flag", N_ ("use `sandboxctl run` with --socket=, --device= or --talk-name=") },
  { "app-path", N_ ("there are no runtimes here: the new sandbox has the programs that this one has") },
  { "usr-path", N_ ("there are no runtimes here: the new sandbox has the programs that this one has") },
};

static gboolean
refuse_foreign (const char *option, const char *value, gpointer data, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    if (strcmp (option + strlen ("--"), foreign[i].name) == 0)
      return g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("%s is not possible: %s"), option,
                          _ (foreign[i].remedy)),
             FALSE;
  return FALSE;
}

/* NAME=VALUE with a NUL behind each, as env(1) -0 prints them. */
static gboolean
read_env_fd (Spawn *spawn, const char *word, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint64 fd;
  char part[4096];
  ssize_t n;

  if (!g_ascii_string_to_unsigned (word, 10, 0, G_MAXINT, &fd, NULL))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("--env-fd=%s: this is not the number of a descriptor"), word);
  while ((n = read ((int) fd, part, sizeof part)) > 0 && text->len < MAX_ENVIRONMENT)
    g_string_append_len (text, part, n);
  if (n != 0)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("--env-fd=%s: %s"), word,
                      n < 0 ? g_strerror (errno) : _ ("this is more than an environment has"));
  for (const char *at = text->str, *end = text->str + text->len; at < end; at += strlen (at) + 1)
    g_ptr_array_add (spawn->env, g_strdup (at));
  return TRUE;
}

/* What --env-fd= and then --env= name is what --env= of `run` would. */
static gboolean
collect_environment (Spawn *spawn, GError **error)
{
  for (char **word = spawn->env_fds; word && *word; word++)
    if (!read_env_fd (spawn, *word, error))
      return FALSE;
  for (char **pair = spawn->process.env; pair && *pair; pair++)
    g_ptr_array_add (spawn->env, g_strdup (*pair));
  g_strfreev (spawn->process.env);
  g_ptr_array_add (spawn->env, NULL);
  spawn->process.env = g_strdupv ((char **) spawn->env->pdata);
  return TRUE;
}

static gboolean
add_paths (GString *words, char *const *paths, const char *mode, GError **error)
{
  for (char *const *path = paths; path && *path; path++) {
    if (**path != '/' || strpbrk (*path, ";\\:\n") || !g_utf8_validate (*path, -1, NULL))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                        _ ("--sandbox-expose-path: %s: name an absolute path without \";\", \":\" and \"\\\""), *path);
    g_string_append_printf (words, "%s:%s;", *path, mode);
  }
  return TRUE;
}

/* What is put over the policy that it begins with: the caller's own, or that of the profile "default". */
static gboolean
add_policy (Spawn *spawn, GError **error)
{
  g_autoptr (GString) files = g_string_new (NULL);
  GVariantBuilder keys, groups;

  if (!add_paths (files, spawn->paths, "rw", error) || !add_paths (files, spawn->read_only_paths, "ro", error))
    return FALSE;
  g_variant_builder_init (&keys, G_VARIANT_TYPE ("a{ss}"));
  if (spawn->no_network)
    g_variant_builder_add (&keys, "{ss}", "shared", "!network;");
  if (files->len > 0)
    g_variant_builder_add (&keys, "{ss}", "filesystems", files->str);
  g_variant_builder_init (&groups, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&groups, "{sv}", "Context", g_variant_builder_end (&keys));
  g_variant_builder_add (&spawn->process.options, "{sv}", "policy", g_variant_builder_end (&groups));
  return TRUE;
}

static int
launch (Spawn *spawn, const SbxCommand *command, char **argv)
{
  const char *profile = spawn->sandbox ? "default" : "";
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GError) error = NULL;

  if (spawn->shared_pids)
    g_printerr (_ ("sandbox-spawn: note: the new sandbox has processes of its own, which are not seen from here\n"));
  spawn->process.no_inherit = TRUE;
  if (!collect_environment (spawn, &error) || !sbx_process_options_make (&spawn->process, command, FALSE, &error)
      || !add_policy (spawn, &error) || !(service = sbx_service_open_for_launch (&error)))
    return sbx_fail_error (error);
  spawn->process.open = FALSE;
  const SbxFollowCall call = { .service = service,
                               .path = SBX_MANAGER_PATH,
                               .interface = SBX_MANAGER_INTERFACE,
                               .method = "Launch",
                               .parameters = g_variant_new ("(s@aaya{sv})", profile, sbx_process_options_argv (argv),
                                                            &spawn->process.options),
                               .fds = spawn->process.fds,
                               .lifeline = &spawn->process.lifeline,
                               .terminal = spawn->process.terminal,
                               .command = argv[0],
                               .cwd = spawn->process.cwd,
                               .instance = TRUE };
  return sbx_follow (&call);
}

static void
spawn_clear (Spawn *spawn)
{
  sbx_process_options_clear (&spawn->process);
  g_ptr_array_unref (spawn->env);
  g_strfreev (spawn->env_fds);
  g_strfreev (spawn->paths);
  g_strfreev (spawn->read_only_paths);
}

#define FOREIGN(name)                                                                                                  \
  {                                                                                                                    \
    name, 0, G_OPTION_FLAG_HIDDEN | G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, (gpointer) refuse_foreign,      \
        NULL, NULL                                                                                                     \
  }

int
sbx_cmd_spawn (SbxCommand *command)
{
  Spawn spawn = { .process = SBX_PROCESS_OPTIONS_INIT, .env = g_ptr_array_new_with_free_func (g_free) };
  const GOptionEntry entries[] = {
    { "sandbox", 0, 0, G_OPTION_ARG_NONE, &spawn.sandbox, N_ ("With as little as the profile default has"), NULL },
    { "no-network", 0, 0, G_OPTION_ARG_NONE, &spawn.no_network, N_ ("Without the network"), NULL },
    { "env", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &spawn.process.env, N_ ("Set a variable"), N_ ("NAME=VALUE") },
    { "unset-env", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &spawn.process.unset_env, N_ ("Unset a variable"), N_ ("NAME") },
    { "env-fd", 0, 0, G_OPTION_ARG_STRING_ARRAY, &spawn.env_fds, N_ ("Set variables as env -0 prints them"),
      N_ ("NUMBER") },
    { "forward-fd", 0, 0, G_OPTION_ARG_STRING_ARRAY, &spawn.process.fd_words, N_ ("Pass on this open descriptor"),
      N_ ("NUMBER") },
    { "directory", 0, 0, G_OPTION_ARG_FILENAME, &spawn.process.cwd, N_ ("Start in this directory"), N_ ("DIR") },
    { "sandbox-expose-path", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &spawn.paths, N_ ("With this path of the caller's"),
      N_ ("PATH") },
    { "sandbox-expose-path-ro", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &spawn.read_only_paths,
      N_ ("With this path of the caller's, read-only"), N_ ("PATH") },
    { "expose-pids", 0, 0, G_OPTION_ARG_NONE, &spawn.shared_pids, N_ ("Taken, and changes nothing"), NULL },
    { "share-pids", 0, 0, G_OPTION_ARG_NONE, &spawn.shared_pids, N_ ("Taken, and changes nothing"), NULL },
    { "watch-bus", 0, 0, G_OPTION_ARG_NONE, &spawn.ignored, N_ ("End with the caller, as always"), NULL },
    { "clear-env", 0, 0, G_OPTION_ARG_NONE, &spawn.ignored, N_ ("With none of the caller's variables, as always"),
      NULL },
    { "latest-version", 0, 0, G_OPTION_ARG_NONE, &spawn.ignored, N_ ("Taken, and changes nothing"), NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &spawn.ignored, N_ ("Taken, and changes nothing"), NULL },
    FOREIGN ("host"),
    FOREIGN ("sandbox-expose"),
    FOREIGN ("sandbox-expose-ro"),
    FOREIGN ("sandbox-expose-path-try"),
    FOREIGN ("sandbox-expose-path-ro-try"),
    FOREIGN ("sandbox-a11y-own-name"),
    FOREIGN ("sandbox-flag"),
    FOREIGN ("app-path"),
    FOREIGN ("usr-path"),
    G_OPTION_ENTRY_NULL,
  };
  int status = 0;

  if (sbx_parse (command, entries, NULL, _ ("[OPTION…] [--] COMMAND [ARGUMENT…]"),
                 _ ("Starts a command in a sandbox below the one that we are in: with what that has itself, or less."),
                 &status)) {
    if (command->argc < 2)
      status = sbx_fail (_ ("sandbox-spawn: a command is missing, as in `sandbox-spawn --sandbox ps ax`"));
    else
      status = launch (&spawn, command, command->argv + 1);
  }
  spawn_clear (&spawn);
  return status;
}
