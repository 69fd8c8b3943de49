/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one table of what a policy can say: words.h has the words, this file the keys that they are said of. */
#include "policy/vocabulary.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/error.h"
#include "policy/options.h"
#include "policy/words.h"

#define ROW(name, text, ...) { .value = name, .word = text, ##__VA_ARGS__ },
#define END                                                                                                            \
  {                                                                                                                    \
    .word = NULL                                                                                                       \
  }

static const SbxWord shared_words[] = { SBX_SHARED_WORDS (ROW) END };
static const SbxWord socket_words[] = { SBX_SOCKET_WORDS (ROW) END };
static const SbxWord device_words[] = { SBX_DEVICE_WORDS (ROW) END };
static const SbxWord feature_words[] = { SBX_FEATURE_WORDS (ROW) END };
static const SbxWord x11_words[] = { SBX_X11_WORDS (ROW) END };
static const SbxWord forward_words[] = { SBX_FORWARD_WORDS (ROW) END };
static const SbxWord hidepid_words[] = { SBX_HIDEPID_WORDS (ROW) END };
static const SbxWord subset_words[] = { SBX_SUBSET_WORDS (ROW) END };
static const SbxWord instance_words[] = { SBX_PROCFS_INSTANCE_WORDS (ROW) END };
static const SbxWord pidns_words[] = { SBX_PIDNS_WORDS (ROW) END };
static const SbxWord tier_words[] = { SBX_TIER_WORDS (ROW) END };
static const SbxWord access_words[] = { SBX_ACCESS_WORDS (ROW) END };
static const SbxWord session_bus_words[] = { SBX_SESSION_BUS_WORDS (ROW) END };
static const SbxWord system_bus_words[] = { SBX_SYSTEM_BUS_WORDS (ROW) END };

/* A limit has one word besides numbers. */
static const SbxWord memory_words[] = {
  { .word = "none", .risk = { "memory", 20, N_ ("can use up all of the memory") } },
  END,
};
static const SbxWord pids_words[] = {
  { .word = "none", .risk = { "processes", 20, N_ ("can start any number of processes") } },
  END,
};
static const SbxWord cpu_words[] = {
  { .word = "none", .risk = { "processor", 10, N_ ("can keep every processor busy") } },
  END,
};
static const SbxWord limit_words[] = { { .word = "none" }, END };

const SbxFacility sbx_facilities[] = {
  { "Context", "shared", SBX_KIND_FLAGS, SBX_FLAGS_SHARED, shared_words, 0, "shared" },
  { "Context", "sockets", SBX_KIND_FLAGS, SBX_FLAGS_SOCKETS, socket_words, 0, "socket" },
  { "Context", "x11", SBX_KIND_LEVEL, SBX_LEVEL_X11, x11_words, SBX_CLASS_DISPLAY, "kind of X11" },
  { "Context", "devices", SBX_KIND_FLAGS, SBX_FLAGS_DEVICES, device_words, 0, "device" },
  { "Context", "features", SBX_KIND_FLAGS, SBX_FLAGS_FEATURES, feature_words, 0, "feature" },
  { "Context", "filesystems", SBX_KIND_PATHS, SBX_PATHS_FILES, access_words, SBX_CLASS_FILES, "files" },
  { "Context", "persistent", SBX_KIND_PATHS, SBX_PATHS_PERSISTENT, NULL, SBX_CLASS_FILES, "kept in the home" },
  { "Context", "forward", SBX_KIND_LEVEL, SBX_LEVEL_FORWARD, forward_words, SBX_CLASS_FILES, "files handed over" },
  { "Context", "pass-environment", SBX_KIND_PAIRS, SBX_PAIRS_PASS, NULL, 0, "variable passed on",
    .meaning = N_ ("is told your variables %s") },
  { "Context", "unset-environment", SBX_KIND_PAIRS, SBX_PAIRS_UNSET, NULL, 0, "variable unset" },
  { "Procfs", "hidepid", SBX_KIND_LEVEL, SBX_LEVEL_HIDEPID, hidepid_words, SBX_CLASS_DEVICES, "hidepid" },
  { "Procfs", "subset", SBX_KIND_LEVEL, SBX_LEVEL_SUBSET, subset_words, SBX_CLASS_DEVICES, "procfs subset" },
  { "Procfs", "instance", SBX_KIND_LEVEL, SBX_LEVEL_INSTANCE, instance_words, SBX_CLASS_DEVICES, "procfs instance" },
  { "Procfs", "pidns", SBX_KIND_LEVEL, SBX_LEVEL_PIDNS, pidns_words, SBX_CLASS_DEVICES, "pid namespace" },
  { "Session Bus Policy", NULL, SBX_KIND_NAMES, SBX_BUS_SESSION, session_bus_words, SBX_CLASS_BUS, "session bus" },
  { "System Bus Policy", NULL, SBX_KIND_NAMES, SBX_BUS_SYSTEM, system_bus_words, SBX_CLASS_BUS, "system bus" },
  { "Environment", NULL, SBX_KIND_PAIRS, SBX_PAIRS_SET, NULL, 0, "variable", .meaning = N_ ("has the variables %s") },
  { "Limits", "memory", SBX_KIND_NUMBER, SBX_LIMIT_MEMORY, memory_words, SBX_CLASS_DEVICES, "memory limit",
    .meaning = N_ ("uses at most %s of memory") },
  { "Limits", "pids", SBX_KIND_NUMBER, SBX_LIMIT_PIDS, pids_words, SBX_CLASS_DEVICES, "process limit",
    .meaning = N_ ("has at most %s processes") },
  { "Limits", "cpu", SBX_KIND_NUMBER, SBX_LIMIT_CPU, cpu_words, SBX_CLASS_DEVICES, "processor limit",
    .meaning = N_ ("uses at most %s %% of a processor") },
  { "Limits", "nofile", SBX_KIND_NUMBER, SBX_LIMIT_NOFILE, limit_words, SBX_CLASS_DEVICES, "open files limit",
    .meaning = N_ ("opens at most %s files in a process") },
  { "Limits", "core", SBX_KIND_NUMBER, SBX_LIMIT_CORE, limit_words, SBX_CLASS_DEVICES, "core dump limit",
    .meaning = N_ ("leaves core dumps of at most %s"), .nothing = N_ ("leaves no core dumps") },
  { "Network", "connect", SBX_KIND_PORTS, SBX_PORTS_CONNECT, NULL, SBX_CLASS_NETWORK, "TCP connect",
    .meaning = N_ ("connects to no TCP ports but %s"), .nothing = N_ ("connects to no TCP port") },
  { "Network", "bind", SBX_KIND_PORTS, SBX_PORTS_BIND, NULL, SBX_CLASS_NETWORK, "TCP bind",
    .meaning = N_ ("listens on no TCP ports but %s"), .nothing = N_ ("listens on no TCP port") },
  { "Network", "allow", SBX_KIND_DESTINATIONS, SBX_TO_ALLOW, NULL, SBX_CLASS_NETWORK, "destination",
    .meaning = N_ ("reaches no other destinations than %s"), .nothing = N_ ("reaches no destination") },
  { "Network", "deny", SBX_KIND_DESTINATIONS, SBX_TO_DENY, NULL, SBX_CLASS_NETWORK, "closed destination",
    .meaning = N_ ("does not reach %s") },
  { "Network", "publish", SBX_KIND_PUBLISHED, 0, NULL, SBX_CLASS_NETWORK, "published port", .marked = TRUE,
    .meaning = N_ ("is reached at ports of this machine: %s") },
  { "Seccomp", "tier", SBX_KIND_LEVEL, SBX_LEVEL_TIER, tier_words, SBX_CLASS_DEVICES, "system calls" },
  { "Seccomp", "allow", SBX_KIND_CALLS, SBX_CALLS_ALLOW, NULL, SBX_CLASS_DEVICES, "system call allowed", .marked = TRUE,
    .meaning = N_ ("may make system calls that others may not: %s") },
  { "Seccomp", "deny", SBX_KIND_CALLS, SBX_CALLS_DENY, NULL, SBX_CLASS_DEVICES, "system call denied",
    .meaning = N_ ("may not make the system calls %s") },
  { .group = NULL },
};

#define PLACE(field) .place = G_STRUCT_OFFSET (SbxPlaces, field)

/* Flatpak's names (flatpak-metadata(5)); what directories are usually called is in user-dirs.defaults of xdg-user-dirs
 * 0.18. */
const SbxPathWord sbx_path_words[] = {
  { "~", PLACE (home), .meaning = N_ ("your whole home") },
  { "home", PLACE (home), .meaning = N_ ("your whole home") },
  { "host", .path = "/", .meaning = N_ ("the whole system, your home included") },
  { "xdg-config", PLACE (config_home) },
  { "xdg-data", PLACE (data_home) },
  { "xdg-cache", PLACE (cache_home) },
  { "xdg-run", PLACE (runtime_dir) },
  { "xdg-desktop", .directory = G_USER_DIRECTORY_DESKTOP, .usual = "Desktop" },
  { "xdg-documents", .directory = G_USER_DIRECTORY_DOCUMENTS, .usual = "Documents" },
  { "xdg-download", .directory = G_USER_DIRECTORY_DOWNLOAD, .usual = "Downloads" },
  { "xdg-music", .directory = G_USER_DIRECTORY_MUSIC, .usual = "Music" },
  { "xdg-pictures", .directory = G_USER_DIRECTORY_PICTURES, .usual = "Pictures" },
  { "xdg-public-share", .directory = G_USER_DIRECTORY_PUBLIC_SHARE, .usual = "Public" },
  { "xdg-templates", .directory = G_USER_DIRECTORY_TEMPLATES, .usual = "Templates" },
  { "xdg-videos", .directory = G_USER_DIRECTORY_VIDEOS, .usual = "Videos" },
  { .word = NULL },
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

const SbxWord *
sbx_word_find (const SbxWord *words, const char *text)
{
  for (; words->word; words++)
    if (strcmp (words->word, text) == 0)
      return words;
  return NULL;
}

const SbxWord *
sbx_word_of_value (const SbxWord *words, guint value)
{
  for (; words->word; words++)
    if (words->value == value)
      return words;
  return NULL;
}

gboolean
sbx_throw_unknown (GError **error, const char *what, const char *word, const char *const *known)
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
  sbx_throw_unknown (error, "key", key, (const char *const *) keys->pdata);
  return NULL;
}

const SbxFacility *
sbx_facility_get (SbxKind kind, guint index)
{
  const SbxFacility *row = sbx_facilities;

  while (row->group && !(row->kind == kind && row->index == index))
    row++;
  g_assert (row->group);
  return row;
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
  return sbx_throw_unknown (error, "group", group, (const char *const *) groups->pdata);
}
