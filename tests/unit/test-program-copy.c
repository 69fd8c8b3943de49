/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program of ours as a sealed copy in memory, and what may lie in its place. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/program-copy.h"

typedef struct {
  char *directory, *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("program-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "program", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  (void) g_remove (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->path);
  g_free (fixture->directory);
}

/* Ends with what the program in @fd ends with. */
static int
run (int fd)
{
  static char name[] = "true", *argv[] = { name, NULL };
  int status;
  pid_t child = fork ();

  if (child == 0) {
    fexecve (fd, argv, environ);
    _exit (99);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

/* It runs, and whoever has it open changes nothing in it, also when it gets to it by /proc. */
static void
test_copied (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int fd = sbx_program_copy ("/bin/true", &error);
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  struct stat original, copy;
  int seals;

  g_assert_no_error (error);
  g_assert_cmpint (run (fd), ==, 0);
  g_assert_true (stat ("/bin/true", &original) == 0 && fstat (fd, &copy) == 0);
  g_assert_cmpint (copy.st_size, ==, original.st_size);
  g_assert_true (copy.st_dev != original.st_dev || copy.st_ino != original.st_ino);
  seals = fcntl (fd, F_GET_SEALS);
  g_assert_cmpint (seals & (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), ==,
                   F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  (void) chmod (link, 0777);
  g_assert_cmpint (open (link, O_WRONLY | O_TRUNC | O_CLOEXEC), ==, -1);
  g_assert_cmpint (run (fd), ==, 0);
  close (fd);
}

/* The original is exchanged afterwards: the copy stays. */
static void
test_exchanged (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program = NULL;
  gsize size;
  int fd;

  g_assert_true (g_file_get_contents ("/bin/true", &program, &size, NULL));
  g_assert_true (g_file_set_contents (fixture->path, program, (gssize) size, NULL));
  fd = sbx_program_copy (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (truncate (fixture->path, 0), ==, 0);
  g_assert_cmpint (run (fd), ==, 0);
  close (fd);
}

static void
make_fifo (const char *path)
{
  g_assert_cmpint (mkfifo (path, 0700), ==, 0);
}

static void
make_directory (const char *path)
{
  g_assert_cmpint (mkdir (path, 0700), ==, 0);
}

static void
make_socket (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (bind (sock, (const struct sockaddr *) &address, sizeof address), ==, 0);
  close (sock);
}

/* Ends never, and says that it has no bytes. */
static void
make_device (const char *path)
{
  g_assert_cmpint (symlink ("/dev/zero", path), ==, 0);
}

/* Of the terminal nothing is read, and none is made the service's own. */
static void
make_terminal (const char *path)
{
  g_assert_cmpint (symlink ("/dev/ptmx", path), ==, 0);
}

/* More than there is memory, in a file that has no blocks. */
static void
make_huge (const char *path)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, (off_t) 1 << 40), ==, 0);
  close (fd);
}

static void
make_loop (const char *path)
{
  g_assert_cmpint (symlink ("program", path), ==, 0);
}

typedef struct {
  const char *name, *says;
  void (*make) (const char *path);
} Case;

static const Case cases[] = {
  { "fifo", "Exec format", make_fifo },         { "directory", "Exec format", make_directory },
  { "socket", "No such device", make_socket },  { "device", "Exec format", make_device },
  { "terminal", "Exec format", make_terminal }, { "huge", "too large", make_huge },
  { "loop", "symbolic links", make_loop },
};

/* Each is refused at once, with its path and the reason. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  const Case *one = data;
  g_autoptr (GError) error = NULL;

  one->make (fixture->path);
  alarm (20); /* one that waits is ended */
  g_assert_cmpint (sbx_program_copy (fixture->path, &error), ==, -1);
  alarm (0);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, fixture->path));
  if (!strstr (error->message, one->says))
    g_error ("%s", error->message);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/program-copy/copied", Fixture, NULL, set_up, test_copied, tear_down);
  g_test_add ("/program-copy/exchanged", Fixture, NULL, set_up, test_exchanged, tear_down);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *name = g_strconcat ("/program-copy/refused/", cases[i].name, NULL);

    g_test_add (name, Fixture, &cases[i], set_up, test_refused, tear_down);
  }
  return g_test_run ();
}
