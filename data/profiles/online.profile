# SPDX-License-Identifier: LGPL-2.1-or-later
# An ordinary desktop application that is of no use without a network: chat, mail, feeds, downloads.

[Profile]
Name=Desktop application with a network
Description=Windows, sound, portals and the Internet; settings are kept; no files of yours
Inherits=desktop

[Context]
# A network of its own: the Internet, and neither this machine nor what is near it. It needs slirp4netns; where that is
# missing the start is refused, and says so. For servers in your own network, --network-allow=internet,dns,lan.
shared=private-network;
