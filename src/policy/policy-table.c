/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one table of what a policy can say. A new word is a row here, its bit in policy.h, and its doing in src/plan. */
#include "policy/policy-private.h"

#include <string.h>

#include "common/error.h"
#include "policy/options.h"

static const SbxWord shared_words[] = {
  { "network", SBX_SHARED_NETWORK, SBX_CLASS_NETWORK, 0 },
  { "ipc", SBX_SHARED_IPC, SBX_CLASS_DEVICES, 0 },
  { NULL, 0, 0, 0 },
};

static const SbxWord socket_words[] = {
  { "wayland", SBX_SOCKET_WAYLAND, SBX_CLASS_DISPLAY, 0 },
  { "x11", SBX_SOCKET_X11, SBX_CLASS_DISPLAY, SBX_SOCKET_FALLBACK_X11 },
  { "fallback-x11", SBX_SOCKET_FALLBACK_X11, SBX_CLASS_DISPLAY, 0 },
  { "pulseaudio", SBX_SOCKET_PULSEAUDIO, SBX_CLASS_DISPLAY, 0 },
  { "pipewire", SBX_SOCKET_PIPEWIRE, SBX_CLASS_DISPLAY, 0 },
  { "cups", SBX_SOCKET_CUPS, SBX_CLASS_DEVICES, 0 },
  { "gpg-agent", SBX_SOCKET_GPG_AGENT, SBX_CLASS_FILES, 0 },
  { "ssh-auth", SBX_SOCKET_SSH_AUTH, SBX_CLASS_FILES, 0 },
  { "session-bus", SBX_SOCKET_SESSION_BUS, SBX_CLASS_BUS, 0 },
  { "system-bus", SBX_SOCKET_SYSTEM_BUS, SBX_CLASS_BUS, 0 },
  { "pcsc", SBX_SOCKET_PCSC, SBX_CLASS_DEVICES, 0 },
  { NULL, 0, 0, 0 },
};

static const SbxWord device_words[] = {
  { "dri", SBX_DEVICE_DRI, SBX_CLASS_DEVICES, 0 },
  { "input", SBX_DEVICE_INPUT, SBX_CLASS_DEVICES, 0 },
  { "kvm", SBX_DEVICE_KVM, SBX_CLASS_DEVICES, 0 },
  { "shm", SBX_DEVICE_SHM, SBX_CLASS_DEVICES, 0 },
  { "usb", SBX_DEVICE_USB, SBX_CLASS_DEVICES, 0 },
  { "all", SBX_DEVICE_ALL, SBX_CLASS_DEVICES,
    SBX_DEVICE_DRI | SBX_DEVICE_INPUT | SBX_DEVICE_KVM | SBX_DEVICE_SHM | SBX_DEVICE_USB },
  { NULL, 0, 0, 0 },
};

static const SbxWord feature_words[] = {
  { "devel", SBX_FEATURE_DEVEL, SBX_CLASS_DEVICES, 0 },
  { "userns", SBX_FEATURE_USERNS, SBX_CLASS_DEVICES, 0 },
  { "background", SBX_FEATURE_BACKGROUND, SBX_CLASS_DEVICES, 0 },
  { "multiarch", SBX_FEATURE_MULTIARCH, SBX_CLASS_DEVICES, 0 },
  { "root", SBX_FEATURE_ROOT, SBX_CLASS_DEVICES, 0 },
  { "no-landlock", SBX_FEATURE_NO_LANDLOCK, SBX_CLASS_DEVICES, 0 },
  { NULL, 0, 0, 0 },
};

/* Levels: in the order of what they allow */
static const SbxWord hidepid_words[] = {
  { "ptraceable", SBX_HIDEPID_PTRACEABLE, 0, 0 },
  { "invisible", SBX_HIDEPID_INVISIBLE, 0, 0 },
  { "off", SBX_HIDEPID_OFF, 0, 0 },
  { NULL, 0, 0, 0 },
};
static const SbxWord subset_words[] = { { "pid", SBX_SUBSET_PID, 0, 0 },
                                        { "all", SBX_SUBSET_ALL, 0, 0 },
                                        { NULL, 0, 0, 0 } };
static const SbxWord instance_words[] = { { "private", SBX_PROCFS_INSTANCE_PRIVATE, 0, 0 },
                                          { "none", SBX_PROCFS_INSTANCE_NONE, 0, 0 },
                                          { NULL, 0, 0, 0 } };
static const SbxWord pidns_words[] = { { "private", SBX_PIDNS_PRIVATE, 0, 0 },
                                       { "session", SBX_PIDNS_SESSION, 0, 0 },
                                       { NULL, 0, 0, 0 } };
static const SbxWord tier_words[] = {
  { "strict", SBX_TIER_STRICT, 0, 0 },     { "dumper", SBX_TIER_DUMPER, 0, 0 },   { "default", SBX_TIER_DEFAULT, 0, 0 },
  { "debugger", SBX_TIER_DEBUGGER, 0, 0 }, { "browser", SBX_TIER_BROWSER, 0, 0 }, { NULL, 0, 0, 0 },
};

static const SbxWord forward_words[] = {
  { "none", SBX_ACCESS_NONE, 0, 0 }, { "ro", SBX_ACCESS_RO, 0, 0 }, { "rw", SBX_ACCESS_RW, 0, 0 }, { NULL, 0, 0, 0 }
};

static const SbxWord x11_words[] = { { "nested", SBX_X11_NESTED, 0, 0 },
                                     { "shared", SBX_X11_SHARED, 0, 0 },
                                     { NULL, 0, 0, 0 } };

/* Bus and file access by name; used by their kinds, not as levels */
static const SbxWord bus_words[] = { { "none", SBX_BUS_NONE, 0, 0 },
                                     { "see", SBX_BUS_SEE, 0, 0 },
                                     { "talk", SBX_BUS_TALK, 0, 0 },
                                     { "own", SBX_BUS_OWN, 0, 0 },
                                     { NULL, 0, 0, 0 } };
static const SbxWord access_words[] = { { "none", SBX_ACCESS_NONE, 0, 0 },
                                        { "ro", SBX_ACCESS_RO, 0, 0 },
                                        { "rw", SBX_ACCESS_RW, 0, 0 },
                                        { "create", SBX_ACCESS_CREATE, 0, 0 },
                                        { NULL, 0, 0, 0 } };

/* Pseudo-indices of the two lists in [Context] that speak of variables */
enum { PAIRS_SET, PAIRS_PASS, PAIRS_UNSET };

const SbxFacility sbx_facilities[] = {
  { "Context", "shared", SBX_KIND_FLAGS, SBX_FLAGS_SHARED, shared_words, 0, "shared" },
  { "Context", "sockets", SBX_KIND_FLAGS, SBX_FLAGS_SOCKETS, socket_words, 0, "socket" },
  { "Context", "x11", SBX_KIND_LEVEL, SBX_LEVEL_X11, x11_words, SBX_CLASS_DISPLAY, "kind of X11" },
  { "Context", "devices", SBX_KIND_FLAGS, SBX_FLAGS_DEVICES, device_words, 0, "device" },
  { "Context", "features", SBX_KIND_FLAGS, SBX_FLAGS_FEATURES, feature_words, 0, "feature" },
  { "Context", "filesystems", SBX_KIND_PATHS, SBX_PATHS_FILES, access_words, SBX_CLASS_FILES, "files" },
  { "Context", "persistent", SBX_KIND_PATHS, SBX_PATHS_PERSISTENT, NULL, SBX_CLASS_FILES, "kept in the home" },
  { "Context", "forward", SBX_KIND_LEVEL, SBX_LEVEL_FORWARD, forward_words, SBX_CLASS_FILES, "files handed over" },
  { "Context", "pass-environment", SBX_KIND_PAIRS, PAIRS_PASS, NULL, 0, "variable passed on" },
  { "Context", "unset-environment", SBX_KIND_PAIRS, PAIRS_UNSET, NULL, 0, "variable unset" },
  { "Procfs", "hidepid", SBX_KIND_LEVEL, SBX_LEVEL_HIDEPID, hidepid_words, SBX_CLASS_DEVICES, "hidepid" },
  { "Procfs", "subset", SBX_KIND_LEVEL, SBX_LEVEL_SUBSET, subset_words, SBX_CLASS_DEVICES, "procfs subset" },
  { "Procfs", "instance", SBX_KIND_LEVEL, SBX_LEVEL_INSTANCE, instance_words, SBX_CLASS_DEVICES, "procfs instance" },
  { "Procfs", "pidns", SBX_KIND_LEVEL, SBX_LEVEL_PIDNS, pidns_words, SBX_CLASS_DEVICES, "pid namespace" },
  { "Session Bus Policy", NULL, SBX_KIND_NAMES, SBX_BUS_SESSION, bus_words, SBX_CLASS_BUS, "session bus" },
  { "System Bus Policy", NULL, SBX_KIND_NAMES, SBX_BUS_SYSTEM, bus_words, SBX_CLASS_BUS, "system bus" },
  { "Environment", NULL, SBX_KIND_PAIRS, PAIRS_SET, NULL, 0, "variable" },
  { "Limits", "memory", SBX_KIND_NUMBER, SBX_LIMIT_MEMORY, NULL, SBX_CLASS_DEVICES, "memory limit" },
  { "Limits", "pids", SBX_KIND_NUMBER, SBX_LIMIT_PIDS, NULL, SBX_CLASS_DEVICES, "process limit" },
  { "Limits", "cpu", SBX_KIND_NUMBER, SBX_LIMIT_CPU, NULL, SBX_CLASS_DEVICES, "processor limit" },
  { "Limits", "nofile", SBX_KIND_NUMBER, SBX_LIMIT_NOFILE, NULL, SBX_CLASS_DEVICES, "open files limit" },
  { "Limits", "core", SBX_KIND_NUMBER, SBX_LIMIT_CORE, NULL, SBX_CLASS_DEVICES, "core dump limit" },
  { "Network", "connect", SBX_KIND_PORTS, SBX_PORTS_CONNECT, NULL, SBX_CLASS_NETWORK, "TCP connect" },
  { "Network", "bind", SBX_KIND_PORTS, SBX_PORTS_BIND, NULL, SBX_CLASS_NETWORK, "TCP bind" },
  { "Seccomp", "tier", SBX_KIND_LEVEL, SBX_LEVEL_TIER, tier_words, SBX_CLASS_DEVICES, "system calls" },
  { "Seccomp", "allow", SBX_KIND_CALLS, SBX_CALLS_ALLOW, NULL, SBX_CLASS_DEVICES, "system call allowed" },
  { "Seccomp", "deny", SBX_KIND_CALLS, SBX_CALLS_DENY, NULL, SBX_CLASS_DEVICES, "system call denied" },
  { NULL, NULL, SBX_KIND_FLAGS, 0, NULL, 0, NULL },
};

const char **
sbx_facility_words (const SbxWord *words)
{
  GPtrArray *list = g_ptr_array_new ();

  for (; words->word; words++)
    g_ptr_array_add (list, (gpointer) words->word);
  g_ptr_array_add (list, NULL);
  return (const char **) g_ptr_array_free (list, FALSE);
}

/* BAD_OPTION: "unknown WHAT "WORD", did you mean "X"?" */
static gboolean
throw_unknown (GError **error, const char *what, const char *word, const char *const *known)
{
  const char *near = sbx_nearest_word (word, known);
  g_autofree char *list = g_strjoinv (", ", (char **) known);

  if (near)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown %s \"%s\", did you mean \"%s\"?", what, word, near);
  return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown %s \"%s\"; known: %s", what, word, list);
}

const SbxFacility *
sbx_facility_find (const char *group, const char *key, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();

  if (!sbx_facility_check_group (group, error))
    return NULL;
  for (const SbxFacility *row = sbx_facilities; row->group; row++) {
    if (strcmp (row->group, group) != 0)
      continue;
    if (!row->key || strcmp (row->key, key) == 0)
      return row;
    g_ptr_array_add (keys, (gpointer) row->key);
  }
  g_ptr_array_add (keys, NULL);
  throw_unknown (error, "key", key, (const char *const *) keys->pdata);
  return NULL;
}

gboolean
sbx_facility_check_group (const char *group, GError **error)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new ();

  for (const SbxFacility *row = sbx_facilities; row->group; row++) {
    if (strcmp (row->group, group) == 0)
      return TRUE;
    if (groups->len == 0 || strcmp (groups->pdata[groups->len - 1], row->group) != 0)
      g_ptr_array_add (groups, (gpointer) row->group);
  }
  g_ptr_array_add (groups, (gpointer) "Profile");
  g_ptr_array_add (groups, NULL);
  return throw_unknown (error, "group", group, (const char *const *) groups->pdata);
}

static const SbxWord *
find_word (const SbxWord *words, const char *word)
{
  for (; words->word; words++)
    if (strcmp (words->word, word) == 0)
      return words;
  return NULL;
}

/* "!dri" also takes away "all", and "!all" takes away everything: what is taken away is gone for sure. */
static void
remove_flag (guint *flags, const SbxWord *words, const SbxWord *gone)
{
  *flags &= ~(gone->value | gone->implies);
  for (; words->word; words++)
    if (words->implies & gone->value)
      *flags &= ~words->value;
}

static gboolean
apply_flags (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++) {
    gboolean remove = **item == '!';
    const SbxWord *word = find_word (row->words, *item + remove);

    if (!word) {
      g_autofree const char **known = sbx_facility_words (row->words);

      return throw_unknown (error, row->title, *item + remove, known);
    }
    if (remove)
      remove_flag (&policy->flags[row->index], row->words, word);
    else
      policy->flags[row->index] |= word->value | word->implies;
  }
  return TRUE;
}

static gboolean
apply_level (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  const SbxWord *word = find_word (row->words, value);

  if (!word) {
    g_autofree const char **known = sbx_facility_words (row->words);

    return throw_unknown (error, row->title, value, known);
  }
  policy->levels[row->index] = word->value;
  return TRUE;
}

/* "path:ro" → "path" and the access; without a suffix that is known, read-write, as in Flatpak. */
static SbxAccess
take_access (char *item)
{
  char *colon = strrchr (item, ':');
  const SbxWord *word = colon ? find_word (access_words, colon + 1) : NULL;

  if (!word)
    return SBX_ACCESS_RW;
  *colon = '\0';
  return (SbxAccess) word->value;
}

static gboolean
apply_files (SbxPolicy *policy, const char *value, const SbxPlaces *places, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++) {
    gboolean remove = **item == '!';
    SbxAccess access = take_access (*item);
    g_autoptr (GError) problem = NULL;
    g_autofree char *path = sbx_paths_resolve (*item + remove, places, &problem);

    if (problem) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
    if (path)
      sbx_paths_set (policy->paths[SBX_PATHS_FILES], path, remove ? SBX_ACCESS_NONE : access);
  }
  return TRUE;
}

static gboolean
apply_persistent (SbxPolicy *policy, const char *value, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++) {
    gboolean remove = **item == '!';
    const char *word = *item + remove;
    g_autofree char *path = NULL;

    if (*word == '/' || *word == '~')
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" must be relative to the home, like .mozilla", word);
    path = sbx_paths_canonical (word, error);
    if (!path)
      return FALSE;
    sbx_paths_set (policy->paths[SBX_PATHS_PERSISTENT], path, remove ? SBX_ACCESS_NONE : SBX_ACCESS_RW);
  }
  return TRUE;
}

static gboolean
apply_names (SbxPolicy *policy, const SbxFacility *row, const char *key, const char *value, GError **error)
{
  const SbxWord *word = find_word (row->words, value);

  if (!sbx_names_valid (key))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not a bus name, like org.example.App or org.example.*",
                      key);
  if (!word) {
    g_autofree const char **known = sbx_facility_words (row->words);

    return throw_unknown (error, "access", value, known);
  }
  sbx_names_set (policy->bus[row->index], key, (SbxBusAccess) word->value);
  return TRUE;
}

static gboolean
variable_valid (const char *name)
{
  for (const char *p = name; *p; p++)
    if (*p == ' ' || g_ascii_iscntrl (*p) || strchr ("=;\\#[", *p)) /* what a line or a list would not hold */
      return FALSE;
  return *name != '\0';
}

static gboolean
apply_pairs (SbxPolicy *policy, const SbxFacility *row, const char *key, const char *value, GError **error)
{
  g_auto (GStrv) list = row->index == PAIRS_SET ? NULL : sbx_list_split (value);

  if (row->index == PAIRS_SET) {
    if (!variable_valid (key))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not the name of a variable", key);
    sbx_pairs_set (policy->environment, key, value);
    return TRUE;
  }
  for (char **item = list; *item; item++) {
    if (!variable_valid (*item))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not the name of a variable", *item);
    if (row->index == PAIRS_PASS)
      sbx_pairs_set (policy->environment, *item, NULL);
    else
      sbx_pairs_remove (policy->environment, *item);
  }
  return TRUE;
}

/* "512M" → bytes; "none" → SBX_LIMIT_NONE; "50%" for cpu. */
static gboolean
apply_number (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  gboolean bytes = row->index == SBX_LIMIT_MEMORY || row->index == SBX_LIMIT_CORE;
  const char *units = bytes ? "KMGT" : row->index == SBX_LIMIT_CPU ? "%" : "";
  guint64 number;
  char *end;

  if (strcmp (value, "none") == 0) {
    policy->limits[row->index] = SBX_LIMIT_NONE;
    return TRUE;
  }
  number = g_ascii_strtoull (value, &end, 10);
  if (end == value || !g_ascii_isdigit (*value) || number > (1ull << 60))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not a number; say for example %s, or none", value,
                      bytes ? "512M" : "100");
  if (*end && strchr (units, *end)) {
    guint shift = bytes ? (guint) (strchr (units, *end) - units + 1) * 10 : 0;

    if (shift > 0 && number > (1ull << (60 - shift)))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is more than any machine has", value);
    number <<= shift;
    end++;
  }
  if (*end)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" does not end in a unit that is known here%s%s", value,
                      *units ? ": one of " : "", units);
  policy->limits[row->index] = number;
  return TRUE;
}

static gboolean
apply_ports (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);
  SbxPortSet *set = &policy->ports[row->index];

  policy->ports_named[row->index] = TRUE;
  set->all = FALSE;
  g_array_set_size (set->ports, 0);
  for (char **item = list; *item; item++) {
    guint64 port;

    if (strcmp (*item, "all") == 0) {
      set->all = TRUE;
    } else if (strcmp (*item, "none") == 0) {
      continue;
    } else if (g_ascii_string_to_unsigned (*item, 10, 0, 65535, &port, NULL)) {
      sbx_ports_add (set, (guint16) port);
    } else {
      return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                        "\"%s\" is not a TCP port: say numbers from 0 to 65535, all, or none", *item);
    }
  }
  if (set->all)
    g_array_set_size (set->ports, 0);
  return TRUE;
}

static gboolean
apply_calls (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++) {
    const char *name = *item + (**item == '!');
    gboolean every = row->index == SBX_CALLS_DENY && strcmp (name, "*") == 0;

    if (!every
        && (strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen (name)
            || !*name))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not the name of a system call", name);
    if (**item == '!')
      sbx_strings_remove (policy->calls[row->index], name);
    else
      sbx_strings_add (policy->calls[row->index], name);
  }
  return TRUE;
}

gboolean
sbx_facility_apply (SbxPolicy *policy, const SbxFacility *row, const char *key, const char *value,
                    const SbxPlaces *places, GError **error)
{
  switch (row->kind) {
  case SBX_KIND_FLAGS:
    return apply_flags (policy, row, value, error);
  case SBX_KIND_LEVEL:
    return apply_level (policy, row, value, error);
  case SBX_KIND_PATHS:
    return row->index == SBX_PATHS_FILES ? apply_files (policy, value, places, error)
                                         : apply_persistent (policy, value, error);
  case SBX_KIND_NAMES:
    return apply_names (policy, row, key, value, error);
  case SBX_KIND_PORTS:
    return apply_ports (policy, row, value, error);
  case SBX_KIND_NUMBER:
    return apply_number (policy, row, value, error);
  case SBX_KIND_PAIRS:
    return apply_pairs (policy, row, key, value, error);
  case SBX_KIND_CALLS:
    return apply_calls (policy, row, value, error);
  }
  return FALSE;
}

static char *
format_flags (const SbxFacility *row, guint flags)
{
  GString *text = g_string_new (NULL);

  for (const SbxWord *word = row->words; word->word; word++)
    if (flags & word->value)
      g_string_append_printf (text, "%s;", word->word);
  return g_string_free (text, FALSE);
}

/* A path as an item of a list that is read as the same path again: "/" at its end keeps a blank or ":ro" in its name
 * from being taken for something else, "./" at its beginning does so for "!", "~" and a blank. */
static char *
format_path (const char *path, gboolean relative, gboolean bare)
{
  gsize n = strlen (path);
  gboolean guard = bare && (path[n - 1] == ' ' || strchr (path, ':'));
  g_autofree char *guarded = g_strconcat (relative && strchr (" !~", *path) ? "./" : "", path, guard ? "/" : "", NULL);

  return sbx_list_escape (guarded);
}

static char *
format_paths (const SbxPolicy *policy, const SbxFacility *row)
{
  GString *text = g_string_new (NULL);
  const GArray *rules = policy->paths[row->index];

  for (guint i = 0; i < rules->len; i++) {
    const SbxPathRule *rule = &g_array_index (rules, SbxPathRule, i);
    const char *path = row->index == SBX_PATHS_FILES ? rule->path : rule->path[1] ? rule->path + 1 : ".";
    gboolean files = row->index == SBX_PATHS_FILES;
    g_autofree char *escaped = format_path (path, !files, !files || rule->access == SBX_ACCESS_NONE);

    if (rule->access == SBX_ACCESS_NONE)
      g_string_append_printf (text, "!%s;", escaped);
    else if (row->index == SBX_PATHS_PERSISTENT)
      g_string_append_printf (text, "%s;", escaped);
    else
      g_string_append_printf (text, "%s:%s;", escaped, access_words[rule->access].word);
  }
  return g_string_free (text, FALSE);
}

static char *
format_ports (const SbxPortSet *set)
{
  GString *text = g_string_new (set->all ? "all" : set->ports->len == 0 ? "none" : NULL);

  for (guint i = 0; i < set->ports->len; i++)
    g_string_append_printf (text, "%u;", g_array_index (set->ports, guint16, i));
  return g_string_free (text, FALSE);
}

static char *
format_calls (const GPtrArray *calls)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < calls->len; i++)
    g_string_append_printf (text, "%s;", (const char *) calls->pdata[i]);
  return g_string_free (text, FALSE);
}

/* "NAME=value" rows go to [Environment], "NAME" rows to pass-environment. */
static void
format_pairs (const SbxPolicy *policy, const SbxFacility *row, SbxFacilityVisit visit, gpointer data)
{
  g_autoptr (GString) passed = g_string_new (NULL);

  for (guint i = 0; i < policy->environment->len; i++) {
    const char *pair = policy->environment->pdata[i];
    const char *equal = strchr (pair, '=');
    g_autofree char *name = g_strndup (pair, strcspn (pair, "="));

    if (equal && row->index == PAIRS_SET)
      visit (row, name, equal + 1, data);
    if (!equal && row->index == PAIRS_PASS)
      g_string_append_printf (passed, "%s;", name);
  }
  if (passed->len > 0)
    visit (row, row->key, passed->str, data);
}

static void
format_names (const SbxPolicy *policy, const SbxFacility *row, SbxFacilityVisit visit, gpointer data)
{
  for (guint i = 0; i < policy->bus[row->index]->len; i++) {
    const SbxBusRule *rule = &g_array_index (policy->bus[row->index], SbxBusRule, i);

    visit (row, rule->name, bus_words[rule->access].word, data);
  }
}

void
sbx_facility_format (const SbxPolicy *policy, SbxFacilityVisit visit, gpointer data)
{
  g_autoptr (SbxPolicy) fresh = sbx_policy_new ();

  for (const SbxFacility *row = sbx_facilities; row->group; row++) {
    g_autofree char *text = NULL;

    if (row->kind == SBX_KIND_FLAGS && policy->flags[row->index])
      text = format_flags (row, policy->flags[row->index]);
    else if (row->kind == SBX_KIND_LEVEL && policy->levels[row->index] != fresh->levels[row->index])
      text = g_strdup (row->words[policy->levels[row->index]].word);
    else if (row->kind == SBX_KIND_PATHS && policy->paths[row->index]->len > 0)
      text = format_paths (policy, row);
    else if (row->kind == SBX_KIND_NUMBER && policy->limits[row->index] != SBX_LIMIT_NONE)
      text = g_strdup_printf ("%" G_GUINT64_FORMAT, policy->limits[row->index]);
    else if (row->kind == SBX_KIND_PORTS && (policy->flags[SBX_FLAGS_SHARED] & SBX_SHARED_NETWORK)
             && !policy->ports[row->index].all)
      text = format_ports (&policy->ports[row->index]);
    else if (row->kind == SBX_KIND_CALLS && policy->calls[row->index]->len > 0)
      text = format_calls (policy->calls[row->index]);
    else if (row->kind == SBX_KIND_PAIRS)
      format_pairs (policy, row, visit, data);
    else if (row->kind == SBX_KIND_NAMES)
      format_names (policy, row, visit, data);
    if (text)
      visit (row, row->key, text, data);
  }
}
