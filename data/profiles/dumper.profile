# SPDX-License-Identifier: LGPL-2.1-or-later
# A handler that can look and not touch: it attaches, reads memory and registers, and detaches.
# For OnCrash=dumper: even a dumper that was taken over by what it reads cannot change the application.

[Profile]
Name=Dumper
Description=Writes a core or a report of one application and cannot change it
Inherits=default

[Context]
# Where its reports go: ~/.local/share/sandbox/APP-ID/crashes
persistent=crashes;

[Limits]
core=0

[Seccomp]
# ptrace without writing: no POKE, no SETREGS, no process_vm_writev.
tier=dumper
