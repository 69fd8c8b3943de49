/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/ways-out.h"

#include "common/path.h"

#define HOME(path, kind, why)                                                                                          \
  {                                                                                                                    \
    SBX_BASE_HOME, path, SBX_WAY_##kind, why                                                                           \
  }
#define CONFIG(path, kind, why)                                                                                        \
  {                                                                                                                    \
    SBX_BASE_CONFIG, path, SBX_WAY_##kind, why                                                                         \
  }
#define DATA(path, kind, why)                                                                                          \
  {                                                                                                                    \
    SBX_BASE_DATA, path, SBX_WAY_##kind, why                                                                           \
  }
#define RUN(path, kind, why)                                                                                           \
  {                                                                                                                    \
    SBX_BASE_RUN, path, SBX_WAY_##kind, why                                                                            \
  }

/* The manual pages of the programs say it, those that are named below each in its own. Within a kind the best known
 * come first: the first that is open is the one that is shown. */
const SbxWayOut sbx_ways_out[] = {
  HOME (".bashrc", STARTUP, "bash"),
  HOME (".profile", STARTUP, "login shells, display managers"),
  HOME (".bash_profile", STARTUP, "bash as a login shell"),
  HOME (".bash_login", STARTUP, "bash as a login shell"),
  HOME (".bash_logout", STARTUP, "bash, when it ends"),
  HOME (".bash_aliases", STARTUP, "bash, by Debian's .bashrc"),
  HOME (".bash_completion", STARTUP, "bash-completion"),
  DATA ("bash-completion", STARTUP, "bash-completion"),
  HOME (".inputrc", STARTUP, "readline: keys that type commands"),
  HOME (".zshenv", STARTUP, "zsh, every one"),
  HOME (".zprofile", STARTUP, "zsh as a login shell"),
  HOME (".zshrc", STARTUP, "zsh"),
  HOME (".zlogin", STARTUP, "zsh as a login shell"),
  HOME (".zlogout", STARTUP, "zsh, when it ends"),
  HOME (".oh-my-zsh", STARTUP, "zsh, by its plug-ins"),
  CONFIG ("zsh", STARTUP, "zsh, by ZDOTDIR"),
  CONFIG ("fish", STARTUP, "fish: config.fish, conf.d, functions"),
  DATA ("fish", STARTUP, "fish: vendor_conf.d, functions"),
  HOME (".kshrc", STARTUP, "ksh"),
  HOME (".mkshrc", STARTUP, "mksh"),
  HOME (".cshrc", STARTUP, "csh, tcsh"),
  HOME (".tcshrc", STARTUP, "tcsh"),
  HOME (".login", STARTUP, "csh as a login shell"),
  CONFIG ("nushell", STARTUP, "nushell"),
  CONFIG ("powershell", STARTUP, "PowerShell"),
  HOME (".pam_environment", STARTUP, "pam_env: PATH, LD_PRELOAD of a login"),
  CONFIG ("environment.d", STARTUP, "systemd --user: PATH, LD_PRELOAD of all it starts"),
  CONFIG ("systemd", STARTUP, "systemd --user: units, generators, user.conf"),
  DATA ("systemd", STARTUP, "systemd --user: units"),
  RUN ("systemd/user", STARTUP, "systemd --user: units"),
  CONFIG ("user-tmpfiles.d", STARTUP, "systemd-tmpfiles --user: files and links anywhere"),
  DATA ("user-tmpfiles.d", STARTUP, "systemd-tmpfiles --user: files and links anywhere"),
  CONFIG ("autostart", STARTUP, "the desktop, at login"),
  CONFIG ("autostart-scripts", STARTUP, "Plasma, at login"),
  CONFIG ("plasma-workspace", STARTUP, "Plasma: env, shutdown"),
  CONFIG ("uwsm", STARTUP, "uwsm: env"),
  CONFIG ("user-dirs.dirs", STARTUP, "shells that read it as a script"),
  HOME (".xsessionrc", STARTUP, "Xsession"),
  HOME (".xsession", STARTUP, "Xsession"),
  HOME (".Xsession", STARTUP, "Xsession"),
  HOME (".xprofile", STARTUP, "display managers"),
  HOME (".xinitrc", STARTUP, "xinit"),
  HOME (".xserverrc", STARTUP, "xinit"),
  HOME (".xmonad", STARTUP, "xmonad"),
  HOME (".fluxbox", STARTUP, "Fluxbox: startup"),
  HOME (".fvwm", STARTUP, "fvwm"),
  HOME (".i3", STARTUP, "i3: exec"),
  CONFIG ("i3", STARTUP, "i3: exec"),
  CONFIG ("sway", STARTUP, "sway: exec"),
  CONFIG ("hypr", STARTUP, "Hyprland: exec"),
  CONFIG ("labwc", STARTUP, "labwc: autostart"),
  CONFIG ("openbox", STARTUP, "Openbox: autostart"),
  CONFIG ("awesome", STARTUP, "awesome: rc.lua"),
  CONFIG ("bspwm", STARTUP, "bspwm: bspwmrc"),
  CONFIG ("sxhkd", STARTUP, "sxhkd: commands of keys"),
  CONFIG ("lxsession", STARTUP, "LXSession: autostart"),
  CONFIG ("weston.ini", STARTUP, "Weston: launchers, autolaunch"),
  CONFIG ("waybar", STARTUP, "Waybar: exec"),
  CONFIG ("polybar", STARTUP, "Polybar: exec"),
  CONFIG ("pipewire", STARTUP, "PipeWire: context.exec"),
  CONFIG ("wireplumber", STARTUP, "WirePlumber: scripts"),

  HOME (".ssh", PROGRAMS, "ssh: ProxyCommand; sshd: rc, authorized_keys"),
  HOME (".gitconfig", PROGRAMS, "git: core.pager, core.hooksPath, aliases"),
  CONFIG ("git", PROGRAMS, "git: core.pager, core.hooksPath, aliases"),
  HOME (".hgrc", PROGRAMS, "Mercurial: hooks, extensions"),
  CONFIG ("hg", PROGRAMS, "Mercurial: hooks, extensions"),
  HOME (".gnupg", PROGRAMS, "gpg-agent: pinentry-program, scdaemon-program"),
  HOME (".vimrc", PROGRAMS, "vim"),
  HOME (".gvimrc", PROGRAMS, "gvim"),
  HOME (".vim", PROGRAMS, "vim: plug-ins"),
  HOME (".exrc", PROGRAMS, "vi, ex"),
  CONFIG ("vim", PROGRAMS, "vim"),
  CONFIG ("nvim", PROGRAMS, "Neovim"),
  DATA ("nvim", PROGRAMS, "Neovim: plug-ins"),
  HOME (".emacs", PROGRAMS, "Emacs"),
  HOME (".emacs.el", PROGRAMS, "Emacs"),
  HOME (".emacs.d", PROGRAMS, "Emacs"),
  CONFIG ("emacs", PROGRAMS, "Emacs"),
  HOME (".nanorc", PROGRAMS, "nano: speller, linter, formatter"),
  CONFIG ("nano", PROGRAMS, "nano: speller, linter, formatter"),
  CONFIG ("Code", PROGRAMS, "Visual Studio Code: tasks, terminal profiles"),
  HOME (".vscode", PROGRAMS, "Visual Studio Code: extensions"),
  HOME (".tmux.conf", PROGRAMS, "tmux: run-shell"),
  CONFIG ("tmux", PROGRAMS, "tmux: run-shell"),
  HOME (".screenrc", PROGRAMS, "screen: exec"),
  CONFIG ("kitty", PROGRAMS, "kitty: shell"),
  CONFIG ("alacritty", PROGRAMS, "Alacritty: shell"),
  CONFIG ("foot", PROGRAMS, "foot: shell"),
  CONFIG ("wezterm", PROGRAMS, "WezTerm: wezterm.lua"),
  HOME (".lessfilter", PROGRAMS, "lesspipe"),
  HOME (".mailcap", PROGRAMS, "run-mailcap, mutt: commands for files"),
  HOME (".muttrc", PROGRAMS, "mutt"),
  HOME (".mutt", PROGRAMS, "mutt"),
  CONFIG ("mutt", PROGRAMS, "mutt"),
  CONFIG ("mc", PROGRAMS, "Midnight Commander: menu, mc.ext"),
  CONFIG ("ranger", PROGRAMS, "ranger: rc.conf, scope.sh"),
  HOME (".gdbinit", PROGRAMS, "gdb"),
  CONFIG ("gdb", PROGRAMS, "gdb"),
  HOME (".lldbinit", PROGRAMS, "lldb"),
  HOME (".psqlrc", PROGRAMS, "psql: \\!"),
  HOME (".sqliterc", PROGRAMS, "sqlite3: .shell"),
  HOME (".my.cnf", PROGRAMS, "mysql: pager, plug-ins"),
  HOME (".local/lib", PROGRAMS, "python3: the user's site-packages"),
  CONFIG ("pip", PROGRAMS, "pip: where packages come from"),
  HOME (".npmrc", PROGRAMS, "npm: script-shell, where packages come from"),
  HOME (".node_modules", PROGRAMS, "node"),
  HOME (".cargo", PROGRAMS, "cargo: runner, rustc-wrapper, bin, env"),
  HOME (".rustup", PROGRAMS, "rustup: toolchains"),
  HOME (".gem", PROGRAMS, "ruby"),
  DATA ("gem", PROGRAMS, "ruby"),
  HOME (".bundle", PROGRAMS, "bundler"),
  HOME (".m2", PROGRAMS, "Maven: extensions"),
  HOME (".gradle", PROGRAMS, "Gradle: init scripts"),
  HOME (".docker", PROGRAMS, "docker: credential helpers, cli-plugins"),
  HOME (".kube", PROGRAMS, "kubectl: exec credentials"),
  HOME (".aws", PROGRAMS, "aws: credential_process"),
  CONFIG ("containers", PROGRAMS, "podman: hooks, runtimes"),
  DATA ("containers", PROGRAMS, "podman: images"),
  DATA ("flatpak", PROGRAMS, "flatpak: overrides, applications"),
  HOME (".var/app", PROGRAMS, "flatpak: the settings of its applications"),
  HOME (".mozilla", PROGRAMS, "Firefox: extensions, native-messaging-hosts"),
  HOME (".thunderbird", PROGRAMS, "Thunderbird: extensions, helpers"),
  CONFIG ("chromium", PROGRAMS, "Chromium: NativeMessagingHosts"),
  CONFIG ("google-chrome", PROGRAMS, "Chrome: NativeMessagingHosts"),
  CONFIG ("mpv", PROGRAMS, "mpv: scripts"),
  CONFIG ("GIMP", PROGRAMS, "GIMP: plug-ins"),
  CONFIG ("inkscape", PROGRAMS, "Inkscape: extensions"),
  CONFIG ("libreoffice", PROGRAMS, "LibreOffice: macros, extensions"),
  HOME (".wine", PROGRAMS, "wine: its drive C"),
  DATA ("jupyter", PROGRAMS, "Jupyter: kernels"),
  HOME (".jupyter", PROGRAMS, "Jupyter"),
  HOME (".ipython", PROGRAMS, "IPython: startup"),

  HOME (".local/bin", COMMANDS, "PATH"),
  HOME ("bin", COMMANDS, "PATH"),
  HOME ("go/bin", COMMANDS, "PATH"),
  HOME (".pyenv", COMMANDS, "PATH"),
  HOME (".rbenv", COMMANDS, "PATH"),
  HOME (".nvm", COMMANDS, "PATH"),
  HOME (".asdf", COMMANDS, "PATH"),
  HOME (".sdkman", COMMANDS, "PATH"),

  DATA ("applications", DESKTOP, "launchers, mimeapps.list"),
  CONFIG ("mimeapps.list", DESKTOP, "which program opens a file"),
  CONFIG ("xdg-terminals.list", DESKTOP, "which terminal is started"),
  CONFIG ("menus", DESKTOP, "menus of launchers"),
  DATA ("dbus-1", DESKTOP, "the session bus: services that it starts"),
  CONFIG ("dconf", DESKTOP, "GNOME: commands of keys, extensions, login scripts"),
  CONFIG ("glib-2.0", DESKTOP, "GSettings by keyfile: commands of keys"),
  DATA ("thumbnailers", DESKTOP, "file managers: commands for each file that is shown"),
  DATA ("nautilus", DESKTOP, "GNOME Files: scripts"),
  DATA ("nautilus-python", DESKTOP, "GNOME Files: extensions"),
  DATA ("nemo", DESKTOP, "Nemo: scripts, actions"),
  CONFIG ("caja", DESKTOP, "Caja: scripts"),
  DATA ("file-manager", DESKTOP, "file managers: actions"),
  CONFIG ("Thunar", DESKTOP, "Thunar: uca.xml"),
  CONFIG ("xfce4", DESKTOP, "Xfce: commands of keys, panel launchers"),
  DATA ("kio", DESKTOP, "Dolphin: servicemenus"),
  DATA ("kservices5", DESKTOP, "KDE: services"),
  DATA ("kservices6", DESKTOP, "KDE: services"),
  DATA ("plasma", DESKTOP, "Plasma: plasmoids"),
  DATA ("kwin", DESKTOP, "KWin: scripts, effects"),
  CONFIG ("kglobalshortcutsrc", DESKTOP, "KDE: commands of keys"),
  CONFIG ("khotkeysrc", DESKTOP, "KDE: commands of keys"),
  CONFIG ("kdeconnect", DESKTOP, "KDE Connect: runcommand"),
  DATA ("gnome-shell", DESKTOP, "GNOME Shell: extensions"),
  DATA ("cinnamon", DESKTOP, "Cinnamon: applets, extensions"),
  HOME (".gtkrc-2.0", DESKTOP, "GTK 2: gtk-modules"),
  CONFIG ("gtk-3.0", DESKTOP, "GTK 3: gtk-modules"),
  CONFIG ("ibus", DESKTOP, "IBus: engines"),
  DATA ("fcitx5", DESKTOP, "Fcitx: add-ons"),
  CONFIG ("dunst", DESKTOP, "dunst: script"),
  CONFIG ("xdg-desktop-portal", DESKTOP, "portals: which service answers"),
  DATA ("xdg-desktop-portal", DESKTOP, "portals: which service answers"),

  RUN ("systemd", MANAGERS, "systemd --user"),
  RUN ("podman", MANAGERS, "podman"),
  RUN ("docker.sock", MANAGERS, "docker"),
  RUN ("docker", MANAGERS, "docker"),
  RUN ("libvirt", MANAGERS, "libvirt"),
  RUN ("emacs", MANAGERS, "Emacs' server: evaluates what it is sent"),
  RUN ("i3", MANAGERS, "i3: exec"),
  RUN ("hypr", MANAGERS, "Hyprland: exec"),
  RUN ("gnupg", AGENTS, "gpg-agent: signs, decrypts"),
  RUN ("keyring", AGENTS, "GNOME's keyring: ssh-agent, control"),
  RUN ("gcr", AGENTS, "gcr: ssh-agent"),
  RUN ("openssh_agent", AGENTS, "ssh-agent"),
  RUN ("ssh-agent.socket", AGENTS, "ssh-agent"),
  RUN ("gvfsd", AGENTS, "GVfs: mounted places"),
  { .path = NULL },
};

/* Reading a socket's directory is enough to connect. */
SbxAccess
sbx_way_out_least (SbxWayKind kind)
{
  return kind == SBX_WAY_MANAGERS || kind == SBX_WAY_AGENTS ? SBX_ACCESS_RO : SBX_ACCESS_RW;
}

static const struct {
  const char *word;
  gsize place;       /* in SbxPlaces */
  const char *usual; /* below the home where that is NULL; NULL: nowhere */
} bases[] = {
  [SBX_BASE_HOME] = { "~", G_STRUCT_OFFSET (SbxPlaces, home), NULL },
  [SBX_BASE_CONFIG] = { "xdg-config", G_STRUCT_OFFSET (SbxPlaces, config_home), ".config" },
  [SBX_BASE_DATA] = { "xdg-data", G_STRUCT_OFFSET (SbxPlaces, data_home), ".local/share" },
  [SBX_BASE_RUN] = { "xdg-run", G_STRUCT_OFFSET (SbxPlaces, runtime_dir), NULL },
};

char *
sbx_way_out_name (const SbxWayOut *way)
{
  return g_build_filename (bases[way->base].word, way->path, NULL);
}

char *
sbx_way_out_path (const SbxWayOut *way, const SbxPlaces *places)
{
  const char *base = G_STRUCT_MEMBER (const char *, places, bases[way->base].place);

  if (base)
    return g_build_filename (base, way->path, NULL);
  return bases[way->base].usual && places->home
             ? g_build_filename (places->home, bases[way->base].usual, way->path, NULL)
             : NULL;
}

/* The most that is allowed at @path or below. */
static SbxAccess
most_below (const SbxPolicy *policy, const char *path)
{
  SbxAccess access = sbx_policy_get_access (policy, path);
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (policy, &n);

  for (gsize i = 0; i < n; i++)
    if (sbx_path_is_below (rules[i].path, path))
      access = MAX (access, rules[i].access);
  return access;
}

const SbxWayOut *
sbx_way_out_find (const SbxPolicy *policy, const SbxPlaces *places, SbxWayKind kind)
{
  for (const SbxWayOut *way = sbx_ways_out; way->path; way++) {
    g_autofree char *path = way->kind == kind ? sbx_way_out_path (way, places) : NULL;

    if (path && most_below (policy, path) >= sbx_way_out_least (kind))
      return way;
  }
  return NULL;
}
