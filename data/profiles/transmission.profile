# SPDX-License-Identifier: LGPL-2.1-or-later
# Transmission shares files with strangers: it has the network, your folder for downloads, and nothing else of yours.
# `sandboxctl desktop install transmission-gtk` takes this profile.

[Profile]
Name=Transmission
Description=Transmission with network and your folder for downloads
Inherits=desktop
AppId=com.transmissionbt.Transmission

[Context]
shared=network;
sockets=!pulseaudio;!pipewire;
filesystems=xdg-download:rw;
forward=ro

[Session Bus Policy]
# Its name on the bus is made of the numbers of its settings' directory: com.transmissionbt.transmission_DEVICE_INODE.
com.transmissionbt.*=own
