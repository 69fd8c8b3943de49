# SPDX-License-Identifier: LGPL-2.1-or-later
# A handler that follows one application's system calls.

[Profile]
Name=Tracer
Description=strace on one application
Inherits=default
Command=strace

[Seccomp]
tier=debugger
