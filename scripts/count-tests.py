#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""count-tests.py JUNIT.xml STATUS: the last lines of scripts/test: each case that failed with what it said, which a long
log may have lost, and how many there were. A skipped case has failed; nothing run has failed."""
import sys
import xml.etree.ElementTree as ElementTree

MOST = 3000  # characters of what a case says

passed = failed = 0
try:
    cases = list(ElementTree.parse(sys.argv[1]).getroot().iter('testcase'))
except (OSError, ElementTree.ParseError) as error:
    sys.exit(f'count-tests: {error}')
for case in cases:
    bad = [what for what in ('failure', 'error', 'skipped') if case.find(what) is not None]
    if bad:
        failed += 1
        print(f"{bad[0]}: {case.get('classname') or ''} {case.get('name')}")
        for said in case.findall(bad[0]):
            text = said.text or said.get('message') or ''
            print('\n'.join('  ' + line for line in text.strip()[:MOST].splitlines()))
    else:
        passed += 1
if failed == 0 and (sys.argv[2] != '0' or passed == 0):
    failed = 1  # a program that ended without saying which case failed, or no test at all
print(f'{passed} passed, {failed} failed')
sys.exit(1 if failed else 0)
