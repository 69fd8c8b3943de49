# SPDX-License-Identifier: LGPL-2.1-or-later
# For something that you do not trust at all and that needs nothing: a converter, a parser, a solver.

[Profile]
Name=Strict
Description=Computes, reads its input, writes its output, and can do nothing else
Inherits=default

[Procfs]
# Only processes; no cpuinfo, no sys. Breaks programs that ask how many processors there are, and
# everything that builds a sandbox of its own.
subset=pid

[Limits]
# A fork bomb or a decompression bomb ends here and not on the desktop.
memory=1G
pids=64
nofile=256
core=0

[Seccomp]
# No ptrace, no reading of other processes' memory, no keyrings, no tracing of any kind.
tier=strict
