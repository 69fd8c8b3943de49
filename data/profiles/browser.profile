# SPDX-License-Identifier: LGPL-2.1-or-later
# A web browser with its own sandbox fully active inside: Chromium and Firefox build theirs from user
# namespaces, which other profiles refuse.

[Profile]
Name=Web browser
Description=Network, display and sound; a home of its own; its own sandbox inside
Inherits=default
# Chromium and Firefox trace their own processes when one crashes.
OnCrash=own

[Context]
# The host's network, since people open routers, printers and servers of their own in it, and calls between browsers go
# through the local network. Who needs none of that starts it with --network=private.
shared=network;
sockets=wayland;fallback-x11;pulseaudio;pipewire;
devices=dri;
# userns: the browser makes namespaces for its renderers. Inside them it may mount, but only what it
# can see already.
features=userns;
persistent=.;
# Where downloads go. Remove this line in a drop-in (filesystems=!xdg-download) to keep them inside.
filesystems=xdg-download:rw;
# A page or a picture that you open with it can be read, and nothing beside it.
forward=ro

[Session Bus Policy]
org.freedesktop.portal.*=talk
org.freedesktop.Notifications=talk
org.a11y.Bus=talk
org.mpris.MediaPlayer2.chromium.*=own
org.mpris.MediaPlayer2.firefox.*=own
org.mozilla.firefox.*=own
org.freedesktop.ScreenSaver=talk

[Seccomp]
tier=browser
