#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""client.py TRICK OPTIONS   A client of the service that does not wait for its answer.

Prints "ready", waits for a line on standard input, asks for `sleep 1000` in a sandbox with OPTIONS (a{sv} in GVariant's
text format), and then

  leave      exits at once
  hand-over  exits after another line, and leaves its connection to the bus to another process, which prints "holding",
             ends with standard input, and has a session of its own, so that nothing keeps the number
  passwd     becomes after another line the setuid program passwd(1), which asks standard input for a password
"""

import os
import sys

from gi.repository import Gio, GLib


def main():
    trick, options = sys.argv[1:]
    address = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    bus = Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION,
        None, None)
    print("ready", flush=True)
    os.read(0, 1)
    message = Gio.DBusMessage.new_method_call("org.example.Sandbox", "/org/example/Sandbox", "org.example.Sandbox",
                                              "Launch")
    message.set_flags(Gio.DBusMessageFlags.ALLOW_INTERACTIVE_AUTHORIZATION)
    parsed = GLib.Variant.parse(GLib.VariantType("a{sv}"), options, None, None)
    message.set_body(GLib.Variant.new_tuple(GLib.Variant("s", "default"),
                                            GLib.Variant("aay", [b"sleep\0", b"1000\0"]), parsed))
    bus.send_message(message, Gio.DBusSendMessageFlags.NONE)
    bus.flush_sync(None)
    if trick != "leave":
        os.read(0, 1)
        os.set_inheritable(bus.get_stream().get_socket().get_fd(), True)
    if trick == "hand-over":
        ours, its = os.pipe()
        os.set_inheritable(its, True)
        os.posix_spawn("/bin/sh", ["sh", "-c", f"echo holding; exec cat {its}>&-"], os.environ, setsid=True)
        os.close(its)
        os.read(ours, 1)  # the end of file, when it has printed that: nobody reads on when we have ended
    if trick == "passwd":
        os.execv("/usr/bin/passwd", ["passwd"])
    os._exit(0)


if __name__ == "__main__":
    main()
