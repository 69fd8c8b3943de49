/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/score.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/path.h"

/* Whether a door is open. Each of these must stay open when the policy is made to allow more; a test makes sure of it.
 */
typedef gboolean (*Open) (const SbxPolicy *policy, const SbxPlaces *places, guint argument);

static gboolean
shared (const SbxPolicy *policy, const SbxPlaces *places, guint bits)
{
  return (sbx_policy_get_shared (policy) & bits) != 0;
}

static gboolean
sockets (const SbxPolicy *policy, const SbxPlaces *places, guint bits)
{
  return (sbx_policy_get_sockets (policy) & bits) != 0;
}

static gboolean
shared_x11 (const SbxPolicy *policy, const SbxPlaces *places, guint bits)
{
  return sockets (policy, places, bits) && sbx_policy_get_x11 (policy) == SBX_X11_SHARED;
}

static gboolean
devices (const SbxPolicy *policy, const SbxPlaces *places, guint bits)
{
  return (sbx_policy_get_devices (policy) & bits) != 0;
}

static gboolean
features (const SbxPolicy *policy, const SbxPlaces *places, guint bits)
{
  return (sbx_policy_get_features (policy) & bits) != 0;
}

static gboolean
connects_anywhere (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  const guint16 *ports;
  gsize n;

  return shared (policy, places, SBX_SHARED_NETWORK) && !sbx_policy_get_connect (policy, &ports, &n);
}

static gboolean
listens (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  const guint16 *ports;
  gsize n;

  return shared (policy, places, SBX_SHARED_NETWORK) && (!sbx_policy_get_bind (policy, &ports, &n) || n > 0);
}

/* The most that is allowed anywhere in the home, or anywhere but there. */
static SbxAccess
most (const SbxPolicy *policy, const char *home, gboolean inside)
{
  SbxAccess access = sbx_policy_get_access (policy, inside ? home : "/");
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (policy, &n);

  for (gsize i = 0; i < n; i++)
    if (sbx_path_is_below (rules[i].path, home) == inside)
      access = MAX (access, rules[i].access);
  return access;
}

static gboolean
some_of_home (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  return most (policy, places->home, TRUE) >= access;
}

static gboolean
whole_home (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  return sbx_policy_get_access (policy, places->home) >= access;
}

static gboolean
elsewhere (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  return most (policy, places->home, FALSE) >= access;
}

static gboolean
any_of (const SbxPolicy *policy, const SbxPlaces *places, const char *const *names, guint access)
{
  for (; *names; names++) {
    g_autofree char *path = g_build_filename (places->home, *names, NULL);

    if (sbx_policy_get_access (policy, path) >= access)
      return TRUE;
  }
  return FALSE;
}

/* Where programs of yours wait for orders: terminal multiplexers, agents, debuggers, containers. Reading is enough to
 * connect. */
static gboolean
foreign_sockets (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  const char *const paths[] = { "/tmp", "/run", "/run/docker.sock", places->runtime_dir };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    if (paths[i] && sbx_policy_get_access (policy, paths[i]) >= access)
      return TRUE;
  return FALSE;
}

static gboolean
secrets (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  static const char *const names[] = { ".ssh", ".gnupg",          ".local/share/keyrings", ".password-store",
                                       ".pki", ".mozilla",        ".config/chromium",      ".config/google-chrome",
                                       ".aws", ".config/kwallet", ".thunderbird",          NULL };

  return any_of (policy, places, names, access);
}

/* What somebody else runs or obeys, outside of the sandbox. */
static gboolean
startup (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  static const char *const names[] = { ".bashrc",
                                       ".profile",
                                       ".bash_profile",
                                       ".zshrc",
                                       "bin",
                                       ".pam_environment",
                                       ".local/bin",
                                       ".config/autostart",
                                       ".config/systemd/user",
                                       ".config/environment.d",
                                       ".local/share/applications",
                                       ".local/share/dbus-1/services",
                                       ".ssh",
                                       NULL };

  return any_of (policy, places, names, access);
}

static gboolean
keeps (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  return sbx_policy_get_persistent (policy)[0] != NULL;
}

static gboolean
forward (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  return sbx_policy_get_forward (policy) >= access;
}

static gboolean
bus (const SbxPolicy *policy, SbxBus which, guint access)
{
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (policy, which, &n);

  for (gsize i = 0; i < n; i++)
    if (rules[i].access >= access)
      return TRUE;
  return FALSE;
}

static gboolean
session_bus (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  return sockets (policy, places, SBX_SOCKET_SESSION_BUS) || bus (policy, SBX_BUS_SESSION, access);
}

static gboolean
system_bus (const SbxPolicy *policy, const SbxPlaces *places, guint access)
{
  return sockets (policy, places, SBX_SOCKET_SYSTEM_BUS) || bus (policy, SBX_BUS_SYSTEM, access);
}

static gboolean
names (const SbxPolicy *policy, const char *const *list)
{
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (policy, SBX_BUS_SESSION, &n);

  for (gsize i = 0; i < n; i++)
    for (const char *const *name = list; *name; name++)
      if (rules[i].access >= SBX_BUS_TALK && sbx_names_cover (rules[i].name, *name))
        return TRUE;
  return sbx_policy_get_sockets (policy) & SBX_SOCKET_SESSION_BUS;
}

/* Services that start programs for whoever asks: systemd's --user manager, Flatpak's portals, shells that evaluate
 * scripts, the portals that write autostart entries and launchers, and the service itself. */
static gboolean
starts_programs (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  static const char *const list[] = { "org.freedesktop.systemd1",
                                      "org.freedesktop.Flatpak",
                                      "org.freedesktop.portal.Background",
                                      "org.freedesktop.portal.DynamicLauncher",
                                      "org.freedesktop.portal.Flatpak",
                                      "org.gnome.Shell",
                                      "org.kde.KWin",
                                      "org.kde.klauncher5",
                                      "org.kde.krunner",
                                      "org.gnome.Terminal",
                                      "org.example.Sandbox",
                                      NULL };

  return names (policy, list);
}

static gboolean
asks_for_secrets (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  static const char *const list[] = { "org.freedesktop.secrets", "org.gnome.keyring",        "org.kde.kwalletd5",
                                      "org.kde.kwalletd6",       "org.gnome.OnlineAccounts", NULL };

  return names (policy, list);
}

static gboolean
changes_settings (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  static const char *const list[] = { "ca.desrt.dconf", "org.gnome.SettingsDaemon", "org.gnome.SessionManager", NULL };

  return names (policy, list);
}

static gboolean
hidepid (const SbxPolicy *policy, const SbxPlaces *places, guint level)
{
  return sbx_policy_get_hidepid (policy) >= level;
}

static gboolean
all_of_proc (const SbxPolicy *policy, const SbxPlaces *places, guint level)
{
  return sbx_policy_get_subset (policy) >= level;
}

static gboolean
no_proc_of_its_own (const SbxPolicy *policy, const SbxPlaces *places, guint level)
{
  return sbx_policy_get_procfs_instance (policy) >= level;
}

static gboolean
shared_pids (const SbxPolicy *policy, const SbxPlaces *places, guint level)
{
  return sbx_policy_get_pidns (policy) >= level;
}

static gboolean
tier (const SbxPolicy *policy, const SbxPlaces *places, guint level)
{
  return sbx_policy_get_tier (policy) >= level;
}

static gboolean
more_calls (const SbxPolicy *policy, const SbxPlaces *places, guint argument)
{
  return sbx_policy_get_seccomp_allow (policy)[0] != NULL;
}

static gboolean
unlimited (const SbxPolicy *policy, const SbxPlaces *places, guint limit)
{
  return sbx_policy_get_limit (policy, limit) == SBX_LIMIT_NONE;
}

typedef struct {
  const char *id;
  guint weight; /* of 1000: how much of what was safe so far it lays open */
  Open open;
  guint argument;
  const char *reason;
} Row;

/* One row for each facility. About 900: a way out of the sandbox. 400 to 600: your data or what you type can be taken.
 * 100 to 300: something worth having can be reached. Below: more surface, or a nuisance. */
static const Row rows[] = {
  { "session-bus", 900, sockets, SBX_SOCKET_SESSION_BUS,
    N_ ("reaches the whole session bus, and can start anything outside") },
  { "starts-programs", 850, starts_programs, 0, N_ ("talks to a service that starts programs outside of the sandbox") },
  { "startup-files", 850, startup, SBX_ACCESS_RW, N_ ("can change what runs when you log in or open a terminal") },
  { "home-write", 500, whole_home, SBX_ACCESS_RW, N_ ("can change and delete all of your files") },
  { "home-read", 400, whole_home, SBX_ACCESS_RO, N_ ("can read all of your files") },
  { "secret-files", 450, secrets, SBX_ACCESS_RO, N_ ("can read keys, passwords or cookies that other programs keep") },
  { "x11", 450, shared_x11, SBX_SOCKET_X11,
    N_ ("can read every key and every window of the session, and type into them (X11)") },
  { "fallback-x11", 100, shared_x11, SBX_SOCKET_FALLBACK_X11,
    N_ ("where there is no Wayland, can read every key and every window (X11)") },
  { "input-devices", 500, devices, SBX_DEVICE_INPUT, N_ ("can read keyboards and other input devices directly") },
  { "all-devices", 500, devices, SBX_DEVICE_ALL,
    N_ ("can use every device that you can use, cameras and disks among them") },
  { "usb", 250, devices, SBX_DEVICE_USB, N_ ("can use USB devices directly, sticks and security keys among them") },
  { "host-shm", 300, devices, SBX_DEVICE_SHM, N_ ("can read and change memory that other programs share (/dev/shm)") },
  { "ssh-agent", 500, sockets, SBX_SOCKET_SSH_AUTH, N_ ("can log in elsewhere with your SSH keys while it runs") },
  { "gpg-agent", 400, sockets, SBX_SOCKET_GPG_AGENT, N_ ("can sign and decrypt with your GnuPG keys while it runs") },
  { "secret-service", 450, asks_for_secrets, 0, N_ ("can ask the keyring for your passwords") },
  { "foreign-sockets", 400, foreign_sockets, SBX_ACCESS_RO,
    N_ ("can give orders to programs outside through their sockets in /tmp or /run") },
  { "system-bus", 350, sockets, SBX_SOCKET_SYSTEM_BUS,
    N_ ("reaches the whole system bus: network, power, disks, as you do") },
  { "settings", 250, changes_settings, 0, N_ ("can change the settings of other applications and of the desktop") },
  { "files-elsewhere-write", 200, elsewhere, SBX_ACCESS_RW, N_ ("can change files outside of your home") },
  { "files-elsewhere-read", 60, elsewhere, SBX_ACCESS_RO,
    N_ ("can read files outside of your home that are not the system's") },
  { "some-files-write", 150, some_of_home, SBX_ACCESS_RW, N_ ("can change and delete some of your files") },
  { "some-files-read", 100, some_of_home, SBX_ACCESS_RO, N_ ("can read some of your files") },
  { "network", 150, shared, SBX_SHARED_NETWORK,
    N_ ("can reach the Internet, your local network and services of this machine") },
  { "network-any-port", 50, connects_anywhere, 0, N_ ("can connect to every port") },
  { "network-listen", 60, listens, 0, N_ ("can be connected to from elsewhere") },
  { "ipc", 250, shared, SBX_SHARED_IPC, N_ ("shares memory and message queues with everything else of yours") },
  { "other-processes", 200, hidepid, SBX_HIDEPID_INVISIBLE, N_ ("can look at processes that it could not trace") },
  { "no-hidepid", 100, hidepid, SBX_HIDEPID_OFF, N_ ("sees every process in its /proc") },
  { "host-proc", 150, no_proc_of_its_own, SBX_PROCFS_INSTANCE_NONE, N_ ("has no /proc of its own") },
  { "shared-pids", 80, shared_pids, SBX_PIDNS_SESSION, N_ ("shares the numbers of processes with other sandboxes") },
  { "no-landlock", 150, features, SBX_FEATURE_NO_LANDLOCK,
    N_ ("starts even where the kernel cannot hide other processes from it") },
  { "audio", 120, sockets, SBX_SOCKET_PULSEAUDIO | SBX_SOCKET_PIPEWIRE,
    N_ ("plays sound, and may listen through the microphone") },
  { "smart-cards", 250, sockets, SBX_SOCKET_PCSC, N_ ("can use smart cards and security keys") },
  { "printer", 30, sockets, SBX_SOCKET_CUPS, N_ ("can print") },
  { "windows", 40, sockets, SBX_SOCKET_WAYLAND | SBX_SOCKET_FALLBACK_X11,
    N_ ("shows windows, and sees what you do in them") },
  { "graphics-card", 60, devices, SBX_DEVICE_DRI, N_ ("uses the graphics card, and so the kernel's graphics driver") },
  { "kvm", 100, devices, SBX_DEVICE_KVM, N_ ("runs virtual machines") },
  { "session-names", 60, session_bus, SBX_BUS_TALK, N_ ("talks to some services of the session") },
  { "session-seen", 10, session_bus, SBX_BUS_SEE, N_ ("sees that some services of the session run") },
  { "system-names", 60, system_bus, SBX_BUS_TALK, N_ ("talks to some services of the system") },
  { "system-seen", 10, system_bus, SBX_BUS_SEE, N_ ("sees that some services of the system run") },
  { "user-namespaces", 100, features, SBX_FEATURE_USERNS,
    N_ ("makes sandboxes of its own, which needs more of the kernel") },
  { "multiarch", 60, features, SBX_FEATURE_MULTIARCH, N_ ("uses the kernel's interface for 32-bit programs") },
  { "devel", 40, features, SBX_FEATURE_DEVEL, N_ ("can measure and trace its own processes") },
  { "root-inside", 40, features, SBX_FEATURE_ROOT, N_ ("is root inside when root starts it") },
  { "calls-browser", 40, tier, SBX_TIER_BROWSER, N_ ("may make nearly all system calls") },
  { "calls-debugger", 60, tier, SBX_TIER_DEBUGGER, N_ ("may trace other processes that it sees, and change them") },
  { "calls-default", 20, tier, SBX_TIER_DEFAULT, N_ ("may make the system calls of ordinary applications") },
  { "calls-dumper", 10, tier, SBX_TIER_DUMPER, N_ ("may look into other processes that it sees") },
  { "calls-more", 150, more_calls, 0, N_ ("may make system calls that are refused to others") },
  { "forward-write", 20, forward, SBX_ACCESS_RW, N_ ("can change the files that you open with it") },
  { "forward-read", 10, forward, SBX_ACCESS_RO, N_ ("reads the files that you open with it") },
  { "persistent", 20, keeps, 0, N_ ("keeps files of its own for the next time, good or bad") },
  { "machine-seen", 20, all_of_proc, SBX_SUBSET_ALL, N_ ("reads what the machine is and how busy it is (/proc)") },
  { "memory", 20, unlimited, SBX_LIMIT_MEMORY, N_ ("can use up all of the memory") },
  { "processes", 20, unlimited, SBX_LIMIT_PIDS, N_ ("can start any number of processes") },
  { "processor", 10, unlimited, SBX_LIMIT_CPU, N_ ("can keep every processor busy") },
};

static int
worst_first (gconstpointer a, gconstpointer b)
{
  return (int) ((const SbxScoreRow *) b)->exposure - (int) ((const SbxScoreRow *) a)->exposure;
}

/* What stays safe behind one open door is exposed to the next: 1 - ∏ (1 - weight). So a single way out of the sandbox
 * is told from many small things, which a sum would not do. In whole numbers, where every step keeps the order. */
guint
sbx_score (const SbxPolicy *policy, const SbxPlaces *places, GArray **open)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (SbxScoreRow));
  guint64 safe = 1000 * 1000 * 1000;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    SbxScoreRow row = { rows[i].id, (rows[i].weight + 5) / 10, rows[i].reason };

    if (!rows[i].open (policy, places, rows[i].argument))
      continue;
    safe = safe * (1000 - rows[i].weight) / 1000;
    g_array_append_val (list, row);
  }
  g_array_sort (list, worst_first);
  if (open)
    *open = list;
  else
    g_array_unref (list);
  return (guint) (100 - (safe + 5 * 1000 * 1000) / (10 * 1000 * 1000));
}

const char *
sbx_score_word (guint score)
{
  return score >= 90 ? "UNSAFE" : score >= 75 ? "EXPOSED" : score >= 50 ? "MEDIUM" : "OK";
}

GVariant *
sbx_score_to_variant (const SbxPolicy *policy, const SbxPlaces *places)
{
  g_autoptr (GArray) open = NULL;
  guint score = sbx_score (policy, places, &open);
  GVariantBuilder dict, list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < open->len; i++) {
    const SbxScoreRow *row = &g_array_index (open, SbxScoreRow, i);

    g_variant_builder_open (&list, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&list, "{sv}", "id", g_variant_new_string (row->id));
    g_variant_builder_add (&list, "{sv}", "exposure", g_variant_new_double (row->exposure / 10.0));
    g_variant_builder_add (&list, "{sv}", "reason", g_variant_new_string (row->reason));
    g_variant_builder_close (&list);
  }
  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&dict, "{sv}", "score", g_variant_new_double (score / 10.0));
  g_variant_builder_add (&dict, "{sv}", "word", g_variant_new_string (sbx_score_word (score)));
  g_variant_builder_add (&dict, "{sv}", "open", g_variant_builder_end (&list));
  return g_variant_builder_end (&dict);
}
