# SPDX-License-Identifier: LGPL-2.1-or-later
# Stays connected to the session bus, and writes down which names answer over this one connection (/tmp/said), and how
# often it has connected (/tmp/connections). Speaks D-Bus itself: nothing of it may connect anew unasked.
import os
import socket
import struct
import time


def write(path, text):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data + b"\0"


def field(code, kind, value):
    return bytes([code, len(kind)]) + kind.encode() + b"\0" + text(value)


def message(serial, dest, path, interface, member):
    fields = b""
    for code, kind, value in ((1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", dest)):
        fields += b"\0" * (-len(fields) % 8) + field(code, kind, value)
    head = struct.pack("<BBBBIII", ord("l"), 1, 0, 1, 0, serial, len(fields)) + fields
    return head + b"\0" * (-len(head) % 8)


def receive(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise OSError("closed")
        data += more
    return data


def answer(s, serial):
    """The type of the message that answers: 2 is a return, 3 an error."""
    while True:
        head = receive(s, 16)
        kind, body, n = head[1], struct.unpack_from("<I", head, 4)[0], struct.unpack_from("<I", head, 12)[0]
        fields = receive(s, n + -n % 8)
        receive(s, body)
        at = 0
        while kind in (2, 3) and at < n:
            at += -at % 8
            code, signature = fields[at], fields[at + 2 : at + 2 + fields[at + 1]]
            at += 3 + fields[at + 1]
            at += -at % {b"g": 1}.get(signature, 4)
            if signature == b"u":
                if code == 5 and struct.unpack_from("<I", fields, at)[0] == serial:
                    return kind
                at += 4
            elif signature == b"g":
                at += fields[at] + 2
            else:
                at += 4 + struct.unpack_from("<I", fields, at)[0] + 1


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(os.environ["DBUS_SESSION_BUS_ADDRESS"].split("path=")[1].split(",")[0])
    s.settimeout(10)
    s.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
    if not s.recv(512).startswith(b"OK"):
        raise OSError("refused")
    s.sendall(b"BEGIN\r\n")
    s.sendall(message(1, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello"))
    answer(s, 1)
    return s


connections = 0
while True:
    try:
        bus = connect()
        connections += 1
        write("/tmp/connections", "%d\n" % connections)
        number = 1
        while True:
            said = []
            for name in ("First", "Second"):
                number += 1
                bus.sendall(message(number, "org.example." + name, "/", "org.freedesktop.DBus.Peer", "Ping"))
                if answer(bus, number) == 2:
                    said.append(name.lower())
            write("/tmp/said", " ".join(said or ["nothing"]) + "\n")
            time.sleep(0.05)
    except OSError:
        write("/tmp/said", "nothing\n")
        time.sleep(0.05)
