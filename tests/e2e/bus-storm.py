#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bus-storm.py CALLS NAMES: so many calls of so many names, as fast as the filtered bus takes them, and then one that is
answered. Without a library: it is to be quicker than who reads."""
import os
import socket
import struct
import sys

calls, names = int(sys.argv[1]), int(sys.argv[2])
NO_REPLY, LITTLE, CALL, VERSION = 1, ord('l'), 1, 1
bus = socket.socket(socket.AF_UNIX)
bus.connect(os.environ['DBUS_SESSION_BUS_ADDRESS'].split('path=')[1].split(',')[0])


def pad(text, n):
    return text + b'\0' * (-len(text) % n)


def field(code, kind, value):
    return bytes([code, 1]) + kind + b'\0' + struct.pack('<I', len(value)) + value.encode() + b'\0'


def message(serial, destination, interface, member, flags=0):
    fields = b''
    for code, kind, value in ((1, b'o', '/'), (2, b's', interface), (3, b's', member), (6, b's', destination)):
        fields = pad(fields, 8) + field(code, kind, value)
    return pad(struct.pack('<BBBBIII', LITTLE, CALL, flags, VERSION, 0, serial, len(fields)) + fields, 8)


def ask(serial, member):
    bus.sendall(message(serial, 'org.freedesktop.DBus', 'org.freedesktop.DBus', member))
    return bus.recv(65536)


bus.sendall(b'\0AUTH EXTERNAL ' + str(os.getuid()).encode().hex().encode() + b'\r\n')
bus.recv(1000)
bus.sendall(b'BEGIN\r\n')
ask(1, 'Hello')
messages = [bytearray(message(2, f'org.example.Storm{i}', 'org.example.I', 'M', NO_REPLY)) for i in range(names)]
serial = 2
for _ in range(calls // names):
    for one in messages:
        struct.pack_into('<I', one, 8, serial)
        serial += 1
    bus.sendall(b''.join(messages))
print('asked' if ask(serial, 'GetId') else 'nothing', flush=True)
