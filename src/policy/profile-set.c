/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/profile-set.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/error.h"
#include "common/key-file.h"
#include "common/names.h"
#include "config.h"
#include "policy/conditions.h"
#include "policy/options.h"
#include "policy/policy-private.h"

#define MAX_DEPTH 8

static const SbxKeyFileKind profile_kind = { "profile", SBX_ERROR_BAD_PROFILE, 64 * 1024, TRUE };

struct _SbxProfileSet {
  char *dirs[SBX_N_PLACES];
  SbxPlaces places;
  GPtrArray *strings; /* what places points to */
  SbxConditions conditions;
};

/* One file being read. */
typedef struct {
  SbxProfileSet *set;
  SbxProfileDraft *draft;
  const char *name; /* of the profile that the file belongs to */
  SbxPlace place;   /* of the file */
  SbxPlace top;     /* no file above this place is looked at */
  guint depth;
  const char *path;
} Reading;

static char *find_file (SbxProfileSet *self, const char *name, SbxPlace top, SbxPlace *place);
static gboolean load_named (SbxProfileSet *self, SbxProfileDraft *draft, const char *name, SbxPlace top, guint depth,
                            GError **error);

void
sbx_profile_set_free (SbxProfileSet *self)
{
  for (guint i = 0; i < SBX_N_PLACES; i++)
    g_free (self->dirs[i]);
  g_free ((gpointer) self->places.xdg_dirs);
  g_ptr_array_unref (self->strings);
  g_free (self);
}

static const char *
keep (SbxProfileSet *self, const char *string)
{
  char *copy = g_strdup (string);

  if (copy)
    g_ptr_array_add (self->strings, copy);
  return copy;
}

SbxProfileSet *
sbx_profile_set_new (const char *const *dirs, const SbxPlaces *places, const SbxConditions *conditions)
{
  SbxProfileSet *self = g_new0 (SbxProfileSet, 1);
  const char **xdg_dirs = g_new0 (const char *, G_USER_N_DIRECTORIES);

  self->strings = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < SBX_N_PLACES; i++)
    self->dirs[i] = dirs[i] && *dirs[i] ? g_strdup (dirs[i]) : NULL;
  for (guint i = 0; places->xdg_dirs && i < G_USER_N_DIRECTORIES; i++)
    xdg_dirs[i] = keep (self, places->xdg_dirs[i]);
  self->places = (SbxPlaces){
    .home = keep (self, places->home),
    .xdg_dirs = xdg_dirs,
    .runtime_dir = keep (self, places->runtime_dir),
    .data_home = keep (self, places->data_home),
    .config_home = keep (self, places->config_home),
    .cache_home = keep (self, places->cache_home),
  };
  self->conditions = *conditions;
  return self;
}

char **
sbx_profile_set_default_dirs (void)
{
  const char *path = g_getenv (SBX_ENV_PROFILE_PATH);
  char **dirs = g_new0 (char *, SBX_N_PLACES + 1);

  if (path) {
    g_auto (GStrv) split = g_strsplit (path, ":", SBX_N_PLACES);
    guint n = g_strv_length (split);

    for (guint i = 0; i < SBX_N_PLACES; i++)
      dirs[i] = g_strdup (i < n ? split[i] : "");
    return dirs;
  }
  dirs[SBX_PLACE_VENDOR] = g_build_filename (SBX_DATADIR, SBX_PROFILE_SUBDIR, NULL);
  dirs[SBX_PLACE_ADMIN] = g_build_filename (SBX_SYSCONFDIR, SBX_PROFILE_SUBDIR, NULL);
  dirs[SBX_PLACE_USER] = g_build_filename (g_get_user_config_dir (), SBX_PROFILE_SUBDIR, NULL);
  return dirs;
}

static gboolean
name_ok (const char *name)
{
  return *name && *name != '.' && strlen (name) <= 128
         && strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen (name);
}

typedef struct {
  const char *key;
  gsize offset; /* of a char * in SbxProfileDraft; G_MAXSIZE: handled by name */
} ProfileKey;

static const ProfileKey profile_keys[] = {
  { "Name", G_MAXSIZE },
  { "Description", G_STRUCT_OFFSET (SbxProfileDraft, description) },
  { "Inherits", G_MAXSIZE },
  { "Command", G_MAXSIZE },
  { "AppId", G_STRUCT_OFFSET (SbxProfileDraft, app_id) },
  { "OnCrash", G_STRUCT_OFFSET (SbxProfileDraft, on_crash) },
  { "Icon", G_STRUCT_OFFSET (SbxProfileDraft, icon) },
};

static gboolean
set_command (SbxProfileDraft *draft, const char *value, GError **error)
{
  g_autoptr (GError) problem = NULL;
  char **argv = NULL;

  if (!g_shell_parse_argv (value, NULL, &argv, &problem))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "Command: %s", problem->message);
  g_strfreev (draft->command);
  draft->command = argv;
  return TRUE;
}

static gboolean
inherit (Reading *reading, const char *name, GError **error)
{
  SbxPlace top = reading->top;

  if (!name_ok (name))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "Inherits: \"%s\" is not the name of a profile", name);
  if (reading->depth >= MAX_DEPTH)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "Inherits: more than %d profiles deep; is there a circle? \"%s\" is one too many", MAX_DEPTH,
                      name);
  if (strcmp (name, reading->name) == 0) {
    /* A file may build on the one that it replaces */
    SbxPlace below;
    g_autofree char *replaced =
        reading->place > SBX_PLACE_VENDOR ? find_file (reading->set, name, reading->place - 1, &below) : NULL;

    if (!replaced)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                        "Inherits: \"%s\" inherits itself, and it replaces no other profile of that name", name);
    top = reading->place - 1;
  }
  return load_named (reading->set, reading->draft, name, top, reading->depth + 1, error);
}

/* A key of [Profile]. What describes a profile is its own; only policy is inherited. */
static gboolean
set_profile_key (Reading *reading, const SbxKeyFileEntry *entry, GError **error)
{
  const char *names[G_N_ELEMENTS (profile_keys) + 1] = { NULL };
  g_autofree char *key = g_strndup (entry->key, strcspn (entry->key, "["));
  gboolean own = reading->depth == 0;
  gsize i = 0;

  while (i < G_N_ELEMENTS (profile_keys) && strcmp (profile_keys[i].key, key) != 0)
    i++;
  if (i == G_N_ELEMENTS (profile_keys)) {
    const char *near;

    for (i = 0; i < G_N_ELEMENTS (profile_keys); i++)
      names[i] = profile_keys[i].key;
    near = sbx_nearest_word (key, names);
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown key \"%s\"%s%s%s", key, near ? ", did you mean \"" : "",
                      near ? near : "", near ? "\"?" : "");
  }
  if (entry->condition)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "[Profile] cannot have a condition");
  if (strcmp (key, "AppId") == 0) {
    g_autoptr (GVariant) id = g_variant_ref_sink (g_variant_new_string (entry->value));

    if (!sbx_option_check_app_id ("AppId", id, error))
      return FALSE;
  }
  if (strcmp (key, "Inherits") == 0)
    return TRUE; /* done before everything else */
  if (strcmp (key, "Command") == 0)
    return !own || set_command (reading->draft, entry->value, error);
  if (own && profile_keys[i].offset != G_MAXSIZE && strcmp (key, entry->key) == 0) {
    char **field = &G_STRUCT_MEMBER (char *, reading->draft, profile_keys[i].offset);

    g_free (*field);
    *field = g_strdup (entry->value);
  }
  return TRUE;
}

static gboolean
visit_entry (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  Reading *reading = data;
  const SbxFacility *row;
  g_autofree char *value = NULL;
  gboolean holds = TRUE;

  if (!entry->key)
    return strcmp (entry->group, "Profile") == 0 || sbx_facility_check_group (entry->group, error);
  if (strcmp (entry->group, "Profile") == 0)
    return set_profile_key (reading, entry, error);
  row = sbx_facility_find (entry->group, entry->key, error);
  if (!row
      || (entry->condition && !sbx_condition_evaluate (entry->condition, &reading->set->conditions, &holds, error)))
    return FALSE;
  value = row->kind == SBX_KIND_PAIRS && !row->key ? sbx_key_file_unescape (entry->value) : g_strdup (entry->value);
  if (!holds) { /* wrong words are errors on every machine */
    g_autoptr (SbxPolicy) scratch = sbx_policy_thaw (reading->draft->policy);

    return sbx_facility_apply (scratch, row, entry->key, value, &reading->set->places, error);
  }
  if (!sbx_facility_apply (reading->draft->policy, row, entry->key, value, &reading->set->places, error))
    return FALSE;
  g_ptr_array_add (reading->draft->origins, g_variant_ref_sink (g_variant_new ("(ssssu)", entry->group, entry->key,
                                                                               value, reading->path, entry->line)));
  return TRUE;
}

/* The first pass only looks for Inherits=, wherever in the file it stands. */
static gboolean
visit_inherits (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  if (strcmp (entry->group, "Profile") == 0 && g_strcmp0 (entry->key, "Inherits") == 0)
    return inherit (data, entry->value, error);
  return TRUE;
}

static gboolean
load_path (Reading *reading, const char *path, GError **error)
{
  reading->path = path;
  return sbx_key_file_read (&profile_kind, path, visit_inherits, reading, error)
         && sbx_key_file_read (&profile_kind, path, visit_entry, reading, error);
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* NAME.profile.d of one place, in order of names. */
static gboolean
load_drop_ins (Reading *reading, const char *name, GError **error)
{
  g_autofree char *dir_name = g_strconcat (name, SBX_PROFILE_SUFFIX ".d", NULL);
  g_autofree char *dir_path = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = NULL;
  const char *entry;

  if (!reading->set->dirs[reading->place])
    return TRUE;
  dir_path = g_build_filename (reading->set->dirs[reading->place], dir_name, NULL);
  dir = g_dir_open (dir_path, 0, NULL);
  while (dir && (entry = g_dir_read_name (dir)))
    if (g_str_has_suffix (entry, ".conf"))
      g_ptr_array_add (names, g_strdup (entry));
  g_ptr_array_sort (names, compare_strings);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *path = g_build_filename (dir_path, names->pdata[i], NULL);

    if (!load_path (reading, path, error))
      return FALSE;
  }
  return TRUE;
}

/* Finds the highest place up to @top that has NAME.profile. Returns its path, or NULL. */
static char *
find_file (SbxProfileSet *self, const char *name, SbxPlace top, SbxPlace *place)
{
  g_autofree char *file = g_strconcat (name, SBX_PROFILE_SUFFIX, NULL);

  for (int i = (int) top; i >= 0; i--) {
    g_autofree char *path = self->dirs[i] ? g_build_filename (self->dirs[i], file, NULL) : NULL;

    if (path && g_file_test (path, G_FILE_TEST_EXISTS)) {
      *place = (SbxPlace) i;
      return g_steal_pointer (&path);
    }
  }
  return NULL;
}

static gboolean
throw_unknown_profile (SbxProfileSet *self, const char *name, GError **error)
{
  g_auto (GStrv) names = sbx_profile_set_list (self);
  const char *near = sbx_nearest_word (name, (const char *const *) names);
  g_autofree char *all = g_strjoinv (", ", names);

  if (near)
    return sbx_throw (error, SBX_ERROR_UNKNOWN_PROFILE, "there is no profile \"%.128s\", did you mean \"%s\"?", name,
                      near);
  return sbx_throw (error, SBX_ERROR_UNKNOWN_PROFILE, "there is no profile \"%.128s\"; there are: %s", name,
                    *all ? all : N_ ("none at all: is the package installed?"));
}

static gboolean
load_named (SbxProfileSet *self, SbxProfileDraft *draft, const char *name, SbxPlace top, guint depth, GError **error)
{
  Reading reading = { .set = self, .draft = draft, .name = name, .top = top, .depth = depth };
  g_autofree char *path = find_file (self, name, top, &reading.place);

  if (!path)
    return throw_unknown_profile (self, name, error);
  if (depth == 0)
    draft->place = reading.place;
  if (!draft->base && reading.place <= SBX_PLACE_ADMIN)
    draft->base = g_strdup (name);
  if (!load_path (&reading, path, error))
    return FALSE;
  for (int i = 0; i <= (int) top; i++) {
    reading.place = (SbxPlace) i;
    if (!load_drop_ins (&reading, name, error))
      return FALSE;
  }
  return TRUE;
}

/* Contradictions that no single line shows. */
static gboolean
check_whole (const SbxProfileDraft *draft, GError **error)
{
  const SbxPolicy *policy = draft->policy;
  gboolean limits_pids =
      sbx_policy_get_hidepid (policy) != SBX_HIDEPID_OFF || sbx_policy_get_subset (policy) == SBX_SUBSET_PID;

  if (sbx_policy_get_procfs_instance (policy) == SBX_PROCFS_INSTANCE_NONE && limits_pids)
    return sbx_throw (error, SBX_ERROR_BAD_PROFILE,
                      "profile \"%s\": [Procfs] limits what /proc shows, but instance=none asks for no private one; "
                      "say instance=private, or hidepid=off and subset=all",
                      draft->name);
  return TRUE;
}

static void
begin (SbxProfileDraft *draft, const char *name)
{
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();

  sbx_profile_draft_init (draft, name);
  draft->policy = sbx_policy_thaw (empty);
}

static gboolean
finish (SbxProfileDraft *draft, GError **error)
{
  draft->policy = sbx_policy_freeze (draft->policy);
  return check_whole (draft, error);
}

/* The caller clears @draft in any case. */
static gboolean
load_up_to (SbxProfileSet *self, const char *name, SbxPlace top, SbxProfileDraft *draft, GError **error)
{
  begin (draft, name);
  return load_named (self, draft, name, top, 0, error) && finish (draft, error);
}

/* What an administrator has approved: the same name without the user's files; where there is none, the profile that it
 * inherits from, or else "default". Any of those could be launched by its own name, with any command, so it does not
 * matter to security which: only that nothing of it comes from the user's files. */
static SbxPolicy *
find_approved (SbxProfileSet *self, const SbxProfileDraft *draft)
{
  const char *const names[] = { draft->name, draft->base ? draft->base : "default" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_auto (SbxProfileDraft) approved = { 0 };

    if (load_up_to (self, names[i], SBX_PLACE_ADMIN, &approved, NULL))
      return g_steal_pointer (&approved.policy);
  }
  return sbx_policy_new ();
}

SbxProfile *
sbx_profile_set_lookup (SbxProfileSet *self, const char *name, GError **error)
{
  g_auto (SbxProfileDraft) draft = { 0 };

  if (!name_ok (name)) {
    throw_unknown_profile (self, name, error);
    return NULL;
  }
  if (!load_up_to (self, name, SBX_PLACE_USER, &draft, error))
    return NULL;
  if (self->dirs[SBX_PLACE_USER] && g_file_test (self->dirs[SBX_PLACE_USER], G_FILE_TEST_EXISTS))
    draft.approved = find_approved (self, &draft);
  return sbx_profile_new (&draft);
}

SbxProfile *
sbx_profile_set_load_file (SbxProfileSet *self, const char *path, GError **error)
{
  g_autofree char *base = g_path_get_basename (path);
  g_auto (SbxProfileDraft) draft = { 0 };
  Reading reading = { .set = self, .draft = &draft, .name = base, .place = SBX_PLACE_USER, .top = SBX_PLACE_USER };

  if (g_str_has_suffix (base, SBX_PROFILE_SUFFIX))
    base[strlen (base) - strlen (SBX_PROFILE_SUFFIX)] = '\0';
  begin (&draft, base);
  draft.place = SBX_PLACE_USER;
  return load_path (&reading, path, error) && finish (&draft, error) ? sbx_profile_new (&draft) : NULL;
}

char **
sbx_profile_set_list (SbxProfileSet *self)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  for (guint i = 0; i < SBX_N_PLACES; i++) {
    g_autoptr (GDir) dir = self->dirs[i] ? g_dir_open (self->dirs[i], 0, NULL) : NULL;
    const char *entry;

    while (dir && (entry = g_dir_read_name (dir))) {
      g_autofree char *name = g_strndup (entry, strlen (entry) - MIN (strlen (entry), strlen (SBX_PROFILE_SUFFIX)));

      if (g_str_has_suffix (entry, SBX_PROFILE_SUFFIX) && name_ok (name))
        g_hash_table_add (names, g_steal_pointer (&name));
    }
  }
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (list, g_strdup (key));
  g_ptr_array_sort (list, compare_strings);
  g_ptr_array_add (list, NULL);
  return (char **) g_ptr_array_free (list, FALSE);
}
