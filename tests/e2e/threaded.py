#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""threaded FIRST SECOND stays|ends FILE: a process calls unshare(2) with FIRST, and a thread of it with SECOND, opens FILE for writing
and says in /tmp/found what it finds there, again and again. With "ends" the process's first thread ends meanwhile."""
import ctypes
import platform
import sys
import threading
import time

FIRST, SECOND, PATH = int(sys.argv[1]), int(sys.argv[2]), sys.argv[4]
EXIT = 60 if platform.machine() == 'x86_64' else 93  # exit(2): of the thread that calls it
libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags):
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), 'unshare')


def run():
    unshare(SECOND)
    held = open(PATH, 'a', encoding='utf-8')  # noqa: F841
    while True:
        try:
            with open(PATH, encoding='utf-8') as file:
                text = file.read()
        except OSError:
            text = 'gone'
        with open('/tmp/found', 'r+', encoding='utf-8') as found:
            found.truncate()
            found.write(text)
        time.sleep(0.05)


with open('/tmp/found', 'w', encoding='utf-8'):
    pass
if FIRST:
    unshare(FIRST)
threading.Thread(target=run).start()
if sys.argv[3] == 'ends':
    libc.syscall(EXIT, 0)
