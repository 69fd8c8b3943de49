/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a service remembers of the system's links: the same answer with it and without, whatever is in it. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "namespaces-fixture.h"
#include "plan/machine/link-way.h"
#include "plan/machine/links.h"

#define HOME "/nonexistent"

typedef struct {
  char *dir, *file;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  (void) data;
  self->dir = g_dir_make_tmp ("links-XXXXXX", NULL);
  g_assert_nonnull (self->dir);
  self->file = g_build_filename (self->dir, "links", NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  (void) data;
  g_remove (self->file);
  g_rmdir (self->dir);
  g_free (self->file);
  g_free (self->dir);
}

static char *
look (const char *cache)
{
  SbxLinksOut *links = sbx_links_out_new (cache);
  const GArray *rows = sbx_links_out_look (links, HOME, FALSE);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < rows->len; i++) {
    const SbxLinkOut *row = &g_array_index (rows, SbxLinkOut, i);

    g_assert_false (sbx_link_is_of_system (row->place));
    g_string_append_printf (text, "%s -> %s\n", row->link, row->place);
  }
  sbx_links_out_free (links);
  return g_string_free (text, FALSE);
}

static ino_t
inode (const char *path)
{
  struct stat st;

  return stat (path, &st) < 0 ? 0 : st.st_ino;
}

static char *
read_text (const char *path)
{
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static void
test_remembered (Fixture *self, gconstpointer data)
{
  g_autofree char *without = look (NULL), *first = look (self->dir), *second = NULL, *text = NULL;
  ino_t made = inode (self->file);
  struct stat st;

  (void) data;
  text = read_text (self->file);
  g_assert_cmpstr (first, ==, without);
  g_assert_cmpint (stat (self->file, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0600);
  g_assert_true (strstr (text, "\nD/etc ") && strstr (text, "\nD/usr/bin "));
  second = look (self->dir);
  g_assert_cmpstr (second, ==, without);
  g_assert_cmpuint (inode (self->file), ==, made); /* not looked through again */
}

/* What is written there by somebody else shows nothing that is not a link of the system's, and half a file is none. */
static void
test_forged (Fixture *self, gconstpointer data)
{
  static const char *const rows[] = {
    "Lpasswd\n",           "L../home\n",    "L\n", "Lno-such-link\n",          "D/home 1 1 1 1\n",
    "D/etc 1 1 -1 0\n",    "D/etc 1 1 1\n", "X\n", "D/etc 1 1 1 1000000000\n", "D/etc 1 1 1 1\nD/etc 1 1 1 1\n",
    "D/etc 1 1 1 1 more\n"
  };
  g_autofree char *without = look (NULL), *first = look (self->dir), *good = read_text (self->file);
  const char *after_etc = strchr (strstr (good, "\nD/etc ") + 1, '\n') + 1;

  (void) data;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *bad = g_strdup_printf ("%.*s%s%s", (int) (after_etc - good), good, rows[i], after_etc),
                    *seen = NULL;

    g_assert_true (g_file_set_contents (self->file, bad, -1, NULL));
    seen = look (self->dir);
    g_assert_cmpstr (seen, ==, without);
  }
  for (gsize size = 0; size < strlen (good); size += 7) {
    g_autofree char *seen = NULL, *written = NULL;

    g_assert_true (g_file_set_contents (self->file, good, (gssize) size, NULL));
    seen = look (self->dir);
    written = read_text (self->file);
    g_assert_cmpstr (seen, ==, without);
    g_assert_cmpstr (written, ==, good);
  }
}

/* A link in its place is not followed, to read or to write. */
static void
test_planted (Fixture *self, gconstpointer data)
{
  g_autofree char *elsewhere = g_build_filename (self->dir, "elsewhere", NULL), *first = look (self->dir), *seen = NULL,
                  *text = NULL;

  (void) data;
  g_assert_true (g_file_set_contents (elsewhere, "mine", -1, NULL));
  g_assert_cmpint (g_remove (self->file), ==, 0);
  g_assert_cmpint (symlink (elsewhere, self->file), ==, 0);
  seen = look (self->dir);
  text = read_text (elsewhere);
  g_assert_cmpstr (seen, ==, first);
  g_assert_cmpstr (text, ==, "mine");
  g_assert_cmpint (g_remove (elsewhere), ==, 0);
}

static void
test_no_directory (void)
{
  g_autofree char *without = look (NULL), *with = look ("/nonexistent/sandbox");

  g_assert_cmpstr (with, ==, without);
}

/* /opt with one link, which is of 1970 as everything in an image of OSTree's; a new one is then mounted over it. */
static void
mount_opt (const char *link)
{
  static const struct timespec epoch[2] = { { 0, 0 }, { 0, 0 } };
  g_autofree char *path = g_build_filename ("/opt", link, NULL);

  g_assert_cmpint (mount ("none", "/opt", "tmpfs", 0, NULL), ==, 0);
  g_assert_cmpint (symlink ("/var/lib/dpkg", path), ==, 0);
  g_assert_cmpint (utimensat (AT_FDCWD, "/opt", epoch, 0), ==, 0);
}

/* In namespaces of its own, where it is root. */
static void
test_of_1970 (Fixture *self, gconstpointer data)
{
  (void) data;
  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
    g_test_trap_assert_passed ();
    return;
  }
  enter_namespaces (0, 0);
  for (int i = 0; i < 2; i++) {
    static const char *const links[] = { "first", "second" };
    g_autofree char *seen = NULL, *row = g_strdup_printf ("/opt/%s -> /var/lib/dpkg\n", links[i]);

    mount_opt (links[i]);
    for (int again = 0; again < 2; again++) {
      g_clear_pointer (&seen, g_free);
      seen = look (self->dir);
      g_assert_nonnull (strstr (seen, row));
      g_assert_true (i == 0 || !strstr (seen, "/opt/first"));
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/links/remembered", Fixture, NULL, set_up, test_remembered, tear_down);
  g_test_add ("/links/forged", Fixture, NULL, set_up, test_forged, tear_down);
  g_test_add ("/links/planted", Fixture, NULL, set_up, test_planted, tear_down);
  g_test_add ("/links/of-1970", Fixture, NULL, set_up, test_of_1970, tear_down);
  g_test_add_func ("/links/no-directory", test_no_directory);
  return g_test_run ();
}
