#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""presser.py: a server of notifications that says of each button at once that the user has pressed it."""
from gi.repository import Gio, GLib

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
XML = f"""<node><interface name="{NAME}">
  <method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
    <arg type="a{{sv}}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/></method>
  <method name="CloseNotification"><arg type="u" direction="in"/></method>
</interface></node>"""


def on_call(bus, _sender, _path, _interface, method, parameters, invocation):
    if method == "CloseNotification":
        invocation.return_value(None)
        print("closed", flush=True)
        return
    invocation.return_value(GLib.Variant("(u)", (7,)))
    for key in parameters.unpack()[5][::2]:
        bus.emit_signal(None, PATH, NAME, "ActionInvoked", GLib.Variant("(us)", (7, key)))
    print("pressed", flush=True)


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], on_call)
Gio.bus_own_name_on_connection(bus, NAME, Gio.BusNameOwnerFlags.NONE, lambda *_: print("ready", flush=True), None)
GLib.MainLoop().run()
