/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every room stands on: reading and writing files, paths as words, processes, and how programs are executed. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/child.h"
#include "common/descriptors.h"
#include "common/error.h"
#include "common/path.h"
#include "common/process.h"
#include "common/read-file.h"
#include "common/session-bus.h"
#include "common/write-file.h"

typedef struct {
  char *path;
  int directory;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->path = g_dir_make_tmp ("common-XXXXXX", NULL);
  g_assert_nonnull (fixture->path);
  fixture->directory = open (fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (fixture->directory, >=, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", fixture->path, NULL };

  close (fixture->directory);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free (fixture->path);
}

static void
put (const Fixture *fixture, const char *name, const char *text)
{
  g_assert_cmpint (sbx_replace_file (fixture->directory, name, text, strlen (text)), ==, 0);
}

static void
assert_content (const Fixture *fixture, const char *name, gsize max, SbxReadFlags flags, const char *text)
{
  gsize size = 0;
  g_autofree char *content = sbx_read_file (fixture->directory, name, max, flags, &size);

  g_assert_cmpstr (content, ==, text);
  g_assert_cmpuint (size, ==, strlen (text));
}

static void
assert_refused (const Fixture *fixture, const char *name, gsize max, SbxReadFlags flags, int errnum)
{
  gsize size = 0;

  errno = 0;
  g_assert_null (sbx_read_file (fixture->directory, name, max, flags, &size));
  g_assert_cmpint (errno, ==, errnum);
}

/* Up to the bound and not one byte more. */
static void
test_read_bound (Fixture *fixture, gconstpointer data)
{
  g_autofree char *large = g_strnfill (100000, 'x');
  gsize size = 0;

  put (fixture, "empty", "");
  put (fixture, "ten", "0123456789");
  put (fixture, "large", large);
  assert_content (fixture, "empty", 0, SBX_READ_PLAIN, "");
  assert_content (fixture, "ten", 10, SBX_READ_PLAIN, "0123456789");
  assert_content (fixture, "large", 1 << 20, SBX_READ_PLAIN, large);
  assert_refused (fixture, "ten", 9, SBX_READ_PLAIN, EFBIG);
  assert_refused (fixture, "ten", 0, SBX_READ_PLAIN, EFBIG);
  g_assert_null (sbx_read_file (fixture->directory, "large", 10, SBX_READ_PLAIN, &size));
  g_assert_cmpuint (size, ==, 100000);
  assert_refused (fixture, "nothing", 10, SBX_READ_PLAIN, ENOENT);
}

static void
test_read_kinds (Fixture *fixture, gconstpointer data)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  put (fixture, "file", "text");
  g_assert_cmpint (symlinkat ("file", fixture->directory, "link"), ==, 0);
  g_assert_cmpint (mkfifoat (fixture->directory, "fifo", 0600), ==, 0);
  g_assert_cmpint (mkdirat (fixture->directory, "directory", 0700), ==, 0);
  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/socket", fixture->path);
  g_assert_cmpint (bind (sock, (struct sockaddr *) &address, sizeof address), ==, 0);
  close (sock);
  assert_content (fixture, "link", 10, SBX_READ_PLAIN, "text");
  assert_content (fixture, "file", 10, SBX_READ_NO_LINK | SBX_READ_OWN, "text");
  assert_refused (fixture, "link", 10, SBX_READ_NO_LINK, ELOOP);
  assert_refused (fixture, "fifo", 10, SBX_READ_PLAIN, ENXIO);
  assert_refused (fixture, "socket", 10, SBX_READ_PLAIN, ENXIO);
  assert_refused (fixture, "/dev/null", 10, SBX_READ_PLAIN, ENXIO);
  assert_refused (fixture, "directory", 10, SBX_READ_PLAIN, EISDIR);
  if (geteuid () != 0)
    assert_refused (fixture, "/proc/version", 4096, SBX_READ_OWN, EPERM);
}

/* Files of the kernel's say that they are empty. */
static void
test_read_proc (Fixture *fixture, gconstpointer data)
{
  gsize size = 0;
  g_autofree char *text = sbx_read_file (AT_FDCWD, "/proc/self/status", 1 << 20, SBX_READ_PLAIN, &size);

  g_assert_nonnull (text);
  g_assert_true (g_str_has_prefix (text, "Name:"));
  g_assert_cmpuint (size, ==, strlen (text));
  assert_refused (fixture, "/proc/self/status", 10, SBX_READ_PLAIN, EFBIG);
}

static void
test_replace (Fixture *fixture, gconstpointer data)
{
  struct stat st;

  put (fixture, "elsewhere", "precious");
  g_assert_cmpint (symlinkat ("elsewhere", fixture->directory, "file"), ==, 0);
  g_assert_cmpint (symlinkat ("elsewhere", fixture->directory, "file.new"), ==, 0);
  put (fixture, "file", "first");
  assert_content (fixture, "file", 10, SBX_READ_NO_LINK, "first");
  put (fixture, "file", "second");
  assert_content (fixture, "file", 10, SBX_READ_NO_LINK, "second");
  assert_content (fixture, "elsewhere", 10, SBX_READ_NO_LINK, "precious");
  g_assert_cmpint (fstatat (fixture->directory, "file", &st, 0), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
  g_assert_cmpint (mkdirat (fixture->directory, "directory", 0700), ==, 0);
  g_assert_cmpint (sbx_replace_file (fixture->directory, "directory", "x", 1), ==, -1);
  g_assert_cmpint (errno, ==, EISDIR);
  assert_refused (fixture, "directory.new", 10, SBX_READ_PLAIN, ENOENT);
}

static void
test_write_all (void)
{
  int full = open ("/dev/full", O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (full, >=, 0);
  g_assert_cmpint (sbx_write_all (full, "x", 1), ==, -1);
  g_assert_cmpint (errno, ==, ENOSPC);
  g_assert_cmpint (sbx_write_all (full, "", 0), ==, 0);
  close (full);
}

static void
test_paths (void)
{
  g_assert_true (sbx_path_is_below ("/a/b", "/a"));
  g_assert_true (sbx_path_is_below ("/a", "/a"));
  g_assert_true (sbx_path_is_below ("/a", "/"));
  g_assert_true (sbx_path_is_below ("/", "/"));
  g_assert_false (sbx_path_is_below ("/ab", "/a"));
  g_assert_false (sbx_path_is_below ("/", "/a"));
  g_assert_false (sbx_path_is_below ("/a", "/a/b"));
}

static guint64
start_time (const char *text)
{
  SbxProcessStat stat;

  return sbx_process_stat_parse (text, &stat) && !sbx_process_stat_has_ended (&stat) ? stat.start_time : 0;
}

static void
test_start_time (void)
{
  static const char good[] = "12 (a b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21 22\n";

  static const char zombie[] = "12 (a) S) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21 22\n";

  g_assert_cmpuint (start_time (good), ==, 4711);
  g_assert_cmpuint (start_time (zombie), ==, 0);
  g_assert_cmpuint (start_time (""), ==, 0);
  g_assert_cmpuint (start_time ("12 (a)"), ==, 0);
  g_assert_cmpuint (start_time ("12 (a) S 1 2 3"), ==, 0);
}

static void
test_process (void)
{
  SbxProcessStat stat;
  int status, pidfd;
  pid_t pid = fork ();

  if (pid == 0)
    _exit (3);
  g_assert_true (sbx_process_stat_read (getpid (), &stat));
  g_assert_cmpint (stat.parent, ==, getppid ());
  g_assert_cmpuint (stat.threads, >=, 1);
  g_assert_cmpuint (sbx_process_get_start_time (getpid ()), ==, stat.start_time);
  g_assert_cmpuint (stat.start_time, >, 0);
  g_assert_false (sbx_process_stat_read (0, &stat));
  g_assert_false (sbx_process_stat_read (-1, &stat));

  pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  g_assert_cmpint (pidfd, >=, 0);
  while (!sbx_pidfd_has_ended (pidfd))
    g_usleep (1000);
  /* Ended, and not asked for its status: it has its number still */
  g_assert_true (sbx_process_stat_read (pid, &stat));
  g_assert_cmpint (stat.state, ==, 'Z');
  g_assert_cmpint (stat.parent, ==, getpid ());
  g_assert_cmpuint (sbx_process_get_start_time (pid), ==, 0);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpuint (sbx_process_get_start_time (pid), ==, 0);
  g_assert_true (sbx_pidfd_has_ended (pidfd));
  g_assert_false (sbx_pidfd_has_ended (-1));
  close (pidfd);
}

static guint64
find_signals (const char *status, const char *name)
{
  const char *line = strstr (status, name);

  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen (name), NULL, 16);
}

/* What is executed starts with every signal as it was at boot. */
static void
test_spawn (void)
{
  const guint64 libc = G_GUINT64_CONSTANT (3) << 31; /* 32 and 33, which libc lets nobody change */
  char *argv[] = { (char *) "cat", (char *) "/proc/self/status", NULL };
  posix_spawn_file_actions_t actions;
  char text[4096] = "";
  sigset_t blocked;
  int pipes[2], status;
  pid_t pid;

  signal (SIGPIPE, SIG_IGN);
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGUSR1);
  g_assert_cmpint (sigprocmask (SIG_BLOCK, &blocked, NULL), ==, 0);
  g_assert_cmpint (pipe2 (pipes, O_CLOEXEC), ==, 0);
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, pipes[1], STDOUT_FILENO);
  g_assert_cmpint (sbx_child_spawn (&pid, "/bin/cat", &actions, 0, argv, environ), ==, 0);
  posix_spawn_file_actions_destroy (&actions);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (read (pipes[0], text, sizeof text - 1), >, 0);
  g_assert_cmpuint (find_signals (text, "\nSigBlk:\t") & ~libc, ==, 0);
  g_assert_cmpuint (find_signals (text, "\nSigIgn:\t") & ~libc, ==, 0);
  g_assert_cmpint (sbx_child_spawn (&pid, "/nothing/there", NULL, 0, argv, environ), ==, ENOENT);
  close (pipes[0]);
  close (pipes[1]);
}

/* Sends one byte, with a descriptor or without. */
static void
send_packet (int sock, gboolean with)
{
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control = { .header = { .cmsg_len = CMSG_LEN (sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
  struct iovec data = { (char[]){ 'x' }, 1 };
  struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

  memcpy (CMSG_DATA (&control.header), (int[]){ STDERR_FILENO }, sizeof (int));
  if (with) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
  }
  g_assert_cmpint (sendmsg (sock, &message, 0), ==, 1);
}

/* Receives what @words says: one packet for each, d: with a descriptor, e: empty; o: the other end stays open. */
static gint
receive (const char *words, gsize most)
{
  g_autoptr (SbxFdList) list = NULL;
  g_autoptr (GError) error = NULL;
  int pair[2], n = -1, other = -1;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  for (; *words; words++)
    if (*words == 'o')
      other = dup (pair[0]);
    else
      send_packet (pair[0], *words == 'd');
  close (pair[0]);
  list = sbx_descriptors_receive (pair[1], most, &error);
  if (list)
    n = (int) sbx_fd_list_get_length (list);
  else
    g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  close (pair[1]);
  if (other >= 0)
    close (other);
  return n;
}

static void
test_descriptors (void)
{
  g_assert_cmpint (receive ("ddd", 3), ==, 3);
  g_assert_cmpint (receive ("dddd", 3), ==, -1);
  g_assert_cmpint (receive ("", 3), ==, -1);
  g_assert_cmpint (receive ("do", 3), ==, -1);
  /* Of empty ones there could be more and more while they are read */
  g_assert_cmpint (receive ("ded", 3), ==, -1);
  g_assert_cmpint (receive ("e", 3), ==, -1);
}

#define TEST(name, function) g_test_add ("/common/" name, Fixture, NULL, set_up, function, tear_down)

/* The service and its clients mean the same socket, whatever words the address of the bus has around its place. */
static void
test_session_socket_name (void)
{
  static const char *const same[] = { "unix:path=/run/user/1000/bus", "unix:path=/run/user/1000/bus,guid=0123",
                                      "unix:guid=0123,path=/run/user/1000/bus", "unix:path=/run%2fuser/1000/bus",
                                      "tcp:host=localhost;unix:path=/run/user/1000/bus;unix:path=/tmp/other" };
  static const char *const others[] = { "unix:path=/run/user/1001/bus", "unix:abstract=/run/user/1000/bus",
                                        "unix:path=/run/user/1000/bu", "unix:path=/run/user/1000/bus%20" };
  static const char *const none[] = {
    "",           "tcp:host=localhost", "autolaunch:",      "unix:",
    "unix:path=", "unix:path=%00",      "unix:tmpdir=/tmp", "path=/run/user/1000/bus"
  };
  g_autofree char *name = sbx_session_socket_name (same[0]);

  g_assert_true (g_str_has_prefix (name, "bus-"));
  for (gsize i = 0; i < G_N_ELEMENTS (same); i++) {
    g_autofree char *other = sbx_session_socket_name (same[i]);

    g_assert_cmpstr (other, ==, name);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autofree char *other = sbx_session_socket_name (others[i]);

    g_assert_nonnull (other);
    g_assert_cmpstr (other, !=, name);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    g_assert_null (sbx_session_socket_name (none[i]));
}

static void
test_session_bus_found (void)
{
  g_autofree char *directory = g_dir_make_tmp ("sbx,bus-XXXXXX", NULL),
                  *path = g_build_filename (directory, "bus", NULL);
  g_autofree char *named = NULL, *missing = NULL, *standard = NULL, *place = NULL;
  gsize size;

  g_setenv ("XDG_RUNTIME_DIR", directory, TRUE);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/somewhere", TRUE);
  named = sbx_session_bus_find ();
  g_assert_cmpstr (named, ==, "unix:path=/somewhere");
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  missing = sbx_session_bus_find ();
  g_assert_null (missing);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  standard = sbx_session_bus_find ();
  place = sbx_session_bus_parse (standard, &size);
  g_assert_cmpmem (place, size, path, strlen (path));
  g_unlink (path);
  g_rmdir (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("read/bound", test_read_bound);
  TEST ("read/kinds", test_read_kinds);
  TEST ("read/proc", test_read_proc);
  TEST ("replace", test_replace);
  g_test_add_func ("/common/write-all", test_write_all);
  g_test_add_func ("/common/paths", test_paths);
  g_test_add_func ("/common/start-time", test_start_time);
  g_test_add_func ("/common/process", test_process);
  g_test_add_func ("/common/spawn", test_spawn);
  g_test_add_func ("/common/descriptors", test_descriptors);
  g_test_add_func ("/common/session-bus/socket-name", test_session_socket_name);
  g_test_add_func ("/common/session-bus/found", test_session_bus_found);
  return g_test_run ();
}
