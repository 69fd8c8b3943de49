# SPDX-License-Identifier: LGPL-2.1-or-later
# A handler that can look and not touch: it attaches, reads memory and registers, and detaches.
# For OnCrash=dumper: even a dumper that was taken over by what it reads cannot change the application.

[Profile]
Name=Dumper
Description=Writes a core and a report of one application and cannot change it
Inherits=default
# Without --core it is the report alone, which has no contents of memory.
Command=/run/sandbox/sandbox-dump --core

[Context]
# Which package a library belongs to.
filesystems=/var/lib/dpkg:ro;

[Limits]
core=0

[Seccomp]
# ptrace without writing: no POKE, no SETREGS, no process_vm_writev. /proc is read-only for a handler of this tier.
tier=dumper
