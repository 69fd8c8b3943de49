#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""portal-backend.py yes|no|silent   On the session bus: the part of a desktop that shows the dialogs (no window: it answers
at once), shows notifications, keeps the session from ending and tells of settings; or, silent, a portal that never answers
anything. Prints "ready", one line per launcher's dialog, and for all else one with the id of the application that it is
said to come from. "change" on standard input changes a setting."""
import sys

from gi.repository import Gio, GLib

answer = sys.argv[1]
INTERFACE = "org.freedesktop.impl.portal.DynamicLauncher"
XML = f"""<node><interface name="{INTERFACE}">
  <method name="PrepareInstall">
    <arg type="o" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="v" direction="in"/><arg type="a{{sv}}" direction="in"/>
    <arg type="u" direction="out"/><arg type="a{{sv}}" direction="out"/>
  </method>
  <property name="SupportedLauncherTypes" type="u" access="read"/>
  <property name="version" type="u" access="read"/>
</interface>
<interface name="org.freedesktop.impl.portal.Notification">
  <method name="AddNotification">
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="a{{sv}}" direction="in"/>
  </method>
  <method name="RemoveNotification"><arg type="s" direction="in"/><arg type="s" direction="in"/></method>
</interface>
<interface name="org.freedesktop.impl.portal.Settings">
  <method name="ReadAll"><arg type="as" direction="in"/><arg type="a{{sa{{sv}}}}" direction="out"/></method>
  <method name="Read">
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="out"/>
  </method>
  <signal name="SettingChanged"><arg type="s"/><arg type="s"/><arg type="v"/></signal>
</interface>
<interface name="org.freedesktop.impl.portal.FileChooser">
  <method name="OpenFile">
    <arg type="o" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="a{{sv}}" direction="in"/><arg type="u" direction="out"/><arg type="a{{sv}}" direction="out"/>
  </method>
</interface>
<interface name="org.freedesktop.impl.portal.AppChooser">
  <method name="ChooseApplication">
    <arg type="o" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
    <arg type="a{{sv}}" direction="in"/><arg type="u" direction="out"/><arg type="a{{sv}}" direction="out"/>
  </method>
  <method name="UpdateChoices"><arg type="o" direction="in"/><arg type="as" direction="in"/></method>
</interface>
<interface name="org.freedesktop.impl.portal.Inhibit">
  <method name="Inhibit">
    <arg type="o" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="u" direction="in"/>
    <arg type="a{{sv}}" direction="in"/>
  </method>
  <method name="CreateMonitor">
    <arg type="o" direction="in"/><arg type="o" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="u" direction="out"/>
  </method>
  <method name="QueryEndResponse"><arg type="o" direction="in"/></method>
</interface>
<interface name="org.freedesktop.impl.portal.Access">
  <method name="AccessDialog">
    <arg type="o" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="a{{sv}}" direction="in"/>
    <arg type="u" direction="out"/><arg type="a{{sv}}" direction="out"/>
  </method>
</interface>
<interface name="org.freedesktop.impl.portal.Background">
  <method name="GetAppState"><arg type="a{{sv}}" direction="out"/></method>
  <method name="EnableAutostart">
    <arg type="s" direction="in"/><arg type="b" direction="in"/><arg type="as" direction="in"/><arg type="u" direction="in"/>
    <arg type="b" direction="out"/>
  </method>
</interface></node>"""


def on_call(_bus, _sender, _path, _interface, method, parameters, invocation):
    if method in ("AddNotification", "RemoveNotification"):
        print(method, *parameters.unpack()[:2], flush=True)
        invocation.return_value(None)
        return
    if method == "ReadAll":
        scheme = {"org.freedesktop.appearance": {"color-scheme": GLib.Variant("u", 1)}}
        invocation.return_value(GLib.Variant("(a{sa{sv}})", (scheme,)))
        return
    if method == "Read":
        invocation.return_dbus_error("org.freedesktop.portal.Error.NotFound", "no such setting")
        return
    if method == "OpenFile":
        _handle, app_id, _parent, title, _options = parameters.unpack()
        print(method, app_id, title, flush=True)
        uri = "file://" + (title if title.startswith("/") else "/etc/hostname")  # the user knows which one
        invocation.return_value(GLib.Variant("(ua{sv})", (0, {"uris": GLib.Variant("as", [uri])})))
        return
    if method == "ChooseApplication":
        _handle, app_id, _parent, choices, _options = parameters.unpack()
        print(method, app_id, *choices, flush=True)
        invocation.return_value(GLib.Variant("(ua{sv})", (0, {"choice": GLib.Variant("s", choices[0])})))
        return
    if method == "AccessDialog":
        invocation.return_value(GLib.Variant("(ua{sv})", (0, {})))
        return
    if method == "GetAppState":
        invocation.return_value(GLib.Variant("(a{sv})", ({},)))
        return
    if method == "EnableAutostart":
        app_id, _enable, command, _flags = parameters.unpack()
        print(method, app_id, *command, flush=True)
        invocation.return_value(GLib.Variant("(b)", (True,)))
        return
    if method == "Inhibit":
        _handle, app_id, _window, flags, options = parameters.unpack()
        print(method, app_id, flags, options.get("reason"), flush=True)
        invocation.return_value(None)
        return
    name = parameters.unpack()[3]
    print(method, name, flush=True)
    reply = {"name": GLib.Variant("s", name), "icon": parameters.get_child_value(4)}
    invocation.return_value(GLib.Variant("(ua{sv})", (0, reply) if answer == "yes" else (1, {})))


def on_property(_bus, _sender, _path, _interface, _name):
    return GLib.Variant("u", 1)


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
if answer == "silent":
    bus.add_filter(lambda _bus, message, incoming:
                   None if incoming and message.get_message_type() == Gio.DBusMessageType.METHOD_CALL else message)
    name = "org.freedesktop.portal.Desktop"
else:
    node = Gio.DBusNodeInfo.new_for_xml(XML)
    for interface in node.interfaces:
        bus.register_object("/org/freedesktop/portal/desktop", interface, on_call, on_property, None)
    name = "org.freedesktop.impl.portal.desktop.test"
Gio.bus_own_name_on_connection(bus, name, Gio.BusNameOwnerFlags.NONE, lambda *_: print("ready", flush=True),
                               lambda *_: sys.exit("the name is gone"))


def on_input(channel, _condition):
    if channel.readline() == "change\n":
        bus.emit_signal(None, "/org/freedesktop/portal/desktop", "org.freedesktop.impl.portal.Settings", "SettingChanged",
                        GLib.Variant("(ssv)", ("org.freedesktop.appearance", "color-scheme", GLib.Variant("u", 2))))
    return True


GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN, on_input)
GLib.MainLoop().run()
