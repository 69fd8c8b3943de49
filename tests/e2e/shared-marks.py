# SPDX-License-Identifier: LGPL-2.1-or-later
"""shared-marks.py make|look|keys|count|watch …: what two sandboxes may meet by.

make: leaves a mark in each of them, says which it could, as look, and stays. look: {mark: errno's name, or "OK" where it is found}.
keys: whether a key can be added. count: how far a new process's number is from that of the one before it, after each line of input.
watch PATH: says "watching", then "seen" when somebody opens it, or "quiet" at the end of the input."""
import ctypes
import errno
import json
import os
import select
import socket
import sys

NAME = "sandbox-mark"
KEY = 0x5AB0
IPC_CREAT = 0o1000
LIBC = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    """The name of the error of a call of libc, or OK."""
    ctypes.set_errno(0)
    return "OK" if function(*arguments) >= 0 else errno.errorcode[ctypes.get_errno()]


def attempt(function, *arguments):
    """The same of Python's."""
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "OK"


def make():
    """Every mark."""
    listener = socket.socket(socket.AF_UNIX)
    made = {
        "shm": call(LIBC.shmget, KEY, 4096, IPC_CREAT | 0o600), "sem": call(LIBC.semget, KEY, 1, IPC_CREAT | 0o600),
        "msg": call(LIBC.msgget, KEY, IPC_CREAT | 0o600),
        "mqueue": call(LIBC.mq_open, f"/{NAME}".encode(), os.O_CREAT | os.O_RDWR, 0o600, None),
        "dev-shm": attempt(lambda: open(f"/dev/shm/{NAME}", "w", encoding="ascii").close()),
        "tmp": attempt(lambda: open(f"/tmp/{NAME}", "w", encoding="ascii").close()),
        "abstract": attempt(listener.bind, f"\0{NAME}"),
    }
    listener.listen(8)
    print(json.dumps(made), flush=True)
    sys.stdin.read()


def look():
    """Which of them are there."""
    client = socket.socket(socket.AF_UNIX)
    print(json.dumps({
        "shm": call(LIBC.shmget, KEY, 0, 0), "sem": call(LIBC.semget, KEY, 0, 0), "msg": call(LIBC.msgget, KEY, 0),
        "mqueue": call(LIBC.mq_open, f"/{NAME}".encode(), os.O_RDONLY),
        "dev-shm": attempt(os.stat, f"/dev/shm/{NAME}"), "tmp": attempt(os.stat, f"/tmp/{NAME}"),
        "abstract": attempt(client.connect, f"\0{NAME}"),
    }), flush=True)


def keys():
    """A key of the user's own keyring, which is one for all of them."""
    add_key = {"x86_64": 248, "aarch64": 217}[os.uname().machine]
    print(call(LIBC.syscall, add_key, b"user", NAME.encode(), b"x", 1, -4), flush=True)


def new_number():
    """That of a process that is made and has ended."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


def count():
    """Gaps in the numbers of one's own processes."""
    before = new_number()
    print("begun", flush=True)
    for _ in sys.stdin:
        now = new_number()
        print(f"gap {now - before}", flush=True)
        before = now


def watch(path):
    """IN_OPEN."""
    fd = LIBC.inotify_init()
    if LIBC.inotify_add_watch(fd, path.encode(), 0x20) < 0:
        sys.exit(errno.errorcode[ctypes.get_errno()])
    print("watching", flush=True)
    ready = select.select([fd, sys.stdin], [], [])[0]
    print("seen" if fd in ready else "quiet", flush=True)


if __name__ == "__main__":
    {"make": make, "look": look, "keys": keys, "count": count, "watch": watch}[sys.argv[1]](*sys.argv[2:])
