/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/cli.h"
#include "cli/instances.h"
#include "cli/job.h"

int
sbx_cmd_exec (SbxCommand *command)
{
  g_auto (GVariantBuilder) dict = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  SbxJobOptions options = { 0 };
  SbxJobCall call = { NULL, SBX_INSTANCE_INTERFACE, "Exec", NULL, NULL, &dict, TRUE };
  const GOptionEntry entries[] = {
    SBX_JOB_ENTRIES (&options),
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int first = 2, status;

  if (!sbx_parse (command, entries, NULL, _ ("SANDBOX [--] COMMAND [ARGUMENT…]"),
                  _ ("Starts COMMAND in a running sandbox, as a neighbour of its application: they see each other."),
                  &status))
    return status;
  if (command->argc > 2 && strcmp (command->argv[2], "--") == 0)
    first = 3;
  if (command->argc <= first) {
    sbx_job_options_clear (&options);
    return sbx_fail (_ ("which sandbox, and which command? Say for example: sandboxctl exec org.example.App -- ps ax"));
  }
  service = sbx_service_open (&error);
  path = service ? sbx_instances_resolve (service, command->argv[1]) : NULL;
  if (!service)
    sbx_fail_error (error);
  g_clear_object (&service); /* a private one must not outlive its use; the job makes its own */
  call.path = path;
  call.argv = (const char *const *) command->argv + first;
  status = path ? sbx_job_run (command, &options, &call) : SBX_EXIT_SANDBOX;
  sbx_job_options_clear (&options);
  return status;
}
