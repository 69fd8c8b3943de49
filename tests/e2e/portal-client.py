#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""portal-client.py INTERFACE.METHOD ARGUMENTS   Inside a sandbox: makes a request of a portal, its arguments in GVariant's
text format, and prints the response: its code and results. INTERFACE.SIGNAL without arguments: prints "waiting", then what
the first such signal says."""
import sys

from gi.repository import Gio, GLib

NAME, PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
interface, member = ("org.freedesktop.portal." + sys.argv[1]).rsplit(".", 1)
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
loop = GLib.MainLoop()


def on_signal(_bus, _sender, _path, _interface, _signal, parameters):
    print(parameters.print_(False), flush=True)
    loop.quit()


is_request = len(sys.argv) > 2
signal = ("org.freedesktop.portal.Request", "Response") if is_request else (interface, member)
bus.signal_subscribe(NAME, *signal, None, None, 0, on_signal)
if is_request:
    arguments = GLib.Variant.parse(None, sys.argv[2], None, None)
    bus.call_sync(NAME, PATH, interface, member, arguments, None, 0, 20000)
else:
    bus.call_sync(NAME, PATH, "org.freedesktop.DBus.Peer", "Ping", None, None, 0, 20000)
    print("waiting", flush=True)
loop.run()
