#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""api-doc.py [--write | --check]   Makes docs/api.md of the comments in data/dbus-1/org.example.Sandbox.xml.

--check says where the file is not what the XML gives, and where the XML leaves something out: an argument without a
comment, a method without an example, an option or an error that the sources have and the XML has not.

A comment stands before its element: "Name:", a line "@argument: text" for each argument, then paragraphs. A paragraph
"Options:" or "Keys of X:" is followed by a list of "- key (type): text"; "Errors: A, B." names errors; "Example:" is
followed by one argument a line, in GVariant's text format; "Python:" by code instead, for what no shell can do."""
import pathlib
import re
import shlex
import sys
import textwrap
import xml.etree.ElementTree as ElementTree

top = pathlib.Path(__file__).resolve().parent.parent
source = top / 'data/dbus-1/org.example.Sandbox.xml'
target = top / 'docs/api.md'
NAME = 'org.example.Sandbox'
PLACES = {'org.example.Sandbox': ('/org/example/Sandbox', 'MANAGER'), 'org.example.Sandbox.Instance': ('$instance', 'instance')}

HEAD = '''<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
<!-- Made by scripts/api-doc.py of data/dbus-1/org.example.Sandbox.xml: change that, and run scripts/api-doc.py --write -->

# The D-Bus interface

On the session bus, under the name `org.example.Sandbox`; the service starts when it is first asked for. Paths, commands and
everything else that need not be UTF-8 are byte strings (`ay`, with or without a NUL at the end). Options are `a{sv}`; what is not
known is an error that names it.

The examples go on from each other: `$instance`, in Python `instance`, is what `Launch` has returned. In a shell they take
`gdbus` (GLib) or `busctl` (systemd), in Python PyGObject and this:

```python
import os

from gi.repository import Gio, GLib

MANAGER = '/org/example/Sandbox'
bus = Gio.bus_get_sync(Gio.BusType.SESSION)


def call(path, interface, method, types='()', values='()'):
    parameters = GLib.Variant.parse(GLib.VariantType(types), values, None, None)
    return bus.call_sync('org.example.Sandbox', path, interface, method, parameters, None, Gio.DBusCallFlags.NONE, -1, None).unpack()
```

`gdbus monitor --session --dest org.example.Sandbox` shows every signal as it comes.
'''

problems = []


class Comment:
    """What stands before an element."""

    def __init__(self, text, what):
        self.arguments, self.paragraphs, self.lists, self.errors, self.example, self.python = {}, [], {}, [], None, None
        blocks = re.split(r'\n\s*\n', textwrap.dedent(text).strip('\n'))
        first = textwrap.dedent(blocks[0]).strip().split('\n')
        name, _, rest = first[0].partition(':')
        if name != what:
            problems.append(f'{what}: its comment begins with "{name}"')
        self.brief = ' '.join([rest.strip()] + [line.strip() for line in first[1:] if not first[1].startswith('@')]).strip()
        if len(first) > 1 and first[1].startswith('@'):
            for entry in re.split(r'^@', '\n'.join(first[1:]), flags=re.M)[1:]:
                argument, _, about = entry.partition(':')
                self.arguments[argument] = ' '.join(about.split())
        title = None
        for block in blocks[1:]:
            block = textwrap.dedent(block).strip()
            if block.startswith('Example:'):
                self.example = [line.strip() for line in block.split('\n')[1:]]
            elif block.startswith('Python:'):
                self.python = textwrap.dedent('\n'.join(block.split('\n')[1:]))
            elif block.startswith('- '):
                self.lists[title or ''] = [split_item(item, what) for item in re.split(r'^- ', block, flags=re.M)[1:]]
            elif re.fullmatch(r'(Options|Keys|Errors)\b[^:]*:', ' '.join(block.split())):
                title = ' '.join(block.split())[:-1]
            elif block.startswith('Errors:'):
                self.errors = re.findall(r'\w+', block[len('Errors:'):])
            else:
                self.paragraphs.append(' '.join(block.split()))


def split_item(item, what):
    """(key, type, text)"""
    item = ' '.join(item.split())
    match = re.match(r'([\w, -]+?)(?: \(((?:[^()]|\([^()]*\))*)\))?: (.*)', item)
    if not match:
        problems.append(f'{what}: not "- key (type): text": {item}')
        return item, '', ''
    return match.groups()


def read():
    """Interfaces, each with the comments of its members."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    root = ElementTree.parse(source, parser).getroot()
    comment, interfaces = None, []
    for child in root:
        if child.tag is ElementTree.Comment:
            comment = child.text
            continue
        members, before = [], None
        for member in child:
            if member.tag is ElementTree.Comment:
                before = member.text
                continue
            if before is None:
                problems.append(f'{member.get("name")}: no comment')
            members.append((member, Comment(before or f'{member.get("name")}:', member.get('name'))))
            before = None
        interfaces.append((child, Comment(comment or '', child.get('name')), members))
    return interfaces


def escape(text):
    return text.replace('|', '\\|')


def table(head, rows):
    lines = [f'| {head} | type | |', '| --- | --- | --- |']
    for key, kind, text in rows:
        keys = ', '.join(f'`{word}`' for word in key.split(', '))
        lines.append(f'| {keys} | {f"`{kind}`" if kind else ""} | {escape(text)} |')
    return '\n'.join(lines)


def arguments(member, direction):
    return [arg for arg in member.findall('arg') if arg.get('direction', direction) == direction]


def signature(member):
    def listed(direction):
        return '(' + ', '.join(f'{arg.get("type")} {arg.get("name")}' for arg in arguments(member, direction)) + ')'
    name = member.get('name')
    if member.tag == 'method':
        return f'{name} {listed("in")} → {listed("out")}'
    return f'{name} {listed("in")}'


def quote(value):
    """A value in GVariant's text format for a shell; gdbus takes a bare word for a string."""
    if re.fullmatch(r"'[\w.-]+'", value):
        return value[1:-1]
    return f'"{value}"' if "'" in value and not re.search(r'["$`\\]', value) else shlex.quote(value)


def method_example(interface, member, comment):
    name, (path, variable) = member.get('name'), PLACES[interface]
    if comment.python is not None:
        return f'```python\n{comment.python}\n```'
    if comment.example is None:
        problems.append(f'{name}: no Example:')
        return ''
    words = ['gdbus', 'call', '--session', '--dest', NAME, '--object-path']
    shell = ' '.join(words) + f' {path} \\\n  --method {interface}.{name}'
    shell += ''.join(' ' + quote(value) for value in comment.example)
    kinds = ''.join(arg.get('type') for arg in arguments(member, 'in'))
    python = f"call({variable}, '{interface}', '{name}'"
    if comment.example:
        values = ', '.join(comment.example) + (',' if len(comment.example) == 1 else '')
        python += f", '({kinds})',\n     {chr(34) * 3}({values}){chr(34) * 3}" if '"' in values else f', \'({kinds})\', "({values})"'
    python += ')'
    outs = [arg.get('name') for arg in arguments(member, 'out')]
    if outs == ['instance']:
        shell = f"instance=$({shell} | cut -d \"'\" -f 2)"
        python = f'instance, = {python}'
    elif outs:
        python = f'print({python})'
    return f'```sh\n{shell}\n```\n\n```python\n{python}\n```'


def property_example(interface, name):
    path, variable = PLACES[interface]
    return (f'```sh\nbusctl --user get-property {NAME} {path} {interface} {name}\n```\n\n'
            f"```python\nprint(call({variable}, 'org.freedesktop.DBus.Properties', 'Get', '(ss)', \"('{interface}', '{name}')\"))\n```")


def signal_example(interface, name):
    return (f"```python\nbus.signal_subscribe('{NAME}', '{interface}', '{name}', {PLACES[interface][1]}, None, 0,\n"
            f"                     lambda *about: print(about[4], about[5].unpack()))\n```")


def describe(interface, member, comment):
    name, tag = member.get('name'), member.tag
    parts = [f'### {name}']
    if tag == 'property':
        access = {'read': 'read only', 'write': 'write only', 'readwrite': 'read and write'}[member.get('access')]
        parts.append(f'`{name}`: `{member.get("type")}`, {access}')
    else:
        parts.append(f'`{signature(member)}`')
    parts += [comment.brief[:1].upper() + comment.brief[1:] + '.'] if comment.brief else []
    parts += comment.paragraphs
    rows = [(arg.get('name'), arg.get('type'), comment.arguments.get(arg.get('name'), '')) for arg in member.findall('arg')]
    for key, _, text in rows:
        if not text:
            problems.append(f'{name}: nothing is said of its argument {key}')
    for key in comment.arguments:
        if key not in [row[0] for row in rows]:
            problems.append(f'{name}: it has no argument {key}')
    if not comment.brief and not comment.paragraphs:
        problems.append(f'{name}: nothing is said of it')
    parts += [table('argument', rows)] if rows else []
    for title, items in comment.lists.items():
        parts += [f'{title}:', table('key', items)]
    if comment.errors:
        parts.append('Errors: ' + ', '.join(f'`{error}`' for error in comment.errors) + '.')
    parts.append({'method': lambda: method_example(interface, member, comment),
                  'property': lambda: property_example(interface, name),
                  'signal': lambda: signal_example(interface, name)}[tag]())
    return '\n\n'.join(parts)


def make(interfaces):
    parts = [HEAD]
    for interface, comment, members in interfaces:
        name = interface.get('name')
        parts += [f'## {name}'] + comment.paragraphs
        for title, items in comment.lists.items():
            rows = '\n'.join(f'| `{key}` | {escape(text)} |' for key, _, text in items)
            parts += [f'{title}:', f'| name | |\n| --- | --- |\n{rows}']
        for kind in ('method', 'property', 'signal'):
            parts += [describe(name, member, about) for member, about in members if member.tag == kind]
    return '\n\n'.join(part.strip('\n') for part in parts) + '\n'


def compare(what, documented, real):
    for name in sorted(set(real) - set(documented)):
        problems.append(f'{what}: the XML says nothing of {name}')
    for name in sorted(set(documented) - set(real)):
        problems.append(f'{what}: the XML has {name}, the sources have not')


def check_sources(interfaces):
    """Options and errors as the sources have them."""
    options, errors = (top / 'src/policy/options.c').read_text(), (top / 'src/common/error.c').read_text()
    rows = options.index('#define PROCESS_ROWS')
    common = re.findall(r'ROW \("([\w-]+)"', options[rows:options.index('const SbxOptionSpec', rows)])
    comments = {member.get('name'): about for _, _, members in interfaces for member, about in members}
    for method in ('Launch', 'Exec', 'Attach'):
        start = options.index(f'sbx_{method.lower()}_options[] = {{')
        own = re.findall(r'ROW \("([\w-]+)"', options[start:options.index('};', start)])
        compare(f'{method} in options.c', [row[0] for row in comments[method].lists.get('Options', [])], common + own)
    listed = [row[0] for _, comment, _ in interfaces for rows in comment.lists.values() for row in rows]
    compare('errors in error.c', listed, re.findall(r'SBX_ERROR_PREFIX "(\w+)"', errors))
    for name, comment in comments.items():
        problems.extend(f'{name}: no such error: {error}' for error in comment.errors if error not in listed)


def main():
    interfaces = read()
    text = make(interfaces)
    check_sources(interfaces)
    if sys.argv[1:] == ['--write']:
        target.write_text(text)
    elif sys.argv[1:] == ['--check']:
        if not target.exists() or target.read_text() != text:
            problems.append('docs/api.md is not what the XML gives; run scripts/api-doc.py --write')
    elif not sys.argv[1:]:
        print(text, end='')
    else:
        sys.exit(__doc__)
    for problem in problems:
        print(f'api-doc: {problem}', file=sys.stderr)
    sys.exit(1 if problems else 0)


main()
