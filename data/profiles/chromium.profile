# SPDX-License-Identifier: LGPL-2.1-or-later
# Chromium. `sandboxctl desktop install chromium` takes this profile.

[Profile]
Name=Chromium
Description=Chromium in a home of its own; downloads go to your folder for them
# Network, display, sound and user namespaces for the browser's own sandbox.
Inherits=browser
# Settings, passwords and bookmarks lie in ~/.local/share/sandbox/org.chromium.Chromium.
AppId=org.chromium.Chromium

[Session Bus Policy]
# What browser.profile has for other browsers.
org.mpris.MediaPlayer2.firefox.*=none
org.mozilla.firefox.*=none
