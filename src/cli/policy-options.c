/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/policy-options.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/error.h"

struct _SbxPolicyOptions {
  GHashTable *groups; /* group → GHashTable of key → GString */
};

typedef enum { ADD, REMOVE, SET, NAME, PAIR } Kind;

/* ADD, REMOVE: a word of a list. SET: the whole value. NAME: the option's value is the key. PAIR: key=value. */
typedef struct {
  const char *option;
  Kind kind;
  const char *group, *key; /* NAME: key is the value */
  const char *argument, *help;
} Row;

static const Row rows[] = {
  { "share", ADD, "Context", "shared", N_ ("network|ipc"), N_ ("Share with the host") },
  { "unshare", REMOVE, "Context", "shared", N_ ("network|ipc"), N_ ("Do not share with the host") },
  { "socket", ADD, "Context", "sockets", N_ ("SOCKET"), N_ ("Let it use wayland, x11, pulseaudio, …") },
  { "nosocket", REMOVE, "Context", "sockets", N_ ("SOCKET"), N_ ("Take a socket away") },
  { "device", ADD, "Context", "devices", N_ ("DEVICE"), N_ ("Let it use dri, input, kvm, shm, usb, all") },
  { "nodevice", REMOVE, "Context", "devices", N_ ("DEVICE"), N_ ("Take a device away") },
  { "filesystem", ADD, "Context", "filesystems", N_ ("PATH[:ro|:create]"), N_ ("Show files, read-write unless :ro") },
  { "nofilesystem", REMOVE, "Context", "filesystems", N_ ("PATH"), N_ ("Hide files") },
  { "persist", ADD, "Context", "persistent", N_ ("DIR"), N_ ("Keep this directory of the home") },
  { "allow", ADD, "Context", "features", N_ ("FEATURE"), N_ ("Allow userns, devel, background, multiarch, …") },
  { "disallow", REMOVE, "Context", "features", N_ ("FEATURE"), N_ ("Take a feature away") },
  { "talk-name", NAME, "Session Bus Policy", "talk", N_ ("NAME"), N_ ("Let it talk to a name on the session bus") },
  { "own-name", NAME, "Session Bus Policy", "own", N_ ("NAME"), N_ ("Let it own a name on the session bus") },
  { "see-name", NAME, "Session Bus Policy", "see", N_ ("NAME"), N_ ("Let it see a name on the session bus") },
  { "no-talk-name", NAME, "Session Bus Policy", "none", N_ ("NAME"), N_ ("Take a name away") },
  { "system-talk-name", NAME, "System Bus Policy", "talk", N_ ("NAME"),
    N_ ("Let it talk to a name on the system bus") },
  { "system-own-name", NAME, "System Bus Policy", "own", N_ ("NAME"), N_ ("Let it own a name on the system bus") },
  { "system-no-talk-name", NAME, "System Bus Policy", "none", N_ ("NAME"), N_ ("Take a name away") },
  { "procfs", PAIR, "Procfs", NULL, N_ ("KEY=VALUE[,…]"), N_ ("hidepid=, subset=, instance= of /proc") },
  { "pidns", SET, "Procfs", "pidns", N_ ("private|session"), N_ ("Which pid namespace") },
  { "limit", PAIR, "Limits", NULL, N_ ("KEY=VALUE[,…]"), N_ ("memory=, pids=, cpu=, nofile=, core=") },
  { "connect", SET, "Network", "connect", N_ ("PORT[;…]"), N_ ("TCP ports that it may connect to") },
  { "bind", SET, "Network", "bind", N_ ("PORT[;…]"), N_ ("TCP ports that it may listen on") },
  { "seccomp-tier", SET, "Seccomp", "tier", N_ ("TIER"), N_ ("strict, default, browser, debugger or dumper") },
};

SbxPolicyOptions *
sbx_policy_options_new (void)
{
  SbxPolicyOptions *self = g_new0 (SbxPolicyOptions, 1);

  self->groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
  return self;
}

void
sbx_policy_options_free (SbxPolicyOptions *self)
{
  g_hash_table_unref (self->groups);
  g_free (self);
}

static void
free_string (gpointer data)
{
  g_string_free (data, TRUE);
}

static GString *
find_value (SbxPolicyOptions *self, const char *group, const char *key)
{
  GHashTable *keys = g_hash_table_lookup (self->groups, group);
  GString *value;

  if (!keys) {
    keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_string);
    g_hash_table_insert (self->groups, g_strdup (group), keys);
  }
  value = g_hash_table_lookup (keys, key);
  if (!value) {
    value = g_string_new (NULL);
    g_hash_table_insert (keys, g_strdup (key), value);
  }
  return value;
}

/* What a shell hands over as one word is one item of a list, whatever is in it. */
static void
add_item (GString *list, const char *sign, const char *item)
{
  g_string_append (list, sign);
  for (; *item; item++) {
    if (*item == ';' || *item == '\\')
      g_string_append_c (list, '\\');
    g_string_append_c (list, *item);
  }
  g_string_append_c (list, ';');
}

static gboolean
set_pairs (SbxPolicyOptions *self, const Row *row, const char *value, GError **error)
{
  g_auto (GStrv) pairs = g_strsplit (value, ",", -1);

  for (char **pair = pairs; *pair; pair++) {
    char *equal = strchr (*pair, '=');

    if (!equal)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("--%s=%s: say KEY=VALUE"), row->option, *pair);
    *equal = '\0';
    g_string_assign (find_value (self, row->group, *pair), equal + 1);
  }
  return TRUE;
}

static gboolean
on_option (const char *name, const char *value, gpointer data, GError **error)
{
  SbxPolicyOptions *self = data;
  const Row *row = rows;

  while (strcmp (row->option, name + 2) != 0) /* GOption only calls for the names in the table */
    row++;
  switch (row->kind) {
  case ADD:
  case REMOVE:
    add_item (find_value (self, row->group, row->key), row->kind == REMOVE ? "!" : "", value);
    return TRUE;
  case SET:
    g_string_assign (find_value (self, row->group, row->key), value);
    return TRUE;
  case NAME:
    g_string_assign (find_value (self, row->group, value), row->key);
    return TRUE;
  case PAIR:
    return set_pairs (self, row, value, error);
  }
  return FALSE;
}

GOptionGroup *
sbx_policy_options_group (SbxPolicyOptions *self)
{
  GOptionGroup *group = g_option_group_new ("policy", _ ("What it may reach, over the profile:"),
                                            _ ("Show the options for that"), self, NULL);
  GOptionEntry entries[G_N_ELEMENTS (rows) + 1] = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    entries[i].long_name = rows[i].option;
    entries[i].arg = G_OPTION_ARG_CALLBACK;
    entries[i].arg_data = (gpointer) on_option;
    entries[i].description = rows[i].help;
    entries[i].arg_description = rows[i].argument;
  }
  g_option_group_add_entries (group, entries);
  return group;
}

GVariant *
sbx_policy_options_to_variant (SbxPolicyOptions *self)
{
  GVariantBuilder dict;
  GHashTableIter groups, keys;
  gpointer group, key, value, table;

  if (g_hash_table_size (self->groups) == 0)
    return NULL;
  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_hash_table_iter_init (&groups, self->groups);
  while (g_hash_table_iter_next (&groups, &group, &table)) {
    GVariantBuilder values;

    g_variant_builder_init (&values, G_VARIANT_TYPE ("a{ss}"));
    g_hash_table_iter_init (&keys, table);
    while (g_hash_table_iter_next (&keys, &key, &value))
      g_variant_builder_add (&values, "{ss}", key, ((GString *) value)->str);
    g_variant_builder_add (&dict, "{sv}", group, g_variant_builder_end (&values));
  }
  return g_variant_builder_end (&dict);
}
