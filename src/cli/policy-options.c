/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/policy-options.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/key-file.h"
#include "config.h"
#include "policy/vocabulary.h"

struct _SbxPolicyOptions {
  GHashTable *groups; /* name → GHashTable of key → value */
  GPtrArray *helps;   /* what the group of options shows */
};

typedef enum {
  WORD,   /* one more word of the list */
  PATH,   /* the same, and relative to where we are */
  PAIRS,  /* KEY=VALUE, separated by commas */
  PORTS,  /* a list of numbers, separated by commas */
  LIST,   /* words, separated by commas, added to those of the option before */
  VALUE,  /* the key's value */
  NAME,   /* the value is a key, and what it gets is in the row */
  CHOICE, /* a word of the row's choices, each of which stands for words of the list */
} Form;

/* What can be said to an option that is a choice, and what it comes to. */
typedef struct {
  const char *word;
  const char *const *list;
} Choice;

/* Each is what the sandbox then has, whatever the profile says. */
static const Choice networks[] = {
  { "none", (const char *const[]){ "!network", "!private-network", NULL } },
  { "private", (const char *const[]){ "!network", "private-network", NULL } },
  { "shared", (const char *const[]){ "network", NULL } },
  { NULL, NULL },
};

typedef struct {
  const char *name;
  const char *group, *key;
  Form form;
  const char *mark;            /* WORD, PATH: put before it; NAME: the key's value */
  const char *help, *argument; /* a %s in @help stands for the words of the key */
  const Choice *choices;       /* CHOICE */
} Row;

#define SESSION "Session Bus Policy"
#define SYSTEM "System Bus Policy"

static const Row rows[] = {
  { "share", "Context", "shared", WORD, "", N_ ("Share with the host: %s"), N_ ("WHAT") },
  { "unshare", "Context", "shared", WORD, "!", N_ ("Do not share with the host"), N_ ("WHAT") },
  { "network", "Context", "shared", CHOICE, NULL, N_ ("The network: %s"), N_ ("WHICH"), networks },
  { "socket", "Context", "sockets", WORD, "", N_ ("Allow a socket: wayland, x11, pulseaudio, …"), N_ ("SOCKET") },
  { "nosocket", "Context", "sockets", WORD, "!", N_ ("Do not allow a socket"), N_ ("SOCKET") },
  { "x11", "Context", "x11", VALUE, NULL, N_ ("Whose X server the socket x11 is: nested (its own) or shared"),
    N_ ("WHICH") },
  { "device", "Context", "devices", WORD, "", N_ ("Allow devices: %s"), N_ ("DEVICE") },
  { "nodevice", "Context", "devices", WORD, "!", N_ ("Do not allow devices"), N_ ("DEVICE") },
  { "allow", "Context", "features", WORD, "", N_ ("Allow a feature: devel, userns, background, multiarch, …"),
    N_ ("FEATURE") },
  { "disallow", "Context", "features", WORD, "!", N_ ("Do not allow a feature"), N_ ("FEATURE") },
  { "filesystem", "Context", "filesystems", PATH, "", N_ ("Show files (:ro, :rw, :create, :ro@WHERE)"),
    N_ ("PATH[:MODE]") },
  { "nofilesystem", "Context", "filesystems", PATH, "!", N_ ("Do not show files"), N_ ("PATH") },
  { "forward", "Context", "forward", VALUE, NULL, N_ ("How files of --file-forwarding are opened up: ro, rw, none"),
    N_ ("MODE") },
  { "persist", "Context", "persistent", WORD, "", N_ ("Keep a path of the home for the next time"), N_ ("PATH") },
  { "talk-name", SESSION, NULL, NAME, "talk", N_ ("Talk to a name on the session bus"), N_ ("NAME") },
  { "own-name", SESSION, NULL, NAME, "own", N_ ("Own a name on the session bus"), N_ ("NAME") },
  { "see-name", SESSION, NULL, NAME, "see", N_ ("See a name on the session bus"), N_ ("NAME") },
  { "no-talk-name", SESSION, NULL, NAME, "none", N_ ("Do not see a name on the session bus"), N_ ("NAME") },
  { "system-talk-name", SYSTEM, NULL, NAME, "talk", N_ ("Talk to a name on the system bus"), N_ ("NAME") },
  { "system-own-name", SYSTEM, NULL, NAME, "own", N_ ("Own a name on the system bus"), N_ ("NAME") },
  { "system-see-name", SYSTEM, NULL, NAME, "see", N_ ("See a name on the system bus"), N_ ("NAME") },
  { "system-no-talk-name", SYSTEM, NULL, NAME, "none", N_ ("Do not see a name on the system bus"), N_ ("NAME") },
  { "procfs", "Procfs", NULL, PAIRS, NULL, N_ ("How /proc is made: hidepid=, subset=, instance="), N_ ("KEY=VALUE,…") },
  { "pidns", "Procfs", "pidns", VALUE, NULL, N_ ("The pid namespace: private or session"), N_ ("WHICH") },
  { "limit", "Limits", NULL, PAIRS, NULL, N_ ("Limit memory, pids, cpu, nofile or core, e.g. memory=1G"),
    N_ ("KEY=VALUE,…") },
  { "network-allow", "Network", "allow", LIST, NULL, N_ ("What a private network leads to, and nothing else"),
    N_ ("WHERE,…") },
  { "network-deny", "Network", "deny", LIST, NULL, N_ ("What a private network does not lead to"), N_ ("WHERE,…") },
  { "publish", "Network", "publish", LIST, NULL, N_ ("A port of this machine for a private network"),
    N_ ("PORT:INSIDE,…") },
  { "connect", "Network", "connect", PORTS, NULL, N_ ("TCP ports to connect to"), N_ ("PORT,…") },
  { "bind", "Network", "bind", PORTS, NULL, N_ ("TCP ports to listen on"), N_ ("PORT,…") },
  { "seccomp-tier", "Seccomp", "tier", VALUE, NULL, N_ ("Which system calls: strict, default, browser, …"),
    N_ ("TIER") },
};

SbxPolicyOptions *
sbx_policy_options_new (void)
{
  SbxPolicyOptions *self = g_new0 (SbxPolicyOptions, 1);

  self->groups = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_hash_table_unref);
  self->helps = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
sbx_policy_options_free (SbxPolicyOptions *self)
{
  g_hash_table_unref (self->groups);
  g_ptr_array_unref (self->helps);
  g_free (self);
}

static GHashTable *
keys_of (SbxPolicyOptions *self, const char *group)
{
  GHashTable *keys = g_hash_table_lookup (self->groups, group);

  if (!keys) {
    keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert (self->groups, (gpointer) g_intern_string (group), keys);
  }
  return keys;
}

/* One more word of a list; ';' and '\' in it are escaped, as in a key file. */
static void
add_word (GHashTable *keys, const char *key, const char *mark, const char *word)
{
  const char *before = g_hash_table_lookup (keys, key);
  GString *list = g_string_new (before);

  g_string_append (list, mark);
  for (; *word; word++) {
    if (*word == ';' || *word == '\\')
      g_string_append_c (list, '\\');
    g_string_append_c (list, *word);
  }
  g_string_append_c (list, ';');
  g_hash_table_replace (keys, g_strdup (key), g_string_free (list, FALSE));
}

/* "./x" and "../x" are seen from where we are; the rest is for the service. What stands behind a colon in the last
 * component is a mode, and the name of a directory that has one ends in "/" (sandbox-profile(5)): it does here too. */
static char *
make_absolute (const char *item)
{
  const char *mark = sbx_attached_find_mark (item), *last = strrchr (item, '/');
  const char *colon = mark ? mark : strrchr (last ? last : item, ':');
  g_autofree char *path = g_strndup (item, colon ? (gsize) (colon - item) : strlen (item)), *full = NULL;

  if (!g_str_equal (path, ".") && !g_str_equal (path, "..") && !g_str_has_prefix (path, "./")
      && !g_str_has_prefix (path, "../"))
    return g_strdup (item);
  full = g_canonicalize_filename (path, NULL);
  return g_strconcat (full, colon ? colon : strchr (full, ':') ? "/" : "", NULL);
}

/* "network" of "!network", "~/x" of "~/x:ro", "@~/y" of "~/x:ro@~/y". */
static char *
bare_word (const SbxFacility *row, const char *word)
{
  const char *begin = word + (*word == '!'), *slash = strrchr (begin, '/');
  const char *colon = row->kind == SBX_KIND_PATHS ? strrchr (slash ? slash : begin, ':') : NULL;
  const char *mark =
      row->kind == SBX_KIND_PATHS && row->index == SBX_PATHS_FILES ? sbx_attached_find_mark (begin) : NULL;

  if (mark)
    return g_strdup (strchr (mark, '@'));
  return colon ? g_strndup (begin, (gsize) (colon - begin)) : g_strdup (begin);
}

/* Puts @word behind the list, and takes out what says something else of the same thing. */
static void
put_word (GHashTable *keys, const SbxFacility *row, const char *key, const char *word)
{
  const char *before = g_hash_table_lookup (keys, key);
  g_auto (GStrv) words = sbx_key_file_split (before ? before : "");
  g_autofree char *bare = bare_word (row, word);

  g_hash_table_remove (keys, key);
  for (char **old = words; *old; old++) {
    g_autofree char *old_bare = bare_word (row, *old);

    if (strcmp (old_bare, bare) != 0)
      add_word (keys, key, "", *old);
  }
  add_word (keys, key, "", word);
}

void
sbx_policy_options_put (SbxPolicyOptions *self, const char *group, const char *key, const char *value)
{
  const SbxFacility *row = sbx_facility_find (group, key, NULL);
  GHashTable *keys;
  g_auto (GStrv) words = NULL;

  if (!row)
    return;
  keys = keys_of (self, group);
  if (row->kind != SBX_KIND_FLAGS && row->kind != SBX_KIND_PATHS && row->kind != SBX_KIND_CALLS
      && row->kind != SBX_KIND_PUBLISHED && !(row->kind == SBX_KIND_PAIRS && row->key)) {
    g_hash_table_replace (keys, g_strdup (key), g_strdup (value));
    return;
  }
  words = sbx_key_file_split (value);
  for (char **word = words; *word; word++)
    put_word (keys, row, key, *word);
}

void
sbx_policy_options_put_all (SbxPolicyOptions *self, const SbxPolicyOptions *above)
{
  GHashTableIter iter, inner;
  gpointer group, keys, key, value;

  g_hash_table_iter_init (&iter, above->groups);
  while (g_hash_table_iter_next (&iter, &group, &keys)) {
    g_hash_table_iter_init (&inner, keys);
    while (g_hash_table_iter_next (&inner, &key, &value))
      sbx_policy_options_put (self, group, key, value);
  }
}

gboolean
sbx_policy_options_is_empty (const SbxPolicyOptions *self)
{
  return g_hash_table_size (self->groups) == 0;
}

static GList *
sorted_keys (GHashTable *table)
{
  return g_list_sort (g_hash_table_get_keys (table), (GCompareFunc) strcmp);
}

char *
sbx_policy_options_to_text (const SbxPolicyOptions *self)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GList) groups = sorted_keys (self->groups);

  for (GList *group = groups; group; group = group->next) {
    GHashTable *keys = g_hash_table_lookup (self->groups, group->data);
    g_autoptr (GList) names = sorted_keys (keys);

    g_string_append_printf (text, "%s[%s]\n", text->len > 0 ? "\n" : "", (const char *) group->data);
    for (GList *name = names; name; name = name->next)
      g_string_append_printf (text, "%s=%s\n", (const char *) name->data,
                              (const char *) g_hash_table_lookup (keys, name->data));
  }
  return g_string_free (text, FALSE);
}

static gboolean
add_pairs (GHashTable *keys, const Row *row, const char *value, GError **error)
{
  g_auto (GStrv) pairs = g_strsplit (value, ",", -1);

  for (char **pair = pairs; *pair; pair++) {
    const char *equals = strchr (*pair, '=');

    if (!equals || equals == *pair) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("--%s=%s: \"%s\" is not KEY=VALUE"), row->name,
                   value, *pair);
      return FALSE;
    }
    g_hash_table_replace (keys, g_strndup (*pair, (gsize) (equals - *pair)), g_strdup (equals + 1));
  }
  return TRUE;
}

/* Adds to what was said before. */
static void
add_list (GHashTable *keys, const Row *row, const char *value)
{
  g_auto (GStrv) words = g_strsplit (value, ",", -1);

  for (char **word = words; *word; word++)
    add_word (keys, row->key, "", *word);
}

/* The words of a choice, as an array that ends with NULL; g_free () the array only. */
static const char **
words_of_choice (const Choice *choices)
{
  GPtrArray *words = g_ptr_array_new ();

  for (; choices->word; choices++)
    g_ptr_array_add (words, (gpointer) choices->word);
  g_ptr_array_add (words, NULL);
  return (const char **) g_ptr_array_free (words, FALSE);
}

/* Takes the place of what was said of the same words before. */
static gboolean
add_choice (GHashTable *keys, const Row *row, const char *value, GError **error)
{
  const SbxFacility *facility = sbx_facility_find (row->group, row->key, NULL);
  g_autofree const char **known = words_of_choice (row->choices);
  g_autofree char *list = g_strjoinv (", ", (char **) known);

  for (const Choice *choice = row->choices; choice->word; choice++) {
    if (!g_str_equal (choice->word, value))
      continue;
    for (const char *const *word = choice->list; *word; word++)
      put_word (keys, facility, row->key, *word);
    return TRUE;
  }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("--%s=%s: say one of %s"), row->name, value, list);
  return FALSE;
}

static gboolean
add_row (SbxPolicyOptions *self, const Row *row, const char *value, GError **error)
{
  GHashTable *keys = keys_of (self, row->group);
  g_autofree char *path = NULL;

  switch (row->form) {
  case WORD:
    add_word (keys, row->key, row->mark, value);
    break;
  case PATH:
    path = make_absolute (value);
    add_word (keys, row->key, row->mark, path);
    break;
  case PAIRS:
    return add_pairs (keys, row, value, error);
  case PORTS:
    g_hash_table_replace (keys, g_strdup (row->key), g_strdelimit (g_strdup (value), ",", ';'));
    break;
  case LIST:
    add_list (keys, row, value);
    break;
  case VALUE:
    g_hash_table_replace (keys, g_strdup (row->key), g_strdup (value));
    break;
  case NAME:
    g_hash_table_replace (keys, g_strdup (value), g_strdup (row->mark));
    break;
  case CHOICE:
    return add_choice (keys, row, value, error);
  }
  return TRUE;
}

gboolean
sbx_policy_options_add (SbxPolicyOptions *self, const char *name, const char *value, GError **error)
{
  if (!g_utf8_validate (value, -1, NULL) || !*value) {
    g_autofree char *shown = g_utf8_make_valid (value, -1);

    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 *value ? _ ("--%s=%s: policies are UTF-8 text, and this is not") : _ ("--%s=%s: a value is missing"),
                 name, shown);
    return FALSE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].name, name))
      return add_row (self, &rows[i], value, error);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, _ ("Unknown option --%s"), name);
  return FALSE;
}

static gboolean
on_option (const char *name, const char *value, gpointer data, GError **error)
{
  return sbx_policy_options_add (data, name + strspn (name, "-"), value, error);
}

/* The words that can be said to the option, or NULL when its values are not a choice of words. */
static const char **
words_of (const Row *row)
{
  const SbxFacility *facility = row->key ? sbx_facility_find (row->group, row->key, NULL) : NULL;

  if (row->choices)
    return words_of_choice (row->choices);
  if (!facility || (facility->kind != SBX_KIND_FLAGS && facility->kind != SBX_KIND_LEVEL))
    return NULL;
  return sbx_facility_words (facility->words);
}

static const char *
make_help (SbxPolicyOptions *self, const Row *row)
{
  g_autofree const char **words = words_of (row);
  g_autofree char *list = words ? g_strjoinv (", ", (char **) words) : g_strdup ("");
  g_autoptr (GString) help = g_string_new (_ (row->help));

  g_string_replace (help, "%s", list, 1);
  g_ptr_array_add (self->helps, g_strdup (help->str));
  return self->helps->pdata[self->helps->len - 1];
}

GOptionGroup *
sbx_policy_options_make_group (SbxPolicyOptions *self)
{
  GOptionGroup *group = g_option_group_new ("policy", _ ("Policy options, put over the profile:"),
                                            _ ("Show the policy options"), self, NULL);
  GOptionEntry entries[G_N_ELEMENTS (rows) + 1] = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    entries[i] = (GOptionEntry){ rows[i].name,          0,         G_OPTION_FLAG_FILENAME,
                                 G_OPTION_ARG_CALLBACK, on_option, make_help (self, &rows[i]),
                                 rows[i].argument };
  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  return group;
}

GVariant *
sbx_policy_options_to_variant (const SbxPolicyOptions *self)
{
  GVariantBuilder groups;
  GHashTableIter iter, inner;
  gpointer group, keys, key, value;

  if (g_hash_table_size (self->groups) == 0)
    return NULL;
  g_variant_builder_init (&groups, G_VARIANT_TYPE_VARDICT);
  g_hash_table_iter_init (&iter, self->groups);
  while (g_hash_table_iter_next (&iter, &group, &keys)) {
    GVariantBuilder pairs;

    g_variant_builder_init (&pairs, G_VARIANT_TYPE ("a{ss}"));
    g_hash_table_iter_init (&inner, keys);
    while (g_hash_table_iter_next (&inner, &key, &value))
      g_variant_builder_add (&pairs, "{ss}", key, value);
    g_variant_builder_add (&groups, "{sv}", group, g_variant_builder_end (&pairs));
  }
  return g_variant_builder_end (&groups);
}

const char **
sbx_policy_options_names (void)
{
  const char **names = g_new0 (const char *, G_N_ELEMENTS (rows) + 1);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    names[i] = rows[i].name;
  return names;
}

char *
sbx_policy_options_words (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].name, name)) {
      g_autofree const char **words = words_of (&rows[i]);

      return words ? g_strjoinv (" ", (char **) words) : NULL;
    }
  return NULL;
}
