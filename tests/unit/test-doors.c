/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stages of doors: whatever an application has made in one, all of it is removed. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layers/doors.h"

#define ID "0123456789abcdef"
#define DEEP 1200 /* more than descriptors are open (RLIMIT_NOFILE), and than PATH_MAX has room for */

typedef struct {
  char *homes, *stage;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->homes = g_dir_make_tmp ("doors-XXXXXX", NULL);
  g_assert_nonnull (fixture->homes);
  fixture->stage = sbx_door_stage (fixture->homes, ID, "/outside", "letter", -1);
  g_assert_nonnull (fixture->stage);
}

static void
remove_stages (const Fixture *fixture)
{
  (void) sbx_door_put_aside (fixture->homes, ID);
  sbx_door_remove_aside (fixture->homes);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *stages = g_path_get_dirname (fixture->stage), *all = g_path_get_dirname (stages);

  remove_stages (fixture);
  g_assert_cmpint (g_access (stages, F_OK), ==, -1);
  g_assert_cmpint (errno, ==, ENOENT);
  g_assert_cmpint (g_rmdir (all), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->homes), ==, 0);
  g_free (fixture->stage);
  g_free (fixture->homes);
}

/* Makes @n directories, each in the one before, below @at with a file in each; the last has @mode. Takes @at. */
static void
make_deep (int at, guint n, mode_t mode)
{
  for (guint i = 0; i < n; i++) {
    int file = openat (at, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), next;

    g_assert_cmpint (file, >=, 0);
    close (file);
    g_assert_cmpint (mkdirat (at, "d", 0700), ==, 0);
    next = openat (at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_assert_cmpint (next, >=, 0);
    close (at);
    at = next;
  }
  g_assert_cmpint (fchmod (at, mode), ==, 0);
  close (at);
}

static int
open_stage (const Fixture *fixture)
{
  int fd = open (fixture->stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
test_empty (Fixture *fixture, gconstpointer data)
{
  close (open_stage (fixture));
}

static void
test_deep (Fixture *fixture, gconstpointer data)
{
  make_deep (open_stage (fixture), DEEP, 0700);
}

/* Directories that may not be looked into, at the bottom and where the tree is taken apart. */
static void
test_closed (Fixture *fixture, gconstpointer data)
{
  for (guint n = 1; n < 140; n += 23) {
    g_autofree char *name = g_strdup_printf ("%u", n);
    int stage = open_stage (fixture);

    g_assert_cmpint (mkdirat (stage, name, 0700), ==, 0);
    make_deep (openat (stage, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n, 0);
    g_assert_cmpint (fchmodat (stage, name, 0, 0), ==, 0);
    close (stage);
  }
}

/* What the application has made under the names that the removal uses. */
static void
test_names (Fixture *fixture, gconstpointer data)
{
  g_autofree char *above = g_path_get_dirname (fixture->stage);
  int top = open (above, O_RDONLY | O_DIRECTORY | O_CLOEXEC), file;

  g_assert_cmpint (mkdirat (top, ".sandbox-deep-0", 0700), ==, 0);
  make_deep (openat (top, ".sandbox-deep-0", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 200, 0700);
  file = openat (top, ".sandbox-deep-1", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint (file, >=, 0);
  close (file);
  close (top);
  make_deep (open_stage (fixture), 200, 0700);
}

/* A link is removed, and not what it leads to. */
static void
test_links (Fixture *fixture, gconstpointer data)
{
  g_autofree char *outside = g_dir_make_tmp ("doors-XXXXXX", NULL), *kept = g_build_filename (outside, "kept", NULL);
  int stage = open_stage (fixture);

  g_assert_true (g_file_set_contents (kept, "kept", -1, NULL));
  g_assert_cmpint (symlinkat (outside, stage, "link"), ==, 0);
  close (stage);
  remove_stages (fixture);
  g_assert_cmpint (g_unlink (kept), ==, 0);
  g_assert_cmpint (g_rmdir (outside), ==, 0);
}

#define MANY 30000

static char *
get_aside (const Fixture *fixture)
{
  g_autofree char *stages = g_path_get_dirname (fixture->stage);

  return g_strconcat (stages, ".gone", NULL);
}

/* Holds the removal up, as a disk or as many files would. */
static int
hold_up (const Fixture *fixture)
{
  g_autofree char *stages = g_path_get_dirname (fixture->stage), *all = g_path_get_dirname (stages);
  int fd = open (all, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  return fd;
}

static void
make_many (const Fixture *fixture)
{
  int stage = open_stage (fixture);

  for (guint i = 0; i < MANY; i++) {
    char name[16];

    g_snprintf (name, sizeof name, "%u", i);
    g_assert_cmpint (mknodat (stage, name, S_IFREG | 0600, 0), ==, 0);
  }
  close (stage);
}

/* They are no stages from that moment on, and go when they do; who has asked for it goes on at once. The control: who
 * removes them himself waits. */
static void
test_later (Fixture *fixture, gconstpointer data)
{
  g_autofree char *door = g_path_get_basename (fixture->stage), *aside = get_aside (fixture);
  g_autofree char *file = g_build_filename (door, "1", NULL);
  int held = hold_up (fixture), status;
  pid_t child;

  make_many (fixture);
  g_assert_true (sbx_door_is_used (fixture->homes, file));
  g_assert_true (sbx_door_put_aside (fixture->homes, ID));
  g_assert_false (sbx_door_put_aside (fixture->homes, ID));
  g_assert_false (sbx_door_is_used (fixture->homes, file));
  child = fork ();
  if (child == 0) {
    close (held);
    sbx_door_remove_aside (fixture->homes);
    _exit (0);
  }
  sbx_door_remove_aside_later (fixture->homes);
  g_usleep (50000);
  g_assert_cmpint (g_access (aside, F_OK), ==, 0);
  g_assert_cmpint (waitpid (child, &status, WNOHANG), ==, 0);
  close (held);
  while (g_access (aside, F_OK) == 0)
    g_usleep (1000);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  remove_stages (fixture); /* the thread has ended as well: it does not wait any more */
}

static gboolean
is_nobody (const char *id, gpointer data)
{
  ++*(guint *) data;
  return FALSE;
}

/* Whose removal was begun by one that was killed: nobody is asked for it any more, and it is not too young. */
static void
test_left (Fixture *fixture, gconstpointer data)
{
  guint asked = 0;

  g_assert_false (sbx_door_put_aside_left (fixture->homes, is_nobody, &asked)); /* it is young */
  g_assert_true (sbx_door_put_aside (fixture->homes, ID));
  g_assert_true (sbx_door_put_aside_left (fixture->homes, is_nobody, &asked));
  g_assert_cmpuint (asked, ==, 0);
  sbx_door_remove_aside (fixture->homes);
  g_assert_false (sbx_door_put_aside_left (fixture->homes, is_nobody, &asked));
}

#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/doors/empty", test_empty);
  ADD ("/doors/deep", test_deep);
  ADD ("/doors/closed", test_closed);
  ADD ("/doors/names", test_names);
  ADD ("/doors/links", test_links);
  ADD ("/doors/later", test_later);
  ADD ("/doors/left", test_left);
  return g_test_run ();
}
