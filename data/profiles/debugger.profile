# SPDX-License-Identifier: LGPL-2.1-or-later
# A handler: a second sandbox that sees one application and nothing else, and may change it.
# `sandboxctl attach INSTANCE` uses it.

[Profile]
Name=Debugger
Description=gdb on one application: reads and writes its memory and registers
Inherits=default
# @PID@ is the main process of the application that it is attached to.
Command=gdb -q -p @PID@

[Context]
features=devel;

[Seccomp]
# All of ptrace.
tier=debugger
