# SPDX-License-Identifier: LGPL-2.1-or-later
# mpv: decoders read files that come from anywhere. It sees your videos and music and what you open with it, read-only.
# `sandboxctl desktop install mpv` takes this profile.

[Profile]
Name=mpv
Description=A player for your videos and music, read-only and without network
Inherits=desktop
AppId=io.mpv.Mpv

[Context]
# For streams: "shared=network;" in a drop-in, in the place of this line.
shared=!network;
filesystems=xdg-videos:ro;xdg-music:ro;
forward=ro

[Session Bus Policy]
org.mpris.MediaPlayer2.mpv=own
org.freedesktop.ScreenSaver=talk
