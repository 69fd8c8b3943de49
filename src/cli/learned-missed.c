/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/learned-missed.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/text/output.h"
#include "common/names.h"
#include "common/read-file.h"
#include "common/write-file.h"

static char *
find_directory (void)
{
  return g_build_filename (g_get_user_state_dir (), SBX_RUNTIME_SUBDIR, "learned", NULL);
}

static const char *
option_of (const char *key)
{
  static const struct {
    const char *key, *option;
  } options[] = { { "filesystems", "--filesystem" },
                  { "persistent", "--persist" },
                  { "devices", "--device" },
                  { "sockets", "--socket" },
                  { "shared", "--share" } };

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if (g_str_equal (options[i].key, key))
      return options[i].option;
  return "--filesystem";
}

typedef struct {
  char *path;
  gint64 time;
} Kept;

static gint
compare (gconstpointer a, gconstpointer b)
{
  const Kept *first = a, *second = b;

  return (first->time < second->time) - (first->time > second->time);
}

static void
kept_clear (gpointer data)
{
  g_free (((Kept *) data)->path);
}

/* Removes all but the last ones. */
static void
forget_old (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Kept));
  const char *name;

  g_array_set_clear_func (all, kept_clear);
  while (dir && (name = g_dir_read_name (dir))) {
    Kept kept = { g_build_filename (directory, name, NULL), 0 };
    GStatBuf st;

    if (g_lstat (kept.path, &st) == 0)
      kept.time = (gint64) st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    g_array_append_val (all, kept);
  }
  g_array_sort (all, compare);
  for (guint i = SBX_LEARNED_RUNS; i < all->len; i++)
    (void) g_unlink (g_array_index (all, Kept, i).path);
}

static GPtrArray *
make_list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) sbx_missed_free);
}

/* Cleaned: the file is where others of the user's write, and what is in it comes to a terminal. */
static void
add (GPtrArray *list, const char *call, const char *path, const char *option)
{
  g_ptr_array_add (list, sbx_missed_new (sbx_output_clean (call), sbx_output_clean (path), sbx_output_clean (option)));
}

void
sbx_learned_missed_write (const char *id, const SbxProposals *proposals)
{
  g_autofree char *directory = find_directory (), *text = NULL;
  g_autoptr (GPtrArray) list = make_list ();
  int fd;

  for (guint i = 0; i < proposals->missed->len; i++) {
    const SbxProposal *row = proposals->missed->pdata[i];
    g_autofree char *option = g_strdup_printf ("%s=%s", option_of (row->group), row->value);

    add (list, row->key, row->example, option);
  }
  text = sbx_missed_to_text (list);
  fd = g_mkdir_with_parents (directory, 0700) == 0 ? open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (fd >= 0) {
    (void) (sbx_replace_file (fd, id, text, strlen (text)) == 0);
    close (fd);
  }
  forget_old (directory);
}

GPtrArray *
sbx_learned_missed_read (const char *id)
{
  g_autofree char *directory = find_directory (), *path = g_build_filename (directory, id, NULL), *data = NULL;
  g_autoptr (GPtrArray) rows = NULL, list = make_list ();
  gsize size;

  data = sbx_read_file (AT_FDCWD, path, SBX_MISSED_FILE_MAX, SBX_READ_OWN, &size);
  rows = data ? sbx_missed_parse (data, size, path, NULL) : NULL;
  for (guint i = 0; rows && i < rows->len; i++) {
    const SbxMissed *row = rows->pdata[i];

    add (list, row->call, row->path, row->option);
  }
  return rows ? g_steal_pointer (&list) : NULL;
}
