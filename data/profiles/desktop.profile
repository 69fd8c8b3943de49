# SPDX-License-Identifier: LGPL-2.1-or-later
# An ordinary desktop application: it draws, plays sound, asks the desktop for files through portals,
# and keeps its settings. It sees no file of yours that you have not handed to it.

[Profile]
Name=Desktop application
Description=Windows, sound and portals; settings are kept; no network and no files of yours
# Everything of default.profile, and then what follows.
Inherits=default

[Context]
# fallback-x11: X11 only where there is no Wayland. On X11 every application can read every key.
sockets=wayland;fallback-x11;pulseaudio;pipewire;
# The graphics card.
devices=dri;
# "." is the whole home: it lies in ~/.local/share/sandbox/APP-ID and survives.
persistent=.;
# Files that you open with it (with a click on them, or by name) are there for reading and writing, each at its own place.
forward=rw

[Session Bus Policy]
# Portals are the desktop's way to let you choose: a file, a printer, a link to open.
org.freedesktop.portal.*=talk
org.freedesktop.Notifications=talk
org.a11y.Bus=talk
# Its icon in the tray of the desktop. Its other names on the bus (its id, its media player) an application has anyway.
org.kde.StatusNotifierWatcher=talk
