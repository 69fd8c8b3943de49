# SPDX-License-Identifier: LGPL-2.1-or-later
# A desktop application that works on documents and must not phone home: a viewer, an office suite.

[Profile]
Name=Offline
Description=A desktop application with your documents and without network
Inherits=desktop

[Context]
# "!" takes away what was inherited, and no drop-in before this one can bring it back.
shared=!network;
filesystems=xdg-documents:rw;xdg-pictures:ro;

[Session Bus Policy]
# NAME=none takes a bus name away, or one portal from all of them.
org.freedesktop.portal.NetworkMonitor=none
