# SPDX-License-Identifier: LGPL-2.1-or-later
# GIMP works on your pictures and on what you open with it. `sandboxctl desktop install gimp` takes this profile.

[Profile]
Name=GIMP
Description=GIMP with your pictures, without network and sound
Inherits=desktop
AppId=org.gimp.GIMP

[Context]
shared=!network;
sockets=!pulseaudio;!pipewire;cups;
filesystems=xdg-pictures:rw;
forward=rw
