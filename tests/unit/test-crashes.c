/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store of crashes: whatever a handler has left in its directory, it is counted and can be removed, and nothing
 * else is. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "crashes/store.h"

#define FIRST "0123456789abcdef"
#define SECOND "fedcba9876543210"
#define DEEP 100

typedef struct {
  char *path;
  int store;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->path = g_dir_make_tmp ("crashes-XXXXXX", NULL);
  g_assert_nonnull (fixture->path);
  fixture->store = sbx_crash_store_open (fixture->path, FALSE, NULL);
  g_assert_cmpint (fixture->store, >=, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", fixture->path, NULL };

  close (fixture->store);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free (fixture->path);
}

static void
add (const Fixture *fixture, const char *instance)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *id = sbx_crash_store_add (fixture->store, instance, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (id, ==, instance);
}

static void
fill (const Fixture *fixture, const char *name, gsize bytes)
{
  g_autofree char *path = g_build_filename (fixture->path, name, NULL), *text = g_strnfill ((gssize) bytes, 'x');

  g_assert_true (g_file_set_contents (path, text, (gssize) bytes, NULL));
}

static void
make_directory (const Fixture *fixture, const char *name)
{
  g_assert_cmpint (mkdirat (fixture->store, name, 0700), ==, 0);
}

static void
change_mode (const Fixture *fixture, const char *name, mode_t mode)
{
  g_assert_cmpint (fchmodat (fixture->store, name, mode, 0), ==, 0);
}

static gboolean
exists (const Fixture *fixture, const char *name)
{
  struct stat st;

  return fstatat (fixture->store, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
expect_removed (const Fixture *fixture, const char *id)
{
  g_autoptr (GError) error = NULL;

  sbx_crash_store_remove (fixture->store, id, &error);
  g_assert_no_error (error);
  g_assert_false (exists (fixture, id));
}

/* A handler may take everybody's rights to its files away; they still take room. */
static void
test_no_rights (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) list = NULL;
  const SbxCrashEntry *entry;

  add (fixture, FIRST);
  make_directory (fixture, FIRST "/below");
  fill (fixture, FIRST "/below/much", 1 << 20);
  change_mode (fixture, FIRST "/below", 0);
  change_mode (fixture, FIRST, 0);
  list = sbx_crash_store_list (fixture->store);
  g_assert_cmpuint (list->len, ==, 1);
  entry = g_ptr_array_index (list, 0);
  g_assert_cmpuint (entry->bytes, >=, 1 << 20);
  change_mode (fixture, FIRST "/below", 0500);
  change_mode (fixture, FIRST, 0500);
  expect_removed (fixture, FIRST);
}

static void
test_deep (Fixture *fixture, gconstpointer data)
{
  int at = dup (fixture->store);

  add (fixture, FIRST);
  for (int i = 0; i < DEEP; i++) {
    const char *name = i == 0 ? FIRST : "d";
    int below;

    if (i > 0)
      g_assert_cmpint (mkdirat (at, name, 0700), ==, 0);
    below = openat (at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_assert_cmpint (below, >=, 0);
    if (i > 0 && i % 10 == 0)
      g_assert_cmpint (fchmod (at, 0500), ==, 0);
    close (at);
    at = below;
  }
  close (at);
  expect_removed (fixture, FIRST);
}

/* No link is followed, and what is not named like a crash is not ours. */
static void
test_links (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GError) error = NULL;

  make_directory (fixture, "precious");
  fill (fixture, "precious/file", 10);
  add (fixture, FIRST);
  g_assert_cmpint (symlinkat ("../precious", fixture->store, FIRST "/link"), ==, 0);
  g_assert_cmpint (symlinkat ("precious", fixture->store, SECOND), ==, 0);
  list = sbx_crash_store_list (fixture->store);
  g_assert_cmpuint (list->len, ==, 1);
  g_assert_false (sbx_crash_store_remove (fixture->store, SECOND, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (sbx_crash_store_remove (fixture->store, FIRST "/../precious", &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_FOUND);
  sbx_crash_store_rotate (fixture->store, NULL, 0, 0);
  g_assert_false (exists (fixture, FIRST));
  g_assert_true (exists (fixture, SECOND));
  g_assert_true (exists (fixture, "precious/file"));
}

/* A report that is a pipe, a link or too large is none. */
static void
test_not_a_file (Fixture *fixture, gconstpointer data)
{
  gsize size;

  add (fixture, FIRST);
  fill (fixture, "elsewhere", 10);
  g_assert_cmpint (mkfifoat (fixture->store, FIRST "/pipe", 0600), ==, 0);
  g_assert_cmpint (symlinkat ("../elsewhere", fixture->store, FIRST "/link"), ==, 0);
  fill (fixture, FIRST "/large", SBX_CRASH_FILE_MAX + 1);
  for (const char *const *name = (const char *const[]){ "pipe", "link", "large", "missing", NULL }; *name; name++)
    g_assert_null (sbx_crash_store_read (fixture->store, FIRST, *name, &size, NULL));
}

/* A report of @bytes that is @age seconds old. */
static void
report (const Fixture *fixture, const char *instance, const char *app, int age, gsize bytes)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *id = sbx_crash_store_add (fixture->store, instance, &error), *core = NULL;
  struct timespec times[2] = { { .tv_sec = 1000000 - age }, { .tv_sec = 1000000 - age } };

  g_assert_no_error (error);
  if (app)
    g_assert_true (sbx_crash_store_write (fixture->store, id, SBX_APP_FILE, app, NULL));
  core = g_build_filename (id, "core", NULL);
  if (bytes > 0)
    fill (fixture, core, bytes);
  g_assert_cmpint (utimensat (fixture->store, id, times, 0), ==, 0);
}

/* One that crashes over and over, in one instance or in many, does not push out what others have left. */
static void
test_noisy (Fixture *fixture, gconstpointer data)
{
  report (fixture, FIRST, "org.example.Quiet", 1000, 0);
  for (int i = 0; i < 6; i++)
    report (fixture, SECOND, "org.example.Noisy", 100 - i, 0);
  sbx_crash_store_rotate (fixture->store, SECOND "-6", 4, G_MAXUINT64);
  g_assert_true (exists (fixture, FIRST));
  for (int i = 1; i <= 6; i++) {
    g_autofree char *id = i == 1 ? g_strdup (SECOND) : g_strdup_printf (SECOND "-%d", i);

    g_assert_cmpint (exists (fixture, id), ==, i > 3);
  }
  for (int i = 0; i < 6; i++) {
    g_autofree char *instance = g_strdup_printf ("%016x", i);

    report (fixture, instance, "org.example.Noisy", 50 - i, 0);
  }
  sbx_crash_store_rotate (fixture->store, "0000000000000005", 2, G_MAXUINT64);
  g_assert_true (exists (fixture, FIRST));
  g_assert_true (exists (fixture, "0000000000000005"));
  g_assert_false (exists (fixture, SECOND "-6"));
  g_assert_false (exists (fixture, "0000000000000004"));
}

/* Nor does one by what it fills its report with; the next report is that one's end. */
static void
test_large (Fixture *fixture, gconstpointer data)
{
  report (fixture, FIRST, "org.example.Quiet", 1000, 1 << 16);
  report (fixture, SECOND, NULL, 100, 1 << 20);
  report (fixture, SECOND, NULL, 10, 1 << 20);
  sbx_crash_store_rotate (fixture->store, SECOND "-2", 9, 1 << 19);
  g_assert_true (exists (fixture, FIRST));
  g_assert_false (exists (fixture, SECOND));
  g_assert_true (exists (fixture, SECOND "-2"));
  sbx_crash_store_rotate (fixture->store, FIRST, 9, 1 << 19);
  g_assert_true (exists (fixture, FIRST));
  g_assert_false (exists (fixture, SECOND "-2"));
}

/* Where all have the same, the oldest goes; the one to be kept stays, however old it says it is. */
static void
test_oldest (Fixture *fixture, gconstpointer data)
{
  report (fixture, FIRST, "a", 100, 0);
  report (fixture, SECOND, "b", 1000, 0);
  report (fixture, "0000000000000000", "c", 10000, 0);
  sbx_crash_store_rotate (fixture->store, "0000000000000000", 2, G_MAXUINT64);
  g_assert_true (exists (fixture, FIRST));
  g_assert_false (exists (fixture, SECOND));
  g_assert_true (exists (fixture, "0000000000000000"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (geteuid () == 0) /* whom no mode keeps out: an ordinary user, "nobody" */
    g_assert_cmpint (setresuid (65534, 65534, 65534), ==, 0);
#define TEST(name, function) g_test_add ("/crashes/" name, Fixture, NULL, set_up, function, tear_down)
  TEST ("no-rights", test_no_rights);
  TEST ("deep", test_deep);
  TEST ("links", test_links);
  TEST ("not-a-file", test_not_a_file);
  TEST ("noisy", test_noisy);
  TEST ("large", test_large);
  TEST ("oldest", test_oldest);
#undef TEST
  return g_test_run ();
}
