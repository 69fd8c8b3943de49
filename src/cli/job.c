/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/job.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/descriptors.h"
#include "cli/terminal.h"
#include "common/error.h"
#include "wire/message.h"

#define REPLY_PATIENCE 2000 /* ms for the service's words after the keeper has said that it failed, or the reverse */

typedef struct {
  GMainLoop *loop;
  SbxService *service;
  const SbxJobCall *call;
  const SbxJobOptions *options;
  SbxTerminal *terminal;
  int lifeline; /* or -1 */
  int signals;
  gboolean started, replied;
  gboolean exited;
  int wait_status;
  gboolean failed; /* FAILED came */
  SbxMessage failure;
  gboolean ended;
  SbxMessage end;
  GError *error; /* the service's */
  char *instance;
} Job;

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH };

/* Passed to the application as they are; see sandbox-profile(5). */
static const char *const display_variables[] = {
  "DISPLAY",
  "WAYLAND_DISPLAY",
  "XAUTHORITY",
  "XDG_SESSION_TYPE",
  "XDG_CURRENT_DESKTOP",
  "DESKTOP_SESSION",
  "DESKTOP_STARTUP_ID",
  "XDG_ACTIVATION_TOKEN",
  "SSH_AUTH_SOCK",
  "GTK_IM_MODULE",
  "QT_IM_MODULE",
  "XMODIFIERS",
  "GTK_THEME",
  "QT_QPA_PLATFORMTHEME",
  "XCURSOR_THEME",
  "XCURSOR_SIZE",
  "LANG",
  "LANGUAGE",
  "TERM",
  "COLORTERM",
  "NO_COLOR",
  "TZ",
};

void
sbx_job_options_clear (SbxJobOptions *options)
{
  g_free (options->cwd);
  g_strfreev (options->env);
  g_strfreev (options->unset_env);
  g_strfreev (options->fds);
}

static gboolean
add_environment (GVariantBuilder *dict, const SbxJobOptions *options)
{
  g_auto (GVariantBuilder) display = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  g_auto (GVariantBuilder) env = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_auto (GStrv) names = g_listenv ();

  for (char **name = names; *name; name++) {
    g_autofree char *pair = NULL;
    gboolean wanted = g_str_has_prefix (*name, "LC_");

    for (gsize i = 0; !wanted && i < G_N_ELEMENTS (display_variables); i++)
      wanted = strcmp (*name, display_variables[i]) == 0;
    if (wanted)
      pair = g_strconcat (*name, "=", g_getenv (*name), NULL);
    if (pair && g_utf8_validate (pair, -1, NULL))
      g_variant_builder_add (&display, "s", pair);
  }
  for (char **pair = options->env; pair && *pair; pair++) {
    const char *equal = strchr (*pair, '=');
    g_autofree char *name = equal ? g_strndup (*pair, (gsize) (equal - *pair)) : NULL;

    if (!equal || equal == *pair) {
      sbx_fail (_ ("--env=%s: say NAME=VALUE"), *pair);
      return FALSE;
    }
    g_variant_builder_add (&env, "{ss}", name, equal + 1);
  }

  g_variant_builder_add (dict, "{sv}", "env", g_variant_builder_end (&env));
  g_variant_builder_add (dict, "{sv}", "display-env", g_variant_builder_end (&display));
  if (options->unset_env)
    g_variant_builder_add (dict, "{sv}", "unset-env",
                           g_variant_new_strv ((const char *const *) options->unset_env, -1));
  return TRUE;
}

static gboolean
add_directory (GVariantBuilder *dict, const SbxJobOptions *options)
{
  g_autofree char *cwd = NULL;

  if (options->cwd) {
    if (options->cwd[0] != '/') {
      sbx_fail (_ ("--cwd=%s: say an absolute path, as it is inside"), options->cwd);
      return FALSE;
    }
    g_variant_builder_add (dict, "{sv}", "cwd", g_variant_new_bytestring (options->cwd));
    return TRUE;
  }
  cwd = getcwd (NULL, 0);
  if (!cwd || cwd[0] != '/') {
    sbx_fail (_ ("the working directory is gone (%s); cd to one that exists, or say --cwd=/"), g_strerror (ENOENT));
    return FALSE;
  }
  g_variant_builder_add (dict, "{sv}", "cwd", g_variant_new_bytestring (cwd));
  g_variant_builder_add (dict, "{sv}", "cwd-optional", g_variant_new_boolean (TRUE));
  return TRUE;
}

/* The lifeline's far end, appended to @list. */
static gboolean
add_lifeline (Job *job, GVariantBuilder *dict, GUnixFDList *list)
{
  int pair[2];
  int handle;

  if (job->options->detach)
    return TRUE;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
    sbx_fail ("socketpair: %s", g_strerror (errno));
    return FALSE;
  }
  handle = g_unix_fd_list_append (list, pair[1], NULL);
  close (pair[1]);
  job->lifeline = pair[0];
  g_variant_builder_add (dict, "{sv}", "lifeline", g_variant_new_handle (handle));
  return handle >= 0;
}

static void
settle (Job *job)
{
  g_main_loop_quit (job->loop);
}

static gboolean
on_patience (gpointer user_data)
{
  settle (user_data);
  return G_SOURCE_CONTINUE;
}

static void
on_started (Job *job)
{
  job->started = TRUE;
  if (job->terminal)
    sbx_terminal_start (job->terminal);
}

static void
take_message (Job *job, const SbxMessage *message)
{
  switch (message->type) {
  case SBX_MSG_STARTED:
    on_started (job);
    break;
  case SBX_MSG_FAILED:
    job->failed = TRUE;
    job->failure = *message;
    break;
  case SBX_MSG_EXITED:
    job->exited = TRUE;
    job->wait_status = message->value;
    break;
  case SBX_MSG_ENDED:
    job->ended = TRUE;
    job->end = *message;
    break;
  default: /* the channel's table has no other */
    break;
  }
}

static gboolean
on_lifeline (int fd, GIOCondition condition, gpointer user_data)
{
  Job *job = user_data;
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;
  int rc = sbx_message_recv_now (fd, SBX_CHANNEL_KEEPER_TO_CALLER, &message, fds, &n, NULL);

  if (rc < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  if (rc > 0)
    take_message (job, &message);
  if (job->ended || (job->exited && job->call->exec) || (job->failed && job->replied)) {
    settle (job);
    return G_SOURCE_REMOVE;
  }
  if (rc > 0)
    return G_SOURCE_CONTINUE;
  /* The end of the lifeline: of the keeper, or of a launch that the service gave up and will speak of */
  if (job->started || job->replied)
    settle (job);
  else
    g_timeout_add (REPLY_PATIENCE, on_patience, job);
  return G_SOURCE_REMOVE;
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (GVariant) reply = sbx_service_call_finish (SBX_SERVICE (source), result, &job->error);

  job->replied = TRUE;
  if (reply && g_variant_is_of_type (reply, G_VARIANT_TYPE ("(o)")))
    g_variant_get (reply, "(o)", &job->instance);
  if (job->lifeline < 0 || (!reply && job->failed))
    settle (job);
  else if (!reply && !job->started)
    g_timeout_add (REPLY_PATIENCE, on_patience, job); /* the lifeline may know more, and ends soon */
}

/* From the terminal (the kernel): to the whole process group, as it would be outside. From kill(2): to the process. */
static gboolean
on_signal (int fd, GIOCondition condition, gpointer user_data)
{
  Job *job = user_data;
  struct signalfd_siginfo info;
  SbxMessage message = { .type = SBX_MSG_SIGNAL };

  if (read (fd, &info, sizeof info) != (gssize) sizeof info)
    return G_SOURCE_CONTINUE;
  if (info.ssi_signo == SIGWINCH && job->terminal)
    sbx_terminal_resize (job->terminal);
  if (!job->started && info.ssi_signo != SIGWINCH) { /* nothing to pass it to: the launch is given up */
    job->exited = TRUE;
    job->wait_status = (int) info.ssi_signo;
    settle (job);
    return G_SOURCE_REMOVE;
  }
  message.value = (int32_t) info.ssi_signo;
  message.detail = info.ssi_code == SI_KERNEL;
  if (job->lifeline >= 0)
    (void) sbx_message_send_now (job->lifeline, &message, NULL, 0);
  return G_SOURCE_CONTINUE;
}

static void
block_signals (Job *job)
{
  sigset_t set;

  sigemptyset (&set);
  for (gsize i = 0; i < G_N_ELEMENTS (forwarded); i++)
    sigaddset (&set, forwarded[i]);
  sigprocmask (SIG_BLOCK, &set, NULL);
  job->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Where a command that is not inside is on the host, as a hint; "" when it is nowhere. */
static char *
host_hint (const char *name)
{
  g_autofree char *found = strchr (name, '/') ? g_canonicalize_filename (name, NULL) : g_find_program_in_path (name);
  g_autofree char *dir = found ? g_path_get_dirname (found) : NULL;

  if (!found || !g_file_test (found, G_FILE_TEST_EXISTS))
    return g_strdup (_ ("is it installed, and spelled right?"));
  return g_strdup_printf (_ ("outside it is %s; --filesystem=%s:ro shows it inside"), found, dir);
}

/* The application could not be executed. */
static int
report_exec (const Job *job)
{
  const char *name = job->call->argv[0] ? job->call->argv[0] : "";
  g_autofree char *hint = NULL;

  switch (job->failure.value) {
  case ENOENT:
  case ENOTDIR:
    hint = host_hint (name);
    sbx_fail (_ ("%s: not found in the sandbox; %s"), name, hint);
    return SBX_EXIT_NOT_FOUND;
  case E2BIG:
    sbx_fail (
        _ ("%s: the arguments and the environment are more than the kernel takes (a quarter of `ulimit -s`); pass "
           "data in a file or through a pipe"),
        name);
    return SBX_EXIT_NOT_EXECUTABLE;
  case EACCES:
    sbx_fail (_ ("%s: not executable in the sandbox (a directory, no permission, or a file system without exec); see "
                 "`ls -ld` and chmod +x"),
              name);
    return SBX_EXIT_NOT_EXECUTABLE;
  default:
    sbx_fail (_ ("%s: cannot be executed: %s"), name, g_strerror (job->failure.value));
    return SBX_EXIT_NOT_EXECUTABLE;
  }
}

static int
report_failure (const Job *job)
{
  if (job->failed && job->failure.detail == SBX_STEP_EXEC)
    return report_exec (job);
  if (job->failed && job->failure.detail == SBX_STEP_DIRECTORY)
    return sbx_fail (
        _ ("the working directory %s is not there in the sandbox; --filesystem shows it, or choose another "
           "with --cwd"),
        job->options->cwd ? job->options->cwd : "");
  if (job->error)
    return sbx_fail_error (job->error);
  if (job->failed)
    return sbx_fail (_ ("the sandbox could not start: %s: %s %s"), sbx_step_name ((unsigned) job->failure.detail),
                     job->failure.value ? g_strerror (job->failure.value) : "", job->failure.text);
  return sbx_fail (_ ("the service died while starting the sandbox; nothing was started, try again"));
}

static int
status_of (int wait_status)
{
  return WIFSIGNALED (wait_status) ? SBX_EXIT_SIGNAL_BASE + WTERMSIG (wait_status) : WEXITSTATUS (wait_status);
}

static int
report (const Job *job)
{
  if (job->options->detach && job->instance) {
    const char *id = strrchr (job->instance, '/') + 1;

    if (job->options->json)
      g_print ("{ \"id\": \"%s\" }\n", id);
    else
      g_print ("%s\n", id);
    return 0;
  }
  if (job->ended && (job->end.value == SBX_CULPRIT_BWRAP || job->end.value == SBX_CULPRIT_INIT))
    return sbx_fail (_ ("the sandbox's own process %s was killed, and the application with it"),
                     sbx_culprit_name ((unsigned) job->end.value));
  if (job->exited)
    return status_of (job->wait_status);
  if (job->started)
    return sbx_fail (_ ("the sandbox's keeper was killed, and the application with it"));
  return report_failure (job);
}

static gboolean
send_call (Job *job, SbxCommand *command)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  GVariantBuilder *dict = job->call->options;
  GVariant *fds, *argv = g_variant_new_bytestring_array (job->call->argv, -1);

  fds = sbx_descriptors_collect (command->descriptors, job->options,
                                 job->terminal ? sbx_terminal_get_slave (job->terminal) : -1, list);
  if (!fds)
    return FALSE;
  g_variant_builder_add (dict, "{sv}", "fds", fds);
  if (job->terminal)
    g_variant_builder_add (dict, "{sv}", "tty", g_variant_new_boolean (TRUE));
  if (!add_environment (dict, job->options) || !add_directory (dict, job->options) || !add_lifeline (job, dict, list))
    return FALSE;
  sbx_service_call_async (job->service, job->call->path, job->call->interface, job->call->method,
                          job->call->first
                              ? g_variant_new ("(@s@aay@a{sv})", job->call->first, argv, g_variant_builder_end (dict))
                              : g_variant_new ("(@aay@a{sv})", argv, g_variant_builder_end (dict)),
                          list, on_reply, job);
  return TRUE;
}

static int
run_job (Job *job, SbxCommand *command)
{
  g_autoptr (GError) error = NULL;
  int status;

  job->service = sbx_service_open (&error);
  if (!job->service)
    return sbx_fail_error (error);
  if (job->options->tty && !(job->terminal = sbx_terminal_new (&error)))
    return sbx_fail_error (error);
  if (!send_call (job, command))
    return SBX_EXIT_SANDBOX;
  g_unix_fd_add (job->signals, G_IO_IN, on_signal, job);
  if (job->lifeline >= 0)
    g_unix_fd_add (job->lifeline, G_IO_IN | G_IO_HUP, on_lifeline, job);
  g_main_loop_run (job->loop);
  if (job->terminal)
    sbx_terminal_drain (job->terminal);
  g_clear_pointer (&job->terminal, sbx_terminal_free);
  status = report (job);
  return status;
}

int
sbx_job_run (SbxCommand *command, const SbxJobOptions *options, const SbxJobCall *call)
{
  Job job = { .call = call, .options = options, .lifeline = -1, .signals = -1 };
  int status;

  if (!sbx_descriptors_check (command->descriptors))
    return SBX_EXIT_SANDBOX;
  block_signals (&job);
  job.loop = g_main_loop_new (NULL, FALSE);
  status = run_job (&job, command);
  /* We are about to exit: closing the lifeline is what ends a launch that was given up */
  if (job.lifeline >= 0)
    close (job.lifeline);
  close (job.signals);
  g_main_loop_unref (job.loop);
  g_clear_error (&job.error);
  g_free (job.instance);
  return status;
}
