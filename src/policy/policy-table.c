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

const SbxFacility sbx_facilities[] = {
  { "Context", "shared", SBX_KIND_FLAGS, SBX_FLAGS_SHARED, shared_words, 0, "shared" },
  { "Context", "sockets", SBX_KIND_FLAGS, SBX_FLAGS_SOCKETS, socket_words, 0, "socket" },
  { "Context", "x11", SBX_KIND_LEVEL, SBX_LEVEL_X11, x11_words, SBX_CLASS_DISPLAY, "kind of X11" },
  { "Context", "devices", SBX_KIND_FLAGS, SBX_FLAGS_DEVICES, device_words, 0, "device" },
  { "Context", "features", SBX_KIND_FLAGS, SBX_FLAGS_FEATURES, feature_words, 0, "feature" },
  { "Context", "filesystems", SBX_KIND_PATHS, SBX_PATHS_FILES, access_words, SBX_CLASS_FILES, "files" },
  { "Context", "persistent", SBX_KIND_PATHS, SBX_PATHS_PERSISTENT, NULL, SBX_CLASS_FILES, "kept in the home" },
  { "Context", "forward", SBX_KIND_LEVEL, SBX_LEVEL_FORWARD, forward_words, SBX_CLASS_FILES, "files handed over" },
  { "Context", "pass-environment", SBX_KIND_PAIRS, SBX_PAIRS_PASS, NULL, 0, "variable passed on" },
  { "Context", "unset-environment", SBX_KIND_PAIRS, SBX_PAIRS_UNSET, NULL, 0, "variable unset" },
  { "Procfs", "hidepid", SBX_KIND_LEVEL, SBX_LEVEL_HIDEPID, hidepid_words, SBX_CLASS_DEVICES, "hidepid" },
  { "Procfs", "subset", SBX_KIND_LEVEL, SBX_LEVEL_SUBSET, subset_words, SBX_CLASS_DEVICES, "procfs subset" },
  { "Procfs", "instance", SBX_KIND_LEVEL, SBX_LEVEL_INSTANCE, instance_words, SBX_CLASS_DEVICES, "procfs instance" },
  { "Procfs", "pidns", SBX_KIND_LEVEL, SBX_LEVEL_PIDNS, pidns_words, SBX_CLASS_DEVICES, "pid namespace" },
  { "Session Bus Policy", NULL, SBX_KIND_NAMES, SBX_BUS_SESSION, bus_words, SBX_CLASS_BUS, "session bus" },
  { "System Bus Policy", NULL, SBX_KIND_NAMES, SBX_BUS_SYSTEM, bus_words, SBX_CLASS_BUS, "system bus" },
  { "Environment", NULL, SBX_KIND_PAIRS, SBX_PAIRS_SET, NULL, 0, "variable" },
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
