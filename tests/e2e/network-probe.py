# SPDX-License-Identifier: LGPL-2.1-or-later
# network-probe.py PORT ADDRESS…   What each address answers by TCP and by UDP, a line each: "tcp ADDRESS ANSWER". No answer
# is the name of an errno, or "nothing". All are asked at the same time.
import errno
import socket
import sys
import threading

port, addresses = int(sys.argv[1]), sys.argv[2:]
answers = {}


def ask(kind, address):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
    sock.settimeout(4)
    try:
        sock.connect((address, port))
        if kind == 'udp':
            sock.send(b'?')
        answer = sock.recv(100).decode().strip()
    except TimeoutError:
        answer = 'nothing'
    except OSError as error:
        answer = errno.errorcode.get(error.errno, 'nothing')
    answers[kind, address] = answer


threads = [threading.Thread(target=ask, args=(kind, address)) for kind in ('tcp', 'udp') for address in addresses]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for address in addresses:
    for kind in ('tcp', 'udp'):
        print(kind, address, answers[kind, address])
