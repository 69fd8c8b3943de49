# SPDX-License-Identifier: LGPL-2.1-or-later
# Firefox, of Debian (firefox-esr) or of Mozilla. `sandboxctl desktop install firefox` takes this profile.

[Profile]
Name=Firefox
Description=Firefox in a home of its own; downloads go to your folder for them
# Network, display, sound and user namespaces for the browser's own sandbox.
Inherits=browser
# Settings, passwords and bookmarks lie in ~/.local/share/sandbox/org.mozilla.firefox.
AppId=org.mozilla.firefox

[Session Bus Policy]
# What browser.profile has for other browsers.
org.mpris.MediaPlayer2.chromium.*=none
