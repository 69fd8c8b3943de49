/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/own-names.h"

#include <string.h>

#include "common/bus-name.h"
#include "common/names.h"
#include "policy/portals.h"

#define PLAYER "org.mpris.MediaPlayer2."
/* The main process of every sandbox has the pid 2. KDE's programs that run more than once have it in their name, and
 * tray icons as well, which programs count from 1. */
#define PROCESS "-2"
#define TRAY_WATCHER "org.kde.StatusNotifierWatcher"
#define TRAY_ICON "org.kde.StatusNotifierItem" PROCESS "-"
#define TRAY_ICONS 4

static gboolean
has_access (const SbxPolicy *policy, const char *name, SbxBusAccess access)
{
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (policy, SBX_BUS_SESSION, &n);

  for (gsize i = 0; i < n; i++)
    if (rules[i].access >= access && sbx_names_cover (rules[i].name, name))
      return TRUE;
  return FALSE;
}

gboolean
sbx_policy_owns (const SbxPolicy *policy, const char *name)
{
  return has_access (policy, name, SBX_BUS_OWN);
}

static guint
count_elements (const char *id)
{
  guint n = 1;

  for (; *id; id++)
    n += *id == '.';
  return n;
}

/* What other programs know by name and tell secrets, ask for consent, or obey: a name of the desktop's is no
 * application's, whoever has it now, nor is what is below it. With a '*' at the end: nor is what goes on in any way. */
static const char *const of_desktop[] = {
  SBX_BUS_NAME,
  "ca.desrt.dconf",        /* settings */
  "com.canonical.AppMenu", /* the menus of other windows */
  "com.canonical.Unity",
  "org.a11y", /* screen readers: what all windows show */
  "org.cinnamon",
  "org.fcitx", /* input methods: what is typed */
  "org.freedesktop.DBus",
  "org.freedesktop.FileManager1",
  "org.freedesktop.Flatpak",
  "org.freedesktop.IBus",
  "org.freedesktop.Notifications",
  "org.freedesktop.PolicyKit1",
  "org.freedesktop.PowerManagement",
  "org.freedesktop.ScreenSaver",
  "org.freedesktop.Telepathy",
  "org.freedesktop.Tracker*",
  "org.freedesktop.a11y",
  "org.freedesktop.impl", /* portals, and what they ask */
  "org.freedesktop.login1",
  "org.freedesktop.portal",
  "org.freedesktop.secrets", /* passwords */
  "org.freedesktop.systemd1",
  "org.freedesktop.thumbnails",
  "org.gnome.Identity",
  "org.gnome.Mutter", /* screens and input devices */
  "org.gnome.OnlineAccounts",
  "org.gnome.ScreenSaver", /* asks for the password */
  "org.gnome.SessionManager",
  "org.gnome.SettingsDaemon",
  "org.gnome.Shell",
  "org.gnome.evolution.dataserver",
  "org.gnome.keyring",
  "org.gtk.vfs", /* mounted servers */
  "org.kde.ActivityManager",
  "org.kde.JobViewServer",
  "org.kde.KWin",
  "org.kde.StatusNotifierWatcher",
  "org.kde.kactivitymanagerd",
  "org.kde.kded*",
  "org.kde.kpasswdserver", /* passwords of servers */
  "org.kde.secretservicecompat",
  "org.kde.kglobalaccel", /* keys of the whole desktop */
  "org.kde.kiod*",
  "org.kde.klauncher*",
  "org.kde.ksmserver",
  "org.kde.kuiserver",
  "org.kde.kwalletd*",
  "org.kde.plasmashell",
  "org.kde.polkit*",
  "org.kde.screensaver",
  "org.kde.ksecretd",
  "org.mate.ScreenSaver",
  "org.mate.SettingsDaemon",
  "org.mpris.MediaPlayer2", /* of players each has one below it, which is added by itself */
  "org.pulseaudio*",
  "org.xfce.PowerManager",
  "org.xfce.ScreenSaver",
  "org.xfce.SessionManager",
  "org.xfce.Xfconf",
};

static gboolean
is_of_desktop (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (of_desktop); i++) {
    gsize n = strcspn (of_desktop[i], "*");

    if (g_ascii_strncasecmp (name, of_desktop[i], n) == 0
        && (of_desktop[i][n] == '*' || name[n] == '\0' || name[n] == '.'))
      return TRUE;
  }
  return FALSE;
}

/* Whether a name of the desktop's lies below @name. */
static gboolean
is_above_desktop (const char *name)
{
  gsize n = strlen (name);

  for (gsize i = 0; i < G_N_ELEMENTS (of_desktop); i++)
    if (g_ascii_strncasecmp (of_desktop[i], name, n) == 0 && of_desktop[i][n] == '.')
      return TRUE;
  return FALSE;
}

static gboolean
is_id (const char *app_id)
{
  return sbx_is_bus_name (app_id) && !sbx_is_unique_bus_name (app_id) && !is_of_desktop (app_id);
}

static gboolean
is_listed (const GPtrArray *list, const char *name)
{
  for (guint i = 0; i < list->len; i++)
    if (strcmp (list->pdata[i], name) == 0)
      return TRUE;
  return FALSE;
}

/* Takes @name. */
static void
add (GPtrArray *list, const SbxPolicy *policy, char *name)
{
  if (is_listed (list, name) || sbx_policy_owns (policy, name))
    g_free (name);
  else
    g_ptr_array_add (list, name);
}

/* A rule for all names below another makes xdg-dbus-proxy before 0.1.7 mix up the answers of a client that does not
 * wait for the first one, as another proxy behind it does. Who may have user namespaces may have sandboxes inside, with
 * proxies of their own (WebKitGTK), so such a rule is not added there. */
static gboolean
may_have_wildcards (const SbxPolicy *policy)
{
  return !(sbx_policy_get_features (policy) & SBX_FEATURE_USERNS);
}

/* org.kde.falkon calls itself org.kde.Falkon: launchers are in lower case, classes are not. */
static char *
capitalise_last (const char *app_id)
{
  char *name = g_strdup (app_id), *last = strrchr (name, '.');

  if (last)
    last[1] = g_ascii_toupper (last[1]);
  return name;
}

static void
add_id (GPtrArray *list, const SbxPolicy *policy, const char *app_id)
{
  g_autofree char *other = capitalise_last (app_id);

  add (list, policy, g_strdup (app_id));
  if (count_elements (app_id) >= 3 && !is_of_desktop (other) && !is_above_desktop (other))
    add (list, policy, g_steal_pointer (&other));
  if (count_elements (app_id) >= 3 && g_str_has_prefix (app_id, "org.kde."))
    add (list, policy, g_strconcat (app_id, PROCESS, NULL));
  /* Of two elements it may be that of everything that one vendor has made */
  if (count_elements (app_id) >= 3 && may_have_wildcards (policy) && !is_above_desktop (app_id))
    add (list, policy, g_strconcat (app_id, ".*", NULL));
}

static void
add_player (GPtrArray *list, const SbxPolicy *policy, const char *suffix)
{
  g_autofree char *name = g_strconcat (PLAYER, suffix, NULL);

  if (!sbx_is_bus_name (name))
    return;
  add (list, policy, g_strdup (name));
  if (may_have_wildcards (policy))
    add (list, policy, g_strconcat (name, ".*", NULL));
}

/* Players call themselves after their id, its last element or their program; who starts them by an id is an id's. */
static void
add_players (GPtrArray *list, const SbxPolicy *policy, const char *app_id, const char *command)
{
  const char *dot = strrchr (app_id, '.');
  g_autofree char *last = dot ? g_ascii_strdown (dot + 1, -1) : NULL;
  g_autofree char *program = command ? g_path_get_basename (command) : NULL;

  add_player (list, policy, app_id);
  if (dot) {
    add_player (list, policy, dot + 1);
    add_player (list, policy, last);
  }
  if (program && !strchr (program, '.'))
    add_player (list, policy, program);
}

#define MAX_WRITTEN 8
#define BUS_NAME_MAX 255 /* D-Bus Specification, "Valid Names" */
#define SHORTEST_WORD 4

/* @part in lower case, without the numbers at its end. */
static char *
make_word (const char *part, gsize n)
{
  while (n > 0 && g_ascii_isdigit (part[n - 1]))
    n--;
  return g_ascii_strdown (part, (gssize) n);
}

/* The words of a program's name, itself first. Free with g_ptr_array_unref (). */
static GPtrArray *
make_words (const char *program)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (words, make_word (program, strlen (program)));
  for (const char *at = program; *at; at += strspn (at, "-_.")) {
    gsize n = strcspn (at, "-_.");
    g_autofree char *word = make_word (at, n);

    if (strlen (word) >= SHORTEST_WORD)
      g_ptr_array_add (words, g_steal_pointer (&word));
    at += n;
  }
  return words;
}

/* A vendor's name, the second part, is that of all it has made; unless the program is all. */
static gboolean
is_named_after (const char *name, const GPtrArray *words)
{
  g_auto (GStrv) parts = g_strsplit (name, ".", -1);

  for (guint i = 1; parts[0] && parts[i]; i++) {
    g_autofree char *part = make_word (parts[i], strlen (parts[i]));

    for (guint k = 0; k < (i == 1 ? 1 : words->len); k++)
      if (*part && strcmp (words->pdata[k], part) == 0)
        return TRUE;
  }
  return FALSE;
}

static void
add_written (GPtrArray *list, const char *text, gsize n, const GPtrArray *words)
{
  g_autofree char *name = n <= BUS_NAME_MAX ? g_strndup (text, n) : NULL;

  if (name && list->len < MAX_WRITTEN && count_elements (name) >= 3 && is_id (name) && !is_above_desktop (name)
      && !is_listed (list, name) && is_named_after (name, words))
    g_ptr_array_add (list, g_steal_pointer (&name));
}

static gboolean
is_of_names (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '-' || c == '.';
}

/* From dot to dot: there are few of them in megabytes, and this is done for every launch. */
GPtrArray *
sbx_own_names_in (const char *bytes, gsize n, const char *program)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) words = make_words (program);
  const char *at = bytes, *end = bytes + n, *dot;

  while (at < end && (dot = memchr (at, '.', (gsize) (end - at)))) {
    const char *start = dot, *stop = dot;

    while (start > at && is_of_names (start[-1]))
      start--;
    while (stop < end && is_of_names (*stop))
      stop++;
    if ((start == bytes || start[-1] == '\0') && stop < end && *stop == '\0')
      add_written (list, start, (gsize) (stop - start), words);
    at = stop;
  }
  return list;
}

static gboolean
has_filtered_bus (const SbxPolicy *policy)
{
  gsize n;

  (void) sbx_policy_get_bus (policy, SBX_BUS_SESSION, &n);
  return n > 0 && !(sbx_policy_get_sockets (policy) & SBX_SOCKET_SESSION_BUS);
}

gboolean
sbx_own_names_wants_program (const SbxPolicy *policy, const char *app_id)
{
  return has_filtered_bus (policy) && !is_id (app_id);
}

GPtrArray *
sbx_own_names_list (const SbxPolicy *policy, const char *app_id, const char *command, const GPtrArray *written)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);

  if (!has_filtered_bus (policy))
    return list;
  if (is_id (app_id))
    add_id (list, policy, app_id);
  for (guint i = 0; written && i < written->len; i++)
    add (list, policy, g_strdup (written->pdata[i]));
  if (sbx_policy_get_sockets (policy) & (SBX_SOCKET_PULSEAUDIO | SBX_SOCKET_PIPEWIRE))
    add_players (list, policy, app_id, command);
  if (has_access (policy, TRAY_WATCHER, SBX_BUS_TALK))
    for (guint i = 1; i <= TRAY_ICONS; i++)
      add (list, policy, g_strdup_printf (TRAY_ICON "%u", i));
  return list;
}

SbxPolicy *
sbx_policy_with_own (const SbxPolicy *policy, const char *const *names, gsize n)
{
  GVariantBuilder rules, groups;
  g_autoptr (GVariant) variant = NULL;
  SbxPolicy *result;

  if (n == 0)
    return sbx_policy_ref (policy);
  g_variant_builder_init (&rules, G_VARIANT_TYPE ("a{ss}"));
  for (gsize i = 0; i < n; i++)
    g_variant_builder_add (&rules, "{ss}", names[i], "own");
  g_variant_builder_init (&groups, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&groups, "{sv}", "Session Bus Policy", g_variant_builder_end (&rules));
  variant = g_variant_ref_sink (g_variant_builder_end (&groups));
  result = sbx_policy_merge_variant (policy, variant, NULL, NULL);
  return result ? result : sbx_policy_ref (policy);
}
