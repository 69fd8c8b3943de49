/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/app-profiles.h"

#include <fnmatch.h>
#include <string.h>

/* Patterns of desktop entries (without ".desktop") and of programs. The names are those of Debian's packages and of
 * Flathub's applications. */
static const struct {
  const char *profile;
  const char *patterns[12];
} known[] = {
  { "firefox", { "firefox", "firefox-esr", "firefox-bin", "org.mozilla.firefox" } },
  { "chromium", { "chromium", "chromium-browser", "org.chromium.Chromium" } },
  { "thunderbird", { "thunderbird", "thunderbird-esr", "org.mozilla.Thunderbird", "net.thunderbird.Thunderbird" } },
  { "libreoffice", { "libreoffice", "libreoffice-*", "soffice", "loffice", "org.libreoffice.LibreOffice*" } },
  { "evince", { "evince", "org.gnome.Evince" } },
  { "mpv", { "mpv", "io.mpv.Mpv" } },
  { "gimp", { "gimp", "gimp-[0-9]*", "org.gimp.GIMP" } },
  { "epiphany", { "epiphany", "epiphany-browser", "org.gnome.Epiphany" } },
  { "transmission", { "transmission-gtk", "transmission-qt", "com.transmissionbt.Transmission*" } },
  { "terminal",
    { "xterm", "debian-xterm", "foot", "org.codeberg.dnkl.foot", "kgx", "gnome-terminal", "org.gnome.Terminal",
      "konsole", "org.kde.konsole", "xfce4-terminal", "alacritty", "kitty" } },
};

static const struct {
  const char *category, *profile;
} categories_known[] = {
  { "TerminalEmulator", "terminal" },
  { "WebBrowser", "browser" },
};

static gboolean
in_row (gsize row, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (known[row].patterns) && known[row].patterns[i]; i++)
    if (fnmatch (known[row].patterns[i], name, 0) == 0)
      return TRUE;
  return FALSE;
}

static char *
base_of (const char *id)
{
  return g_str_has_suffix (id, ".desktop") ? g_strndup (id, strlen (id) - strlen (".desktop")) : g_strdup (id);
}

const char *
sbx_app_profile_find (const char *id, const char *program, const char *const *categories)
{
  g_autofree char *base = base_of (id), *command = program ? g_path_get_basename (program) : NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (in_row (i, base))
      return known[i].profile;
  for (gsize i = 0; command && i < G_N_ELEMENTS (known); i++)
    if (in_row (i, command))
      return known[i].profile;
  for (gsize i = 0; i < G_N_ELEMENTS (categories_known); i++)
    if (g_strv_contains (categories, categories_known[i].category))
      return categories_known[i].profile;
  return "desktop";
}

gboolean
sbx_app_profile_match (const char *name, const char *id, const char *program)
{
  g_autofree char *base = base_of (id), *wanted = base_of (name);
  g_autofree char *command = program ? g_path_get_basename (program) : NULL;
  const char *dot = strrchr (base, '.');

  if (g_str_equal (wanted, base) || g_strcmp0 (wanted, command) == 0 || (dot && !g_ascii_strcasecmp (dot + 1, wanted)))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].profile, wanted) && (in_row (i, base) || (command && in_row (i, command))))
      return TRUE;
  return FALSE;
}

gboolean
sbx_app_profile_is_interpreter (const char *program)
{
  static const char *const patterns[] = { "sh",
                                          "bash",
                                          "dash",
                                          "zsh",
                                          "python*",
                                          "perl*",
                                          "ruby*",
                                          "java",
                                          "node",
                                          "nodejs",
                                          "gjs*",
                                          "lua*",
                                          "php*",
                                          "mono",
                                          "wine*",
                                          "flatpak",
                                          "snap",
                                          "pkexec",
                                          "sudo",
                                          "su",
                                          "xdg-open",
                                          "exo-open",
                                          "gio",
                                          "gtk-launch",
                                          "dbus-send",
                                          "gdbus",
                                          "gapplication",
                                          "systemctl",
                                          "kioclient*",
                                          "kcmshell*",
                                          "systemsettings*",
                                          "gnome-control-center",
                                          "kdialog",
                                          "x-terminal-emulator",
                                          "x-www-browser",
                                          "nice",
                                          "nohup",
                                          "setsid",
                                          "timeout",
                                          "env",
                                          "sandboxctl" };
  g_autofree char *name = g_path_get_basename (program);

  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    if (fnmatch (patterns[i], name, 0) == 0)
      return TRUE;
  return FALSE;
}
