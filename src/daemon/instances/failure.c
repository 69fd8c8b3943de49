/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/failure.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

#define ANY 0

/* The first row that fits is used. %s is the command. */
static const struct {
  SbxStep step;
  int error;
  const char *text;
} rows[] = {
  { SBX_STEP_EXEC, ENOENT,
    N_ ("command \"%s\" was not found in the sandbox; if it is there outside, the profile does not show its "
        "directory") },
  { SBX_STEP_EXEC, EACCES,
    N_ ("command \"%s\" was found in the sandbox but cannot be executed: it is a directory, has no x permission, or "
        "lies "
        "on a file system without execution") },
  { SBX_STEP_EXEC, EISDIR, N_ ("command \"%s\" is a directory") },
  { SBX_STEP_EXEC, ENOTDIR, N_ ("command \"%s\": something on its path is not a directory") },
  { SBX_STEP_EXEC, ENOEXEC, N_ ("command \"%s\" is no program: it has neither a known format nor a #! line") },
  { SBX_STEP_EXEC, E2BIG, N_ ("command \"%s\": the arguments and the environment are larger than the kernel takes") },
  { SBX_STEP_EXEC, ANY, N_ ("command \"%s\" could not be executed") },
  { SBX_STEP_DIRECTORY, ENOENT,
    N_ ("the working directory is not there in the sandbox; name another one, or let the profile show it") },
  { SBX_STEP_DIRECTORY, ANY, N_ ("the working directory cannot be entered in the sandbox") },
  { SBX_STEP_DOMAIN, ANY,
    N_ ("the kernel's Landlock cannot be used; a profile with features=no-landlock goes on without it") },
  { SBX_STEP_APP_DOMAIN, ANY,
    N_ ("the kernel's Landlock cannot be used; a profile with features=no-landlock goes on without it") },
  { SBX_STEP_PROCFS, ANY, N_ ("the sandbox's own /proc could not be mounted") },
  { SBX_STEP_RECORD, ENOSPC, N_ ("the runtime directory is full: remove something from it") },
  { SBX_STEP_RECORD, ANY, N_ ("the record of the instance could not be written to the runtime directory") },
  { SBX_STEP_BWRAP, ANY, N_ ("bwrap could not be started") },
  { SBX_STEP_NAMESPACES, ANY, N_ ("bwrap could not set up the sandbox") },
  { SBX_STEP_LIMITS, ANY, N_ ("a limit of the policy could not be set") },
  { SBX_STEP_SECCOMP, ANY, N_ ("the filter of system calls could not be installed") },
  { SBX_STEP_DESCRIPTORS, ANY, N_ ("the descriptors could not be put at their numbers") },
  { SBX_STEP_TERMINAL, ANY, N_ ("descriptor 0 could not become the controlling terminal") },
  { SBX_STEP_JOIN, ESRCH, N_ ("the instance has ended") },
  { SBX_STEP_JOIN, EAGAIN, N_ ("the instance has as many handlers as it can have; stop one of them first") },
  { SBX_STEP_JOIN, ANY, N_ ("the handler could not join the instance") },
  { SBX_STEP_TRACE, ANY,
    N_ ("the application cannot be traced for its crash handler; with --on-crash=none it starts without one") },
  { SBX_STEP_FILES, ANY, N_ ("what the sandbox is to have of the user's could not be mounted") },
  { SBX_STEP_GIVE_PROCFS, EBUSY, N_ ("the kernel does not change the pid namespace of a procfs that is in use") },
  { SBX_STEP_GIVE_PROCFS, EPERM,
    N_ ("the kernel does not let the keeper make a procfs of the sandbox's pid namespace: it has no CAP_SYS_ADMIN over "
        "it") },
  { SBX_STEP_GIVE_PROCFS, EINVAL,
    N_ ("the kernel says that the sandbox's pid namespace is none, or is not below the keeper's own") },
  { SBX_STEP_GIVE_PROCFS, EOPNOTSUPP,
    N_ ("the kernel's procfs has not the options that were asked for (hidepid=ptraceable and subset= are there from "
        "Linux "
        "5.8 on)") },
  { SBX_STEP_GIVE_PROCFS, ESRCH, N_ ("the instance has ended") },
  { SBX_STEP_GIVE_PROCFS, ANY, N_ ("a procfs of the sandbox could not be made") },
  { SBX_STEP_PUBLISH, EADDRINUSE, N_ ("the port is in use on this machine; publish at another one") },
  { SBX_STEP_PUBLISH, EACCES,
    N_ ("the port is only for root on this machine (net.ipv4.ip_unprivileged_port_start); publish at a higher one") },
  { SBX_STEP_PUBLISH, EADDRNOTAVAIL, N_ ("this machine has no such address") },
  { SBX_STEP_PUBLISH, ANY, N_ ("the port could not be taken") },
  { SBX_STEP_FORK, EAGAIN, N_ ("no more processes can be started in this instance") },
  { SBX_STEP_FORK, ESRCH, N_ ("the instance has ended") },
#define SIDECAR(kind, step, enforced, plan, directory, failure) { SBX_STEP_##kind, ANY, failure },
  SBX_SIDECAR_ROWS (SIDECAR)
#undef SIDECAR
};

/* Failures that have an error of their own; all others are SPAWN_FAILED. */
static const struct {
  SbxStep step;
  int error;
  SbxError code;
} codes[] = {
  { SBX_STEP_GIVE_PROCFS, EBUSY, SBX_ERROR_BUSY },
  { SBX_STEP_GIVE_PROCFS, EPERM, SBX_ERROR_NOT_PERMITTED },
  { SBX_STEP_GIVE_PROCFS, EINVAL, SBX_ERROR_BAD_NAMESPACE },
  { SBX_STEP_GIVE_PROCFS, EOPNOTSUPP, SBX_ERROR_NOT_SUPPORTED },
  { SBX_STEP_GIVE_PROCFS, ESRCH, SBX_ERROR_EXITED },
};

static SbxError
find_code (SbxStep step, int error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (codes[i].step == step && codes[i].error == error)
      return codes[i].code;
  return SBX_ERROR_SPAWN_FAILED;
}

static const char *
find_text (SbxStep step, int error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].step == step && (rows[i].error == ANY || rows[i].error == error))
      return rows[i].text;
  return N_ ("the launch failed");
}

GError *
sbx_failure_new (const SbxMessage *failed, const char *command)
{
  const char *step = sbx_step_name ((unsigned) failed->detail);
  const char *name = failed->value > 0 ? strerrorname_np (failed->value) : NULL;
  const char *text = find_text ((SbxStep) failed->detail, failed->value);
  g_autofree char *shown = g_utf8_make_valid (command ? command : "", -1);
  g_autofree char *said = g_utf8_make_valid (failed->text, -1);
  GString *message = g_string_new (NULL);
  GError *error;

  g_strdelimit (g_strchomp (said), "\n\r\t", ' ');
  g_string_append_printf (message, "%s: ", step ? step : "unknown");
  for (const char *at = text; *at; at++) {
    if (at[0] == '%' && at[1] == 's') {
      g_string_append (message, shown);
      at++;
    } else {
      g_string_append_c (message, *at);
    }
  }
  if (said[0])
    g_string_append_printf (message, ": %s", said);
  if (name)
    g_string_append_printf (message, " (%s)", name);
  error = g_error_new_literal (SBX_ERROR, find_code ((SbxStep) failed->detail, failed->value), message->str);
  g_string_free (message, TRUE);
  return error;
}

GError *
sbx_failure_of_launch (const SbxMessage *message, GVariant *argv)
{
  g_autofree const char **words = g_variant_get_bytestring_array (argv, NULL);

  return sbx_failure_new (message, words[0] ? words[0] : "");
}
