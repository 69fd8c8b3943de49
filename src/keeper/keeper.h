/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One instance, seen from the host. libc only, single-threaded: entering a user namespace needs that (setns(2)).
 *
 *   WAITING ──PREPARE──▶ PREPARING ──init: READY──▶ READY ──START──▶ STARTING ──init: STARTED──▶ RUNNING ──▶ ENDING
 *
 * A START that comes early is kept until READY. ENDING begins when the application has ended, when something kills
 * bwrap or init, or on STOP; it is over when bwrap has been reaped and init's pidfd says that it is dead. Whatever
 * fails before RUNNING leaves nothing behind, the record directory included. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keeper/join.h"
#include "keeper/procfs.h"
#include "keeper/record.h"
#include "keeper/sidecar.h"
#include "wire/block.h"
#include "wire/bus-log.h"
#include "wire/layout.h"
#include "wire/message.h"

#define SBX_KEEPER_PEERS 16
#define SBX_KEEPER_JOBS 256
#define SBX_KEEPER_HANDLERS 16
#define SBX_KEEPER_CRASHES 16
#define SBX_KEEPER_HANDLERS_GRACE 2000 /* ms that handlers have to follow their ended instance */
#define SBX_KEEPER_CALLER_GRACE 3000   /* ms between SIGTERM and SIGKILL when the caller has gone */

typedef enum {
  SBX_KEEPER_WAITING,
  SBX_KEEPER_PREPARING,
  SBX_KEEPER_READY,
  SBX_KEEPER_STARTING,
  SBX_KEEPER_RUNNING,
  SBX_KEEPER_ENDING,
} SbxKeeperState;

/* A process that was asked for: job 0 is the application, the others are EXECs. */
typedef struct {
  bool used;
  uint32_t number;       /* towards init */
  uint32_t their_number; /* towards the service that asked */
  int peer;              /* index of that service, or -1 */
  int lifeline;          /* or -1 */
  pid_t pid;             /* on the host */
  int64_t kill_at;       /* monotonic ms, or 0 */
} SbxJob;

/* The keeper of a handler of this instance: our child. */
typedef struct {
  pid_t pid;      /* 0: a free row */
  int link;       /* socket to it, or -1 */
  int mounts;     /* the handler's mount namespace, once it is there, or -1 */
  bool hold;      /* the instance stays while it runs */
  uint32_t crash; /* that it was started for, or 0 */
} SbxHandler;

/* A process that is stopped before the signal that ends it. */
typedef struct {
  uint32_t number; /* 0: a free row */
  int pidfd;
  SbxMessage told; /* CRASHED */
  bool announced;  /* a service knows of it */
  bool handled;    /* a handler runs */
  int64_t until;   /* monotonic ms: when it gets its signal at the latest */
} SbxCrash;

/* The document portal's files of this application, on their way into the sandbox. */
typedef struct {
  pid_t finder; /* or 0 */
  int link;     /* from it, or -1 */
  int tree;     /* what it has found, until it is mounted, or -1 */
  int place;    /* the directory inside that it goes to, or -1 */
  char *path;   /* of that, or NULL: there is nothing to look for */
} SbxDocuments;

typedef struct {
  SbxKeeperState state;
  SbxKeeperRecord record;
  int peers[SBX_KEEPER_PEERS]; /* services; [0] is the one that launched */
  int listener, signals, init, init_pidfd, bwrap_errors;
  pid_t bwrap, init_pid;
  int bwrap_status;
  bool bwrap_reaped, init_dead; /* init_pidfd has said so */
  uint32_t next_job;
  SbxJob jobs[SBX_KEEPER_JOBS]; /* [0] is job 0 */
  SbxHandler handlers[SBX_KEEPER_HANDLERS];
  SbxCrash crashes[SBX_KEEPER_CRASHES];
  int64_t crash_turns_until; /* on sbx_keeper_now()'s clock; see crash.c */
  uint32_t next_crash;
  SbxSidecar proxy, display; /* of the filtered buses; the X server */
  int64_t proxy_log_at;      /* monotonic ms when that is read next, or 0: as soon as there is something */
  SbxBusLog bus_log;
  SbxDenials denials;
  int64_t tell_refusals_at, refusals_told; /* monotonic ms: when they are told next, or 0; when that was last */
  int64_t display_log_at;                  /* as proxy_log_at */
  char display_said[512];                  /* what the X server has complained of first */
  size_t n_display_said;
  SbxDocuments documents;
  int memory;                     /* memory.events of its scope until the application has ended, or -1 */
  bool out_of_memory;             /* processes were killed for its limit */
  bool trace;                     /* OnCrash= */
  pid_t tracer;                   /* or 0 */
  int tracer_link;                /* socket to it, or -1 */
  int gate;                       /* its closing lets the application be executed, or -1 */
  int64_t handlers_until;         /* monotonic ms after which they are not waited for, or 0 */
  SbxJoin join;                   /* when this is a handler itself */
  int start_fds[SBX_MESSAGE_FDS]; /* an early START */
  size_t n_start_fds;
  bool start_kept;
  uint32_t procfs_flags;
  uint32_t enforced;
  int64_t start_time; /* microseconds since 1970 */
  bool main_ended;
  int main_status;
  SbxCulprit why;                    /* STOPPED or CALLER when we were the ones to end it, else APPLICATION */
  int64_t kill_at;                   /* monotonic ms when everything gets SIGKILL, or 0 */
  char errors[SBX_MESSAGE_TEXT + 1]; /* what bwrap printed */
  size_t n_errors;
} SbxKeeper;

/* launch.c: from PREPARE to RUNNING. What goes wrong in it ends in sbx_keeper_fail (). */

/* PREPARE with its descriptors, which are closed or kept: the instance domain, the record, the sidecars, bwrap. */
void sbx_keeper_prepare (SbxKeeper *keeper, const int *fds, size_t n_fds);
/* READY of sandbox-init, which is @pid on the host: its /proc, and START if that is here already. */
void sbx_keeper_init_ready (SbxKeeper *keeper, pid_t pid);
/* Writes down what the kept START says of the instance, for the next service. */
void sbx_keeper_take_info (SbxKeeper *keeper);
/* Forwards the kept START to init. */
void sbx_keeper_start (SbxKeeper *keeper);
/* Takes in what bwrap prints, and closes that pipe at its end. */
void sbx_keeper_read_errors (SbxKeeper *keeper);

/* Gives up a launch that is not RUNNING yet: tells everybody, kills what runs, removes the record. Does not return. */
void sbx_keeper_fail (SbxKeeper *keeper, SbxStep step, int error, const char *text) __attribute__ ((noreturn));

/* peers.c: services and lifelines. Those that have gone or do not read are closed, which is no error of ours. */

/* A service connects: it is told of what has happened so far. One of another uid is turned away. */
void sbx_keeper_accept (SbxKeeper *keeper);
/* One message of the service in the row @peer, or its end. */
void sbx_keeper_serve_peer (SbxKeeper *keeper, int peer);
/* The same of the caller that @job was started for. */
void sbx_keeper_serve_lifeline (SbxKeeper *keeper, SbxJob *job);
/* To every service; the second with the descriptor @fd, which stays the caller's. */
void sbx_keeper_broadcast (SbxKeeper *keeper, const SbxMessage *message);
void sbx_keeper_broadcast_fd (SbxKeeper *keeper, const SbxMessage *message, int fd);
/* To the service that asked for @job and to its lifeline; for job 0 to every service. */
void sbx_keeper_tell (SbxKeeper *keeper, SbxJob *job, SbxMessage *message);
/* The job that init knows as @number, or NULL. */
SbxJob *sbx_keeper_find_job (SbxKeeper *keeper, uint32_t number);
/* Frees its row and closes its lifeline. */
void sbx_keeper_drop_job (SbxKeeper *keeper, SbxJob *job);

/* instance.c: from RUNNING to the end. */

/* One message of sandbox-init, or its end. */
void sbx_keeper_serve_init (SbxKeeper *keeper);
/* SIGTERM to the application, and SIGKILL to everything @grace_ms later, at once if that is 0. Before RUNNING the
 * launch is given up. @why is the culprit, the first of several. */
void sbx_keeper_stop (SbxKeeper *keeper, SbxCulprit why, int32_t grace_ms);
/* Has init send @signo to the job, or to its process @group; nothing unless RUNNING. */
void sbx_keeper_signal_job (SbxKeeper *keeper, SbxJob *job, int signo, bool group);
/* SIGKILL to PID 1, with which the kernel ends all others; for a handler to everything in its mount namespace. */
void sbx_keeper_kill_all (SbxKeeper *keeper);
/* SIGCHLD: reaps whatever has ended. */
void sbx_keeper_children (SbxKeeper *keeper);
/* What is in force is not what it was: writes it down and tells the services. */
void sbx_keeper_enforced_changed (SbxKeeper *keeper);
/* Does what is due by now. */
void sbx_keeper_timers (SbxKeeper *keeper);
/* When everything is gone: records it, tells everybody, exits. Returns when it is not over yet. */
void sbx_keeper_finish (SbxKeeper *keeper);
/* Monotonic milliseconds, the clock of all times here but start_time. */
int64_t sbx_keeper_now (void);

/* handlers.c: the handlers of this instance. */
/* Starts a handler's keeper, which serves @socket, from the open @program; says FAILED over @socket if it cannot. Both
 * stay the caller's. */
void sbx_keeper_attach (SbxKeeper *keeper, const SbxMessage *message, int socket, int program);
/* READY of a handler's keeper with its mount namespace, or the end of its socket. */
void sbx_keeper_serve_handler (SbxHandler *handler);
/* The child @pid has been reaped. False when it is no handler's keeper. */
bool sbx_keeper_handler_ended (SbxKeeper *keeper, pid_t pid);
/* Whether keepers of handlers are still there. */
bool sbx_keeper_has_handlers (const SbxKeeper *keeper);
/* Tells init whether it has to stay when the application has ended: for a handler, or until memory.c has looked. */
void sbx_keeper_count_holders (SbxKeeper *keeper);

/* memory.c: nothing of it fails. */
/* START has gone to init, which is in a scope by now if it is to have one. */
void sbx_keeper_watch_memory (SbxKeeper *keeper);
/* The application has ended. */
void sbx_keeper_read_memory (SbxKeeper *keeper);
/* … and this is why. */
bool sbx_keeper_ended_by_memory (const SbxKeeper *keeper);

/* proxy.c: the filtered buses. */
int sbx_keeper_start_proxy (SbxKeeper *keeper, const SbxBlock *records); /* -1 with errno */
/* It is ready, or has ended. */
void sbx_keeper_serve_proxy (SbxKeeper *keeper);
/* Reads what it has printed, tells of refusals, and does not look again for a moment. */
void sbx_keeper_serve_proxy_log (SbxKeeper *keeper);
void sbx_keeper_proxy_timer (SbxKeeper *keeper, int64_t now);
/* The application has ended: what its last calls were. */
void sbx_keeper_last_refusals (SbxKeeper *keeper);
/* A service has come: tells it what has been refused so far. */
void sbx_keeper_announce_refusals (SbxKeeper *keeper);

/* display.c: the X server of x11=nested. */
int sbx_keeper_start_display (SbxKeeper *keeper, const SbxBlock *records); /* -1 with errno */
/* It is ready, or has ended. */
void sbx_keeper_serve_display (SbxKeeper *keeper);
/* Keeps the beginning of what it complains of. */
void sbx_keeper_serve_display_log (SbxKeeper *keeper);
void sbx_keeper_display_timer (SbxKeeper *keeper, int64_t now);
/* Its bwrap has been reaped. */
void sbx_keeper_display_ended (SbxKeeper *keeper);

/* documents.c: nothing here fails a launch, and nothing waits. */
void sbx_keeper_find_documents (SbxKeeper *keeper, const SbxBlock *block);
/* The sandbox is there, and nothing runs in it yet. */
void sbx_keeper_place_documents (SbxKeeper *keeper, const SbxNamespaces *namespaces);
void sbx_keeper_serve_documents (SbxKeeper *keeper);
void sbx_keeper_end_documents (SbxKeeper *keeper);

/* launch.c: a sidecar is ready, which the application may have waited for. */
void sbx_keeper_sidecar_ready (SbxKeeper *keeper);
/* Whether START has to wait for one. */
bool sbx_keeper_waits_for_sidecar (const SbxKeeper *keeper);

/* crash.c: processes of the application that are about to die. */
/* Has @pid, not executed yet, traced. 0, or -1 with errno. */
int sbx_keeper_trace (SbxKeeper *keeper, pid_t pid);
/* One message of the tracer, or its end. */
void sbx_keeper_serve_tracer (SbxKeeper *keeper);
/* A service has come: tells it of crashes that none was there for. */
void sbx_keeper_announce_crashes (SbxKeeper *keeper);
/* A handler is about to be started for the crash @number. -1 with ESRCH or EALREADY. */
int sbx_keeper_claim_crash (SbxKeeper *keeper, uint32_t number);
/* It has ended: the process gets its signal. */
void sbx_keeper_crash_handled (SbxKeeper *keeper, uint32_t number);
/* Gives those their signal whose time is over by @now. */
void sbx_keeper_crash_timers (SbxKeeper *keeper, int64_t now);
int64_t sbx_keeper_next_crash_timer (const SbxKeeper *keeper); /* monotonic ms, or 0 */
