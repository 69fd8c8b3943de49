# SPDX-License-Identifier: LGPL-2.1-or-later
# LibreOffice: works on your documents, and a macro in one of them cannot send them anywhere.
# `sandboxctl desktop install libreoffice-writer` (and -calc, …) takes this profile.

[Profile]
Name=LibreOffice
Description=LibreOffice with your documents and printers, without network
# Display, documents (read and write) and pictures (read only).
Inherits=offline
AppId=org.libreoffice.LibreOffice

[Context]
# Printing.
sockets=cups;
# A document from anywhere that you open with it can be saved again.
forward=rw
