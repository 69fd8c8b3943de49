/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/meanings.h"

#include <string.h>

#include "cli/cli.h"
#include "common/path.h"

/* One word of a set. @unless: bits that say more, and then this is not said. */
typedef struct {
  guint (*get) (const SbxPolicy *policy);
  guint bit, unless;
  const char *text;
  gboolean risky;
} Word;

static guint
get_shared_x11 (const SbxPolicy *policy)
{
  return sbx_policy_get_x11 (policy) == SBX_X11_SHARED ? sbx_policy_get_sockets (policy) : 0;
}

static guint
get_nested_x11 (const SbxPolicy *policy)
{
  return sbx_policy_get_x11 (policy) == SBX_X11_NESTED ? sbx_policy_get_sockets (policy) : 0;
}

/* One bit for all of them. */
static guint
get_windows (const SbxPolicy *policy)
{
  return (sbx_policy_get_sockets (policy) & (SBX_SOCKET_WAYLAND | SBX_SOCKET_X11 | SBX_SOCKET_FALLBACK_X11)) != 0;
}

static const Word words[] = {
  { sbx_policy_get_shared, SBX_SHARED_IPC, 0, N_ ("shares memory and message queues with everything of yours"), TRUE },
  { sbx_policy_get_sockets, SBX_SOCKET_WAYLAND, 0, N_ ("shows windows (Wayland)"), FALSE },
  { get_shared_x11, SBX_SOCKET_X11, 0, N_ ("shows windows (X11): can read every key and every window"), TRUE },
  { get_shared_x11, SBX_SOCKET_FALLBACK_X11, SBX_SOCKET_X11,
    N_ ("shows windows (X11) where there is no Wayland: can read every key and every window then"), TRUE },
  { get_nested_x11, SBX_SOCKET_X11, 0, N_ ("shows windows (X11) on a display of its own"), FALSE },
  { get_nested_x11, SBX_SOCKET_FALLBACK_X11, SBX_SOCKET_X11,
    N_ ("shows windows (X11) on a display of its own where there is no Wayland"), FALSE },
  { get_windows, 1, 0, N_ ("reads your fonts, icons and themes, for its windows"), FALSE },
  { sbx_policy_get_sockets, SBX_SOCKET_PULSEAUDIO, 0, N_ ("plays sound, and may listen through the microphone"), TRUE },
  { sbx_policy_get_sockets, SBX_SOCKET_PIPEWIRE, 0,
    N_ ("plays sound and video (PipeWire), and may use microphone and camera"), TRUE },
  { sbx_policy_get_sockets, SBX_SOCKET_CUPS, 0, N_ ("prints"), FALSE },
  { sbx_policy_get_sockets, SBX_SOCKET_GPG_AGENT, 0, N_ ("can sign and decrypt with your GnuPG keys"), TRUE },
  { sbx_policy_get_sockets, SBX_SOCKET_SSH_AUTH, 0, N_ ("can log in elsewhere with your SSH keys"), TRUE },
  { sbx_policy_get_sockets, SBX_SOCKET_SESSION_BUS, 0, N_ ("reaches the whole session bus: can start anything outside"),
    TRUE },
  { sbx_policy_get_sockets, SBX_SOCKET_SYSTEM_BUS, 0,
    N_ ("reaches the whole system bus: network, power and disks as you do"), TRUE },
  { sbx_policy_get_sockets, SBX_SOCKET_PCSC, 0, N_ ("uses smart cards and security keys"), TRUE },
  { sbx_policy_get_devices, SBX_DEVICE_ALL, 0, N_ ("uses every device that you can use: cameras, disks, keyboards"),
    TRUE },
  { sbx_policy_get_devices, SBX_DEVICE_DRI, SBX_DEVICE_ALL, N_ ("uses the graphics card"), FALSE },
  { sbx_policy_get_devices, SBX_DEVICE_INPUT, SBX_DEVICE_ALL, N_ ("reads keyboards and other input devices"), TRUE },
  { sbx_policy_get_devices, SBX_DEVICE_KVM, SBX_DEVICE_ALL, N_ ("runs virtual machines"), FALSE },
  { sbx_policy_get_devices, SBX_DEVICE_SHM, SBX_DEVICE_ALL,
    N_ ("reads and changes memory that other programs share (/dev/shm)"), TRUE },
  { sbx_policy_get_devices, SBX_DEVICE_USB, SBX_DEVICE_ALL, N_ ("uses USB devices directly"), TRUE },
  { sbx_policy_get_features, SBX_FEATURE_DEVEL, 0, N_ ("may measure and trace its own processes"), FALSE },
  { sbx_policy_get_features, SBX_FEATURE_USERNS, 0, N_ ("makes sandboxes of its own inside"), FALSE },
  { sbx_policy_get_features, SBX_FEATURE_BACKGROUND, 0, N_ ("goes on in the background when its window is closed"),
    FALSE },
  { sbx_policy_get_features, SBX_FEATURE_MULTIARCH, 0, N_ ("runs 32-bit programs"), FALSE },
  { sbx_policy_get_features, SBX_FEATURE_ROOT, 0, N_ ("is root inside when root starts it"), FALSE },
  { sbx_policy_get_features, SBX_FEATURE_NO_LANDLOCK, 0, N_ ("starts even where its /proc cannot be limited"), TRUE },
};

typedef struct {
  const SbxPolicy *policy;
  const char *home;
  SbxMeaningVisit visit;
  gpointer data;
} Telling;

static void
say (const Telling *telling, const char *line, gboolean risky)
{
  telling->visit (line, risky, telling->data);
}

/* @text with @what for its %s. */
static void
say_of (const Telling *telling, const char *text, const char *what, gboolean risky)
{
  g_autoptr (GString) line = g_string_new (text);

  g_string_replace (line, "%s", what, 1);
  say (telling, line->str, risky);
}

static void
say_list (const Telling *telling, const char *text, GPtrArray *list, gboolean risky)
{
  g_autofree char *joined = NULL;

  if (list->len == 0)
    return;
  g_ptr_array_add (list, NULL);
  joined = g_strjoinv (", ", (char **) list->pdata);
  say_of (telling, text, joined, risky);
}

static char *
join_ports (const guint16 *ports, gsize n)
{
  GString *list = g_string_new (NULL);

  for (gsize i = 0; i < n; i++)
    g_string_append_printf (list, "%s%u", i > 0 ? ", " : "", ports[i]);
  return g_string_free (list, FALSE);
}

static void
say_network (const Telling *telling)
{
  const guint16 *ports;
  gsize n;

  if (!(sbx_policy_get_shared (telling->policy) & SBX_SHARED_NETWORK)) {
    say (telling, _ ("has no network"), FALSE);
    return;
  }
  if (sbx_policy_get_connect (telling->policy, &ports, &n)) {
    g_autofree char *list = join_ports (ports, n);

    say (telling, _ ("reaches the network, the local one and this machine too, as you do"), TRUE);
    say_of (telling, n > 0 ? _ ("connects to no TCP ports but %s") : _ ("connects to no TCP port"), list, FALSE);
  } else {
    say (telling, _ ("reaches the network, the local one and this machine too, as you do"), TRUE);
  }
  if (sbx_policy_get_bind (telling->policy, &ports, &n)) {
    g_autofree char *list = join_ports (ports, n);

    say_of (telling, n > 0 ? _ ("listens on no TCP ports but %s") : _ ("listens on no TCP port"), list, FALSE);
  }
}

/* ~ for the home, as people write it. */
static char *
shorten (const Telling *telling, const char *path)
{
  gsize n = telling->home ? strlen (telling->home) : 0;

  if (n > 1 && sbx_path_is_below (path, telling->home))
    return g_strconcat ("~", path + n, NULL);
  return g_strdup (path);
}

/* Of terminal multiplexers, agents, containers; reading is enough to connect. */
static const char *const socket_places[] = { "/tmp", "/run" };

static void
say_files (const Telling *telling)
{
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (telling->policy, &n);
  SbxAccess most = SBX_ACCESS_NONE;

  for (gsize i = 0; i < n; i++) {
    gboolean whole = strcmp (rules[i].path, "/") == 0, home = g_strcmp0 (rules[i].path, telling->home) == 0;
    g_autofree char *path = shorten (telling, rules[i].path);
    const char *text = rules[i].access == SBX_ACCESS_NONE ? _ ("… but nothing in %s")
                       : rules[i].access == SBX_ACCESS_RO ? _ ("reads the files in %s")
                                                          : _ ("reads, changes and deletes the files in %s");

    most = MAX (most, rules[i].access);
    say_of (telling, text,
            whole  ? _ ("the whole system, your home included")
            : home ? _ ("your whole home")
                   : path,
            rules[i].access != SBX_ACCESS_NONE);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (socket_places); i++)
    if (sbx_policy_get_access (telling->policy, socket_places[i]) != SBX_ACCESS_NONE)
      say_of (telling, _ ("gives orders to programs outside through their sockets in %s"), socket_places[i], TRUE);
  if (most == SBX_ACCESS_NONE)
    say (telling, _ ("reaches none of your files"), FALSE);
  if (sbx_policy_get_forward (telling->policy) >= SBX_ACCESS_RW)
    say (telling, _ ("reads and changes the files that you open with it"), FALSE);
  else if (sbx_policy_get_forward (telling->policy) == SBX_ACCESS_RO)
    say (telling, _ ("reads the files that you open with it"), FALSE);
}

static void
say_kept (const Telling *telling)
{
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_kept (telling->policy, &n);

  if (n == 0)
    say (telling, _ ("begins with an empty home each time"), FALSE);
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_strconcat ("~", rules[i].path, NULL);

    if (!rules[i].path[1])
      say (telling, _ ("has a home of its own, which is kept for the next time"), FALSE);
    else
      say_of (telling,
              rules[i].access == SBX_ACCESS_NONE ? _ ("… but nothing in %s is kept")
                                                 : _ ("keeps what it puts into its own %s for the next time"),
              path, FALSE);
  }
}

static void
say_bus (const Telling *telling, SbxBus bus)
{
  static const struct {
    SbxBusAccess access;
    const char *texts[SBX_N_BUSES];
  } kinds[] = {
    { SBX_BUS_SEE, { N_ ("sees on the session bus: %s"), N_ ("sees on the system bus: %s") } },
    { SBX_BUS_TALK, { N_ ("talks on the session bus to %s"), N_ ("talks on the system bus to %s") } },
    { SBX_BUS_OWN, { N_ ("is known on the session bus as %s"), N_ ("is known on the system bus as %s") } },
  };
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (telling->policy, bus, &n);

  for (gsize k = 0; k < G_N_ELEMENTS (kinds); k++) {
    g_autoptr (GPtrArray) names = g_ptr_array_new ();

    for (gsize i = 0; i < n; i++)
      if (rules[i].access == kinds[k].access)
        g_ptr_array_add (names, (gpointer) rules[i].name);
    say_list (telling, _ (kinds[k].texts[bus]), names, FALSE);
  }
}

static void
say_limits (const Telling *telling)
{
  static const struct {
    SbxLimit limit;
    const char *text;
  } rows[] = {
    { SBX_LIMIT_MEMORY, N_ ("uses at most %s of memory") },
    { SBX_LIMIT_PIDS, N_ ("has at most %s processes") },
    { SBX_LIMIT_CPU, N_ ("uses at most %s %% of a processor") },
    { SBX_LIMIT_NOFILE, N_ ("opens at most %s files in a process") },
    { SBX_LIMIT_CORE, N_ ("leaves core dumps of at most %s") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint64 value = sbx_policy_get_limit (telling->policy, rows[i].limit);
    gboolean bytes = rows[i].limit == SBX_LIMIT_MEMORY || rows[i].limit == SBX_LIMIT_CORE;
    g_autofree char *text =
        bytes ? g_format_size_full (value, G_FORMAT_SIZE_IEC_UNITS) : g_strdup_printf ("%" G_GUINT64_FORMAT, value);
    g_autoptr (GString) line = g_string_new (_ (rows[i].text));

    if (value == SBX_LIMIT_NONE)
      continue;
    g_string_replace (line, "%s", text, 1);
    g_string_replace (line, "%%", "%", 0);
    say (telling, rows[i].limit == SBX_LIMIT_CORE && value == 0 ? _ ("leaves no core dumps") : line->str, FALSE);
  }
}

static void
say_calls (const Telling *telling)
{
  static const struct {
    const char *text;
    gboolean risky;
  } tiers[] = {
    [SBX_TIER_STRICT] = { N_ ("may make no system calls but those of plain computing"), FALSE },
    [SBX_TIER_DUMPER] = { N_ ("may look into the processes that it sees, and not change them"), FALSE },
    [SBX_TIER_DEFAULT] = { NULL, FALSE },
    [SBX_TIER_DEBUGGER] = { N_ ("may trace and change the processes that it sees"), FALSE },
    [SBX_TIER_BROWSER] = { N_ ("may make nearly all system calls"), FALSE },
  };
  SbxTier tier = sbx_policy_get_tier (telling->policy);
  const struct {
    const char *const *calls;
    const char *text;
    gboolean risky;
  } lists[] = {
    { sbx_policy_get_seccomp_allow (telling->policy), _ ("may make system calls that others may not: %s"), TRUE },
    { sbx_policy_get_seccomp_deny (telling->policy), _ ("may not make the system calls %s"), FALSE },
  };

  if (tiers[tier].text)
    say (telling, _ (tiers[tier].text), tiers[tier].risky);
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++) {
    g_autoptr (GPtrArray) names = g_ptr_array_new ();

    for (const char *const *call = lists[i].calls; *call; call++)
      g_ptr_array_add (names, (gpointer) *call);
    say_list (telling, lists[i].text, names, lists[i].risky);
  }
}

static void
say_procfs (const Telling *telling)
{
  if (sbx_policy_get_subset (telling->policy) == SBX_SUBSET_PID)
    say (telling, _ ("finds nothing in /proc but processes: neither processor nor memory"), FALSE);
  if (sbx_policy_get_procfs_instance (telling->policy) == SBX_PROCFS_INSTANCE_NONE)
    say (telling, _ ("has no /proc of its own making"), TRUE);
  if (sbx_policy_get_pidns (telling->policy) == SBX_PIDNS_SESSION)
    say (telling, _ ("shares the numbers of processes with other sandboxes of the session"), FALSE);
}

static void
say_environment (const Telling *telling)
{
  g_autoptr (GPtrArray) set = g_ptr_array_new (), passed = g_ptr_array_new ();

  for (const char *const *pair = sbx_policy_get_environment (telling->policy); *pair; pair++)
    g_ptr_array_add (strchr (*pair, '=') ? set : passed, (gpointer) *pair);
  say_list (telling, _ ("is told your variables %s"), passed, FALSE);
  say_list (telling, _ ("has the variables %s"), set, FALSE);
}

void
sbx_meanings_visit (const SbxPolicy *policy, const char *home, SbxMeaningVisit visit, gpointer data)
{
  const Telling telling = { policy, home, visit, data };

  say_files (&telling);
  say_kept (&telling);
  say_network (&telling);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    guint set = words[i].get (policy);

    if ((set & words[i].bit) && !(set & words[i].unless))
      say (&telling, _ (words[i].text), words[i].risky);
  }
  say_bus (&telling, SBX_BUS_SESSION);
  say_bus (&telling, SBX_BUS_SYSTEM);
  say_procfs (&telling);
  say_calls (&telling);
  say_limits (&telling);
  say_environment (&telling);
}

const char *
sbx_meaning_of_action (const char *action)
{
  static const struct {
    const char *action, *text;
  } rows[] = {
    { SBX_ACTION_LAUNCH, N_ ("starting an application in a sandbox") },
    { SBX_ACTION_EXTEND_FILES, N_ ("files that an administrator's profile does not allow") },
    { SBX_ACTION_EXTEND_NETWORK, N_ ("network that an administrator's profile does not allow") },
    { SBX_ACTION_EXTEND_DEVICES, N_ ("devices or freedoms that an administrator's profile does not allow") },
    { SBX_ACTION_EXTEND_BUS, N_ ("services on a bus that an administrator's profile does not allow") },
    { SBX_ACTION_EXTEND_DISPLAY, N_ ("display or sound that an administrator's profile does not allow") },
    { SBX_ACTION_ATTACH, N_ ("a crash handler that an administrator's profile does not name") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].action, action))
      return _ (rows[i].text);
  return NULL;
}
