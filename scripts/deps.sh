#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# deps.sh SET...   Installs what is missing of the Debian packages of each set: build, run, test, browsers, apps, kernels,
# second-root, lint, chromium, firefox.
# As an ordinary user through sudo. Nothing is asked and nothing is done when everything is there.
set -eu

# What only some releases have: a Wayland compositor with security contexts
later () {
  # shellcheck disable=SC1091 # a file of the system
  [ "$(. /etc/os-release && echo "${VERSION_ID:-0}" | cut -d. -f1)" -lt 13 ] || echo sway
}

packages () {
  case $1 in
    build) echo "gcc g++ ccache meson ninja-build pkg-config gettext musl-tools linux-libc-dev libglib2.0-dev libglib2.0-dev-bin
      libpolkit-gobject-1-dev libseccomp-dev libjson-glib-dev libportal-dev libdw-dev libxau-dev" ;;
    run) echo "bubblewrap xdg-dbus-proxy slirp4netns procps" ;;
    test) echo "libgtest-dev libgmock-dev dbus dbus-daemon libglib2.0-bin polkitd util-linux passwd coreutils python3
      python3-gi psmisc lsof strace gdb libxml2-utils man-db git desktop-file-utils xdg-desktop-portal at-spi2-core xdg-utils
      sensible-utils
      slirp4netns iproute2 xvfb xserver-xephyr x11-utils xauth xdotool zsh fish python3-xlib $(later)" ;;
    browsers) echo "chromium firefox-esr fonts-dejavu-core" ;;
    chromium) echo "chromium fonts-dejavu-core" ;;
    firefox) echo "firefox-esr fonts-dejavu-core" ;;
    apps) echo "thunderbird libreoffice-writer evince mousepad mpv gimp xterm transmission-gtk xfce4-terminal lxterminal hexchat
      geany kate vim-gtk3 eog feh mupdf xournalpp galculator audacious keepassxc thunar pcmanfm sqlitebrowser atril
      ristretto" ;;
    kernels) echo "qemu-system-x86 busybox-static apparmor zstd systemd libpam-systemd dbus-user-session" ;;
    second-root) echo "debootstrap" ;;
    lint) echo "clang clang-tidy clang-format cppcheck shellcheck libclang-rt-dev" ;;
    *) echo "deps.sh: no such set: $1" >&2; exit 125 ;;
  esac
}

missing=
for set in "$@"; do
  list=$(packages "$set")
  for package in $list; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
  done
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "These Debian packages are missing, and there is no sudo; as root: apt-get install$missing" >&2
    exit 125
  }
  sudo="sudo"
fi
echo "Installing from Debian:$missing" >&2
log=$(mktemp)
# shellcheck disable=SC2086 # lists of words
if ! { $sudo apt-get -q update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } \
    >"$log" 2>&1 </dev/null; then
  cat "$log" >&2
  rm -f "$log"
  echo "deps.sh: apt-get failed; the lines above say why" >&2
  exit 125
fi
rm -f "$log"
