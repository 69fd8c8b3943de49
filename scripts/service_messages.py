#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""service_messages.py OUTPUT [DEPFILE]: the texts of the service, and of what it shares with sandboxctl, as a table in C.

They go over D-Bus in English, for programs, logs and records; sandboxctl finds them again by this table and shows them in
the language of who reads (src/cli/text/service-text.h). po/ has them because xgettext knows the same functions
(po/meson.build); scripts/check-messages compares."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
ROOMS = ['common', 'policy', 'plan', 'sources', 'layers', 'taint', 'crashes', 'daemon']
STRING = r'"(?:[^"\\]|\\.)*"'
STRINGS = rf'{STRING}(?:\s*(?:{STRING}|PRI[a-zA-Z0-9]+))*'
# The function, and which argument the text is
FUNCTIONS = {'sbx_throw': 2, 'sbx_throw_errno': 3, 'sbx_draft_warn': 1, 'g_set_error': 3, 'g_set_error_literal': 3, 'g_error_new': 2,
             'g_error_new_literal': 2, 'g_task_return_new_error': 3, 'g_prefix_error': 1, 'N_': 0}
ARGUMENT = r'(?:[^"(),;]|\((?:[^"();]|\([^"();]*\))*\))+,\s*'
CALLS = [re.compile(rf'(?<![\w]){name} \(\s*(?:{ARGUMENT}){{{n}}}({STRINGS})') for name, n in FUNCTIONS.items()]


def in_file(text):
    """The texts of a file, as they stand in C; one with a macro in it is none that gettext finds."""
    for pattern in CALLS:
        for match in pattern.finditer(text):
            if 'PRI' not in re.sub(STRING, '', match.group(1)):
                yield ''.join(part[1:-1] for part in re.findall(STRING, match.group(1)))


def files():
    for room in ROOMS:
        yield from sorted((TOP / 'src' / room).rglob('*.[ch]'))


def has_words(text):
    return len(re.findall(r'[A-Za-z]', re.sub(r'%[-+#0 ]*[\d*.]*(?:l|z|h)*[a-zA-Z]', '', text))) >= 6


def all_texts():
    return sorted({text for path in files() for text in in_file(path.read_text()) if has_words(text)})


def main():
    output = pathlib.Path(sys.argv[1])
    lines = ['/* Made by scripts/service_messages.py */', '#include "cli/text/service-messages.h"', '',
             'const char *const sbx_service_messages[] = {', *(f'  "{text}",' for text in all_texts()), '  NULL', '};']
    output.write_text('#include <stddef.h>\n' + '\n'.join(lines) + '\n')
    if len(sys.argv) > 2:
        pathlib.Path(sys.argv[2]).write_text(f'{output}: ' + ' '.join(str(path) for path in files()) + '\n')


if __name__ == '__main__':
    main()
