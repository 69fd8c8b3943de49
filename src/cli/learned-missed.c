/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/learned-missed.h"

#include <glib/gstdio.h>
#include <string.h>

#include "cli/text/output.h"
#include "common/names.h"

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

void
sbx_learned_missed_write (const char *id, const SbxProposals *proposals)
{
  g_autofree char *directory = find_directory (), *path = g_build_filename (directory, id, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();

  for (guint i = 0; i < proposals->missed->len; i++) {
    const SbxProposal *row = proposals->missed->pdata[i];
    g_autofree char *number = g_strdup_printf ("%u", i), *clean = sbx_output_clean (row->example);
    g_autofree char *option = g_strdup_printf ("%s=%s", option_of (row->group), row->value);

    g_key_file_set_string (file, number, "Call", row->key);
    g_key_file_set_string (file, number, "Path", clean);
    g_key_file_set_string (file, number, "Option", option);
  }
  if (g_mkdir_with_parents (directory, 0700) == 0)
    (void) g_key_file_save_to_file (file, path, NULL);
  forget_old (directory);
}

static void
missed_free (gpointer data)
{
  SbxMissed *self = data;

  g_free (self->call);
  g_free (self->path);
  g_free (self->option);
  g_free (self);
}

/* Cleaned once more: the file is where others of the user's write. */
static char *
read_text (GKeyFile *file, const char *group, const char *key)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);

  return sbx_output_clean (text ? text : "");
}

GPtrArray *
sbx_learned_missed_read (const char *id)
{
  g_autofree char *directory = find_directory (), *path = g_build_filename (directory, id, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) groups = NULL;
  GPtrArray *list;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return NULL;
  list = g_ptr_array_new_with_free_func (missed_free);
  groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group && list->len < SBX_PROPOSALS; group++) {
    SbxMissed *row = g_new (SbxMissed, 1);

    *row = (SbxMissed){ read_text (file, *group, "Call"), read_text (file, *group, "Path"),
                        read_text (file, *group, "Option") };
    g_ptr_array_add (list, row);
  }
  return list;
}
