#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""x11-shm.py draw | keyed | forge NUMBER | victim COMMAND...

draw: as toolkits do: a picture of the display into System V shared memory where the server has MIT-SHM and a segment can be
made, else through the socket. Prints how, and the first pixel.
keyed: two segments as programs have them among themselves, found again by their keys; then hands the first to the server.
forge: as nobody does who means well: names the segment NUMBER without having one.
victim: a program with a segment, and COMMAND beside it, in the same IPC namespace. Prints the segment's number, and when its
standard input ends whether what is in it is still its own."""
import ctypes
import errno
import subprocess
import sys

x11, xext, libc = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXext.so.6"), ctypes.CDLL(None, use_errno=True)
SIZE = 64 * 64 * 4
IPC_CREAT, IPC_EXCL = 0o1000, 0o2000


class Segment(ctypes.Structure):
    _fields_ = [("seg", ctypes.c_ulong), ("id", ctypes.c_int), ("address", ctypes.c_void_p), ("read_only", ctypes.c_int)]


for function in (x11.XOpenDisplay, x11.XDefaultVisual, x11.XGetImage, xext.XShmCreateImage, libc.shmat):
    function.restype = ctypes.c_void_p
x11.XDefaultRootWindow.restype = ctypes.c_ulong
x11.XGetPixel.restype = ctypes.c_ulong


def make_segment(content):
    number = libc.shmget(0, SIZE, 0o1600)
    if number < 0:
        return number, None
    address = libc.shmat(number, None, 0)
    ctypes.memset(address, content, SIZE)
    return number, address


class Client:
    def __init__(self):
        self.display = ctypes.c_void_p(x11.XOpenDisplay(None))
        self.root = ctypes.c_ulong(x11.XDefaultRootWindow(self.display))
        self.errors = []
        # Xlib's own handler ends the process, and with it every program that does not expect an error
        self.handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda *_: self.errors.append(1) or 0)
        x11.XSetErrorHandler(self.handler)

    def get_shared(self, number, address):
        segment = Segment(0, number, address, 0)
        xext.XShmAttach(self.display, ctypes.byref(segment))
        x11.XSync(self.display, 0)
        if self.errors:
            return "error"
        image = xext.XShmCreateImage(self.display, ctypes.c_void_p(x11.XDefaultVisual(self.display, 0)), 24, 2, None,
                                     ctypes.byref(segment), 64, 64)
        ctypes.memmove(image + 16, ctypes.byref(ctypes.c_void_p(segment.address)), ctypes.sizeof(ctypes.c_void_p))
        xext.XShmGetImage(self.display, self.root, ctypes.c_void_p(image), 0, 0, ctypes.c_ulong(0xffffffff))
        x11.XSync(self.display, 0)
        return "error" if self.errors else ctypes.string_at(address, 3).hex()

    def get_plain(self):
        image = ctypes.c_void_p(x11.XGetImage(self.display, self.root, 0, 0, 1, 1, ctypes.c_ulong(0xffffffff), 2))
        return "%06x" % x11.XGetPixel(image, 0, 0)


def draw():
    client = Client()
    if not xext.XShmQueryExtension(client.display):
        print("no extension", client.get_plain())
        return
    number, address = make_segment(0x5a)
    if number < 0:
        print("no segment", ctypes.get_errno(), client.get_plain())
        return
    print("segment", number, client.get_shared(number, address))


def keyed():
    keys, found = (0x53425801, 0x53425802), []
    for key in keys:
        number = libc.shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0o600)
        if number < 0:
            print("no segment", ctypes.get_errno())
            return
        assert libc.shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0o600) == -1 and ctypes.get_errno() == errno.EEXIST
        assert libc.shmget(key, SIZE, IPC_CREAT | 0o600) == libc.shmget(key, 0, 0) == number
        found.append(number)
    address = libc.shmat(found[0], None, 0)
    ctypes.memset(address, 0x5a, SIZE)
    print("keyed", "far" if all(number & 0x7fff >= 0x4000 for number in found) else "near",
          "two" if found[0] != found[1] else "one", Client().get_shared(found[0], address))
    for number in found:
        libc.shmctl(number, 0, None)
    assert libc.shmget(keys[0], 0, 0) == -1 and ctypes.get_errno() == errno.ENOENT


def forge(number):
    room = ctypes.create_string_buffer(b"\x5a" * SIZE)
    print("forged", Client().get_shared(number, ctypes.addressof(room)))


def victim(command):
    number, address = make_segment(0x41)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        print("segment", number, flush=True)
        sys.stdin.read()
        process.terminate()
    print("untouched" if ctypes.string_at(address, SIZE) == b"A" * SIZE else "overwritten")
    libc.shmctl(number, 0, None)


if sys.argv[1] == "draw":
    draw()
elif sys.argv[1] == "keyed":
    keyed()
elif sys.argv[1] == "forge":
    forge(int(sys.argv[2]))
else:
    victim(sys.argv[2:])
