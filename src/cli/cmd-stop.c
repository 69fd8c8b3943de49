/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stop, kill and wait: the end of sandboxes. */
#include <signal.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/instances.h"
#include "cli/output.h"

static gboolean
call_instance (SbxService *service, const char *path, const char *method, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      sbx_service_call (service, path, SBX_INSTANCE_INTERFACE, method, parameters, NULL, &error);

  if (!reply)
    sbx_fail_error (error);
  return reply != NULL;
}

static gboolean
stop_one (SbxService *service, const char *name, gint64 grace_ms)
{
  g_autofree char *path = sbx_instances_resolve (service, name);
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GError) error = NULL;

  if (!path || !call_instance (service, path, "Stop", g_variant_new ("(u)", (guint32) grace_ms)))
    return FALSE;
  if (sbx_instances_wait (service, path, -1, &properties, &error) > 0)
    return TRUE;
  sbx_fail_error (error);
  return FALSE;
}

int
sbx_cmd_stop (SbxCommand *command)
{
  double grace = 5;
  const GOptionEntry entries[] = {
    { "grace", 0, 0, G_OPTION_ARG_DOUBLE, &grace, N_ ("Seconds between SIGTERM and SIGKILL, 5 unless said"),
      N_ ("SECONDS") },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (!sbx_parse (command, entries, NULL, _ ("SANDBOX…"),
                  _ ("Asks each application to end, kills it when it does not, and returns when it has."), &status))
    return status;
  if (command->argc < 2)
    return sbx_fail (_ ("which sandbox? `sandboxctl ps` lists them"));
  if (!(grace >= 0 && grace <= 86400))
    return sbx_fail (_ ("--grace takes seconds, from 0 to 86400"));
  service = sbx_service_open (&error);
  if (!service)
    return sbx_fail_error (error);
  for (int i = 1; i < command->argc; i++)
    if (!stop_one (service, command->argv[i], (gint64) (grace * 1000)))
      status = SBX_EXIT_SANDBOX;
  return status;
}

static const struct {
  const char *name;
  int number;
} signals[] = {
  { "HUP", SIGHUP },   { "INT", SIGINT },   { "QUIT", SIGQUIT },   { "ABRT", SIGABRT }, { "KILL", SIGKILL },
  { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 },   { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
  { "TERM", SIGTERM }, { "CHLD", SIGCHLD }, { "CONT", SIGCONT },   { "STOP", SIGSTOP }, { "TSTP", SIGTSTP },
  { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "WINCH", SIGWINCH }, { "BUS", SIGBUS },   { "FPE", SIGFPE },
  { "ILL", SIGILL },   { "TRAP", SIGTRAP }, { "SYS", SIGSYS },
};

/* "TERM", "SIGTERM", "15"; 0 for anything else. */
static int
parse_signal (const char *text)
{
  const char *name = g_ascii_strncasecmp (text, "SIG", 3) == 0 ? text + 3 : text;
  guint64 number;

  if (g_ascii_string_to_unsigned (text, 10, 1, 64, &number, NULL))
    return (int) number;
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    if (g_ascii_strcasecmp (signals[i].name, name) == 0)
      return signals[i].number;
  return 0;
}

int
sbx_cmd_kill (SbxCommand *command)
{
  g_autofree char *text = NULL;
  const GOptionEntry entries[] = {
    { "signal", 's', 0, G_OPTION_ARG_STRING, &text, N_ ("Which signal, TERM unless named"), N_ ("SIGNAL") },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GError) error = NULL;
  int status = 0, signo;

  if (!sbx_parse (command, entries, NULL, _ ("SANDBOX…"), _ ("Sends a signal to each application's main process."),
                  &status))
    return status;
  signo = text ? parse_signal (text) : SIGTERM;
  if (signo == 0)
    return sbx_fail (_ ("there is no signal \"%s\"; say a number from 1 to 64, or a name like TERM"), text);
  if (command->argc < 2)
    return sbx_fail (_ ("which sandbox? `sandboxctl ps` lists them"));
  service = sbx_service_open (&error);
  if (!service)
    return sbx_fail_error (error);
  for (int i = 1; i < command->argc; i++) {
    g_autofree char *path = sbx_instances_resolve (service, command->argv[i]);

    if (!path || !call_instance (service, path, "Signal", g_variant_new ("(i)", signo)))
      status = SBX_EXIT_SANDBOX;
  }
  return status;
}

int
sbx_cmd_wait (SbxCommand *command)
{
  double timeout = -1;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &timeout, N_ ("Give up after this time, with status 124"), N_ ("SECONDS") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print how it ended as JSON"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GVariant) properties = NULL, result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int status, rc;

  if (!sbx_parse (command, entries, NULL, _ ("SANDBOX"),
                  _ ("Waits for a sandbox to end and exits with its status, as run does."), &status))
    return status;
  if (command->argc != 2)
    return sbx_fail (_ ("which sandbox? `sandboxctl ps` lists them"));
  service = sbx_service_open (&error);
  if (!service)
    return sbx_fail_error (error);
  path = sbx_instances_resolve (service, command->argv[1]);
  if (!path)
    return SBX_EXIT_SANDBOX;
  rc = sbx_instances_wait (service, path, timeout < 0 ? -1 : (gint64) (timeout * 1000), &properties, &error);
  if (rc < 0)
    return sbx_fail_error (error);
  if (rc == 0)
    return SBX_EXIT_TIMEOUT;
  result = g_variant_lookup_value (properties, "Result", G_VARIANT_TYPE_VARDICT);
  if (json && result)
    sbx_output_json (sbx_output_to_json (result));
  return sbx_instances_exit_status (properties);
}
