/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/instances.h"
#include "cli/link/follow.h"
#include "cli/process-options.h"
#include "cli/verbs/functions.h"

static int
execute (SbxProcessOptions *process, const SbxCommand *command, const char *word, char **argv)
{
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL;
  g_autoptr (GError) error = NULL;
  const SbxInstanceInfo *info;

  if (!sbx_process_options_make (process, command, FALSE, &error) || !sbx_process_options_pack (process, &error))
    return sbx_fail_error (error);
  info = sbx_instances_open (word, &service, &instances, &error);
  if (!info)
    return sbx_fail_error (error);
  if (sbx_instance_has_ended (info))
    return sbx_fail (_ ("the sandbox %s has ended; start another with `sandboxctl run`"), info->id);
  process->open = FALSE;
  const SbxFollowCall call = { .service = service,
                               .path = info->path,
                               .interface = SBX_INSTANCE_INTERFACE,
                               .method = "Exec",
                               .parameters =
                                   g_variant_new ("(@aaya{sv})", sbx_process_options_argv (argv), &process->options),
                               .fds = process->fds,
                               .lifeline = &process->lifeline,
                               .terminal = process->terminal,
                               .command = argv[0],
                               .cwd = process->cwd,
                               .profile = sbx_instance_text (info, "Profile") };
  return sbx_follow (&call);
}

int
sbx_cmd_exec (SbxCommand *command)
{
  g_auto (SbxProcessOptions) process = SBX_PROCESS_OPTIONS_INIT;
  const GOptionEntry entries[] = { SBX_PROCESS_OPTIONS_ENTRIES (&process), G_OPTION_ENTRY_NULL };
  const char *first = sbx_take_first_word (command), *word;
  char **argv;
  int status;

  if (!sbx_parse (
          command, entries, NULL, _ ("SANDBOX [OPTION…] [--] COMMAND [ARGUMENT…]"),
          _ ("Starts one more command in a running sandbox, beside the application, and takes its exit status."),
          &status))
    return status;
  word = sbx_take_sandbox_and_command (command, first, &argv);
  if (!word || !argv[0])
    return sbx_fail (_ ("exec takes a sandbox and a command, as in `sandboxctl exec SANDBOX -- ps ax`"));
  return execute (&process, command, word, argv);
}
