#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""seeds.py: writes the binary seeds of corpus/{options,block,message,bus-message,wayland}. What fuzzers found and text seeds are files of
their own there. The numbers are those of src/wire/block.h and message.h."""
import pathlib
import socket
import struct

from gi.repository import Gio, GLib

corpus = pathlib.Path(__file__).parent / 'corpus'


def save(fuzzer, name, data):
    (corpus / fuzzer).mkdir(parents=True, exist_ok=True)
    (corpus / fuzzer / name).write_bytes(data)


# Frames from a sandbox


def frame(to, protocol=6, port=443):
    head = bytes.fromhex('52550a000202020000000001')
    payload = struct.pack('>HHIIBBHHH', 40000, port, 1, 0, 0x50, 2, 1024, 0, 0)
    if ':' in to:
        return head + b'\x86\xdd' + struct.pack('>IHBB', 6 << 28, len(payload), protocol, 64) \
            + socket.inet_pton(socket.AF_INET6, 'fd00::100') + socket.inet_pton(socket.AF_INET6, to) + payload
    return head + b'\x08\x00' + struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) \
        + socket.inet_aton('10.0.2.100') + socket.inet_aton(to) + payload


def question_frame(to, question):
    datagram = struct.pack('>HHHH', 40000, 53, 8 + len(question), 0) + question
    bare = frame(to, 17, 53)
    if ':' in to:
        return bare[:18] + struct.pack('>H', len(datagram)) + bare[20:54] + datagram
    return bare[:16] + struct.pack('>H', 20 + len(datagram)) + bare[18:34] + datagram


QUESTION = b'\x12\x34\x01\0\0\1\0\0\0\0\0\0' + b'\3www\7example\3org\0' + b'\0\1\0\1'
save('border', 'question', question_frame('10.0.2.3', QUESTION))
save('border', 'question-ipv6', question_frame('fd00::3', QUESTION))
save('border', 'question-terminal', question_frame('10.0.2.3', QUESTION.replace(b'www', b'\x1b[2')))
for name, data in {'internet': frame('198.51.100.1'), 'internet-ipv6': frame('2001:db8::1'), 'near': frame('192.168.1.1'),
                   'near-ipv6': frame('fe80::1'), 'resolver': frame('10.0.2.3', 17, 53), 'echo': frame('1.1.1.1', 1),
                   'resolver-ipv6': frame('fd00::3', 17, 53), 'many': frame('224.0.0.251', 17, 5353),
                   'host': frame('203.0.113.77'), 'echo-ipv6': frame('2001:db8::1', 58)}.items():
    save('border', name, data)
save('border', 'cut', frame('198.51.100.1')[:40])
save('border', 'arp', bytes(12) + b'\x08\x06' + bytes(28))

# Messages of DNS

save('dns', 'question', QUESTION)
save('dns', 'edns', QUESTION[:11] + b'\1' + QUESTION[12:] + b'\0' + struct.pack('>HHIH', 41, 1232, 0, 0))
save('dns', 'answer', QUESTION[:2] + b'\x81\x80\0\1\0\2\0\0\0\0' + QUESTION[12:]
     + b'\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1a\xc0\x10' + b'\1a\xc0\x10\0\x1c\0\1\0\0\0\x3c\0\x10' + bytes(16))
save('dns', 'pointer', QUESTION[:12] + b'\xc0\x0c\0\1\0\1')

# What a Wayland compositor says

def event(thing, opcode, body):
    return struct.pack('=II', thing, len(body) + 8 << 16 | opcode) + body


def word(text):
    return struct.pack('=I', len(text) + 1) + text + bytes(4 - len(text) % 4)


MANAGER = event(2, 0, struct.pack('=I', 2) + word(b'wp_security_context_manager_v1') + struct.pack('=I', 1))
GLOBALS = event(2, 0, struct.pack('=I', 1) + word(b'wl_compositor') + struct.pack('=I', 6))
DONE = event(3, 0, bytes(4)) + event(1, 1, struct.pack('=I', 3))
save('wayland', 'plain', GLOBALS + DONE)
save('wayland', 'context', GLOBALS + MANAGER + DONE + event(1, 1, struct.pack('=I', 5)) + event(6, 0, bytes(4)))
save('wayland', 'refused', MANAGER + DONE + event(1, 0, struct.pack('=II', 4, 2) + word(b'nested')))
save('wayland', 'removed', MANAGER + event(2, 1, struct.pack('=I', 2)) + DONE)
save('wayland', 'too-early', MANAGER + event(6, 0, bytes(4)))
save('wayland', 'text', b'This is not what a compositor says.')

# Blocks: 'P', 'F', 'S', 'E' or 'C', then records

def record(tag, value):
    return struct.pack('=II', tag, len(value)) + value + bytes(-len(value) % 8)


def strv(*words):
    return b''.join(word + b'\0' for word in words)


ID, INFO, BWRAP, FDMAP, PROCFS, DOMAIN, FLAGS, ARGV, ENV, CWD, HOME, SECCOMP, LANDLOCK, PATH_RULE, PORT_RULE, RLIMIT, \
    JOIN, DOCUMENTS, DOCUMENTS_AT, SIDECAR, SIDECAR_COMMAND, SIDECAR_FILTER, SIDECAR_FILE, SIDECAR_MEMORY = range(1, 25)
BUS, DISPLAY = range(2)
NETWORK = 3
SIDECAR_TO, TO, SIDECARS_ENDED, PUBLISHED = 37, 39, 40, 41


def sidecar(kind, program, rest=b''):
    return record(SIDECAR, struct.pack('=I', kind)) + record(SIDECAR_COMMAND, strv(b'/usr/bin/bwrap', program)) \
        + record(SIDECAR_FILTER, struct.pack('=HBBI', 6, 0, 0, 0x7fff0000)) + rest


prepare = [
    record(BWRAP, strv(b'/usr/bin/bwrap', b'--unshare-user', b'--ro-bind', b'/usr', b'/usr', b'--', b'/proc/self/fd/9')),
    record(FDMAP, struct.pack('=2i', 10, 11)),
]
furnish = [record(ID, b'0123456789abcdef\0')]
start = [
    record(FDMAP, struct.pack('=3i', 0, 1, 2)),
    record(ARGV, strv(b'ls', b'-la', b'')),
    record(INFO, b'[Instance]\nApp=org.example.App\n'),
]
exec_ = start[:2]
more_prepare = {
    'procfs': record(PROCFS, struct.pack('=I', 3)),
    'domain': record(DOMAIN, struct.pack('=I', 3)),
    'join': record(JOIN, struct.pack('=I', 127)),
}
more_furnish = {
    'display': sidecar(DISPLAY, b'Xvfb', record(SIDECAR_FILE, b'cookie')),
    'documents': record(DOCUMENTS, b'by-app/a.b\0') + record(DOCUMENTS_AT, b'/run/user/1000/doc\0'),
    'bus': sidecar(BUS, b'xdg-dbus-proxy', record(SIDECAR_FILE, b'[Application]\nname=a.b\n')
                   + record(SIDECAR_MEMORY, struct.pack('=Q', 256 << 20))),
}
more_start = {
    'flags': record(FLAGS, struct.pack('=I', 7)),
    'env': record(ENV, strv(b'A=1', b'B=', b'C=x=y')),
    'env-empty': record(ENV, b''),
    'cwd': record(CWD, b'/srv\0') + record(HOME, b'/home/u\0'),
    'seccomp': record(SECCOMP, struct.pack('=HBBI', 6, 0, 0, 0x7fff0000)),
    'landlock': record(LANDLOCK, struct.pack('=3Q', 0x1fff, 3, 3)),
    'path-rules': record(PATH_RULE, struct.pack('=Q', 0xc) + b'/\0') + record(PATH_RULE, struct.pack('=Q', 0x1fff) + b'/tmp\0'),
    'port-rules': record(PORT_RULE, struct.pack('=2Q', 2, 443)) + record(PORT_RULE, struct.pack('=2Q', 1, 80)),
    'rlimits': record(RLIMIT, struct.pack('=3Q', 7, 256, 256)) + record(RLIMIT, struct.pack('=3Q', 4, 0, 0)),
}
save('block', 'prepare', b'P' + b''.join(prepare))
save('block', 'furnish', b'F' + b''.join(furnish))
save('block', 'start', b'S' + b''.join(start))
save('block', 'exec', b'E' + b''.join(exec_))
save('block', 'exec-all', b'E' + b''.join(exec_) + b''.join(more_start[k] for k in ('flags', 'env', 'cwd', 'rlimits')))
save('block', 'exec-with-info', b'E' + b''.join(start))
save('block', 'exec-with-filter', b'E' + b''.join(exec_) + more_start['seccomp'])
save('block', 'start-without-info', b'S' + b''.join(exec_))
for name, rest in more_prepare.items():
    save('block', 'prepare-' + name, b'P' + b''.join(prepare) + rest)
for name, rest in more_furnish.items():
    save('block', 'furnish-' + name, b'F' + b''.join(furnish) + rest)
save('block', 'furnish-all', b'F' + b''.join(furnish) + b''.join(more_furnish.values()))
for name, rest in more_start.items():
    save('block', 'start-' + name, b'S' + b''.join(start) + rest)
save('block', 'prepare-all', b'P' + b''.join(prepare) + b''.join(more_prepare.values()))
save('block', 'start-all', b'S' + b''.join(start) + b''.join(v for k, v in more_start.items() if k != 'env-empty'))
for i in range(len(prepare)):
    save('block', f'prepare-without-{i + 1}', b'P' + b''.join(prepare[:i] + prepare[i + 1:]))
bad_sidecars = {
    'without-group': record(SIDECAR_MEMORY, struct.pack('=Q', 1)),
    'kind': sidecar(2, b'x'),
    'twice': sidecar(BUS, b'x') + sidecar(DISPLAY, b'x') + sidecar(BUS, b'x'),
    'without-command': record(SIDECAR, struct.pack('=I', BUS)) + record(SIDECAR_FILTER, bytes(8)),
    'without-filter': record(SIDECAR, struct.pack('=I', BUS)) + record(SIDECAR_COMMAND, strv(b'/usr/bin/bwrap')),
    'record-twice': sidecar(BUS, b'x', record(SIDECAR_FILE, b'x') * 2),
    'interrupted': sidecar(BUS, b'x') + record(DOCUMENTS, b'by-app/a.b\0') + record(SIDECAR_FILE, b'x'),
}
for name, rest in bad_sidecars.items():
    save('block', 'sidecar-' + name, b'F' + b''.join(furnish) + rest)


def published(protocol=6, elsewhere=0, ipv6=0, unused=0, port=8080, inside=80, address=b''):
    return struct.pack('=BBBBHH16s', protocol, elsewhere, ipv6, unused, port, inside, address)


def destination(place=0, denies=0, protocol=0, ipv6=0, bits=0, first=0, last=65535, address=b'', name=b''):
    return struct.pack('=BBBBBBHH16s254s', place, denies, protocol, ipv6, bits, 0, first, last, address, name)


# Ports that are published: as many as there may be, one more, none, half of one, twice; and rows that are none, which the keeper refuses
row = published()
for name, value in {'one': row, 'most': row * 32, 'more': row * 33, 'none': b'', 'half': row[:12], 'one-and-a-half': row + row[:8],
                    'udp-elsewhere': published(17, 1, 1, address=b'\xfd' + bytes(15)) + published(17, 1, 0, address=bytes([192, 0, 2, 1])),
                    'port-0': published(port=0), 'inside-0': published(inside=0), 'protocol': published(protocol=1),
                    'unused': published(unused=1), 'address-of-none': published(address=b'\x7f'),
                    'address-too-long': published(elsewhere=1, address=bytes([192, 0, 2, 1, 5]))}.items():
    save('block', 'published-' + name, b'F' + b''.join(furnish) + record(PUBLISHED, value))
save('block', 'published-twice', b'F' + b''.join(furnish) + record(PUBLISHED, row) * 2)
save('block', 'published-in-start', b'S' + b''.join(start) + record(PUBLISHED, row))
save('block', 'published-in-change', b'C' + start[2] + record(PUBLISHED, row))
save('block', 'published-behind-a-group', b'F' + b''.join(furnish) + sidecar(NETWORK, b'slirp4netns', record(SIDECAR_TO, destination()))
     + record(PUBLISHED, row))
# Changes of what runs
save('block', 'change', b'C' + start[2])
save('block', 'change-without-info', b'C' + record(SIDECARS_ENDED, struct.pack('=I', 1)))
for name, value in {'none': struct.pack('=I', 0), 'bus': struct.pack('=I', 1), 'all': struct.pack('=I', 15),
                    'more': struct.pack('=I', 16), 'most': struct.pack('=I', 0xffffffff), 'short': b'\1\0', 'empty': b'',
                    'long': struct.pack('=Q', 1)}.items():
    save('block', 'ended-' + name, b'C' + start[2] + record(SIDECARS_ENDED, value))
save('block', 'ended-twice', b'C' + start[2] + record(SIDECARS_ENDED, struct.pack('=I', 1)) * 2)
save('block', 'ended-in-furnish', b'F' + b''.join(furnish) + record(SIDECARS_ENDED, struct.pack('=I', 1)))
save('block', 'ended-with-its-next', b'C' + start[2] + sidecar(BUS, b'xdg-dbus-proxy', record(SIDECAR_FILE, b'x'))
     + record(SIDECARS_ENDED, struct.pack('=I', 2)))
for name, value in {'none': b'', 'internet': destination(), 'most': destination() * 128, 'more': destination() * 129,
                    'name': destination(5, name=b'*.example.org'), 'name-unterminated': destination(5, name=b'a' * 254),
                    'ports': destination(first=2, last=1), 'cut': destination()[:-1]}.items():
    save('block', 'change-to-' + name, b'C' + start[2] + record(TO, value))
    save('block', 'sidecar-to-' + name, b'F' + b''.join(furnish) + sidecar(NETWORK, b'slirp4netns', record(SIDECAR_TO, value)))
save('block', 'start-twice', b'S' + b''.join(start + start))
save('block', 'start-in-prepare', b'P' + b''.join(start))
save('block', 'tag-0', b'S' + b''.join(start) + record(0, b''))
save('block', 'tag-unknown', b'S' + b''.join(start) + record(SIDECAR_MEMORY + 1, b''))
save('block', 'length-too-great', b'S' + b''.join(start) + struct.pack('=II', ENV, 0xfffffff9))
save('block', 'length-wraps', b'S' + b''.join(start) + struct.pack('=II', ENV, 0xffffffff) + b'A=1\0' * 4)
save('block', 'argv-unterminated', b'S' + start[0] + record(ARGV, b'ls\0-la'))
save('block', 'argv-empty', b'S' + start[0] + record(ARGV, b''))
save('block', 'id-short', b'F' + record(ID, b'0123\0'))
save('block', 'id-in-prepare', b'P' + b''.join(prepare + furnish))
save('block', 'id-nul', b'F' + record(ID, b'0123456\089abcdef\0'))
save('block', 'rule-without-path', b'S' + b''.join(start) + record(PATH_RULE, struct.pack('=Q', 1) + b'//'))
save('block', 'rlimit-short', b'S' + b''.join(start) + record(RLIMIT, struct.pack('=2Q', 7, 1)))

# Messages: a byte with the channel (low half) and the number of descriptors (high half, 0 to 7), then the packet

TO_KEEPER, FROM_KEEPER, TO_INIT, FROM_INIT, FROM_CALLER, TO_CALLER, FROM_TRACER, FROM_HANDLER = range(8)
PREPARE, START, EXEC, SIGNAL, STOP, ATTACH, RELEASE, HOLD, READY, HELLO, STARTED, FAILED, EXITED, CHANGED, CRASHED, \
    ENDED, DENIED, DENIED_MORE = range(1, 19)
FURNISH, TRAFFIC, LIMIT, ASKED = 29, 30, 31, 32


def packet(channel, kind, fds=0, job=0, pid=0, value=0, detail=0, fields=b'', text=b'', version=2, length=None):
    if kind == STARTED and not fields:
        fields = struct.pack('=q', 0)
    first = next(b for b in range(fds << 4, (fds << 4) + 16) if b % 8 == channel)
    return bytes([first]) + struct.pack('=HHIiiiI', version, kind, job, pid, value, detail,
                                        len(text) if length is None else length) + fields + text


def crashed(crash, tid=4711):
    return struct.pack('=IQqiiii', crash, 0xdeadbeef, 1700000000000000, tid, 2, 3, 0)


def denied(slot, need=2, count=1, name=b'org.example.A', member=b'org.example.I.M', source=0, process=b''):
    return struct.pack('=IIIIIqq16s256s512s', slot, source, need, count, 0, 1, 2, process, name, member)


def asked(slot=0, count=1, when=1700000000000000, name=b'www.example.org'):
    return packet(FROM_KEEPER, ASKED, value=count, fields=struct.pack('=Iq', slot, when), text=name)


def denials(*rows, magic=0x32796e44, dropped=0, count=None):
    return struct.pack('=IIII', magic, len(rows) if count is None else count, dropped, 0) + b''.join(row[4:] for row in rows)


for name, data in {'none': denials(), 'bus': denials(denied(0)), 'more': denials(denied(0), dropped=7),
                   'calls': denials(denied(0), denied(1, 1, 9, b'socket', b'0=0x1f', 1, b'a.out')),
                   'full': denials(*[denied(i) for i in range(32)]), 'too-many': denials(*[denied(i) for i in range(33)]),
                   'short': denials(denied(0), count=2), 'another-magic': denials(denied(0), magic=1),
                   'process': denials(denied(0, process=b'\x1b[2J')), 'cut': denials(denied(0))[:-1], 'empty': b'',
                   'rule': struct.pack('=IIIIIIQQIIQQ32s40s', 0xc000003e, 41, 97, 1, 0, 0, (1 << 64) - 1, 40, 0, 0, 0, 0,
                                       b'socket', b'0=0x28'),
                   'rule-checks': struct.pack('=IIIIIIQQIIQQ32s40s', 0xc000003e, 41, 97, 3, 0, 0, 0, 40, 0, 0, 0, 0,
                                              b'socket', b'any')}.items():
    save('denials', name, data)

# What a learner takes down: rows of kind, uses, length and name

PATH, ABSTRACT, NETWORK, ELSEWHERE, OWN_FILTER, UNREADABLE, TOO_MANY, OWN_ASKING, CUT = range(9)
LOOK, READ, WRITE, MAKE, EXECUTE, CONNECT = (1 << bit for bit in range(6))


def name(path, uses=READ, kind=PATH, length=None):
    return struct.pack('=HHI', kind, uses, len(path) if length is None else length) + path


def learned_note(kind):
    return struct.pack('=HHI', kind, 0, 0)


for key, data in {
        'files': name(b'/home/u/Documents/a.odt') + name(b'/home/u/.config/tool/x', WRITE | MAKE) + name(b'/opt/tool/data'),
        'secrets': name(b'/home/u/.ssh/id_ed25519') + name(b'/home/u/.bashrc', WRITE) + name(b'/home/u/.mozilla/cookies'),
        'again': name(b'/srv/a') + name(b'/srv/a', READ | WRITE) + name(b'/srv/a', READ | WRITE | MAKE),
        'sockets': name(b'/run/user/1000/pulse/native', CONNECT) + name(b'/tmp/.X11-unix/X0', CONNECT, ABSTRACT)
        + name(b'/dev/dri/renderD128', READ | WRITE) + name(b'192.0.2.1 443', CONNECT, NETWORK),
        'link': name(b'/opt/link') + name(b'/home/u/a/link'), 'climbs': name(b'/opt/../home/u/.ssh/x'),
        'notes': learned_note(ELSEWHERE) + learned_note(OWN_FILTER) + learned_note(UNREADABLE) + learned_note(TOO_MANY)
        + learned_note(OWN_ASKING) + learned_note(CUT),
        'odd': name(b'/home/u/odd\x1b[31m\n[Context]\nfilesystems=host;') + name(b'/home/u/a;~') + name(b'/home/u/a:rw')
        + name(b'/home/u/!b') + name(b'/home/u/\xff\xfe'), 'nul': name(b'a\0b', CONNECT, ABSTRACT) + name(b'\0b', CONNECT, ABSTRACT),
        'length-most': name(b'/' + b'a' * 4094), 'length-more': name(b'/' + b'a' * 4095), 'length-wraps': name(b'/a', length=0xffffffff),
        'length-none': name(b''), 'uses-unknown': name(b'/a', 0x40), 'uses-none': name(b'/a', 0), 'kind-unknown': name(b'/a', READ, 99),
        'note-with-name': name(b'/a', READ, ELSEWHERE), 'cut': name(b'/home/u/a')[:-1], 'relative': name(b'home/u/a')}.items():
    save('learned', key, data)

messages = {
    'prepare': packet(TO_KEEPER, PREPARE, fds=3),
    'furnish': packet(TO_KEEPER, FURNISH, fds=2),
    'furnish-few': packet(TO_KEEPER, FURNISH, fds=1),
    'prepare-few': packet(TO_KEEPER, PREPARE, fds=1),
    'start': packet(TO_KEEPER, START, fds=5, value=3),
    'exec': packet(TO_KEEPER, EXEC, fds=1, job=1, value=1),
    'exec-gate': packet(TO_KEEPER, EXEC, fds=1, job=1, value=4),
    'signal': packet(TO_KEEPER, SIGNAL, job=1, value=15, detail=1),
    'signal-0': packet(TO_KEEPER, SIGNAL),
    'signal-65': packet(TO_KEEPER, SIGNAL, value=65),
    'stop': packet(TO_KEEPER, STOP, value=5000),
    'stop-negative': packet(TO_KEEPER, STOP, value=-1),
    'attach': packet(TO_KEEPER, ATTACH, fds=2, value=1, fields=struct.pack('=I', 7)),
    'release': packet(TO_KEEPER, RELEASE, fields=struct.pack('=I', 7)),
    'release-none': packet(TO_KEEPER, RELEASE, fields=struct.pack('=I', 0)),
    'release-short': packet(TO_KEEPER, RELEASE),
    'ready': packet(FROM_KEEPER, READY, pid=4711),
    'ready-text': packet(FROM_KEEPER, READY, text=b'x'),
    'started': packet(FROM_KEEPER, STARTED, pid=4711, detail=255, fields=struct.pack('=q', 1700000000000000)),
    'started-text': packet(FROM_KEEPER, STARTED, pid=4711, detail=255, text=b'1700000000000000'),
    'failed': packet(FROM_KEEPER, FAILED, job=2, value=2, detail=14, text=b'no such file'),
    'failed-longest': packet(FROM_KEEPER, FAILED, text=b'x' * 2048),
    'failed-longer': packet(FROM_KEEPER, FAILED, text=b'x' * 2049),
    'failed-nul': packet(FROM_KEEPER, FAILED, text=b'a\0b'),
    'failed-length': packet(FROM_KEEPER, FAILED, text=b'short', length=2048),
    'failed-length-0': packet(FROM_KEEPER, FAILED, text=b'short', length=0),
    'failed-length-wraps': packet(FROM_KEEPER, FAILED, text=b'short', length=0xffffffff),
    'exited': packet(FROM_KEEPER, EXITED, job=1, value=139),
    'changed': packet(FROM_KEEPER, CHANGED, detail=3),
    'crashed': packet(FROM_KEEPER, CRASHED, pid=4711, value=11, detail=-6, fields=crashed(1)),
    'crashed-short': packet(FROM_KEEPER, CRASHED, pid=4711, value=11, fields=crashed(1)[:-1]),
    'crashed-tid': packet(FROM_KEEPER, CRASHED, pid=4711, value=11, fields=crashed(1, tid=-1)),
    'denied': packet(FROM_KEEPER, DENIED, fields=denied(31, count=3)),
    'denied-slot': packet(FROM_KEEPER, DENIED, fields=denied(32)),
    'denied-source': packet(FROM_KEEPER, DENIED, fields=denied(0, source=2)),
    'denied-call': packet(FROM_KEEPER, DENIED, fields=denied(0, 1, 9, b'socket', b'0=0x1f', 1, b'a.out')),
    'denied-call-need': packet(FROM_KEEPER, DENIED, fields=denied(0, 2, 9, b'socket', b'0=0x1f', 1)),
    'denied-process': packet(FROM_KEEPER, DENIED, fields=denied(0, process=b'\x1b[2J')),
    'denied-process-longer': packet(FROM_KEEPER, DENIED, fields=denied(0, process=b'a' * 16)),
    'denied-need': packet(FROM_KEEPER, DENIED, fields=denied(0, need=4)),
    'denied-never': packet(FROM_KEEPER, DENIED, fields=denied(0, count=0)),
    'denied-name': packet(FROM_KEEPER, DENIED, fields=denied(0, name=b'a b')),
    'denied-name-longest': packet(FROM_KEEPER, DENIED, fields=denied(0, name=b'a' * 255)),
    'denied-name-longer': packet(FROM_KEEPER, DENIED, fields=denied(0, name=b'a' * 256)),
    'denied-member-longer': packet(FROM_KEEPER, DENIED, fields=denied(0, member=b'a' * 512)),
    'traffic': packet(FROM_KEEPER, TRAFFIC, fields=struct.pack('=QQ', 1, 1 << 63)),
    'traffic-short': packet(FROM_KEEPER, TRAFFIC, fields=struct.pack('=Q', 1)),
    'asked': asked(), 'asked-slot': asked(slot=16), 'asked-never': asked(count=0), 'asked-time': asked(when=-1),
    'asked-none': asked(name=b''), 'asked-longest': asked(name=b'a' * 253), 'asked-longer': asked(name=b'a' * 254),
    'asked-terminal': asked(name=b'a\x1b[2J.org'), 'asked-capital': asked(name=b'A.org'), 'asked-nul': asked(name=b'a\0b'),
    'asked-of-init': packet(FROM_INIT, ASKED, value=1, fields=struct.pack('=Iq', 0, 0), text=b'a.org'),
    'denied-more': packet(FROM_KEEPER, DENIED_MORE, value=1000),
    'denied-more-text': packet(FROM_KEEPER, DENIED_MORE, value=1, text=b'x'),
    'ended': packet(FROM_KEEPER, ENDED, value=0, detail=0, text=b''),
    'ended-culprit': packet(FROM_KEEPER, ENDED, value=7),
    'init-start': packet(TO_INIT, START, fds=2, value=4),
    'init-exec': packet(TO_INIT, EXEC, fds=1, job=3),
    'init-signal': packet(TO_INIT, SIGNAL, value=9),
    'init-hold': packet(TO_INIT, HOLD, value=1),
    'init-stop': packet(TO_INIT, STOP),
    'of-init-ready': packet(FROM_INIT, READY),
    'of-init-asks': packet(FROM_INIT, 27, fds=1),
    'of-init-asks-without': packet(FROM_INIT, 27),
    'of-init-hello': packet(FROM_INIT, HELLO, job=1),
    'of-init-started': packet(FROM_INIT, STARTED, job=1),
    'of-init-started-text': packet(FROM_INIT, STARTED, text=b'1'),
    'of-init-failed': packet(FROM_INIT, FAILED, job=1, value=13, detail=14, text=b'permission denied'),
    'of-init-exited': packet(FROM_INIT, EXITED, job=1, value=256),
    'of-init-fds': packet(FROM_INIT, READY, fds=1),
    'lifeline-signal': packet(FROM_CALLER, SIGNAL, value=2),
    'lifeline-stop': packet(FROM_CALLER, STOP, value=1),
    'lifeline-started': packet(TO_CALLER, STARTED, fields=struct.pack('=q', 1)),
    'lifeline-failed': packet(TO_CALLER, FAILED, value=2, detail=14, text=b'no such file'),
    'lifeline-exited': packet(TO_CALLER, EXITED, value=256),
    'lifeline-ended': packet(TO_CALLER, ENDED, value=6, text=b'gone'),
    'tracer-ready': packet(FROM_TRACER, READY),
    'tracer-crashed': packet(FROM_TRACER, CRASHED, fds=1, pid=1, value=6, fields=crashed(0)),
    'tracer-crashed-without': packet(FROM_TRACER, CRASHED, pid=1, value=6, fields=crashed(0)),
    'tracer-ready-fds': packet(FROM_TRACER, READY, fds=1),
    'tracer-crashed-two': packet(FROM_TRACER, CRASHED, fds=2, pid=1, value=6, fields=crashed(0)),
    'handler-ready-without': packet(FROM_HANDLER, READY),
    'handler-ready': packet(FROM_HANDLER, READY, fds=1),
    'version-0': packet(FROM_INIT, READY, version=0),
    'type-0': packet(FROM_INIT, 0),
    'type-17': packet(FROM_INIT, 17),
    'type-most': packet(FROM_INIT, 65535),
}
for name, data in messages.items():
    save('message', name, data)

# Options: a NUL, then a serialised a{sv}. The same in text are files of the corpus

options = {
    'bytes-empty': '@a{sv} {}',
    'bytes-process': "{'cwd': <b'/srv'>, 'cwd-optional': <true>, 'tty': <false>, 'env': <{'A': '1'}>, 'unset-env': <['B']>}",
    'bytes-fds': "{'fds': <{uint32 0: handle 0, uint32 3: handle 1, uint32 65535: handle 0}>, 'lifeline': <handle 2>}",
    'bytes-launch': "{'app-id': <'org.example.App'>, 'on-crash': <'dumper'>, 'forward': <[handle 0, handle 1]>}",
    'bytes-policy': "{'policy': <{'Context': <{'shared': 'network;', 'filesystems': 'home:ro;!~/.ssh'}>}>}",
    'bytes-second-name': "{'policy': <{'Context': <{'filesystems': '/srv/a:ro@~/a;!/srv/a/b;!/srv/c:ro@/w'}>}>}",
    'bytes-not-utf8': "{'cwd': <[byte 0x2f, 0xff]>}",
    'bytes-wrong-type': "{'tty': <'yes'>}",
    'bytes-nested': "{'policy': <{'Context': <{'shared': <'network;'>}>}>}",
}
for name, text in options.items():
    data = GLib.Variant.parse(GLib.VariantType('a{sv}'), text, None, None).get_data_as_bytes().get_data()
    save('options', name, b'\0' + data)

# Messages of D-Bus


def bus_message(message, body):
    message.set_serial(7)
    if body:
        message.set_body(GLib.Variant.parse(None, body, None, None))
    return message.to_blob(Gio.DBusCapabilityFlags.UNIX_FD_PASSING)


CALL = Gio.DBusMessage.new_method_call('org.example.A', '/b', 'org.example.C', 'D')
CALL.set_serial(3)
for name, body in {'none': None, 'path': "(objectpath '/org/example/Sandbox/instances/0123456789abcdef',)",
                   'handle': '(handle 0,)', 'variants': "({'a': <1>, 'b': <[<byte 2>, <'3'>]>, 'c': <{uint64 4: true}>},)",
                   'instances': "({objectpath '/a': {'State': <'running'>, 'Pid': <uint32 5>, 'Argv': <[b'x']>}},)",
                   'numbers': '(byte 1, true, int16 -5, uint16 6, -7, uint32 8, int64 -9, uint64 10, 1.5)',
                   'empty': "(@as [], @a(st) [], '', signature 'a{sv}')"}.items():
    save('bus-message', 'reply-' + name, bus_message(Gio.DBusMessage.new_method_reply(CALL), body))
save('bus-message', 'failure', bus_message(Gio.DBusMessage.new_method_error_literal(CALL, 'org.example.Sandbox.Error.Busy', 'no'), None))
save('bus-message', 'signal', bus_message(Gio.DBusMessage.new_signal('/b', 'org.example.C', 'D'), "('text',)"))
save('bus-message', 'call', bus_message(CALL, "([b'echo', b'x'], @a{sv} {})"))
