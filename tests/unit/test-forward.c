/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that a caller hands over: what is taken, and how far it is opened up. */
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/launch/forward.h"

typedef struct {
  char *root; /* with the directories home, data and elsewhere */
  char *home, *data, *elsewhere;
  SbxMachine machine;
  SbxPolicy *reads, *writes, *nothing;
  int fds[8];
  gsize n_fds;
} Fixture;

static SbxPolicy *
make_policy (const char *forward)
{
  static const SbxPlaces places = { .home = "/home/u" };
  g_autofree char *text = g_strdup_printf ("{'Context': <{'forward': '%s'}>}", forward);
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) groups = g_variant_ref_sink (g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error));
  SbxPolicy *policy = groups ? sbx_policy_merge_variant (nothing, groups, &places, &error) : NULL;

  g_assert_no_error (error);
  return policy;
}

static char *
make_directory (const char *parent, const char *name)
{
  char *path = g_build_filename (parent, name, NULL);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  return path;
}

static char *
make_file (const char *directory, const char *name)
{
  char *path = g_build_filename (directory, name, NULL);

  g_assert_true (g_file_set_contents (path, name, -1, NULL));
  return path;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  *fixture = (Fixture){ .root = g_dir_make_tmp ("forward-XXXXXX", NULL) };
  fixture->home = make_directory (fixture->root, "home");
  fixture->data = make_directory (fixture->root, "data");
  fixture->elsewhere = make_directory (fixture->root, "elsewhere");
  fixture->machine.home = fixture->home;
  fixture->machine.data_home = fixture->data;
  fixture->machine.config_home = fixture->home;
  fixture->reads = make_policy ("ro");
  fixture->writes = make_policy ("rw");
  fixture->nothing = sbx_policy_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", fixture->root, NULL };

  for (gsize i = 0; i < fixture->n_fds; i++)
    close (fixture->fds[i]);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  sbx_policy_unref (fixture->reads);
  sbx_policy_unref (fixture->writes);
  sbx_policy_unref (fixture->nothing);
  g_free (fixture->home);
  g_free (fixture->data);
  g_free (fixture->elsewhere);
  g_free (fixture->root);
}

static void
hand_over_fd (Fixture *fixture, int fd)
{
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpuint (fixture->n_fds, <, G_N_ELEMENTS (fixture->fds));
  fixture->fds[fixture->n_fds++] = fd;
}

static void
hand_over (Fixture *fixture, const char *path, int flags)
{
  hand_over_fd (fixture, open (path, flags | O_CLOEXEC));
}

static SbxForward *
take (Fixture *fixture, const SbxPolicy *policy, const SbxPolicy *approved)
{
  g_autoptr (GError) error = NULL;
  SbxForward *forward = sbx_forward_new (&fixture->machine, fixture->fds, fixture->n_fds, policy, approved, &error);

  g_assert_no_error (error);
  return forward;
}

static const SbxForwardedFile *
nth (const SbxForward *forward, guint i)
{
  return &g_array_index (forward->files, SbxForwardedFile, i);
}

/* No better than it was opened; O_PATH as the policy says. */
static void
test_access (Fixture *fixture, gconstpointer data)
{
  static const struct {
    int flags;
    gboolean policy_writes, writable;
  } rows[] = { { O_RDONLY, TRUE, FALSE },
               { O_RDWR, FALSE, TRUE },
               { O_WRONLY, FALSE, TRUE },
               { O_PATH, FALSE, FALSE },
               { O_PATH, TRUE, TRUE } };
  g_autofree char *path = make_file (fixture->elsewhere, "file");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    int fd = open (path, rows[i].flags | O_CLOEXEC);
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxForward) forward = sbx_forward_new (
        &fixture->machine, &fd, 1, rows[i].policy_writes ? fixture->writes : fixture->reads, fixture->nothing, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (forward->files->len, ==, 1);
    g_assert_cmpstr (nth (forward, 0)->path, ==, path);
    g_assert_cmpint (nth (forward, 0)->writable, ==, rows[i].writable);
    close (fd);
  }
}

/* What is approved already needs no further approval. */
static void
test_classes (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = make_file (fixture->elsewhere, "file");

  hand_over (fixture, path, O_RDWR);
  for (int i = 0; i < 3; i++) {
    const SbxPolicy *approved[] = { fixture->nothing, fixture->reads, fixture->writes };
    g_autoptr (SbxForward) forward = take (fixture, fixture->reads, approved[i]);

    g_assert_cmpuint (forward->classes, ==, i == 2 ? 0 : SBX_CLASS_FILES);
  }
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
  g_autofree char *directory = make_directory (fixture->elsewhere, "a");
  g_autofree char *file = make_file (directory, "b");
  g_autoptr (SbxForward) forward = NULL;

  hand_over (fixture, file, O_RDONLY);
  hand_over (fixture, directory, O_PATH);
  forward = take (fixture, fixture->reads, fixture->nothing);
  g_assert_cmpstr (nth (forward, 0)->path, ==, directory);
  g_assert_cmpstr (nth (forward, 1)->path, ==, file);
}

static void
assert_refused (Fixture *fixture, int fd)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (fd, >=, 0);
  g_assert_null (sbx_forward_new (&fixture->machine, &fd, 1, fixture->reads, fixture->writes, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
  close (fd);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *kept = make_directory (fixture->data, "sandbox");
  g_autofree char *of_app = make_file (kept, "file"); /* in the homes that are kept: not theirs, but no whole either */
  g_autofree char *gone = make_file (fixture->elsewhere, "gone");
  g_autofree char *replaced = make_file (fixture->elsewhere, "replaced");
  g_autofree char *fifo = g_build_filename (fixture->elsewhere, "fifo", NULL);
  int fd, pair[2];

  fd = open (gone, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (unlink (gone), ==, 0);
  assert_refused (fixture, fd);
  fd = open (replaced, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (unlink (replaced), ==, 0);
  g_free (make_file (fixture->elsewhere, "replaced"));
  assert_refused (fixture, fd);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_refused (fixture, open (fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  g_assert_cmpint (pipe (pair), ==, 0);
  close (pair[1]);
  assert_refused (fixture, pair[0]);
  /* The whole of something, or what is the sandbox's or the system's */
  assert_refused (fixture, open ("/", O_PATH | O_CLOEXEC));
  assert_refused (fixture, open ("/proc", O_PATH | O_CLOEXEC));
  assert_refused (fixture, open ("/proc/self/status", O_RDONLY | O_CLOEXEC));
  assert_refused (fixture, open ("/dev/null", O_RDONLY | O_CLOEXEC));
  assert_refused (fixture, open (fixture->home, O_PATH | O_CLOEXEC));
  assert_refused (fixture, open (fixture->root, O_PATH | O_CLOEXEC)); /* above the home */
  assert_refused (fixture, open (kept, O_PATH | O_CLOEXEC));
  fd = open (of_app, O_RDONLY | O_CLOEXEC);
  hand_over_fd (fixture, fd);
  sbx_forward_free (take (fixture, fixture->reads, fixture->nothing));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/forward/access", test_access);
  ADD ("/forward/classes", test_classes);
  ADD ("/forward/order", test_order);
  ADD ("/forward/refused", test_refused);
  return g_test_run ();
}
