/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A copy in a child, and what an application has written on its way out: whole or not at all, whoever is killed. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "keeper/copy.h"
#include "keeper/publish.h"

#define TEMPORARY ".temporary"

typedef struct {
  SbxLoop loop;
  SbxCopy copy;
  char *path;
  int directory;
  int error; /* of the copy that is done, or -1 */
  const char *name;
} Fixture;

static void
done (SbxCopy *copy, SbxCopied *copied, int error)
{
  Fixture *fixture = SBX_OWNER (copy, Fixture, copy);

  fixture->error = error;
  if (error == 0)
    g_assert_cmpint (sbx_copied_name (copied, fixture->name), ==, 0);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->path = g_dir_make_tmp ("copy-XXXXXX", NULL);
  fixture->directory = open (fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fixture->error = -1;
  fixture->name = "copy";
  g_assert_cmpint (fixture->directory, >=, 0);
  g_assert_cmpint (sbx_copy_set_up (&fixture->copy, &fixture->loop, 0, done), ==, 0);
}

/* Nothing is left but what the test knows of. */
static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_false (sbx_copy_is_busy (&fixture->copy));
  (void) unlinkat (fixture->directory, "file", 0);
  (void) unlinkat (fixture->directory, "copy", 0);
  g_assert_cmpint (g_rmdir (fixture->path), ==, 0);
  close (fixture->directory);
  while (waitpid (-1, NULL, 0) > 0)
    ;
  g_free (fixture->path);
}

static int
make_file (const Fixture *fixture, const char *name, const char *content, struct stat *st)
{
  int fd = openat (fixture->directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, content, strlen (content)), ==, (int) strlen (content));
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  g_assert_cmpint (fstat (fd, st), ==, 0);
  return fd;
}

static void
wait_for_end (Fixture *fixture)
{
  while (sbx_copy_is_busy (&fixture->copy))
    g_assert_cmpint (sbx_loop_round (&fixture->loop), ==, 0);
}

static void
expect_content (const Fixture *fixture, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (fixture->path, name, NULL), *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, content);
}

static void
expect_nothing (const Fixture *fixture, const char *name)
{
  g_assert_cmpint (faccessat (fixture->directory, name, F_OK, AT_SYMLINK_NOFOLLOW), ==, -1);
}

static int
make_nameless (const Fixture *fixture)
{
  return openat (fixture->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* From here on this process is on file systems that have no nameless files; what it starts as well. */
static void
set_up_named (Fixture *fixture, gconstpointer data)
{
  /* openat(2): the flags are its third argument. 64 bits, of which the lower half is first on a little-endian machine
   */
  struct sock_filter program[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[2])),
    BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = { G_N_ELEMENTS (program), program };

  set_up (fixture, data);
  g_assert_cmpint (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
  g_assert_cmpint (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0), ==, 0);
  g_assert_cmpint (make_nameless (fixture), ==, -1);
  g_assert_cmpint (errno, ==, EOPNOTSUPP);
}

static void
test_whole (Fixture *fixture, gconstpointer data)
{
  struct stat st;
  int fd = make_file (fixture, "file", "content", &st);

  st.st_mode |= S_ISUID | S_ISGID;
  g_assert_cmpint (sbx_copy_begin (&fixture->copy, fd, &st, fixture->directory, TEMPORARY, 10000), ==, 0);
  g_assert_cmpint (sbx_copy_begin (&fixture->copy, fd, &st, fixture->directory, TEMPORARY, 10000), ==, -1);
  g_assert_cmpint (errno, ==, EBUSY);
  wait_for_end (fixture);
  g_assert_cmpint (fixture->error, ==, 0);
  expect_content (fixture, "copy", "content");
  g_assert_cmpint (fstatat (fixture->directory, "copy", &st, 0), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0640);
  expect_nothing (fixture, TEMPORARY);
  close (fd);
}

/* What is written while it is copied is not the end of it. */
static void
test_bounded (Fixture *fixture, gconstpointer data)
{
  struct stat st;
  int fd = make_file (fixture, "file", "a longer content", &st);

  st.st_size = 8;
  g_assert_cmpint (sbx_copy_begin (&fixture->copy, fd, &st, fixture->directory, TEMPORARY, 10000), ==, 0);
  wait_for_end (fixture);
  expect_content (fixture, "copy", "a longer");
  close (fd);
}

/* From what never has anything to read: the loop goes on meanwhile, until it is enough. */
static void
begin_endless (Fixture *fixture, int time_ms, int *writer)
{
  struct stat st = { .st_size = 1 << 20, .st_mode = S_IFREG | 0600 };
  int ends[2];

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (write (ends[1], "half", 4), ==, 4);
  g_assert_cmpint (sbx_copy_begin (&fixture->copy, ends[0], &st, fixture->directory, TEMPORARY, time_ms), ==, 0);
  close (ends[0]);
  *writer = ends[1];
}

static void
test_slow (Fixture *fixture, gconstpointer data)
{
  int writer;

  begin_endless (fixture, 50, &writer);
  wait_for_end (fixture);
  g_assert_cmpint (fixture->error, ==, ETIME);
  expect_nothing (fixture, "copy");
  close (writer);
}

/* What is half done has a name where it cannot do without. */
static void
test_half (Fixture *fixture, gconstpointer data)
{
  int nameless = make_nameless (fixture), writer;

  begin_endless (fixture, 50, &writer);
  g_assert_cmpint (faccessat (fixture->directory, TEMPORARY, F_OK, AT_SYMLINK_NOFOLLOW), ==, nameless < 0 ? 0 : -1);
  expect_nothing (fixture, "copy");
  wait_for_end (fixture);
  expect_nothing (fixture, TEMPORARY);
  close (writer);
  if (nameless >= 0)
    close (nameless);
}

/* Somebody has put something at the name that is taken then: it is neither followed nor written. */
static void
test_planted (Fixture *fixture, gconstpointer data)
{
  struct stat st;
  int fd = make_file (fixture, "file", "content", &st), victim = make_file (fixture, "copy", "victim", &st);

  close (victim);
  fixture->name = "new";
  g_assert_cmpint (symlinkat ("copy", fixture->directory, TEMPORARY), ==, 0);
  g_assert_cmpint (fstat (fd, &st), ==, 0);
  g_assert_cmpint (sbx_copy_begin (&fixture->copy, fd, &st, fixture->directory, TEMPORARY, 10000), ==, 0);
  wait_for_end (fixture);
  g_assert_cmpint (fixture->error, ==, 0);
  expect_content (fixture, "copy", "victim");
  expect_content (fixture, "new", "content");
  expect_nothing (fixture, TEMPORARY);
  g_assert_cmpint (unlinkat (fixture->directory, "new", 0), ==, 0);
  close (fd);
}

static void
test_killed (Fixture *fixture, gconstpointer data)
{
  pid_t child;
  int writer, status;

  begin_endless (fixture, 10000, &writer);
  child = fixture->copy.child;
  g_assert_cmpint (kill (child, SIGKILL), ==, 0);
  wait_for_end (fixture);
  g_assert_cmpint (fixture->error, ==, EIO);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (sbx_copy_reaped (&fixture->copy, child));
  g_assert_false (sbx_copy_reaped (&fixture->copy, child));
  expect_nothing (fixture, "copy");
  close (writer);
}

/* The keeper is killed: its child ends, and nothing is left of the half copy. */
static void
test_orphan (Fixture *fixture, gconstpointer data)
{
  int ends[2];
  pid_t keeper;
  char byte;

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  keeper = fork ();
  if (keeper == 0) {
    int writer, held = dup (ends[1]);

    begin_endless (fixture, 10000, &writer);
    (void) !write (held, "x", 1);
    for (;;)
      pause ();
  }
  close (ends[1]);
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);
  g_assert_cmpint (kill (keeper, SIGKILL), ==, 0);
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 0); /* nobody has it any more: both have ended */
  close (ends[0]);
  expect_nothing (fixture, "copy");
  /* The child has none of the keeper's descriptors: what has a name it removes when it finds that the keeper is gone */
  for (int i = 0; i < 2000 && faccessat (fixture->directory, TEMPORARY, F_OK, AT_SYMLINK_NOFOLLOW) == 0; i++)
    g_usleep (10000);
  expect_nothing (fixture, TEMPORARY);
}

static void
test_full (Fixture *fixture, gconstpointer data)
{
  struct stat st = { .st_size = 1 << 20, .st_mode = S_IFREG | 0600 };
  int zero = open ("/dev/zero", O_RDONLY | O_CLOEXEC), full = open ("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  /* A file that cannot be read is as good as a disk that is full */
  g_assert_cmpint (sbx_copy_begin (&fixture->copy, full, &st, fixture->directory, TEMPORARY, 10000), ==, 0);
  wait_for_end (fixture);
  g_assert_cmpint (fixture->error, ==, EISDIR);
  g_assert_cmpint (sbx_copy_begin (&fixture->copy, zero, &st, zero, TEMPORARY, 10000), ==, -1);
  g_assert_cmpint (errno, ==, ENOTDIR);
  close (zero);
  close (full);
}

static const guint8 access_list[] = {
  2,  0, 0, 0,                         /* version (acl(5), linux/posix_acl_xattr.h), then tag, permissions, id */
  1,  0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* the owner */
  2,  0, 6, 0, 1,    0,    0,    0,    /* a user */
  4,  0, 4, 0, 0xff, 0xff, 0xff, 0xff, /* the group */
  16, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* the mask */
  32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff
};

static gboolean
has_access_list (int fd)
{
  return fgetxattr (fd, "system.posix_acl_access", NULL, 0) > 0;
}

static void
test_tame (Fixture *fixture, gconstpointer data)
{
  struct stat st;
  int fd = make_file (fixture, "file", "content", &st), old = make_file (fixture, "copy", "old", &st), path;
  g_autofree char *name = g_build_filename (fixture->path, "file", NULL);
  gboolean lists = fsetxattr (fd, "system.posix_acl_access", access_list, sizeof access_list, 0) == 0;

  path = open (name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  g_assert_cmpint (fchmod (fd, 07755), ==, 0);
  g_assert_true (fstat (path, &st) == 0 && sbx_publish_is_privileged (path, &st));
  g_assert_cmpint (sbx_publish_tame (path, fixture->directory, "copy"), ==, 0);
  g_assert_cmpint (fstat (fd, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07000, ==, 0);
  g_assert_false (sbx_publish_is_privileged (path, &st));
  g_assert_false (has_access_list (fd));
  /* The list of what it takes the place of is its user's */
  if (lists) {
    g_assert_cmpint (fsetxattr (old, "system.posix_acl_access", access_list, sizeof access_list, 0), ==, 0);
    g_assert_cmpint (sbx_publish_tame (path, fixture->directory, "copy"), ==, 0);
    g_assert_true (has_access_list (fd));
  }
  g_assert_cmpint (sbx_publish_link (path, fixture->directory, TEMPORARY, "copy"), ==, 0);
  g_assert_cmpint (sbx_publish_link (path, fixture->directory, TEMPORARY, "copy"), ==, 0);
  expect_content (fixture, "copy", "content");
  expect_nothing (fixture, TEMPORARY);
  close (path);
  close (fd);
  close (old);
}

#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
#define ADD_NAMED(name, function) g_test_add (name, Fixture, NULL, set_up_named, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN); /* as the keeper has it */
  ADD ("/copy/whole", test_whole);
  ADD ("/copy/bounded", test_bounded);
  ADD ("/copy/slow", test_slow);
  ADD ("/copy/killed", test_killed);
  ADD ("/copy/orphan", test_orphan);
  ADD ("/copy/full", test_full);
  ADD ("/publish/tame", test_tame);
  ADD ("/copy/half", test_half);
  ADD ("/copy/planted", test_planted);
  /* After all others: what they have given up does not come back */
  ADD_NAMED ("/without-nameless/whole", test_whole);
  ADD_NAMED ("/without-nameless/half", test_half);
  ADD_NAMED ("/without-nameless/planted", test_planted);
  ADD_NAMED ("/without-nameless/slow", test_slow);
  ADD_NAMED ("/without-nameless/killed", test_killed);
  ADD_NAMED ("/without-nameless/orphan", test_orphan);
  return g_test_run ();
}
