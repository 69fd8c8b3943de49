# SPDX-License-Identifier: LGPL-2.1-or-later
# Thunderbird: as a browser, since it shows web pages in messages and has the same sandbox of its own inside.
# `sandboxctl desktop install thunderbird` takes this profile.

[Profile]
Name=Thunderbird
Description=Thunderbird in a home of its own; attachments go to your folder for downloads
# With it the host's network: mail servers are often in the local one. --network=private is for those that are not.
Inherits=browser
# Accounts and messages lie in ~/.local/share/sandbox/org.mozilla.Thunderbird.
AppId=org.mozilla.Thunderbird

[Session Bus Policy]
org.mozilla.thunderbird.*=own
# What browser.profile has for browsers.
org.mpris.MediaPlayer2.chromium.*=none
org.mpris.MediaPlayer2.firefox.*=none
org.mozilla.firefox.*=none

# A secret key of yours is not needed for OpenPGP in Thunderbird. For one on a smart card or in GnuPG, put
# "sockets=gpg-agent;" under [Context] into a drop-in.
