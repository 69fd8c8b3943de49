#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mock-systemd.py BEHAVIOUR   Stands in for the systemd user manager on the session bus.

Prints "ready", and for every StartTransientUnit and SetUnitProperties one line of JSON with all that was sent. BEHAVIOUR is the result of the
job ("done", "failed", …), or "fixed" ("done", and no scope can be changed), or
"stalls" ("done", and the first change of a scope is made and not answered), or "refuse" (an error instead of a job), or "silent" (no answer), or "old" ("done", as one
before 255, which has no PIDFDs). A pidfd is printed as the pid that it is of.
"""

import json
import os
import sys

from gi.repository import Gio, GLib

PATH = "/org/freedesktop/systemd1"
MANAGER = """<node><interface name="org.freedesktop.systemd1.Manager">
  <method name="StartTransientUnit">
    <arg type="s" name="name" direction="in"/><arg type="s" name="mode" direction="in"/>
    <arg type="a(sv)" name="properties" direction="in"/><arg type="a(sa(sv))" name="aux" direction="in"/>
    <arg type="o" name="job" direction="out"/>
  </method>
  <method name="SetUnitProperties">
    <arg type="s" name="name" direction="in"/><arg type="b" name="runtime" direction="in"/>
    <arg type="a(sv)" name="properties" direction="in"/>
  </method>
</interface></node>"""


def pid_of(fd):
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as info:
        return next(int(line.split()[1]) for line in info if line.startswith("Pid:"))


def main():
    behaviour = sys.argv[1]
    bus = Gio.DBusConnection.new_for_address_sync(
        os.environ["DBUS_SESSION_BUS_ADDRESS"], Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)

    changes = []

    def on_change(parameters, invocation):
        name, runtime, properties = parameters.unpack()
        print(json.dumps({"name": name, "runtime": runtime,
                          "properties": {key: str(value) for key, value in properties}}), flush=True)
        changes.append(name)
        if behaviour == "stalls" and len(changes) == 1:
            return
        if behaviour == "fixed":
            invocation.return_dbus_error("org.freedesktop.systemd1.NoSuchUnit", "not here")
        else:
            invocation.return_value(None)

    def on_call(_bus, sender, _path, interface, method, parameters, invocation):
        if method == "SetUnitProperties":
            on_change(parameters, invocation)
            return
        name, mode, properties, aux = parameters.unpack()
        types = {row[0]: row[1].get_type_string() for row in
                 (parameters.get_child_value(2).get_child_value(i) for i in range(len(properties)))
                 for row in [(row.get_child_value(0).get_string(), row.get_child_value(1).get_variant())]}
        values = dict(properties)
        if "PIDFDs" in values:
            if behaviour == "old":
                invocation.return_dbus_error("org.freedesktop.DBus.Error.PropertyReadOnly",
                                             "Cannot set property PIDFDs, or unknown property.")
                return
            fds = invocation.get_message().get_unix_fd_list()
            values["PIDFDs"] = [pid_of(fds.get(handle)) for handle in values["PIDFDs"]]
        # Numbers as text: JSON readers take them for floating ones
        print(json.dumps({"name": name, "mode": mode, "aux": len(aux), "types": types,
                          "properties": {key: value if isinstance(value, (str, list)) else str(value)
                                         for key, value in values.items()}}), flush=True)
        if behaviour == "refuse":
            invocation.return_dbus_error("org.freedesktop.systemd1.NoSuchUnit", "not here")
        elif behaviour != "silent":
            job = PATH + "/job/7"
            invocation.return_value(GLib.Variant("(o)", (job,)))
            # The end of somebody else's job first
            for unit, result in (("other.scope", "failed"), (name, "done" if behaviour in ("old", "fixed", "stalls") else behaviour)):
                bus.emit_signal(sender, PATH, interface, "JobRemoved", GLib.Variant("(uoss)", (7, job, unit, result)))

    bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(MANAGER).interfaces[0], on_call, None, None)
    Gio.bus_own_name_on_connection(bus, "org.freedesktop.systemd1", Gio.BusNameOwnerFlags.NONE,
                                   lambda *_: print("ready", flush=True), None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
