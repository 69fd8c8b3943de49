# SPDX-License-Identifier: LGPL-2.1-or-later
# Building and running other people's code: compilers, package managers, test suites.

[Profile]
Name=Development
Description=Network, profilers and nested sandboxes; a home of its own; no files of yours
Inherits=default

[Context]
# The host's network: programs that are being made listen, and are asked from outside. --network=private keeps a build that
# only fetches things from what is on this machine and near it.
shared=network;
# devel: perf_event_open and personality, for profilers, debuggers and `setarch -R`.
features=devel;userns;
persistent=.;

[Limits]
# An endless build must leave the desktop usable.
pids=4096

[Seccomp]
tier=browser
