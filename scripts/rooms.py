#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rooms.py TABLE BUILD-DIR: makes an include directory below BUILD-DIR/src/rooms for each room of the table, src/rooms.txt.

It has links to what the room may include, and to nothing else. Prints a line for each room: its name and its directory.
meson runs it when it configures. scripts/check-rooms reads the table with it.
"""
import os
import sys

GENERATED = {'config.h': 'config.h', 'sandbox-dbus.h': 'src/common/sandbox-dbus.h'}  # where they are in the build directory


class Table:
    """The rooms, the arrows between them, and which room a file belongs to."""

    def __init__(self, text):
        self.arrows = {}
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split('#')[0].strip()
            if not line:
                continue
            room, colon, uses = line.partition(':')
            if not colon or room in self.arrows:
                raise ValueError(f'rooms.txt:{number}: wanted "ROOM: ROOM...", each once')
            self.arrows[room] = uses.split()
        for room, uses in self.arrows.items():
            for used in uses:
                if used not in self.arrows and used not in GENERATED:
                    raise ValueError(f'rooms.txt: {room} uses {used}, which is no room')
        for room in self.arrows:
            if room in self.allowed_without_itself(room):
                raise ValueError(f'rooms.txt: a circle through {room}')

    def allowed_without_itself(self, room):
        found, todo = set(), list(self.arrows.get(room, []))
        while todo:
            used = todo.pop()
            if used not in found:
                found.add(used)
                todo += self.arrows.get(used, [])
        return found

    def allowed(self, room):
        """All that the room may include: itself, and what its arrows lead to."""
        return self.allowed_without_itself(room) | {room}

    def room_of(self, path):
        """The room of a file, by its path below src/; None for one that has none. X may be the room of X.c and X.h."""
        path = os.path.splitext(path)[0]
        while path:
            if path in self.arrows:
                return path
            path = os.path.dirname(path)
        return None

    def is_divided(self, room):
        return any(other.startswith(room + '/') for other in self.arrows)

    def directory(self, room):
        return room.replace('/', '+')


def links_of(table, source, room):
    """What belongs into the room's include directory: {path there: where it leads}."""
    links = {}
    for used in table.allowed(room):
        folder = os.path.join(source, used)
        if used in GENERATED:
            continue
        if not os.path.isdir(folder):
            if os.path.isfile(folder + '.h'):
                links[used + '.h'] = folder + '.h'
            continue
        if not table.is_divided(used):
            links[used] = folder
            continue
        # One that has other rooms in it: its headers and its folders, each by itself
        for name in os.listdir(folder):
            inside = f'{used}/{name}'
            if table.room_of(inside) == used and (name.endswith('.h') or os.path.isdir(os.path.join(folder, name))):
                links[inside] = os.path.join(folder, name)
    return links


def make_forest(table, source, build):
    """Brings BUILD/src/rooms up to date, without touching what is right already."""
    top = os.path.join(build, 'src', 'rooms')
    wanted = {}
    for room in table.arrows:
        root = os.path.join(top, table.directory(room))
        os.makedirs(root, exist_ok=True)
        for path, target in links_of(table, source, room).items():
            wanted[os.path.join(root, path)] = target
        for name in table.allowed(room) & set(GENERATED):
            wanted[os.path.join(root, name)] = os.path.join(build, GENERATED[name])
    roots = {os.path.join(top, table.directory(room)) for room in table.arrows}
    for here, folders, files in os.walk(top, topdown=False):
        for name in files + folders:
            path = os.path.join(here, name)
            if os.path.islink(path) and wanted.get(path) != os.readlink(path):
                os.unlink(path)
            elif not os.path.islink(path) and path not in roots and not os.listdir(path):
                os.rmdir(path)
    for path, target in wanted.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.islink(path):
            os.symlink(target, path)


def main():
    table_file, build = sys.argv[1:]
    with open(table_file, encoding='utf-8') as file:
        table = Table(file.read())
    make_forest(table, os.path.dirname(os.path.abspath(table_file)), os.path.abspath(build))
    for room in table.arrows:
        print(room, table.directory(room))


if __name__ == '__main__':
    main()
