/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only place where the service's own limits and times are set. */
#pragma once

/* Of instances that run or are being started, over all clients, there may be as many as the machine has room for
 * (instances/room.h), by what each takes. Descriptors of the service: the keeper's socket and a pidfd, and as many for
 * a client that waits for it; what calls, launches and boxes need beside. */
#define SBX_DESCRIPTORS_EACH 4
#define SBX_DESCRIPTORS_KEPT 2048
/* Keeper, bwrap and sandbox-init, and two for the application; of half of what there may be. */
#define SBX_PROCESSES_EACH 5
/* 0.35 MiB (docs/benchmarks.md) and a small application; of half of what there is. */
#define SBX_MEMORY_EACH (2u << 20)
/* Of the instances, how many one instance that was started from outside may have below it. */
#define SBX_MAX_NESTED 32
/* Descriptors that one call may hand over in all: what a launch takes (policy/options.c) and its lifeline. */
#define SBX_MAX_DESCRIPTORS 640
/* Launches of one client that have not been answered yet. */
#define SBX_MAX_PENDING_PER_CLIENT 300
/* Launches between the keeper's start and READY or STARTED, for each processor: with two the service answers others
 * half as fast meanwhile, for a tenth of the time (docs/benchmarks.md, bench/load). One that takes longer than this
 * many milliseconds is waiting for something else than a processor, and no longer counts. */
#define SBX_STARTING_PER_PROCESSOR 1
#define SBX_STARTING_PATIENCE_MS 500
/* Boxes that wait ahead of launches; the default of --prepared. Each is three small processes: 0.4 MiB. */
#define SBX_PREPARED 2
#define SBX_MAX_PREPARED 64
/* How long after a launch they are made: when what it has started has got going. */
#define SBX_REFILL_MS 3000
/* How often those that wait are looked at: whether memory is short, or something has changed. */
#define SBX_PREPARED_LOOK_SECONDS 10
/* Ended instances that are still shown; the oldest goes first. */
#define SBX_MAX_EXITED 128
#define SBX_EXITED_KEPT_SECONDS 300
/* From START to STARTED. Long: the first access to a slow network home counts. */
#define SBX_START_TIMEOUT_SECONDS 60
/* How long the service stays without instances and clients; the default of --idle-timeout. */
#define SBX_IDLE_SECONDS 60
/* A list of applications (--session=LIST): its bytes, and how many it may have. */
#define SBX_MAX_LIST (256u << 10)
#define SBX_MAX_LISTED 256
/* What has ended and is to be started again waits that long, and twice as long each time until it has run for longer
 * than the last of these. */
#define SBX_RESTART_FIRST_SECONDS 1
#define SBX_RESTART_LAST_SECONDS 60
/* At the end of the service: from SIGTERM to SIGKILL, and until it leaves without them. */
#define SBX_LIST_GRACE_MS 5000
#define SBX_LIST_PATIENCE_SECONDS 30
/* How long a keeper that is there already has for its greeting, and for the change that it is making, before its
 * instance is answered for by what its record says. */
#define SBX_GREETING_SECONDS 10
/* A record without a socket may be one that its keeper is just making. */
#define SBX_YOUNG_RECORD_SECONDS 10
/* From the first launch of a service that begins with one (--launch-first) to its looking for others: longer than a
 * quick command takes. */
#define SBX_LOOK_AROUND_MS 200
/* How long a service stays whose client has left, if something of it still runs. */
#define SBX_LAST_LOOK_MS 500
/* Clients of the service's own socket (bus/listener.h); more of them come over the bus. */
#define SBX_MAX_PEERS 1024
/* From its connecting to the last word of the handshake. */
#define SBX_PEER_PATIENCE_SECONDS 10
/* Arguments and options of one call, in bytes: the kernel takes at most 6 MiB of arguments and environment (execve(2)),
 * and there may be hundreds of calls. */
#define SBX_MAX_CALL (16u << 20)
/* The least time between two probes of the machine because something was missing. */
#define SBX_PROBE_AGAIN_SECONDS 5
/* Bytes of a command line that are kept for `Command` and the info file. */
#define SBX_COMMAND_SHOWN 8192
/* Bytes of the environment of an instance's display that are kept for what it starts itself. */
#define SBX_DISPLAY_KEPT (64u << 10)
/* Messages that wait for a keeper to read them. */
#define SBX_MAX_QUEUED_MESSAGES 64
/* From asking the systemd user manager for a scope to its being there; then rlimits have to do. Long enough for a
 * machine that is busy with a login: what was given up is not tried again. */
#define SBX_SCOPE_TIMEOUT_MS 5000
/* From the questions that a launch has for the session bus, and for services that it starts, to the last answer; what
 * is not known by then the launch does without. */
#define SBX_SESSION_TIMEOUT_MS 3000
/* How long after an authority was missing it is looked for again. */
#define SBX_AUTHORITY_RETRY_SECONDS 10
/* Descriptors: a launch holds up to SBX_MESSAGE_FDS of them. */
#define SBX_WANTED_NOFILE 65536
#define SBX_CRASH_HANDLER_SECONDS 60 /* less than HANDLER_MS of keeper/parts/crash.c, which is for when we are gone */
/* Between two notifications by which somebody is asked for what was refused; and how long one is shown. */
#define SBX_ASK_SECONDS 60
