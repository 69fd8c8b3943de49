/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/follow.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/link/bus-error.h"
#include "cli/link/missing.h"
#include "cli/text/output.h"
#include "common/error.h"
#include "common/names.h"

#define CANCEL_MS 100   /* what has written its first bytes may be faster than the word that it has started */
#define REPLY_MS 1000   /* the answer of a service whose process is over already */
#define STOP_MS 2000    /* a stop waits so long for an application that is about to start, and then stops us alone */
#define GRACE_MS 5000   /* between SIGTERM and the end when time is up */
#define FAILURE_MS 1000 /* between the service's error and the keeper's own words about it */

/* What happens to a signal that we get. */
typedef enum {
  FORWARD = 1 << 0,
  CANCELS = 1 << 1, /* while the process has not started */
  RESIZES = 1 << 2, /* with a terminal: not forwarded, the kernel sends it */
  STOPS = 1 << 3,
  RESUMES = 1 << 4,
} SignalUse;

static const struct {
  int signo;
  guint use;
} uses[] = {
  { SIGINT, FORWARD | CANCELS },
  { SIGTERM, FORWARD | CANCELS },
  { SIGHUP, FORWARD | CANCELS },
  { SIGQUIT, FORWARD | CANCELS },
  { SIGUSR1, FORWARD },
  { SIGUSR2, FORWARD },
  { SIGWINCH, FORWARD | RESIZES },
  { SIGTSTP, STOPS },
  { SIGCONT, RESUMES },
};

typedef struct {
  const SbxFollowCall *call;
  GMainLoop *loop;
  int signals;
  GError *refusal; /* of the call */
  gboolean replied;
  gboolean finished;              /* sources that are due in the same iteration still run */
  GArray *kept;                   /* struct signalfd_siginfo, for when it has started */
  guint cancel, listening, clock; /* sources, or 0 */
  guint stop;                     /* it is to stop with us as soon as it has started, or 0 */
  guint patience;                 /* until nobody waits for the answer any more, or 0 */
  gboolean impatient;             /* that time is over */
  gboolean late;                  /* time is up */
  gboolean stopped;               /* the application is, since we were */
  int status;
} Follow;

static guint
use_of (int signo)
{
  for (gsize i = 0; i < G_N_ELEMENTS (uses); i++)
    if (uses[i].signo == signo)
      return uses[i].use;
  return 0;
}

/* What our caller has us ignore (nohup(1)) stays ignored, here as inside: a signal that is blocked would be kept for us
 * all the same. Those that only say something about the terminal do no harm. */
static gboolean
is_ignored (int signo, guint use)
{
  struct sigaction action;

  return !(use & (RESIZES | RESUMES)) && sigaction (signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void
signal_set (sigset_t *set)
{
  sigemptyset (set);
  for (gsize i = 0; i < G_N_ELEMENTS (uses); i++)
    if (!is_ignored (uses[i].signo, uses[i].use))
      sigaddset (set, uses[i].signo);
}

void
sbx_follow_block_signals (void)
{
  sigset_t set;

  signal_set (&set);
  sigprocmask (SIG_BLOCK, &set, NULL);
}

static void
finish (Follow *self, int status)
{
  self->finished = TRUE;
  self->status = status;
  g_main_loop_quit (self->loop);
}

int
sbx_follow_failure_status (SbxStep step, int errnum)
{
  if (step != SBX_STEP_EXEC)
    return SBX_EXIT_SANDBOX;
  return errnum == ENOENT ? SBX_EXIT_NOT_FOUND : SBX_EXIT_NOT_EXECUTABLE;
}

char *
sbx_follow_explain_failure (SbxStep step, int errnum, const SbxFollowCall *call)
{
  const struct {
    SbxStep step;
    int errnum;
    const char *text;
  } rows[] = {
    { SBX_STEP_EXEC, EACCES,
      _ ("%s cannot be executed: it is a directory, has no x permission (chmod +x), or lies on a file system without "
         "execution") },
    { SBX_STEP_EXEC, EISDIR, _ ("%s cannot be executed: it is a directory") },
    { SBX_STEP_EXEC, ENOTDIR, _ ("cannot execute %s: something on its path is not a directory") },
    { SBX_STEP_EXEC, ENOEXEC,
      _ ("%s cannot be executed: it is no program and has no #! line; start it with the "
         "interpreter it is written for") },
    { SBX_STEP_EXEC, E2BIG,
      _ ("%s cannot be executed: the arguments and the environment are larger than the kernel "
         "takes; pass less, or pass it in a file") },
  };

  if (step == SBX_STEP_EXEC && errnum == ENOENT)
    return sbx_explain_missing (call->command, call->profile);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].step == step && rows[i].errnum == errnum) {
      GString *text = g_string_new (rows[i].text);

      g_string_replace (text, "%s", call->command, 1);
      return g_string_free (text, FALSE);
    }
  if (step == SBX_STEP_EXEC)
    return g_strdup_printf (_ ("%s cannot be executed: %s"), call->command, g_strerror (errnum));
  if (step == SBX_STEP_DIRECTORY && call->cwd)
    return g_strdup_printf (_ ("the working directory %s cannot be entered in the sandbox: %s; name another with "
                               "--cwd, or show it with --filesystem"),
                            call->cwd, g_strerror (errnum));
  return NULL;
}

/* The keeper says what failed; the service's text is the one for people where we have none. */
static void
report_failure (Follow *self)
{
  const SbxMessage *failure = &self->call->lifeline->failure;
  SbxStep step = (SbxStep) failure->detail;
  g_autofree char *text = sbx_follow_explain_failure (step, failure->value, self->call);
  const char *name = sbx_step_name ((unsigned) failure->detail);

  if (text)
    sbx_fail ("%s", text);
  else if (self->refusal)
    sbx_fail_error (self->refusal);
  else
    sbx_fail (_ ("the sandbox could not be set up (%s): %s%s%s"), name ? name : "?",
              failure->value ? g_strerror (failure->value) : "", failure->value && failure->text[0] ? ": " : "",
              failure->text);
  finish (self, sbx_follow_failure_status (step, failure->value));
}

/* Whether the error says nothing but that nobody is there to answer any more. */
static gboolean
service_died (const GError *error)
{
  return g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_NO_REPLY)
         || g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_NO_OWNER)
         || g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_DISCONNECTED)
         || g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_CLOSED);
}

static void
report_end (Follow *self)
{
  const SbxLifeline *lifeline = self->call->lifeline;
  const SbxMessage *end = &lifeline->end;

  if (lifeline->ended
      && (end->value == SBX_CULPRIT_BWRAP || end->value == SBX_CULPRIT_INIT || end->value == SBX_CULPRIT_KEEPER
          || end->value == SBX_CULPRIT_SESSION)) {
    const char *name = sbx_culprit_name ((unsigned) end->value);

    finish (self,
            sbx_fail (_ ("the sandbox broke down: its %s was killed or failed%s%s; the application was ended with it"),
                      name ? name : "?", end->text[0] ? ": " : "", end->text));
  } else if (lifeline->exited) {
    if (lifeline->ended && end->value == SBX_CULPRIT_MEMORY)
      (void) sbx_fail (
          _ ("the application was ended because it took more memory than it may have; memory= in its profile, or "
             "--limit=memory=…, says how much that is"));
    finish (self, self->late ? SBX_EXIT_TIMEOUT : sbx_lifeline_exit_status (lifeline->wait_status));
  } else {
    finish (self, sbx_fail (_ ("the sandbox broke down: its keeper was killed or failed; the application was ended "
                               "with it")));
  }
}

/* What the terminal sends is for the foreground group, as if the application were in it. */
static void
forward (Follow *self, const struct signalfd_siginfo *info)
{
  sbx_lifeline_send_signal (self->call->lifeline, (int) info->ssi_signo, info->ssi_code == SI_KERNEL);
}

static void
send_kept (Follow *self)
{
  for (guint i = 0; i < self->kept->len; i++)
    forward (self, &g_array_index (self->kept, struct signalfd_siginfo, i));
  g_array_set_size (self->kept, 0);
  g_clear_handle_id (&self->cancel, g_source_remove);
}

static gboolean
on_cancel (gpointer user_data)
{
  Follow *self = user_data;

  for (guint i = 0; i < self->kept->len; i++) {
    int signo = (int) g_array_index (self->kept, struct signalfd_siginfo, i).ssi_signo;

    if (use_of (signo) & CANCELS) {
      finish (self, SBX_EXIT_SIGNAL_BASE + signo);
      break;
    }
  }
  return G_SOURCE_CONTINUE;
}

/* When we leave, the lifeline ends, and with it everything. */
static gboolean
on_grace_over (gpointer user_data)
{
  Follow *self = user_data;

  self->clock = 0;
  finish (self, SBX_EXIT_TIMEOUT);
  return G_SOURCE_REMOVE;
}

static gboolean
on_time_up (gpointer user_data)
{
  Follow *self = user_data;

  self->late = TRUE;
  self->clock = g_timeout_add (GRACE_MS, on_grace_over, self);
  (void) sbx_fail (_ ("the time of %g seconds is up; the application is ended"), self->call->timeout_ms / 1000.0);
  sbx_lifeline_send_signal (self->call->lifeline, SIGTERM, FALSE);
  return G_SOURCE_REMOVE;
}

static void
start_clock (Follow *self)
{
  if (self->call->timeout_ms > 0 && self->clock == 0 && !self->late)
    self->clock = g_timeout_add (self->call->timeout_ms, on_time_up, self);
}

static void decide (Follow *self);

static gboolean
on_impatience (gpointer user_data)
{
  Follow *self = user_data;

  self->patience = 0;
  self->impatient = TRUE;
  decide (self);
  return G_SOURCE_REMOVE;
}

/* The answer to the call has what there is to say to people. A process that ends at once may be faster. */
static void
finish_with_answer (Follow *self)
{
  if (self->replied || (self->impatient && !self->call->needs_reply))
    report_end (self);
  else if (self->patience == 0 && !self->impatient)
    self->patience = g_timeout_add (REPLY_MS, on_impatience, self);
}

/* Does no harm where it goes on already. */
static void
go_on (Follow *self)
{
  if (self->stopped)
    sbx_lifeline_send_signal (self->call->lifeline, SIGCONT, TRUE);
  self->stopped = FALSE;
  if (self->call->terminal)
    sbx_terminal_resume (self->call->terminal);
}

/* As if nobody had taken the signal: our job stops, and the terminal is the shell's meanwhile. The application is of
 * it, and stops as well: by SIGSTOP, since nobody in its session could let it go on, for which the kernel lets it have
 * no other (setpgid(2), of orphaned process groups). */
static void
stop_now (Follow *self)
{
  sigset_t set;

  g_clear_handle_id (&self->stop, g_source_remove);
  if (self->call->lifeline->started) {
    self->stopped = TRUE;
    sbx_lifeline_send_signal (self->call->lifeline, SIGSTOP, TRUE);
  }
  if (self->call->terminal)
    sbx_terminal_suspend (self->call->terminal);
  /* By its default action, which is none where nobody could let us go on: in a group of processes without a shell */
  sigemptyset (&set);
  sigaddset (&set, SIGTSTP);
  raise (SIGTSTP);
  sigprocmask (SIG_UNBLOCK, &set, NULL);
  sigprocmask (SIG_BLOCK, &set, NULL);
  go_on (self);
}

/* Looks at everything that is known and goes on, or finishes. */
static void
decide (Follow *self)
{
  SbxLifeline *lifeline = self->call->lifeline;
  gboolean over = lifeline->ended || lifeline->closed || (lifeline->exited && !self->call->instance);

  if (self->finished)
    return;
  if (lifeline->failed) {
    if (self->replied || sbx_follow_failure_status ((SbxStep) lifeline->failure.detail, 0) != SBX_EXIT_SANDBOX)
      report_failure (self);
  } else if (lifeline->started) {
    if (self->call->terminal)
      sbx_terminal_start (self->call->terminal);
    send_kept (self);
    start_clock (self);
    if (self->stop != 0)
      stop_now (self);
    if (over)
      finish_with_answer (self);
  } else if (self->refusal && service_died (self->refusal)) {
    /* The keeper may have started it all the same */
    if (lifeline->closed)
      finish (self, sbx_fail (_ ("the service died while starting the sandbox; nothing was left running, try again")));
  } else if (self->refusal) {
    sbx_lifeline_wait_for_failure (lifeline,
                                   g_error_matches (self->refusal, SBX_ERROR, SBX_ERROR_SPAWN_FAILED) ? FAILURE_MS : 0);
    if (lifeline->failed)
      report_failure (self);
    else
      finish (self, sbx_fail_error (self->refusal));
  } else if (self->replied && over) {
    report_end (self);
  }
}

/* What went with the call is the application's now. Above all the other end of the lifeline: as long as we hold it as
 * well, we would never learn that everybody else has gone. */
static void
close_given (Follow *self)
{
  if (self->call->fds)
    sbx_fd_list_clear (self->call->fds);
}

static gboolean on_service (int fd, GIOCondition condition, gpointer user_data);

/* The descriptor is another one when the call goes to a service of our own after all. */
static void
listen_to_service (Follow *self)
{
  self->listening =
      g_unix_fd_add (sbx_service_get_fd (self->call->service), G_IO_IN | G_IO_HUP | G_IO_ERR, on_service, self);
}

static gboolean
on_service (int fd, GIOCondition condition, gpointer user_data)
{
  Follow *self = user_data;
  g_autoptr (GVariant) reply = NULL;

  self->listening = 0;
  if (sbx_service_advance (self->call->service, &reply, &self->refusal) == SBX_SERVICE_PENDING) {
    listen_to_service (self);
  } else {
    self->replied = TRUE;
    close_given (self);
    if (reply && self->call->replied)
      self->call->replied (reply, self->call->data);
    sbx_lifeline_read (self->call->lifeline);
    decide (self);
  }
  return G_SOURCE_REMOVE;
}

static gboolean
on_lifeline (int fd, GIOCondition condition, gpointer user_data)
{
  Follow *self = user_data;

  sbx_lifeline_read (self->call->lifeline);
  decide (self);
  return self->call->lifeline->closed ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static gboolean
on_stop_late (gpointer user_data)
{
  Follow *self = user_data;

  self->stop = 0;
  stop_now (self);
  return G_SOURCE_REMOVE;
}

/* The application's first words may be faster than the word that it has started. */
static void
stop_ourselves (Follow *self)
{
  if (self->call->lifeline->started)
    stop_now (self);
  else if (self->stop == 0)
    self->stop = g_timeout_add (STOP_MS, on_stop_late, self);
}

static void
on_typed_stop (gpointer user_data)
{
  kill (0, SIGTSTP); /* to the whole job, as the terminal would; ours comes by the signalfd */
}

static void
take_signal (Follow *self, const struct signalfd_siginfo *info)
{
  SbxTerminal *terminal = self->call->terminal;
  int signo = (int) info->ssi_signo;
  guint use = use_of (signo);

  if (use & STOPS) {
    stop_ourselves (self);
  } else if (use & RESUMES) {
    g_clear_handle_id (&self->stop, g_source_remove);
    go_on (self);
  } else if ((use & RESIZES) && terminal) {
    sbx_terminal_resize (terminal);
  } else if (self->call->lifeline->started) {
    forward (self, info);
  } else {
    g_array_append_vals (self->kept, info, 1);
    if ((use & CANCELS) && self->cancel == 0)
      self->cancel = g_timeout_add (CANCEL_MS, on_cancel, self);
  }
}

static gboolean
on_signal (int fd, GIOCondition condition, gpointer user_data)
{
  struct signalfd_siginfo info;

  if (read (fd, &info, sizeof info) == sizeof info)
    take_signal (user_data, &info);
  return G_SOURCE_CONTINUE;
}

int
sbx_follow (const SbxFollowCall *call)
{
  Follow self = { .call = call, .signals = -1, .status = -1 };
  g_autoptr (GError) error = NULL;
  sigset_t set;
  guint sources[2];

  signal_set (&set);
  self.signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (self.signals < 0)
    return sbx_fail (_ ("cannot wait for signals: %s"), g_strerror (errno));
  signal (SIGPIPE, SIG_IGN);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.kept = g_array_new (FALSE, FALSE, sizeof (struct signalfd_siginfo));
  sources[0] = g_unix_fd_add (self.signals, G_IO_IN, on_signal, &self);
  sources[1] = g_unix_fd_add (call->lifeline->fd, G_IO_IN | G_IO_HUP, on_lifeline, &self);
  if (call->terminal)
    sbx_terminal_set_on_stop (call->terminal, on_typed_stop, &self);
  if (sbx_service_begin (call->service, call->path, call->interface, call->method, call->parameters, call->fds, &error))
    listen_to_service (&self);
  else
    finish (&self, sbx_fail_error (error));
  if (self.status < 0)
    g_main_loop_run (self.loop);
  if (call->terminal) {
    sbx_terminal_set_on_stop (call->terminal, NULL, NULL);
    sbx_terminal_drain (call->terminal);
  }
  g_source_remove (sources[0]);
  if (!call->lifeline->closed)
    g_source_remove (sources[1]);
  close (self.signals);
  g_clear_handle_id (&self.listening, g_source_remove);
  g_clear_handle_id (&self.cancel, g_source_remove);
  g_clear_handle_id (&self.clock, g_source_remove);
  g_clear_handle_id (&self.patience, g_source_remove);
  g_clear_handle_id (&self.stop, g_source_remove);
  g_main_loop_unref (self.loop);
  g_array_unref (self.kept);
  g_clear_error (&self.refusal);
  return self.status;
}
