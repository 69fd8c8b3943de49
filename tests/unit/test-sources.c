/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening what a path means, in trees whose names somebody else decides on, also while we look. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "sources/source.h"

#define ROUNDS 2000
#define EXCHANGE 2 /* RENAME_EXCHANGE of linux/fs.h */

typedef struct {
  char *top; /* without links */
  SbxObjectSet *tainted;
} Fixture;

static char *
at (const Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->top, name, NULL);
}

static void
make_directory (const Fixture *fixture, const char *name)
{
  g_autofree char *path = at (fixture, name);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
}

static void
make_file (const Fixture *fixture, const char *name)
{
  g_autofree char *path = at (fixture, name);

  g_assert_true (g_file_set_contents (path, name, -1, NULL));
}

static void
make_link (const Fixture *fixture, const char *name, const char *target)
{
  g_autofree char *path = at (fixture, name);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

static void
taint (Fixture *fixture, const char *name)
{
  g_autofree char *path = at (fixture, name);
  int fd = open (path, O_PATH | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (sbx_object_set_add (fixture->tainted, fd, "a place of the application"), ==, 0);
  close (fd);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *made = g_dir_make_tmp ("sources-XXXXXX", NULL);

  g_assert_nonnull (made);
  fixture->top = realpath (made, NULL);
  fixture->tainted = sbx_object_set_new ();
  make_directory (fixture, "safe/inner");
  make_file (fixture, "safe/file");
  make_directory (fixture, "writable/inner");
  make_file (fixture, "writable/inner/file");
  taint (fixture, "writable");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", fixture->top, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  sbx_object_set_free (fixture->tainted);
  free (fixture->top);
}

static SbxSource *
try_open (Fixture *fixture, const char *name, GError **error)
{
  const SbxSourceWay way = { .tainted = fixture->tainted };
  g_autofree char *path = at (fixture, name);

  return sbx_source_open (path, &way, error);
}

/* @name must be found as the object that @as is, at that place. */
static void
assert_opens (Fixture *fixture, const char *name, const char *as, guint links)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxSource) source = try_open (fixture, name, &error);
  g_autofree char *path = at (fixture, as);
  struct stat wanted, found;

  g_assert_no_error (error);
  g_assert_cmpstr (source->path, ==, path);
  g_assert_cmpint (lstat (path, &wanted), ==, 0);
  g_assert_cmpint (fstat (source->fd, &found), ==, 0);
  g_assert_cmpuint (wanted.st_ino, ==, found.st_ino);
  g_assert_cmpuint (source->object.inode, ==, found.st_ino);
  g_assert_cmpuint (source->links->len, ==, links);
  g_assert_cmpint (fcntl (source->fd, F_GETFL) & O_PATH, ==, O_PATH);
  g_assert_cmpint (fcntl (source->fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
}

static void
assert_refused (Fixture *fixture, const char *name, const char *link, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxSource) source = try_open (fixture, name, &error);
  g_autofree char *path = at (fixture, link);

  g_assert_null (source);
  g_assert_error (error, SBX_ERROR, SBX_ERROR_SPAWN_FAILED);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_plain (Fixture *fixture, gconstpointer data)
{
  const SbxSourceWay way = { 0 };
  g_autoptr (SbxSource) root = sbx_source_open ("/", &way, NULL);
  g_autoptr (SbxSource) device = sbx_source_open ("/dev/null", &way, NULL);
  g_autoptr (SbxSource) directory = try_open (fixture, "safe", NULL);
  g_autoptr (SbxSource) file = try_open (fixture, "safe/file", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (root->path, ==, "/");
  g_assert_cmpint (root->kind, ==, SBX_SOURCE_DIRECTORY);
  g_assert_cmpint (device->kind, ==, SBX_SOURCE_DEVICE);
  g_assert_cmpint (directory->kind, ==, SBX_SOURCE_DIRECTORY);
  g_assert_cmpint (file->kind, ==, SBX_SOURCE_FILE);
  g_assert_null (try_open (fixture, "safe/none", &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (try_open (fixture, "safe/file/below", &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_SPAWN_FAILED);
  g_clear_error (&error);
  g_assert_null (sbx_source_open ("relative", &way, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_BAD_OPTION);
}

static void
test_kinds (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fifo = at (fixture, "safe/fifo"), *path = at (fixture, "safe/socket");
  int sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autoptr (SbxSource) source = NULL;

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  source = try_open (fixture, "safe/fifo", NULL); /* and waits for nobody */
  g_assert_cmpint (source->kind, ==, SBX_SOURCE_OTHER);
  sbx_source_free (g_steal_pointer (&source));
  g_assert_cmpuint (strlen (path), <, sizeof address.sun_path);
  strcpy (address.sun_path, path);
  g_assert_cmpint (bind (sock, (struct sockaddr *) &address, sizeof address), ==, 0);
  source = try_open (fixture, "safe/socket", NULL);
  g_assert_cmpint (source->kind, ==, SBX_SOURCE_SOCKET);
  close (sock);
}

/* Links that the user has made are followed, wherever they lead, and told. */
static void
test_links (Fixture *fixture, gconstpointer data)
{
  g_autofree char *absolute = at (fixture, "safe/inner"), *link_path = at (fixture, "to-inner");
  g_autoptr (SbxSource) source = NULL;
  SbxSourceLink *link;

  make_link (fixture, "to-inner", absolute);
  make_link (fixture, "to-safe", "safe");
  make_link (fixture, "safe/up", "../writable/inner");
  make_link (fixture, "dots", "./safe/.././safe//inner/");
  make_link (fixture, "chain", "to-safe/up");
  assert_opens (fixture, "to-inner", "safe/inner", 1);
  assert_opens (fixture, "to-safe/inner", "safe/inner", 1);
  assert_opens (fixture, "safe/up/file", "writable/inner/file", 1);
  assert_opens (fixture, "dots", "safe/inner", 1);
  assert_opens (fixture, "chain", "writable/inner", 3);
  source = try_open (fixture, "to-inner", NULL);
  link = &g_array_index (source->links, SbxSourceLink, 0);
  g_assert_cmpstr (link->path, ==, link_path);
  g_assert_cmpstr (link->target, ==, absolute);
  g_assert_null (source->tainted);
}

/* Links below a place where an application may write are not, whether they lead out of it or not. */
static void
test_tainted (Fixture *fixture, gconstpointer data)
{
  g_autofree char *outside = at (fixture, "safe");
  g_autoptr (SbxSource) source = NULL;

  make_link (fixture, "writable/out", outside);
  make_link (fixture, "writable/inner/up", "../../safe");
  make_link (fixture, "writable/same", "inner");
  make_link (fixture, "to-writable", "writable");
  assert_refused (fixture, "writable/out", "writable/out", "that an application may have made");
  assert_refused (fixture, "writable/out/file", "writable/out", outside);
  assert_refused (fixture, "writable/inner/up/file", "writable/inner/up", "a place of the application");
  assert_refused (fixture, "writable/same/file", "writable/same", "name what it leads to");
  assert_refused (fixture, "to-writable/out", "writable/out", "a place of the application");
  assert_opens (fixture, "writable/inner/file", "writable/inner/file", 0);
  assert_opens (fixture, "to-writable/inner", "writable/inner", 1);
  source = try_open (fixture, "writable/inner", NULL);
  g_assert_cmpstr (source->tainted, ==, "a place of the application");
}

/* Where ".." leads out of a tainted directory again, links are followed again. */
static void
test_out_of_tainted (Fixture *fixture, gconstpointer data)
{
  make_link (fixture, "back", "writable/../safe");
  make_link (fixture, "safe/again", "inner");
  assert_opens (fixture, "back/again", "safe/inner", 2);
}

static void
test_bounds (Fixture *fixture, gconstpointer data)
{
  GString *deep = g_string_new ("safe");
  g_autoptr (GError) error = NULL;
  char name[32];

  make_link (fixture, "loop", "loop");
  make_link (fixture, "a", "b");
  make_link (fixture, "b", "a");
  assert_refused (fixture, "loop", "loop", "links");
  assert_refused (fixture, "a/x", "a", "links");
  for (int i = 0; i <= SBX_SOURCE_MAX_LINKS; i++) {
    char target[32];

    g_snprintf (name, sizeof name, "link%d", i);
    g_snprintf (target, sizeof target, i == 0 ? "safe" : "link%d", i - 1);
    make_link (fixture, name, target);
  }
  assert_opens (fixture, "link39", "safe", SBX_SOURCE_MAX_LINKS);
  assert_refused (fixture, "link40", "link40", "40 links");
  while (deep->len < 3 * SBX_SOURCE_MAX_STEPS) /* with "." in it, it is no longer path */
    g_string_append (deep, "/.");
  g_assert_null (try_open (fixture, deep->str, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_SPAWN_FAILED);
  g_assert_nonnull (strstr (error->message, "10000 components"));
  g_clear_error (&error);
  g_string_assign (deep, "safe");
  while (deep->len < PATH_MAX)
    g_string_append (deep, "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  g_assert_null (try_open (fixture, deep->str, &error));
  g_assert_nonnull (error);
  g_string_free (deep, TRUE);
}

/* Links that get longer with each step, whose texts are short. */
static void
test_growing_links (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 60; i++)
    g_string_append (text, "./././././././././");
  g_string_append (text, "grow");
  make_link (fixture, "grow", text->str);
  g_assert_null (try_open (fixture, "grow", &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_SPAWN_FAILED);
}

static void
test_create (Fixture *fixture, gconstpointer data)
{
  const SbxSourceWay way = { .tainted = fixture->tainted, .create = TRUE, .mode = 0700 };
  g_autofree char *fresh = at (fixture, "safe/new/deep"), *inside = at (fixture, "writable/new"),
                  *through = at (fixture, "writable/out/new"), *trace = at (fixture, "safe/new2"),
                  *outside = at (fixture, "safe"), *dangling = at (fixture, "dangling/new");
  g_autoptr (SbxSource) source = NULL;
  g_autoptr (GError) error = NULL;
  struct stat st;

  source = sbx_source_open (fresh, &way, &error);
  g_assert_no_error (error);
  g_assert_cmpint (stat (fresh, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0700);
  g_assert_cmpuint (st.st_ino, ==, source->object.inode);
  sbx_source_free (g_steal_pointer (&source));
  source = sbx_source_open (inside, &way, &error);
  g_assert_no_error (error);
  make_link (fixture, "writable/out", outside);
  g_assert_null (sbx_source_open (through, &way, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_SPAWN_FAILED);
  g_assert_cmpint (stat (trace, &st), <, 0);
  g_clear_error (&error);
  make_link (fixture, "dangling", trace); /* made by the user: it leads to a place that is made */
  sbx_source_free (g_steal_pointer (&source));
  source = sbx_source_open (dangling, &way, &error);
  g_assert_no_error (error);
  g_assert_cmpint (stat (trace, &st), ==, 0);
}

static void
test_closed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SbxObjectSet) closed = sbx_object_set_new ();
  const SbxSourceWay way = { .closed = closed };
  g_autofree char *inner = at (fixture, "safe/inner"), *file = at (fixture, "safe/file");
  g_autoptr (SbxSource) source = NULL;
  g_autoptr (SbxSource) other = NULL;
  int fd = open (inner, O_PATH | O_CLOEXEC);

  g_assert_cmpint (sbx_object_set_add (closed, fd, "the profiles"), ==, 0);
  g_assert_cmpint (sbx_object_set_add (closed, fd, "something else"), ==, 0);
  g_assert_cmpuint (sbx_object_set_size (closed), ==, 1);
  close (fd);
  source = sbx_source_open (inner, &way, NULL);
  g_assert_cmpstr (source->closed, ==, "the profiles");
  other = sbx_source_open (file, &way, NULL);
  g_assert_null (other->closed);
}

/* An application that swaps a directory and a link as long as it is told to. */
typedef struct {
  int top;
  gint stop;
  guint swaps;
} Swapper;

static gpointer
swap (gpointer data)
{
  Swapper *swapper = data;

  while (!g_atomic_int_get (&swapper->stop)) {
    if (renameat2 (swapper->top, "inner", swapper->top, "twin", EXCHANGE) == 0)
      swapper->swaps++;
  }
  return NULL;
}

typedef struct {
  guint secret, own, refused;
} Tally;

/* What the walks to writable/inner/file come to, while that is swapped. */
static Tally
race (Fixture *fixture, const SbxSourceWay *way)
{
  g_autofree char *top = at (fixture, "writable"), *path = at (fixture, "writable/inner/file"),
                  *secret = at (fixture, "safe/file");
  Swapper swapper = { .top = open (top, O_PATH | O_DIRECTORY | O_CLOEXEC) };
  GThread *thread = g_thread_new ("swapper", swap, &swapper);
  Tally tally = { 0 };
  struct stat st;

  g_assert_cmpint (stat (secret, &st), ==, 0);
  for (guint i = 0; i < ROUNDS || tally.own == 0 || (i < 100 * ROUNDS && swapper.swaps < ROUNDS); i++) {
    g_autoptr (SbxSource) source = sbx_source_open (path, way, NULL);

    if (!source)
      tally.refused++;
    else if (source->object.inode == st.st_ino)
      tally.secret++;
    else
      tally.own++;
  }
  g_atomic_int_set (&swapper.stop, 1);
  g_thread_join (thread);
  close (swapper.top);
  return tally;
}

static void
test_race (Fixture *fixture, gconstpointer data)
{
  const SbxSourceWay careful = { .tainted = fixture->tainted }, careless = { 0 };
  g_autofree char *outside = at (fixture, "safe");
  Tally tally;

  make_link (fixture, "writable/twin", outside);
  tally = race (fixture, &careful);
  g_test_message ("careful: own %u, refused %u, secret %u", tally.own, tally.refused, tally.secret);
  g_assert_cmpuint (tally.secret, ==, 0);
  g_assert_cmpuint (tally.refused, >, 0);
  tally = race (fixture, &careless); /* the same attack, where nothing is against it */
  g_test_message ("careless: own %u, refused %u, secret %u", tally.own, tally.refused, tally.secret);
  g_assert_cmpuint (tally.secret, >, 0);
}

/* While directories are made: never in the place that the link leads to. */
static void
test_race_create (Fixture *fixture, gconstpointer data)
{
  const SbxSourceWay way = { .tainted = fixture->tainted, .create = TRUE, .mode = 0700 };
  g_autofree char *top = at (fixture, "writable"), *outside = at (fixture, "safe");
  Swapper swapper = { .top = open (top, O_PATH | O_DIRECTORY | O_CLOEXEC) };
  GThread *thread;
  guint made = 0, refused = 0;
  struct stat st;

  make_link (fixture, "writable/twin", outside);
  thread = g_thread_new ("swapper", swap, &swapper);
  for (guint i = 0; i < ROUNDS || made == 0 || refused == 0; i++) {
    g_autofree char *name = g_strdup_printf ("new%u", i), *path = g_build_filename (top, "inner", name, NULL);
    g_autofree char *trace = g_build_filename (outside, name, NULL);
    g_autoptr (SbxSource) source = sbx_source_open (path, &way, NULL);

    *(source ? &made : &refused) += 1;
    g_assert_cmpint (lstat (trace, &st), <, 0);
  }
  g_atomic_int_set (&swapper.stop, 1);
  g_thread_join (thread);
  close (swapper.top);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run) (Fixture *fixture, gconstpointer data);
  } rows[] = {
    { "/sources/plain", test_plain },
    { "/sources/kinds", test_kinds },
    { "/sources/links", test_links },
    { "/sources/tainted", test_tainted },
    { "/sources/out-of-tainted", test_out_of_tainted },
    { "/sources/bounds", test_bounds },
    { "/sources/growing-links", test_growing_links },
    { "/sources/create", test_create },
    { "/sources/closed", test_closed },
    { "/sources/race", test_race },
    { "/sources/race-create", test_race_create },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add (rows[i].name, Fixture, NULL, set_up, rows[i].run, tear_down);
  return g_test_run ();
}
