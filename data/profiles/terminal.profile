# SPDX-License-Identifier: LGPL-2.1-or-later
# A terminal in which everything runs in the sandbox: the shell, and what you start in it. The home is one of its own and
# is kept; of yours it sees the directory that you open with it. For building software with network, `devel` is the
# better profile. `sandboxctl desktop install xterm` (and others) takes this one.

[Profile]
Name=Terminal
Description=A terminal in a home of its own, without network
Inherits=desktop

[Context]
shared=!network;
sockets=!pulseaudio;!pipewire;
forward=rw
