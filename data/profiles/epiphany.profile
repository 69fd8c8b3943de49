# SPDX-License-Identifier: LGPL-2.1-or-later
# GNOME Web. WebKitGTK starts a sandbox and a bus proxy of its own for what shows pages, and a proxy behind a proxy
# stalls with xdg-dbus-proxy before 0.1.7 where a rule is for all names below another: so there is none here.
# `sandboxctl desktop install epiphany-browser` takes this profile.

[Profile]
Name=GNOME Web
Description=GNOME Web in a home of its own; downloads go to your folder for them
# Network, display, sound and user namespaces for the browser's own sandbox.
Inherits=browser
AppId=org.gnome.Epiphany

[Session Bus Policy]
# What browser.profile has for other browsers.
org.mpris.MediaPlayer2.chromium.*=none
org.mpris.MediaPlayer2.firefox.*=none
org.mozilla.firefox.*=none
