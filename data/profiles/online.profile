# SPDX-License-Identifier: LGPL-2.1-or-later
# An ordinary desktop application that is of no use without a network: chat, mail, feeds, downloads.

[Profile]
Name=Desktop application with a network
Description=Windows, sound, portals and the network; settings are kept; no files of yours
Inherits=desktop

[Context]
# The host's network, so that it starts where slirp4netns is missing. --network=private is enough for most.
shared=network;
