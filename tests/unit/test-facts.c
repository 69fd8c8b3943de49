/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a waiting box depends on: each of it changes the text, and nothing else does. And what memory that is short
 * looks like. */
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "daemon/launch/facts.h"
#include "daemon/launch/pressure.h"

typedef struct {
  char *root, *source, *program, *sysctl;
  SbxFacts *facts;
} Place;

static void
write_text (const char *path, const char *text)
{
  g_autofree char *directory = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL)); /* by a rename: another file */
}

static void
set_up (Place *place, gconstpointer data)
{
  place->root = g_dir_make_tmp ("facts-XXXXXX", NULL);
  g_assert_nonnull (place->root);
  place->source = g_build_filename (place->root, "source", NULL);
  place->program = g_build_filename (place->root, "program", NULL);
  place->sysctl = g_build_filename (place->root, "proc/sys/user/max_user_namespaces", NULL);
  g_assert_cmpint (g_mkdir (place->source, 0700), ==, 0);
  write_text (place->program, "one");
  write_text (place->sysctl, "1000\n");
  place->facts = sbx_facts_new (place->root);
}

static void
tear_down (Place *place, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", place->root, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  sbx_facts_free (place->facts);
  g_free (place->root);
  g_free (place->source);
  g_free (place->program);
  g_free (place->sysctl);
}

static char *
get (Place *place)
{
  const char *const sources[] = { place->source, NULL }, *const programs[] = { place->program, NULL };

  return sbx_facts_get (place->facts, sources, programs);
}

static void
test_same (Place *place, gconstpointer data)
{
  g_autofree char *before = get (place), *file = g_build_filename (place->source, "file", NULL), *after = NULL;

  write_text (file, "what is in a directory is seen through it");
  after = get (place);
  g_assert_cmpstr (before, ==, after);
}

static void
test_source (Place *place, gconstpointer data)
{
  g_autofree char *before = get (place), *old = g_build_filename (place->root, "old", NULL), *after = NULL;

  g_assert_cmpint (g_rename (place->source, old), ==, 0);
  g_assert_cmpint (g_mkdir (place->source, 0700), ==, 0);
  after = get (place);
  g_assert_cmpstr (before, !=, after);
}

static void
test_program (Place *place, gconstpointer data)
{
  g_autofree char *before = get (place), *after = NULL;

  write_text (place->program, "two");
  after = get (place);
  g_assert_cmpstr (before, !=, after);
}

static void
test_kernel (Place *place, gconstpointer data)
{
  g_autofree char *before = get (place), *after = NULL, *gone = NULL;

  write_text (place->sysctl, "0\n");
  after = get (place);
  g_assert_cmpstr (before, !=, after);
  g_assert_cmpint (g_unlink (place->sysctl), ==, 0);
  gone = get (place);
  g_assert_cmpstr (after, !=, gone);
}

static void
test_pressure (void)
{
  static const struct {
    const char *pressure, *meminfo;
    gboolean high;
  } rows[] = {
    { "some avg10=0.00 avg60=9.00 avg300=9.00 total=1\nfull avg10=0.00\n", "MemTotal: 100 kB\nMemAvailable: 1 kB\n",
      FALSE },
    { "some avg10=40.12 avg60=0.00 avg300=0.00 total=1\n", NULL, TRUE },
    { NULL, "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    500 kB\n", FALSE },
    { NULL, "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:     99 kB\n", TRUE },
    { NULL, "MemTotal: 1000 kB\n", FALSE },
    { "", NULL, FALSE },
    { NULL, NULL, FALSE },
  };
  const int pids[] = { 0, getpid () };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (sbx_pressure_is_high (rows[i].pressure, rows[i].meminfo), ==, rows[i].high);
  g_assert_cmpuint (sbx_pressure_of_processes (pids, 1), ==, 0);
  g_assert_cmpuint (sbx_pressure_of_processes (pids, 2), >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/facts/same", Place, NULL, set_up, test_same, tear_down);
  g_test_add ("/facts/source", Place, NULL, set_up, test_source, tear_down);
  g_test_add ("/facts/program", Place, NULL, set_up, test_program, tear_down);
  g_test_add ("/facts/kernel", Place, NULL, set_up, test_kernel, tear_down);
  g_test_add_func ("/facts/pressure", test_pressure);
  return g_test_run ();
}
