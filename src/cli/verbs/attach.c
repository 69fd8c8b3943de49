/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/instances.h"
#include "cli/link/follow.h"
#include "cli/policy-options.h"
#include "cli/process-options.h"
#include "cli/verbs/functions.h"

typedef struct {
  SbxProcessOptions process;
  SbxPolicyOptions *policy;
  char *profile;
  gboolean hold;
} Attach;

static gboolean
make_options (Attach *attach, const SbxCommand *command, GError **error)
{
  GVariant *policy;

  if (!g_utf8_validate (attach->profile, -1, NULL))
    return g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("--profile=%s is not UTF-8 text"),
                        attach->profile),
           FALSE;
  if (!sbx_process_options_make (&attach->process, command, FALSE, error))
    return FALSE;
  policy = sbx_policy_options_to_variant (attach->policy);
  if (policy)
    g_variant_builder_add (&attach->process.options, "{sv}", "policy", policy);
  if (attach->hold)
    g_variant_builder_add (&attach->process.options, "{sv}", "hold", g_variant_new_boolean (TRUE));
  return TRUE;
}

/* The profile's own command, of which the user may never have heard. */
static void
explain_missing (const Attach *attach)
{
  g_printerr (_ ("sandboxctl: the profile \"%s\" names a program that is not installed; on Debian, "
                 "`apt install gdb` and `apt install strace` bring the usual ones\n"),
              attach->profile);
}

static int
run (Attach *attach, const SbxCommand *command, const char *word, char **argv)
{
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL;
  g_autoptr (GError) error = NULL;
  const SbxInstanceInfo *info;
  int status;

  if (!make_options (attach, command, &error) || !sbx_process_options_pack (&attach->process, &error))
    return sbx_fail_error (error);
  info = sbx_instances_open (word, &service, &instances, &error);
  if (!info)
    return sbx_fail_error (error);
  if (sbx_instance_has_ended (info))
    return sbx_fail (_ ("the sandbox %s has ended: there is nothing left to attach to"), info->id);
  attach->process.open = FALSE;
  const SbxFollowCall call = { .service = service,
                               .path = info->path,
                               .interface = SBX_INSTANCE_INTERFACE,
                               .method = "Attach",
                               .parameters = g_variant_new ("(s@aaya{sv})", attach->profile,
                                                            sbx_process_options_argv (argv), &attach->process.options),
                               .fds = attach->process.fds,
                               .lifeline = &attach->process.lifeline,
                               .terminal = attach->process.terminal,
                               .command = argv[0] ? argv[0] : attach->profile,
                               .cwd = attach->process.cwd,
                               .profile = attach->profile,
                               .instance = TRUE };
  status = sbx_follow (&call);
  if (status == SBX_EXIT_NOT_FOUND && !argv[0])
    explain_missing (attach);
  return status;
}

static void
attach_clear (Attach *attach)
{
  sbx_process_options_clear (&attach->process);
  sbx_policy_options_free (attach->policy);
  g_free (attach->profile);
}

int
sbx_cmd_attach (SbxCommand *command)
{
  Attach attach = { .process = SBX_PROCESS_OPTIONS_INIT, .policy = sbx_policy_options_new () };
  const GOptionEntry entries[] = {
    { "profile", 'p', 0, G_OPTION_ARG_FILENAME, &attach.profile, N_ ("Under this profile (default: debugger)"),
      N_ ("NAME") },
    { "hold", 0, 0, G_OPTION_ARG_NONE, &attach.hold, N_ ("The sandbox stays until this has ended"), NULL },
    SBX_PROCESS_OPTIONS_ENTRIES (&attach.process),
    G_OPTION_ENTRY_NULL,
  };
  const char *first = sbx_take_first_word (command), *word;
  char **argv;
  int status;

  if (sbx_parse (
          command, entries, sbx_policy_options_make_group (attach.policy),
          _ ("SANDBOX [OPTION…] [--] [COMMAND [ARGUMENT…]]"),
          _ ("Starts a command in a second sandbox that sees the processes of a running one, may trace them, and "
             "sees\nnothing else. Without a command: the profile's own, which for \"debugger\" is gdb on the "
             "main process."),
          &status)) {
    word = sbx_take_sandbox_and_command (command, first, &argv);
    if (!attach.profile)
      attach.profile = g_strdup ("debugger");
    if (!word)
      status = sbx_fail (_ ("attach takes a sandbox, as in `sandboxctl attach SANDBOX`; `sandboxctl ps` lists them"));
    else
      status = run (&attach, command, word, argv);
  }
  attach_clear (&attach);
  return status;
}
