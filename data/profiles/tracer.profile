# SPDX-License-Identifier: LGPL-2.1-or-later
# A handler that follows one application's system calls.

[Profile]
Name=Tracer
Description=strace on one application
Inherits=default
# @PID@ is the main process of the application that it is attached to.
Command=strace -f -p @PID@

[Seccomp]
tier=debugger
