/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles that sandboxctl writes: in one step, read back, and as they were when that is no profile. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/learned-file.h"
#include "cli/profile-file.h"
#include "common/error.h"
#include "common/names.h"

#define GOOD "[Profile]\nInherits=base\n[Context]\nshared=ipc;\n"
#define BETTER "[Profile]\nInherits=base\n[Context]\nshared=network;\n"

typedef struct {
  char *directory, *path;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autofree char *vendor = NULL, *base = NULL, *dirs = NULL;

  self->directory = g_dir_make_tmp ("test-profile-file-XXXXXX", NULL);
  vendor = g_build_filename (self->directory, "vendor", NULL);
  base = g_build_filename (vendor, "base.profile", NULL);
  self->path = g_build_filename (self->directory, "mine", "app.profile", NULL);
  g_assert_cmpint (g_mkdir (vendor, 0700), ==, 0);
  g_assert_true (g_file_set_contents (base, "[Profile]\nName=base\n", -1, NULL));
  dirs = g_strdup_printf ("%s::%s/mine", vendor, self->directory);
  g_setenv (SBX_ENV_PROFILE_PATH, dirs, TRUE);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  const char *argv[] = { "rm", "-r", self->directory, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free (self->directory);
  g_free (self->path);
}

static gboolean
replace (const Fixture *self, const char *text, GError **error)
{
  g_autoptr (SbxProfileSet) set = sbx_profile_file_open_set ();
  int directory = sbx_profile_file_lock (self->path, error);
  gboolean replaced = directory >= 0 && sbx_profile_file_replace (set, "app", directory, self->path, text, error);

  if (directory >= 0)
    close (directory);
  return replaced;
}

/* What is in the directory, and what is in the file; NULL: it is not there. */
static void
assert_there (const Fixture *self, const char *text)
{
  g_autofree char *directory = g_path_get_dirname (self->path), *is = NULL;
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  (void) g_file_get_contents (self->path, &is, NULL, NULL);
  g_assert_cmpstr (is, ==, text);
  while ((name = g_dir_read_name (dir)))
    g_assert_cmpstr (name, ==, "app.profile");
}

static void
test_replaced (Fixture *self, gconstpointer data)
{
  g_assert_true (replace (self, GOOD, NULL));
  assert_there (self, GOOD);
  g_assert_true (replace (self, BETTER, NULL));
  assert_there (self, BETTER);
}

static void
test_restored (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) first = NULL, second = NULL;

  g_assert_false (replace (self, "[Context]\nshared=netwrok;\n", &first));
  g_assert_error (first, SBX_ERROR, SBX_ERROR_BAD_PROFILE);
  assert_there (self, NULL);
  g_assert_true (replace (self, GOOD, NULL));
  g_assert_false (replace (self, "[Context]\nshared=netwrok;\n", &second));
  g_assert_nonnull (strstr (second->message, "netwrok"));
  assert_there (self, GOOD);
}

/* A directory in the way stays. */
static void
test_in_the_way (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (self->path, 0700), ==, 0);
  g_assert_false (replace (self, GOOD, &error));
  g_assert_nonnull (error);
  g_assert_true (g_file_test (self->path, G_FILE_TEST_IS_DIR));
}

static gpointer
write_it (gpointer data)
{
  return GINT_TO_POINTER (replace (data, BETTER, NULL));
}

/* Who reads, changes and writes a file is alone with it until it is done. */
static void
test_locked (Fixture *self, gconstpointer data)
{
  int mine = sbx_profile_file_lock (self->path, NULL);
  g_autofree char *directory = g_path_get_dirname (self->path);
  int other = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  GThread *thread;

  g_assert_cmpint (mine, >=, 0);
  g_assert_cmpint (flock (other, LOCK_EX | LOCK_NB), <, 0);
  close (other);
  thread = g_thread_new ("writer", write_it, self);
  g_assert_false (g_file_test (self->path, G_FILE_TEST_EXISTS));
  close (mine);
  g_assert_true (GPOINTER_TO_INT (g_thread_join (thread)));
  assert_there (self, BETTER);
}

static void
accept (SbxLearnedFile *file, char *key, char *value)
{
  const SbxProposal line = { .group = (char *) "Context", .key = key, .value = value };

  sbx_learned_file_accept (file, &line);
}

static void
decline (SbxLearnedFile *file, char *value)
{
  const SbxProposal line = { .group = (char *) "Context", .key = (char *) "filesystems", .value = value };

  sbx_learned_file_decline (file, &line);
}

/* Two runs that began with the same file: what each accepted is in it, and what each declined, too. */
static void
test_two_runs (Fixture *self, gconstpointer data)
{
  g_auto (SbxLearnedFile) first = { 0 }, second = { 0 }, after = { 0 };
  g_autofree char *text = NULL;

  g_assert_true (sbx_learned_file_open (&first, "app", "base", NULL, NULL));
  g_assert_true (sbx_learned_file_open (&second, "app", "base", NULL, NULL));
  accept (&first, (char *) "filesystems", (char *) "~/one:ro");
  decline (&first, (char *) "~/secret");
  decline (&first, (char *) "~/wanted");
  accept (&second, (char *) "filesystems", (char *) "~/two:ro");
  accept (&second, (char *) "filesystems", (char *) "~/wanted");
  g_assert_true (sbx_learned_file_save (&first, NULL, NULL));
  g_assert_true (sbx_learned_file_save (&second, NULL, NULL));
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "\nfilesystems=~/one:ro;~/two:ro;~/wanted;\n"));
  g_assert_nonnull (strstr (text, "# not wanted: Context filesystems=~/secret\n"));
  g_assert_null (strstr (text, "# not wanted: Context filesystems=~/wanted\n"));
  g_assert_true (sbx_learned_file_open (&after, "app", NULL, NULL, NULL));
  g_assert_cmpstr (after.base, ==, "base");
}

/* A profile that its user has put there meanwhile is the user's. */
static void
test_written_meanwhile (Fixture *self, gconstpointer data)
{
  g_auto (SbxLearnedFile) file = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (sbx_learned_file_open (&file, "app", "base", NULL, NULL));
  g_assert_true (replace (self, GOOD, NULL));
  accept (&file, (char *) "filesystems", (char *) "~/one:ro");
  g_assert_false (sbx_learned_file_save (&file, NULL, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_PROFILE);
  assert_there (self, GOOD);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/profile-file/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("replaced", test_replaced);
  ADD ("restored", test_restored);
  ADD ("in-the-way", test_in_the_way);
  ADD ("locked", test_locked);
  ADD ("two-runs", test_two_runs);
  ADD ("written-meanwhile", test_written_meanwhile);
#undef ADD
  return g_test_run ();
}
