/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/view.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/text/output.h"
#include "common/error.h"
#include "common/names.h"
#include "wire/signals.h"
#include "wire/sys.h"

/* The namespaces of the sandbox's PID 1. */
typedef struct {
  int pid, user, owner; /* owner: the user namespace that owns the pid namespace, above user */
  gboolean privileged;  /* none of the user namespaces is needed */
} Namespaces;

typedef struct __user_cap_data_struct Capabilities[_LINUX_CAPABILITY_U32S_3];

static gboolean
get_capabilities (Capabilities sets)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };

  return syscall (SYS_capget, &header, sets) == 0;
}

static gboolean
is_privileged (void)
{
  Capabilities sets = { 0 };

  return get_capabilities (sets) && (sets[0].effective & (1u << CAP_SYS_ADMIN)) && geteuid () == 0;
}

static gboolean
open_namespaces (int procfs, Namespaces *self, GError **error)
{
  self->pid = openat (procfs, "1/ns/pid", O_RDONLY | O_CLOEXEC);
  self->user = openat (procfs, "1/ns/user", O_RDONLY | O_CLOEXEC);
  self->owner = self->pid < 0 ? -1 : ioctl (self->pid, NS_GET_USERNS);
  self->privileged = is_privileged ();
  if (self->user >= 0 && self->owner >= 0)
    return TRUE;
  return sbx_throw_errno (error, errno == ENOENT ? SBX_ERROR_EXITED : SBX_ERROR_NOT_SUPPORTED, errno,
                          _ ("open the namespaces of the sandbox"));
}

/* Of all capabilities one is left, over the sandbox's user namespace. With it nothing that has fewer may trace us: an
 * application has none (cap_ptrace_access_check in security/commoncap.c). */
static gboolean
drop_capabilities (void)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  const guint32 kept = 1u << CAP_SYS_PTRACE;
  const Capabilities sets = { { kept, kept, kept }, { 0, 0, 0 } };

  for (int cap = 0; cap < 64; cap++)
    if (cap != CAP_SYS_PTRACE && prctl (PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
      return FALSE;
  return syscall (SYS_capset, &header, sets) == 0
         && prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_PTRACE, 0, 0) == 0
         && prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* In the child: mounts of its own, which go on to follow the host's and of which nothing goes back. */
static gboolean
set_up (const Namespaces *namespaces, int procfs, GError **error)
{
  struct mount_attr attr = { .propagation = MS_SLAVE };

  if (!namespaces->privileged && setns (namespaces->user, CLONE_NEWUSER) < 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, _ ("join the sandbox's user namespace"));
  if (unshare (CLONE_NEWNS) < 0 || sbx_sys_mount_setattr (AT_FDCWD, "/", AT_RECURSIVE, &attr) < 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, _ ("make a mount namespace"));
  if (sbx_sys_move_mount (procfs, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, _ ("mount the sandbox's procfs at /proc"));
  if (!namespaces->privileged && !drop_capabilities ())
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, _ ("give up capabilities"));
  return TRUE;
}

static void __attribute__ ((noreturn)) become (const Namespaces *namespaces, int procfs, char **argv)
{
  g_autoptr (GError) error = NULL;
  int errnum;

  if (!set_up (namespaces, procfs, &error))
    _exit (sbx_fail_error (error));
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  sbx_signals_reset ();
  execvp (argv[0], argv);
  errnum = errno;
  sbx_fail ("%s: %s", argv[0], g_strerror (errnum));
  _exit (errnum == ENOENT ? SBX_EXIT_NOT_FOUND : SBX_EXIT_NOT_EXECUTABLE);
}

/* Whether @pid has ended; then *@status is as a shell says it. */
static gboolean
reap (pid_t pid, int *status)
{
  int raw;

  if (waitpid (pid, &raw, WNOHANG) != pid)
    return FALSE;
  *status = WIFEXITED (raw) ? WEXITSTATUS (raw) : 128 + WTERMSIG (raw);
  return TRUE;
}

/* Signals of the terminal go to all of its foreground group, and so to the tool; those of others are passed on. */
static int
wait_for (pid_t pid, const sigset_t *signals)
{
  siginfo_t info;
  int status;

  while (!reap (pid, &status)) {
    int signo = sigwaitinfo (signals, &info);

    if (signo > 0 && signo != SIGCHLD && info.si_code != SI_KERNEL)
      kill (pid, signo);
  }
  return status;
}

int
sbx_view_run (int procfs, char **argv)
{
  static const int passed[] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2 };
  g_autoptr (GError) error = NULL;
  Namespaces namespaces;
  sigset_t signals;
  pid_t pid;

  if (!open_namespaces (procfs, &namespaces, &error))
    return sbx_fail_error (error);
  if (!namespaces.privileged && setns (namespaces.owner, CLONE_NEWUSER) < 0)
    return sbx_fail (_ ("cannot join the sandbox's user namespace: %s"), g_strerror (errno));
  if (setns (namespaces.pid, CLONE_NEWPID) < 0)
    return sbx_fail (_ ("cannot join the sandbox's pid namespace: %s"), g_strerror (errno));
  sigemptyset (&signals);
  for (gsize i = 0; i < G_N_ELEMENTS (passed); i++)
    sigaddset (&signals, passed[i]);
  sigprocmask (SIG_SETMASK, &signals, NULL); /* Ctrl-Z stops us too: `run` blocks more of them */
  pid = fork ();
  if (pid == 0)
    become (&namespaces, procfs, argv);
  if (pid < 0)
    return sbx_fail (_ ("cannot start a process in the sandbox: %s"), g_strerror (errno));
  return wait_for (pid, &signals);
}
