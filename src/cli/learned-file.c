/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/learned-file.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "cli/learned-text.h"
#include "cli/profile-file.h"
#include "common/error.h"
#include "common/key-file.h"
#include "common/names.h"

#define HEADING "# Written by `sandboxctl learn`, which adds to it with every run.\n"
#define DECLINED "# not wanted: "
#define MAX_SIZE ((gsize) 1024 * 1024)

static const SbxKeyFileKind kind = { "profile", SBX_ERROR_BAD_PROFILE, MAX_SIZE, TRUE };

static gboolean
take_entry (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  SbxLearnedFile *self = data;

  if (!entry->key)
    return TRUE;
  if (!g_str_equal (entry->group, "Profile"))
    sbx_policy_options_put (self->lines, entry->group, entry->key, entry->value);
  else if (g_str_equal (entry->key, "Inherits") && !self->base)
    self->base = g_strdup (entry->value);
  else if (g_str_equal (entry->key, "AppId") && !self->app_id)
    self->app_id = g_strdup (entry->value);
  return TRUE;
}

static void
take_declined (SbxLearnedFile *self, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line; line++)
    if (g_str_has_prefix (*line, DECLINED))
      g_hash_table_add (self->declined, g_strdup (*line + strlen (DECLINED)));
}

static gboolean
read_before (SbxLearnedFile *self, GError **error)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (self->path, &text, NULL, error))
    return FALSE;
  if (!g_str_has_prefix (text, HEADING))
    return sbx_throw (error, SBX_ERROR_BAD_PROFILE,
                      _ ("%s is a profile that `sandboxctl learn` has not written; take another name with --app-id="),
                      self->path);
  self->exists = TRUE;
  take_declined (self, text);
  return sbx_key_file_read (&kind, self->path, take_entry, self, error);
}

/* Whether somebody else has a profile of that name: one of the user's would stand in its place. */
static gboolean
is_taken (const char *name, char **dirs)
{
  g_autofree char *file = g_strconcat (name, SBX_PROFILE_SUFFIX, NULL);

  for (guint i = 0; i < SBX_N_PLACES; i++) {
    g_autofree char *path = i != SBX_PLACE_USER && dirs[i] ? g_build_filename (dirs[i], file, NULL) : NULL;

    if (path && g_file_test (path, G_FILE_TEST_EXISTS))
      return TRUE;
  }
  return FALSE;
}

static GHashTable *
make_set (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
begin (SbxLearnedFile *self)
{
  self->lines = sbx_policy_options_new ();
  self->declined = make_set ();
}

gboolean
sbx_learned_file_open (SbxLearnedFile *self, const char *name, const char *base, const char *app_id, GError **error)
{
  g_auto (GStrv) dirs = sbx_profile_set_default_dirs ();
  g_autofree char *file = NULL;

  *self = (SbxLearnedFile){ .base = g_strdup (base), .app_id = g_strdup (app_id) };
  begin (self);
  self->accepted = sbx_policy_options_new ();
  self->added = make_set ();
  if (!dirs[SBX_PLACE_USER])
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, _ ("there is no directory for profiles of your own"));
  self->name = is_taken (name, dirs) ? g_strconcat (name, "-learned", NULL) : g_strdup (name);
  file = g_strconcat (self->name, SBX_PROFILE_SUFFIX, NULL);
  self->path = g_build_filename (dirs[SBX_PLACE_USER], file, NULL);
  if (g_file_test (self->path, G_FILE_TEST_EXISTS) && !read_before (self, error))
    return FALSE;
  if (!self->base)
    self->base = g_strdup ("desktop");
  return g_strcmp0 (self->base, self->name) != 0
         || sbx_throw (error, SBX_ERROR_BAD_PROFILE, _ ("the profile %s cannot inherit itself"), self->name);
}

void
sbx_learned_file_clear (SbxLearnedFile *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->base, g_free);
  g_clear_pointer (&self->app_id, g_free);
  g_clear_pointer (&self->lines, sbx_policy_options_free);
  g_clear_pointer (&self->declined, g_hash_table_unref);
  g_clear_pointer (&self->accepted, sbx_policy_options_free);
  g_clear_pointer (&self->added, g_hash_table_unref);
}

static char *
name_line (const SbxProposal *line)
{
  return g_strdup_printf ("%s %s=%s", line->group, line->key, line->value);
}

gboolean
sbx_learned_file_is_declined (const SbxLearnedFile *self, const SbxProposal *line)
{
  g_autofree char *name = name_line (line);

  return g_hash_table_contains (self->declined, name);
}

void
sbx_learned_file_accept (SbxLearnedFile *self, const SbxProposal *line)
{
  g_autofree char *name = name_line (line);

  sbx_policy_options_put (self->lines, line->group, line->key, line->value);
  sbx_policy_options_put (self->accepted, line->group, line->key, line->value);
  g_hash_table_remove (self->declined, name);
  g_hash_table_add (self->added, g_steal_pointer (&name));
}

void
sbx_learned_file_decline (SbxLearnedFile *self, const SbxProposal *line)
{
  g_hash_table_add (self->declined, name_line (line));
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

static void
append_declined (GString *text, GHashTable *declined)
{
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (declined), compare);

  for (GList *at = names; at; at = at->next)
    g_string_append_printf (text, DECLINED "%s\n", (const char *) at->data);
}

char *
sbx_learned_file_text (const SbxLearnedFile *self, const GPtrArray *lines)
{
  g_autofree char *groups = sbx_policy_options_to_text (self->lines);
  GString *text = g_string_new (HEADING);

  for (guint i = 0; lines && i < lines->len; i++) {
    const SbxProposal *line = lines->pdata[i];
    g_autofree char *why = sbx_learned_text_comment (line);

    if (!sbx_learned_file_is_declined (self, line))
      g_string_append_printf (text, "# %s\n", why);
  }
  append_declined (text, self->declined);
  g_string_append (text, "\n[Profile]\n");
  sbx_key_file_append (text, "Name", self->name);
  sbx_key_file_append (text, "Inherits", self->base);
  if (self->app_id)
    sbx_key_file_append (text, "AppId", self->app_id);
  g_string_append_printf (text, "\n%s", groups);
  return g_string_free (text, FALSE);
}

static void
take_over (SbxLearnedFile *self, SbxLearnedFile *now)
{
  GHashTableIter iter;
  gpointer name;

  sbx_policy_options_put_all (now->lines, self->accepted);
  g_clear_pointer (&self->lines, sbx_policy_options_free);
  self->lines = g_steal_pointer (&now->lines);
  g_hash_table_iter_init (&iter, now->declined);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (self->added, name))
      g_hash_table_add (self->declined, g_strdup (name));
}

/* What another run, which ended while this one went on, has written. */
static gboolean
read_again (SbxLearnedFile *self, GError **error)
{
  g_auto (SbxLearnedFile) now = { .path = g_strdup (self->path) };

  if (!g_file_test (self->path, G_FILE_TEST_EXISTS))
    return TRUE;
  begin (&now);
  if (!read_before (&now, error))
    return FALSE;
  take_over (self, &now);
  return TRUE;
}

gboolean
sbx_learned_file_save (SbxLearnedFile *self, const GPtrArray *lines, GError **error)
{
  g_autoptr (SbxProfileSet) set = sbx_profile_file_open_set ();
  int directory = sbx_profile_file_lock (self->path, error);
  gboolean saved = directory >= 0 && read_again (self, error);
  g_autofree char *text = saved ? sbx_learned_file_text (self, lines) : NULL;

  if (saved)
    saved = sbx_profile_file_replace (set, self->name, directory, self->path, text, error);
  if (directory >= 0)
    close (directory);
  return saved;
}
