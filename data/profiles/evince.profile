# SPDX-License-Identifier: LGPL-2.1-or-later
# Evince shows documents that come from others, so it can do nothing but that: it sees the one that you open, cannot
# change it, and has neither network nor sound. `sandboxctl desktop install evince` takes this profile.

[Profile]
Name=Evince
Description=A viewer that sees the document that you open with it and nothing else
Inherits=desktop
AppId=org.gnome.Evince

[Context]
shared=!network;
sockets=!pulseaudio;!pipewire;cups;
# Annotations are saved to another place then: through the file chooser of the desktop.
forward=ro
