/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was made of a place is removed wherever it is, and nothing else: with somebody who renames all the time. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/made.h"
#include "wire/sys.h"

typedef struct {
  char *root;
  int directory, proc;
  SbxMade made;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->root = g_dir_make_tmp ("made-XXXXXX", NULL);
  self->directory = open (self->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  self->proc = open ("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (self->directory, >=, 0);
  g_assert_cmpint (self->proc, >=, 0);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  static const char *const left[] = { "a/b/mine", "a/file", "a/other", "mine", "a/b", "z/b/mine", "z/b", "a", "z" };

  for (gsize i = 0; i < G_N_ELEMENTS (left); i++)
    if (unlinkat (self->directory, left[i], 0) < 0)
      (void) unlinkat (self->directory, left[i], AT_REMOVEDIR);
  g_assert_cmpint (g_rmdir (self->root), ==, 0); /* nothing else is left */
  close (self->directory);
  close (self->proc);
  g_free (self->root);
}

static gboolean
is_there (const Fixture *self, const char *name)
{
  struct stat st;

  return fstatat (self->directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Makes @name in @parent, a path, and notes it. */
static void
make (Fixture *self, const char *parent, const char *name, mode_t type)
{
  int at = openat (self->directory, parent, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

  g_assert_cmpint (at, >=, 0);
  if (S_ISDIR (type))
    g_assert_cmpint (mkdirat (at, name, 0700), ==, 0);
  else if (S_ISLNK (type))
    g_assert_cmpint (symlinkat ("/nowhere", at, name), ==, 0);
  else
    close (openat (at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  fd = openat (at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (sbx_made_note (&self->made, at, fd), ==, 0);
  close (fd);
  close (at);
}

static void
write_mine (const Fixture *self, const char *name)
{
  int fd = openat (self->directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
}

static void
test_plain (Fixture *self, gconstpointer data)
{
  make (self, ".", "a", S_IFDIR);
  make (self, "a", "b", S_IFDIR);
  make (self, "a/b", "file", S_IFREG);
  make (self, "a/b", "link", S_IFLNK);
  g_assert_true (sbx_made_undo (&self->made, self->proc));
  g_assert_false (is_there (self, "a"));
}

/* Renamed, and something of its own put there. */
static void
test_renamed (Fixture *self, gconstpointer data)
{
  make (self, ".", "a", S_IFDIR);
  make (self, "a", "b", S_IFDIR);
  make (self, "a", "file", S_IFREG);
  g_assert_cmpint (renameat (self->directory, "a", self->directory, "z"), ==, 0);
  g_assert_cmpint (renameat (self->directory, "z/b", self->directory, "b"), ==, 0);
  g_assert_cmpint (renameat (self->directory, "z/file", self->directory, "file"), ==, 0);
  g_assert_cmpint (mkdirat (self->directory, "a", 0700), ==, 0);
  g_assert_cmpint (mkdirat (self->directory, "a/b", 0700), ==, 0);
  write_mine (self, "a/file");
  g_assert_true (sbx_made_undo (&self->made, self->proc));
  g_assert_false (is_there (self, "z"));
  g_assert_false (is_there (self, "b"));
  g_assert_false (is_there (self, "file"));
  g_assert_true (is_there (self, "a/b"));
  g_assert_true (is_there (self, "a/file"));
}

/* What is in it stays, and so does it. */
static void
test_used (Fixture *self, gconstpointer data)
{
  make (self, ".", "a", S_IFDIR);
  make (self, "a", "b", S_IFDIR);
  write_mine (self, "a/b/mine");
  g_assert_false (sbx_made_undo (&self->made, self->proc));
  g_assert_true (is_there (self, "a/b/mine"));
}

/* Gone already. */
static void
test_removed (Fixture *self, gconstpointer data)
{
  make (self, ".", "a", S_IFDIR);
  make (self, "a", "file", S_IFREG);
  g_assert_cmpint (unlinkat (self->directory, "a/file", 0), ==, 0);
  g_assert_true (sbx_made_undo (&self->made, self->proc));
  g_assert_false (is_there (self, "a"));
}

typedef struct {
  int directory;
  gint over; /* atomic */
} Racer;

/* Back and forth, and another file changes places with the one. */
static gpointer
race (gpointer data)
{
  Racer *self = data;

  while (!g_atomic_int_get (&self->over)) {
    (void) renameat (self->directory, "a", self->directory, "z");
    (void) sbx_sys_renameat2 (self->directory, "z/file", self->directory, "mine", RENAME_EXCHANGE);
    (void) renameat (self->directory, "z", self->directory, "a");
  }
  return NULL;
}

static void
test_races (Fixture *self, gconstpointer data)
{
  for (int i = 0; i < 200; i++) {
    Racer racer = { .directory = self->directory };
    GThread *thread;

    g_assert_cmpint (mkdirat (self->directory, "a", 0700), ==, 0);
    write_mine (self, "mine");
    make (self, "a", "file", S_IFREG);
    thread = g_thread_new ("race", race, &racer);
    (void) sbx_made_undo (&self->made, self->proc); /* may give up */
    g_atomic_int_set (&racer.over, 1);
    g_thread_join (thread);
    /* The other one is there, wherever it is; whether this one is depends on luck */
    g_assert_true (is_there (self, "mine") || is_there (self, "a/file"));
    (void) unlinkat (self->directory, "a/file", 0);
    (void) unlinkat (self->directory, "mine", 0);
    g_assert_cmpint (unlinkat (self->directory, "a", AT_REMOVEDIR), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/made/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("plain", test_plain);
  ADD ("renamed", test_renamed);
  ADD ("used", test_used);
  ADD ("removed", test_removed);
  ADD ("races", test_races);
  return g_test_run ();
}
