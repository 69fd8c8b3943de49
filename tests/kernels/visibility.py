# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/visibility.md: what tests/kernels/test-matrix.cc has seen, as tables for people."""
import re

PROFILES = (
    ('default', 'The profile `default`',
     'No sandboxes inside. Its domain has file-system rights, and scopes where the kernel has them.'),
    ('browser', 'The profile `browser`',
     'Sandboxes inside, the network shared. Its domain consists of scopes alone, so it needs Linux 6.12.'),
    ('lenient', 'A profile with `features=no-landlock`',
     'As `default`, but started also where the promise cannot be kept: what is lost then.'),
)
VIEWERS = ('application', 'children', 'handler', 'owner on the host')
TARGETS = ('application', 'children', 'sandbox-init', 'handler', 'keeper', 'bwrap', 'other instance', 'host')
# By which means: the letter in a cell, the key in the probe's answer, words
MEANS = (
    ('l', 'listed', 'its directory is in the listing of `/proc`'),
    ('o', 'status', '`/proc/PID/status` can be opened and read'),
    ('e', 'environ', '`/proc/PID/environ` can be read'),
    ('k', 'kill', '`kill (PID, 0)`'),
    ('t', 'ptrace', '`ptrace (PTRACE_SEIZE, PID)`'),
    ('r', 'process_vm_readv', '`process_vm_readv`'),
    ('p', 'pidfd_open', '`pidfd_open`'),
    ('f', 'pidfd_getfd', '`pidfd_getfd`'),
)
# The call was allowed and came upon an address or a descriptor that the target does not have
REACHED = (True, 'OK', 'EFAULT', 'EBADF')


def cell(sight):
    """"all", "no", or the letters of the means that work."""
    letters = [letter for letter, key, _ in MEANS if sight[key] in REACHED]
    if len(letters) == len(MEANS):
        return 'all'
    return ' '.join(letters) or 'no'


def column(rows):
    """Viewer and target → cell, for one profile on one kernel."""
    if not rows:
        return {(viewer, target): 'refused' for viewer in VIEWERS for target in TARGETS}
    return {(viewer, target): cell(rows[viewer][target]) for viewer in VIEWERS for target in TARGETS}


def table(profile, columns):
    """One profile, a column for each kernel."""
    cells = {name: column(seen.get(profile)) for name, _, seen in columns}
    lines = ['| who | sees | ' + ' | '.join(name for name, _, _ in columns) + ' |',
             '| --- | --- |' + ' --- |' * len(columns)]
    for viewer in VIEWERS:
        for target in TARGETS:
            lines.append(f'| {viewer} | {target} | '
                         + ' | '.join(cells[name][viewer, target] for name, _, _ in columns) + ' |')
    return '\n'.join(lines)


def document(columns):
    """The whole text. @columns: (name, version, profile → viewer → target → sight)."""
    parts = ['''# Who sees whom

Made by `scripts/test --kernels` (`scripts/kernels --write-docs`) from what `tests/kernels/test-matrix.cc` has seen under
each of these kernels; not written by hand. Each run of those tests compares its kernels with this text.
''', '\n'.join(f'- {name}: {version}' for name, version, _ in columns), '''
Each cell was tried by these means, with `kernel.yama.ptrace_scope` 0:
''', '\n'.join(f'- `{letter}`: {words}' for letter, _, words in MEANS), '''
**all**: every one of them works. **no**: none does, and the answer is the one for a number that nobody has.
**refused**: such a sandbox does not start on this kernel; the error says why, and so does `explain`.

*sandbox-init* and *handler* have numbers inside too, so `pidfd_open` tells an application that somebody has them. A signal
reaches *sandbox-init*, which is in the application's own domain and ignores all of them, and the handler only where there
are no scopes (before Linux 6.12).

*host* is a process of the same user outside of every sandbox, *other instance* the application of a second sandbox of
the same profile. *handler* is one of the profile `debugger` that is attached to the application. Seen from inside,
what is outside is asked for by its number on the host; beyond that, all numbers up to 70,000 are asked for, and nothing
else may answer.
''']
    for profile, title, words in PROFILES:
        parts.append(f'## {title}\n\n{words}\n\n{table(profile, columns)}\n')
    return '\n'.join(parts)


def compare(path, columns):
    """What is different from the text that is there, as sentences."""
    try:
        text = path.read_text(encoding='utf-8')
    except OSError as error:
        return [f'{path}: {error.strerror}; scripts/kernels --write-docs makes it']
    problems = []
    for profile, title, _ in PROFILES:
        section = text[text.find(f'## {title}\n'):].split('\n## ')[0]
        rows = [re.split(r'\s*\|\s*', line.strip('| ')) for line in section.split('\n') if line.startswith('|')]
        for name, _, seen in columns:
            if not rows or name not in rows[0]:
                problems.append(f'{path.name}: {title}: has no column for {name}; scripts/kernels --write-docs makes it')
                continue
            there = {(row[0], row[1]): row[rows[0].index(name)] for row in rows[2:]}
            for where, what in column(seen.get(profile)).items():
                if there.get(where) != what:
                    problems.append(f'{path.name}: {title}, {name}: {where[0]} sees {where[1]}: the text says '
                                    f'"{there.get(where)}", and now it is "{what}"')
    return problems
