# SPDX-License-Identifier: LGPL-2.1-or-later
# What is built on Chromium (Electron, CEF, QtWebEngine): chat programs, editors, players. Each brings the sandbox of a
# browser with it, which takes user namespaces, and most are of no use without a network.

[Profile]
Name=Built on Chromium
Description=Network, windows and sound; settings are kept; its own sandbox inside; no files of yours
Inherits=desktop
# They trace their own processes when one crashes.
OnCrash=own

[Context]
shared=network;
# userns: it makes namespaces for its renderers. Inside them it may mount, but only what it can see already.
features=userns;

[Seccomp]
tier=browser
