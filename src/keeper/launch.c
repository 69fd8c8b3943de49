/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "keeper/procfs.h"
#include "wire/fdmap.h"
#include "wire/landlock.h"
#include "wire/sys.h"

#define FIXED_FDS 3 /* of PREPARE: block, directory, sandbox-init */

#define SCOPES (SBX_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | SBX_LANDLOCK_SCOPE_SIGNAL)

/* The instance domain: scopes only. Handling file-system rights would forbid every mount, and with that bwrap. */
static int
enter_instance_domain (SbxKeeper *keeper, uint32_t flags)
{
  SbxLandlockAttr attr = { .scoped = SCOPES };
  int ruleset, rc;

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return -1;
  if (!(flags & SBX_DOMAIN_SCOPED))
    return 0;
  ruleset = sbx_landlock_create (&attr);
  rc = ruleset < 0 ? -1 : sbx_landlock_restrict_self (ruleset);
  if (ruleset >= 0) {
    int saved = errno;

    close (ruleset);
    errno = saved;
  }
  if (rc == 0)
    keeper->enforced |= SBX_ENFORCED_INSTANCE_DOMAIN | SBX_ENFORCED_SCOPES;
  return rc == 0 || !(flags & SBX_DOMAIN_REQUIRED) ? 0 : -1;
}

/* What bwrap gets: nothing on 0 and 1, the pipe for its complaints on 2, our socket, init's program, the namespaces
 * that a handler joins, then its files. */
static size_t
map_for_bwrap (const SbxKeeper *keeper, const SbxBlock *block, const int *fds, size_t n_fds, int control, int errors,
               int *sources, int32_t *targets)
{
  SbxRecord record = { 0 };
  size_t n = 0, n_files = n_fds - FIXED_FDS;

  sources[n] = errors;
  targets[n++] = STDERR_FILENO;
  sources[n] = control;
  targets[n++] = SBX_INIT_CONTROL_FD;
  sources[n] = fds[2];
  targets[n++] = SBX_INIT_PROGRAM_FD;
  if (keeper->join.joined)
    n += sbx_join_map (&keeper->join, sources + n, targets + n);
  if (!sbx_block_next (block, SBX_TAG_FDMAP, &record) || record.length != n_files * sizeof (int32_t)
      || n + n_files > SBX_FDMAP_MAX)
    return 0;
  memcpy (targets + n, record.value, record.length);
  memcpy (sources + n, fds + FIXED_FDS, n_files * sizeof (int));
  return n + n_files;
}

/* Ends with @keeper, as --die-with-parent would have it, which a handler's bwrap is not told (plan/bwrap-args.c): what
 * it starts ends upon the end of our socket then, and what has got further is swept by the target's keeper. */
static void __attribute__ ((noreturn))
exec_bwrap (pid_t keeper, char **argv, const int *sources, const int32_t *targets, size_t n)
{
  char *empty[] = { NULL };
  sigset_t none;

  if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid () != keeper)
    _exit (127);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  signal (SIGXFSZ, SIG_DFL);
  if (sbx_fdmap_apply (sources, targets, n, -1) == 0)
    execve (argv[0], argv, empty);
  dprintf (STDERR_FILENO, "cannot execute %s: %s\n", argv[0], strerror (errno));
  _exit (127);
}

/* Not inlined: a local variable of a function that calls vfork could be clobbered */
static char **__attribute__ ((noinline)) read_command (const SbxKeeper *keeper, const SbxBlock *block, size_t *argc)
{
  char **argv = sbx_block_strv (block, SBX_TAG_BWRAP, argc), **joining;

  if (!argv || !keeper->join.joined)
    return argv;
  joining = sbx_join_argv (&keeper->join, argv, *argc);
  free (argv);
  return joining;
}

static int
spawn_bwrap (SbxKeeper *keeper, const SbxBlock *block, const int *fds, size_t n_fds)
{
  int sources[SBX_FDMAP_MAX], control[2] = { -1, -1 }, errors[2] = { -1, -1 }, on = 1;
  int32_t targets[SBX_FDMAP_MAX];
  size_t argc, n;
  char **const argv = read_command (keeper, block, &argc);
  const pid_t self = getpid ();

  if (!argv || socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0 || pipe2 (errors, O_CLOEXEC) < 0
      || setsockopt (control[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
    return -1;
  n = map_for_bwrap (keeper, block, fds, n_fds, control[1], errors[1], sources, targets);
  if (n == 0) {
    errno = EBADMSG;
    return -1;
  }
  /* vfork: bwrap starts at once, and not after we have written the record on the same processor; 0.4 ms of 5 */
  keeper->bwrap = vfork ();
  if (keeper->bwrap == 0)
    exec_bwrap (self, argv, sources, targets, n);
  free (argv);
  close (control[1]);
  close (errors[1]);
  keeper->init = control[0];
  keeper->bwrap_errors = errors[0];
  fcntl (errors[0], F_SETFL, O_NONBLOCK);
  return keeper->bwrap < 0 ? -1 : 0;
}

/* Names the directory: whoever reads the message has to make room in it. */
static void __attribute__ ((noreturn)) fail_record (SbxKeeper *keeper, int directory)
{
  int error = errno;
  char link[64], path[SBX_MESSAGE_TEXT + 1];
  ssize_t n;

  snprintf (link, sizeof link, "/proc/self/fd/%d", directory);
  n = readlink (link, path, sizeof path - 1);
  path[n > 0 ? n : 0] = '\0';
  sbx_keeper_fail (keeper, SBX_STEP_RECORD, error, path);
}

static void
make_record (SbxKeeper *keeper, const SbxBlock *block, int directory)
{
  keeper->listener = sbx_record_create (&keeper->record, directory, sbx_block_string (block, SBX_TAG_ID, ""));
  if (keeper->listener < 0)
    fail_record (keeper, directory);
}

static void
start_sidecar (SbxKeeper *keeper, const SbxSidecarGroup *group)
{
  static const struct {
    int (*start) (SbxKeeper *keeper, const SbxBlock *records);
    SbxStep step;
  } rows[SBX_N_SIDECARS] = {
    [SBX_SIDECAR_BUS] = { sbx_keeper_start_proxy, SBX_STEP_PROXY },
    [SBX_SIDECAR_DISPLAY] = { sbx_keeper_start_display, SBX_STEP_DISPLAY },
  };

  if (rows[group->kind].start (keeper, &group->records) < 0)
    sbx_keeper_fail (keeper, rows[group->kind].step, errno, "");
}

/* The record is made before them: their directories in it are mounts of the application's. */
static void
start_sidecars (SbxKeeper *keeper, const SbxBlock *block, int directory)
{
  SbxSidecarGroup group = { 0 };

  while (sbx_block_next_sidecar (block, &group)) {
    if (keeper->listener < 0)
      make_record (keeper, block, directory);
    start_sidecar (keeper, &group);
  }
}

static void
prepare_from (SbxKeeper *keeper, const SbxBlock *block, const int *fds, size_t n_fds)
{
  SbxRecord join = { 0 };

  keeper->procfs_flags = sbx_block_u32 (block, SBX_TAG_PROCFS, 0);
  if (sbx_block_next (block, SBX_TAG_JOIN, &join) && sbx_join_open (&keeper->join) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_JOIN, errno, "");
  keeper->enforced |= sbx_block_u32 (block, SBX_TAG_JOIN, 0);
  if (enter_instance_domain (keeper, sbx_block_u32 (block, SBX_TAG_DOMAIN, 0)) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_DOMAIN, errno, "");
  start_sidecars (keeper, block, fds[1]);
  if (spawn_bwrap (keeper, block, fds, n_fds) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_BWRAP, errno, "");
  sbx_keeper_find_documents (keeper, block); /* while bwrap works */
  if (keeper->listener < 0)                  /* while bwrap works */
    make_record (keeper, block, fds[1]);
}

void
sbx_keeper_prepare (SbxKeeper *keeper, const int *fds, size_t n_fds)
{
  SbxBlock block;

  keeper->state = SBX_KEEPER_PREPARING;
  if (sbx_block_open (&block, fds[0], SBX_BLOCK_PREPARE) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, errno, "");
  prepare_from (keeper, &block, fds, n_fds);
  sbx_block_close (&block);
  for (size_t i = 0; i < n_fds; i++)
    if (i != 1) /* the directory: the record keeps it */
      close (fds[i]);
}

/* What is done to the sandbox from outside before anything runs in it. */
static void
finish_mounts (SbxKeeper *keeper)
{
  SbxNamespaces namespaces;

  if (!(keeper->procfs_flags & SBX_PROCFS_PRIVATE) && !keeper->join.joined && !keeper->documents.path)
    return;
  if (sbx_namespaces_open (&namespaces, keeper->init_pid, keeper->init_pidfd) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_NAMESPACES, errno, "");
  if ((keeper->procfs_flags & SBX_PROCFS_PRIVATE)
      && sbx_procfs_replace (&namespaces, keeper->procfs_flags, &keeper->enforced) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_PROCFS, errno, "");
  if (keeper->join.joined && sbx_join_ready (&keeper->join, &namespaces) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_JOIN, errno, "");
  sbx_keeper_place_documents (keeper, &namespaces);
  sbx_namespaces_close (&namespaces);
}

void
sbx_keeper_take_info (SbxKeeper *keeper)
{
  SbxRecord info = { 0 };
  SbxBlock block;

  if (sbx_block_open (&block, keeper->start_fds[0], SBX_BLOCK_START) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, errno, "");
  (void) sbx_block_next (&block, SBX_TAG_INFO, &info); /* every START has it */
  if (sbx_record_write_info (&keeper->record, info.value, info.length) < 0)
    fail_record (keeper, keeper->record.parent);
  sbx_block_close (&block);
}

static bool
is_awaited (const SbxSidecar *sidecar)
{
  return sidecar->pid != 0 && !sidecar->ready;
}

bool
sbx_keeper_waits_for_sidecar (const SbxKeeper *keeper)
{
  return is_awaited (&keeper->proxy) || is_awaited (&keeper->display);
}

void
sbx_keeper_sidecar_ready (SbxKeeper *keeper)
{
  if (keeper->state == SBX_KEEPER_READY && keeper->start_kept && !sbx_keeper_waits_for_sidecar (keeper))
    sbx_keeper_start (keeper);
}

void
sbx_keeper_init_ready (SbxKeeper *keeper, pid_t pid)
{
  SbxMessage ready = { .type = SBX_MSG_READY, .pid = pid };

  keeper->init_pid = pid;
  keeper->init_pidfd = sbx_sys_pidfd_open (pid);
  if (keeper->init_pidfd < 0)
    sbx_keeper_fail (keeper, SBX_STEP_NAMESPACES, errno, "");
  finish_mounts (keeper);
  keeper->state = SBX_KEEPER_READY;
  if (keeper->start_kept && !sbx_keeper_waits_for_sidecar (keeper))
    sbx_keeper_start (keeper);
  else if (!keeper->start_kept)
    sbx_keeper_broadcast_fd (keeper, &ready, keeper->init_pidfd);
}

/* The application waits at the gate until it is traced, so that not even its first instruction is missed. */
static void
add_gate (SbxKeeper *keeper, SbxMessage *start)
{
  int gate[2];

  if (keeper->n_start_fds >= SBX_MESSAGE_FDS || pipe2 (gate, O_CLOEXEC) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_TRACE, keeper->n_start_fds >= SBX_MESSAGE_FDS ? EMFILE : errno, "");
  memmove (keeper->start_fds + 2, keeper->start_fds + 1, (keeper->n_start_fds - 1) * sizeof *keeper->start_fds);
  keeper->start_fds[1] = gate[0];
  keeper->n_start_fds++;
  keeper->gate = gate[1];
  start->value |= SBX_START_GATE;
}

void
sbx_keeper_start (SbxKeeper *keeper)
{
  SbxMessage start = { .type = SBX_MSG_START };

  keeper->state = SBX_KEEPER_STARTING;
  if (keeper->trace)
    add_gate (keeper, &start);
  if (sbx_message_send (keeper->init, &start, keeper->start_fds, keeper->n_start_fds) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, errno, "");
  while (keeper->n_start_fds > 0)
    close (keeper->start_fds[--keeper->n_start_fds]);
  sbx_keeper_watch_memory (keeper);
}

void
sbx_keeper_read_errors (SbxKeeper *keeper)
{
  ssize_t n;

  for (;;) {
    char chunk[512] = { 0 };
    size_t room = SBX_MESSAGE_TEXT - keeper->n_errors;

    n = read (keeper->bwrap_errors, chunk, sizeof chunk);
    if (n <= 0)
      break;
    if (room > (size_t) n) /* what is more than fits is read and forgotten */
      room = (size_t) n;
    memcpy (keeper->errors + keeper->n_errors, chunk, room);
    keeper->n_errors += room;
  }
  if (n < 0 && errno == EAGAIN)
    return;
  close (keeper->bwrap_errors);
  keeper->bwrap_errors = -1;
}

/* Everything below us: bwrap, and what was handed to us when it died in the middle of its work. Which processes those
 * are is in /proc/self/task/TID/children (proc(5)); we are a child subreaper, so nobody escapes. Returns how many there
 * are beside @but, which is not waited for. */
static size_t
kill_children (pid_t but)
{
  char path[64], line[4096];
  int fd;
  ssize_t n;
  pid_t pid;

  snprintf (path, sizeof path, "/proc/self/task/%d/children", (int) gettid ());
  fd = open (path, O_RDONLY | O_CLOEXEC);
  n = fd < 0 ? -1 : read (fd, line, sizeof line - 1);
  if (fd >= 0)
    close (fd);
  if (n <= 0)
    return 1; /* not known: wait for them */
  line[n] = '\0';
  n = 0;
  for (char *at = line, *end; (pid = (pid_t) strtol (at, &end, 10)) > 0; at = end) {
    kill (pid, SIGKILL);
    n += pid != but;
  }
  return (size_t) n;
}

static void
kill_everything (SbxKeeper *keeper)
{
  sbx_keeper_kill_all (keeper);
  if (keeper->init >= 0)
    close (keeper->init);
  keeper->init = -1;
  if (keeper->bwrap > 0 && !keeper->bwrap_reaped)
    kill (keeper->bwrap, SIGKILL);
  sbx_sidecar_end (&keeper->proxy);
  sbx_sidecar_end (&keeper->display);
  sbx_keeper_end_documents (keeper);
  for (;;) {
    pid_t pid = waitpid (-1, NULL, WNOHANG);

    if (pid < 0 && errno == ECHILD)
      return;
    if (pid == 0) {
      struct timespec moment = { 0, 200000 };

      if (kill_children (keeper->documents.finder) == 0)
        return;
      nanosleep (&moment, NULL);
    }
  }
}

void
sbx_keeper_fail (SbxKeeper *keeper, SbxStep step, int error, const char *text)
{
  SbxMessage failed = { .type = SBX_MSG_FAILED, .value = error, .detail = (int32_t) step };

  snprintf (failed.text, sizeof failed.text, "%s", text);
  kill_everything (keeper);
  if (keeper->listener >= 0)
    close (keeper->listener);
  sbx_record_remove (&keeper->record);
  sbx_keeper_tell (keeper, &keeper->jobs[0], &failed);
  exit (EXIT_FAILURE);
}
