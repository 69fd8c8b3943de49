/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/instances.h"
#include "cli/verbs/functions.h"
#include "cli/view.h"

/* A procfs of the sandbox that @word names, or -1 with a message. */
static int
get_procfs (const char *word, const char *hidepid, const char *subset)
{
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL;
  g_autoptr (GError) error = NULL;
  const SbxInstanceInfo *info = sbx_instances_open (word, &service, &instances, &error);
  GVariantBuilder options;
  int fd = -1;

  if (info) {
    g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
    if (hidepid)
      g_variant_builder_add (&options, "{sv}", "hidepid", g_variant_new_string (hidepid));
    if (subset)
      g_variant_builder_add (&options, "{sv}", "subset", g_variant_new_string (subset));
    fd = sbx_service_call_for_fd (service, info->path, SBX_INSTANCE_INTERFACE, "GetProcfs",
                                  g_variant_new ("(a{sv})", &options), &error);
  }
  if (fd < 0)
    sbx_fail_error (error);
  return fd;
}

int
sbx_cmd_procfs (SbxCommand *command)
{
  g_autofree char *hidepid = NULL, *subset = NULL;
  const GOptionEntry entries[] = {
    { "hidepid", 0, 0, G_OPTION_ARG_STRING, &hidepid,
      N_ ("Which processes are there: off, noaccess, invisible, ptraceable"), N_ ("WORD") },
    { "subset", 0, 0, G_OPTION_ARG_STRING, &subset, N_ ("all, or pid for nothing but processes"), N_ ("WORD") },
    G_OPTION_ENTRY_NULL,
  };
  const char *first = sbx_take_first_word (command), *word;
  char **argv;
  int status, fd;

  if (!sbx_parse (
          command, entries, NULL, _ ("SANDBOX [OPTION…] [--] COMMAND [ARGUMENT…]"),
          _ ("Runs a tool of the host, such as ps, top or lsof, with a procfs of a running sandbox as its /proc."),
          &status))
    return status;
  word = sbx_take_sandbox_and_command (command, first, &argv);
  if (!word || !argv[0])
    return sbx_fail (_ ("procfs takes a sandbox and a command, as in `sandboxctl procfs SANDBOX -- ps ax`"));
  fd = get_procfs (word, hidepid, subset);
  return fd < 0 ? SBX_EXIT_SANDBOX : sbx_view_run (fd, argv);
}
