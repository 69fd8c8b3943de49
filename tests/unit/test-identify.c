/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids, and processes whose numbers are used again faster than anywhere else: a pid namespace of this test's own, in
 * which somebody turns the kernel's counter back all the time. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/process.h"
#include "daemon/identity/identify.h"
#include "wire/sys.h"

#define IDS 100000
#define RESTART 100 /* ids of one service */
#define SECONDS 3

/* 2^63 ± 6 standard deviations, if each bit of each id is a coin */
static void
assert_is_a_coin (guint heads, guint n, const char *what)
{
  const double deviation = (double) heads - n / 2.0;

  if (deviation * deviation > 36 * n / 4.0)
    g_error ("%s: %u of %u", what, heads, n);
}

/* As services one after the other would give them that know nothing of each other. */
static void
test_ids (void)
{
  static const char *const environment[] = { "XDG_RUNTIME_DIR=/nonexistent", NULL };
  g_autoptr (SbxRuntimeDir) runtime = sbx_runtime_dir_new (environment);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (SbxRegistry) registry = NULL;
  guint bits[64] = { 0 }, same[64] = { 0 }, upwards = 0;
  guint64 before = 0;

  for (guint i = 0; i < IDS; i++) {
    guint64 id;

    if (i % RESTART == 0) {
      g_clear_object (&registry);
      registry = sbx_registry_new (runtime);
    }
    id = sbx_registry_new_id (registry);
    g_assert_cmpuint (id, !=, 0);
    g_assert_true (g_hash_table_add (seen, g_memdup2 (&id, sizeof id)));
    for (int bit = 0; bit < 64; bit++) {
      bits[bit] += (id >> bit) & 1;
      same[bit] += (~(id ^ before) >> bit) & 1;
    }
    upwards += id > before;
    before = id;
  }
  /* Neither an id nor two in a row say anything of how many there were */
  for (int bit = 0; bit < 64; bit++) {
    assert_is_a_coin (bits[bit], IDS, "a bit");
    assert_is_a_coin (same[bit], IDS, "a bit and the one before it");
  }
  assert_is_a_coin (upwards, IDS, "larger than the one before");
}

static void
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd < 0 || write (fd, text, strlen (text)) != (gssize) strlen (text))
    g_error ("%s: %s", path, g_strerror (errno));
  close (fd);
}

/* Namespaces of the child's own, below a user namespace; it goes on as PID 1. Returns 0 in it, else its pid; what is
 * between the two waits for it. */
static pid_t
enter_new_namespaces (void)
{
  g_autofree char *users = g_strdup_printf ("0 %u 1", (unsigned) geteuid ());
  g_autofree char *groups = g_strdup_printf ("0 %u 1", (unsigned) getegid ());
  int numbers[2];
  pid_t pid, between;

  g_assert_cmpint (pipe2 (numbers, O_CLOEXEC), ==, 0);
  fflush (NULL);
  between = fork ();
  if (between == 0) {
    if (unshare (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) < 0)
      g_error ("unshare: %s", g_strerror (errno));
    write_text ("/proc/self/setgroups", "deny");
    write_text ("/proc/self/uid_map", users);
    write_text ("/proc/self/gid_map", groups);
    pid = fork ();
    if (pid == 0) {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      return 0;
    }
    if (write (numbers[1], &pid, sizeof pid) != sizeof pid)
      _exit (1);
    waitpid (pid, &numbers[0], 0);
    _exit (WIFEXITED (numbers[0]) ? WEXITSTATUS (numbers[0]) : 1);
  }
  /* In the namespace of who asks, since @between has not changed its own */
  close (numbers[1]);
  g_assert_cmpint (read (numbers[0], &pid, sizeof pid), ==, sizeof pid);
  close (numbers[0]);
  return between;
}

/* The only child of @pid. */
static pid_t
child_of (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", (int) pid, (int) pid);
  g_autofree char *text = NULL;

  while (!text || !*text) {
    g_clear_pointer (&text, g_free);
    g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  }
  return (pid_t) atoi (text);
}

/* What stands for an application: it starts processes all the time, a few of which live at once. */
static void __attribute__ ((noreturn)) churn (void)
{
  signal (SIGCHLD, SIG_IGN); /* nobody waits for them: their numbers are free at once */
  for (;;) {
    if (fork () == 0) {
      usleep (5000);
      _exit (0);
    }
    usleep (500);
  }
}

/* Processes outside of every sandbox that each send a pidfd of themselves and end, while what they have sent is read.
 */
static void __attribute__ ((noreturn)) send_pidfds (int sock)
{
  char wanted;

  signal (SIGCHLD, SIG_IGN);
  while (read (sock, &wanted, 1) == 1) {
    if (fork () == 0) {
      pid_t self = getpid ();
      int own = sbx_sys_pidfd_open (self);
      char space[CMSG_SPACE (sizeof own)] = { 0 };
      struct iovec part = { &self, sizeof self };
      struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space
      };
      struct cmsghdr *rights = CMSG_FIRSTHDR (&packet);

      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN (sizeof own);
      memcpy (CMSG_DATA (rights), &own, sizeof own);
      if (sendmsg (sock, &packet, MSG_NOSIGNAL) < 0)
        _exit (1);
      usleep ((useconds_t) self * 7 % 300); /* or a little later */
      _exit (0);
    }
  }
  _exit (1);
}

static int
receive_pidfd (int sock, pid_t *pid)
{
  char space[CMSG_SPACE (sizeof (int))];
  struct iovec part = { pid, sizeof *pid };
  struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
  struct cmsghdr *rights;
  int fd;

  if (write (sock, "x", 1) != 1 || recvmsg (sock, &packet, MSG_CMSG_CLOEXEC) != sizeof *pid
      || (rights = CMSG_FIRSTHDR (&packet)) == NULL)
    g_error ("no pidfd came");
  memcpy (&fd, CMSG_DATA (rights), sizeof fd);
  return fd;
}

/* PIDs from 300 on again and again: ns_last_pid of pid_namespaces(7). */
static void __attribute__ ((noreturn)) rewind_pids (void)
{
  int fd = open ("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);

  while (fd >= 0 && pwrite (fd, "300", 3, 0) == 3)
    usleep (200);
  _exit (1);
}

static pid_t
start (void (*function) (void))
{
  pid_t pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    function ();
    _exit (1);
  }
  return pid;
}

/* An instance with the PID 1 @init, in @registry and in its records. */
static SbxInstance *
add_instance (SbxRegistry *registry, SbxRuntimeDir *runtime, pid_t init, gint64 start_time)
{
  SbxStatus status = {
    .state = SBX_STATUS_RUNNING, .pid = init, .init_pid = init, .keeper_pid = 1, .start_time = start_time
  };
  SbxInstance *instance = sbx_instance_new (sbx_info_new (sbx_registry_new_id (registry)));
  g_autofree char *directory = g_strdup_printf ("%016" G_GINT64_MODIFIER "x", sbx_instance_get_id (instance));
  int records = sbx_runtime_dir_open (runtime, NULL), record, fd;
  char file[SBX_STATUS_SIZE];

  sbx_status_write (&status, file);
  g_assert_cmpint (mkdirat (records, directory, 0700), ==, 0);
  record = openat (records, directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  fd = openat (record, "status", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint (write (fd, file, sizeof file), ==, sizeof file);
  close (fd);
  close (record);
  sbx_instance_set_status (instance, &status);
  sbx_registry_add (registry, instance);
  return instance;
}

static SbxInstance *
identify (SbxRegistry *registry, SbxRuntimeDir *runtime, int pidfd)
{
  SbxInstance *instance;
  GError *error = NULL;

  g_assert_true (sbx_identify (registry, runtime, pidfd, &instance, &error));
  g_assert_no_error (error);
  return instance;
}

static SbxInstance *
identify_pid (SbxRegistry *registry, SbxRuntimeDir *runtime, pid_t pid)
{
  int pidfd = sbx_sys_pidfd_open (pid);
  SbxInstance *instance = pidfd < 0 ? NULL : identify (registry, runtime, pidfd);

  if (pidfd >= 0)
    close (pidfd);
  return instance;
}

/* Of @one, what the time allows: how many have ended while they were looked at, and how many numbers, of those that
 * have been outside, are an application's afterwards. */
static void
race (SbxRegistry *registry, SbxRuntimeDir *runtime, int sock)
{
  const gint64 until = g_get_monotonic_time () + SECONDS * G_USEC_PER_SEC, late = until + 60 * G_USEC_PER_SEC;
  guint asked = 0, ended_meanwhile = 0, used_again = 0;

  while (g_get_monotonic_time () < until
         || ((ended_meanwhile == 0 || used_again == 0) && g_get_monotonic_time () < late)) {
    pid_t pid;
    int pidfd = receive_pidfd (sock, &pid);
    gboolean ended = sbx_pidfd_has_ended (pidfd);

    g_assert_null (identify (registry, runtime, pidfd));
    asked++;
    ended_meanwhile += !ended && sbx_pidfd_has_ended (pidfd);
    for (int i = 0; i < 5; i++)
      used_again += identify_pid (registry, runtime, pid) != NULL;
    close (pidfd);
  }
  g_test_message ("%u asked about, %u ended meanwhile, %u numbers were an application's afterwards", asked,
                  ended_meanwhile, used_again);
  /* Else nothing was tested */
  g_assert_cmpuint (ended_meanwhile, >, 0);
  g_assert_cmpuint (used_again, >, 0);
}

/* PID 1 of the namespace where numbers are few. */
static void
recycle (const char *path)
{
  g_autofree char *variable = g_strconcat ("XDG_RUNTIME_DIR=", path, NULL);
  const char *const environment[] = { variable, NULL };
  g_autoptr (SbxRuntimeDir) runtime = sbx_runtime_dir_new (environment);
  g_autoptr (SbxRegistry) registry = sbx_registry_new (runtime);
  g_autoptr (SbxInstance) one = NULL, other = NULL, stale = NULL;
  pid_t betweens[2], sender;
  int pair[2];

  if (mount ("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
    g_error ("mount /proc: %s", g_strerror (errno));
  for (int i = 0; i < 2; i++) {
    betweens[i] = enter_new_namespaces ();
    if (betweens[i] == 0)
      churn ();
  }
  /* One that has ended while we have not heard of it, whose number was given away before the other one started */
  stale = add_instance (registry, runtime, child_of (betweens[1]), 1);
  one = add_instance (registry, runtime, child_of (betweens[0]), 2);
  other = add_instance (registry, runtime, child_of (betweens[1]), 3);
  g_assert_true (identify_pid (registry, runtime, child_of (betweens[0])) == one);
  g_assert_true (identify_pid (registry, runtime, child_of (betweens[1])) == other);
  g_assert_null (identify_pid (registry, runtime, betweens[0]));
  g_assert_null (identify_pid (registry, runtime, getpid ()));
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  start (rewind_pids);
  sender = fork ();
  if (sender == 0)
    send_pidfds (pair[1]);
  race (registry, runtime, pair[0]);
  g_assert_true (identify_pid (registry, runtime, child_of (betweens[0])) == one);
  _exit (0); /* the kernel ends all of them with their PID 1 */
}

static void
test_recycled_pids (void)
{
  g_autofree char *path = g_dir_make_tmp ("identify-XXXXXX", NULL);
  const char *remove[] = { "rm", "-rf", "--", path, NULL };
  pid_t pid = enter_new_namespaces ();
  int status;

  if (pid == 0)
    recycle (path);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  g_assert_true (g_spawn_sync (NULL, (char **) remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/identify/ids", test_ids);
  g_test_add_func ("/identify/recycled-pids", test_recycled_pids);
  return g_test_run ();
}
