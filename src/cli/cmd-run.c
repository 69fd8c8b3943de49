/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cli.h"
#include "cli/job.h"
#include "cli/policy-options.h"

typedef struct {
  SbxJobOptions job;
  char *profile, *app_id, *on_crash;
} RunOptions;

static gboolean
parse (SbxCommand *command, RunOptions *options, SbxPolicyOptions *policy, int *status)
{
  const GOptionEntry entries[] = {
    { "profile", 'p', 0, G_OPTION_ARG_STRING, &options->profile, N_ ("The profile, \"default\" unless named"),
      N_ ("NAME") },
    { "app-id", 0, 0, G_OPTION_ARG_STRING, &options->app_id, N_ ("Whose home it gets, like org.example.App"),
      N_ ("ID") },
    { "detach", 'd', 0, G_OPTION_ARG_NONE, &options->job.detach, N_ ("Print its id and do not wait"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->job.json, N_ ("With --detach: print JSON"), NULL },
    { "on-crash", 0, 0, G_OPTION_ARG_STRING, &options->on_crash, N_ ("The profile that handles a crash"),
      N_ ("PROFILE") },
    SBX_JOB_ENTRIES (&options->job),
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };

  return sbx_parse (command, entries, sbx_policy_options_group (policy), _ ("[--] COMMAND [ARGUMENT…]"),
                    _ ("Starts COMMAND in a sandbox, waits for it, and exits with its status: 128 + n for signal n,\n"
                       "127 when it was not found, 126 when it could not be executed, 125 when the sandbox failed."),
                    status);
}

int
sbx_cmd_run (SbxCommand *command)
{
  g_autoptr (SbxPolicyOptions) policy = sbx_policy_options_new ();
  g_auto (GVariantBuilder) dict = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  RunOptions options = { 0 };
  SbxJobCall call = { SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Launch", NULL, NULL, &dict, FALSE };
  GVariant *groups;
  int status;

  if (!parse (command, &options, policy, &status))
    return status;
  groups = sbx_policy_options_to_variant (policy);
  if (groups)
    g_variant_builder_add (&dict, "{sv}", "policy", groups);
  if (options.app_id)
    g_variant_builder_add (&dict, "{sv}", "app-id", g_variant_new_string (options.app_id));
  if (options.on_crash)
    g_variant_builder_add (&dict, "{sv}", "on-crash", g_variant_new_string (options.on_crash));
  call.first = g_variant_new_string (options.profile ? options.profile : "default");
  call.argv = (const char *const *) command->argv + 1;
  if (command->argc < 2 && !options.profile)
    status = sbx_fail (_ ("which command? Say for example: sandboxctl run -- ps ax"));
  else
    status = sbx_job_run (command, &options.job, &call);
  g_free (options.profile);
  g_free (options.app_id);
  g_free (options.on_crash);
  sbx_job_options_clear (&options.job);
  return status;
}
