# SPDX-License-Identifier: LGPL-2.1-or-later
# What an application gets when nothing else is said: a read-only system and an empty home that is
# forgotten at the end. No network, no files of yours, no display, no sound, no devices, no bus.
#
# To write a profile of your own, copy this file to ~/.config/sandbox/profiles/NAME.profile and name
# what the application needs. Nothing is granted that is not named. sandbox-profile(5) has every key;
# `sandboxctl profile check FILE` reads a file, `sandboxctl explain NAME` says what it comes to.

[Profile]
Name=Default
Description=A read-only system and nothing else

[Context]
# Where a profile names the socket x11 or fallback-x11, it is that of your desktop. x11=nested gives
# the application a display of its own, on which it cannot read the keys and windows of others.
x11=shared

[Procfs]
# /proc shows only the processes that the application may ptrace: itself and its children.
hidepid=ptraceable
# The rest of /proc (cpuinfo, meminfo, sys) stays, because many programs read it.
# subset=pid would remove it; see strict.profile.
subset=all

[Seccomp]
# System calls that no ordinary program needs are refused. ptrace is not among them: inside, it
# reaches only the application's own processes, and crash handlers need it.
tier=default
