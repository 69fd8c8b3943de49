/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages between sandboxd, sandbox-keeper, sandbox-init and a caller's lifeline. libc only.
 *
 * One message is one SOCK_SEQPACKET packet: a fixed header in host byte order (both ends are on one machine and from
 * one build), then the fields that its type has, then at most SBX_MESSAGE_TEXT bytes of text, with descriptors beside
 * it. Which fields a type has, and what may go over which channel, are two tables in message.c; anything else is
 * EBADMSG and ends the connection. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/asked-name.h"
#include "wire/denials.h"
#include "wire/sidecars.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_MESSAGE_VERSION 2
#define SBX_MESSAGE_TEXT 2048
#define SBX_MESSAGE_FDS 250 /* the kernel's SCM_MAX_FD is 253 (include/net/scm.h) */

typedef enum {
  /* Requests. 0 is none. PREPARE: sandboxd → keeper. fds: block, sandbox-init, what FDMAP names */
  SBX_MSG_PREPARE = 1,
  SBX_MSG_START,  /* → keeper → init. job 0. fds: block[, lifeline if value & SBX_START_LIFELINE][,
                     file if value & SBX_START_LEARN], what FDMAP names */
  SBX_MSG_EXEC,   /* as START, any other job: one more process beside the application */
  SBX_MSG_SIGNAL, /* job, value: signal number, detail: 1 = to the process group */
  SBX_MSG_STOP,   /* value: milliseconds between SIGTERM and SIGKILL; 0 = SIGKILL at once */
  SBX_MSG_ATTACH, /* → keeper. fds: the socket of a handler's keeper, its program; value: SbxAttachFlags; crash: that it
                     is for, or 0. Answered over that socket */
  SBX_MSG_RELEASE, /* → keeper. crash: one that gets no handler */
  SBX_MSG_HOLD,    /* keeper → init. value: 1 = stay when the application has ended, until 0 comes */
  /* Answers and events */
  SBX_MSG_READY,   /* the namespaces and mounts are there; nothing of the application runs yet. From the keeper, pid:
                      sandbox-init on the host; fds: its pidfd, when it is news */
  SBX_MSG_HELLO,   /* init's child → keeper: job; its pid comes from the kernel's credentials */
  SBX_MSG_STARTED, /* job, pid: on the host, detail: SbxEnforced of the instance; from the keeper for job 0, start_time
                    */
  SBX_MSG_FAILED,  /* job, value: errno or 0, detail: SbxStep, text: what the failing program said */
  SBX_MSG_EXITED,  /* job, value: wait status as of wait(2) */
  SBX_MSG_CHANGED, /* detail: SbxEnforced, when it is not what STARTED said any more */
  SBX_MSG_CRASHED, /* crash: its number; from the tracer, which has none: 0. pid: of the process on the host, value:
                      signal, detail: si_code, crashed */
  SBX_MSG_ENDED,   /* the instance is gone. value: SbxCulprit, detail: its wait status, leftovers, text */
  SBX_MSG_DENIED,  /* slot: row of the keeper's SbxDenials, denial: what is there now */
  SBX_MSG_DENIED_MORE, /* value: how many denials no row counts any more */
  SBX_MSG_CLONED,      /* from the gatherer. layer: its number; fds: its tree */
  SBX_MSG_NOT_CLONED,  /* layer; value: errno or 0, detail: SbxLayerFault (keeper/gather.h) */
  SBX_MSG_GET_PROCFS,  /* → keeper. job, value: SBX_PROCFS_ASKABLE (block.h). Answered by PROCFS or FAILED */
  SBX_MSG_PROCFS,      /* keeper → job; fds: a procfs of the instance's pid namespace, as a detached mount */
  /* A running instance loses or gets something. job: the number of the request, of whoever asks */
  SBX_MSG_CHANGE,      /* → keeper. fds: block */
  SBX_MSG_APPLIED,     /* fds: what cannot be taken back (keeper/held.h) */
  SBX_MSG_NOT_APPLIED, /* value: errno or 0, detail: SbxChangeFault, text: the path, or what failed; ends */
  SBX_MSG_POLICY,      /* the info file is another one than before; to every service */
  SBX_MSG_ASKS,        /* init → keeper, before HELLO. fds: where its filter asks (seccomp_unotify(2)) */
  SBX_MSG_LEFTOVERS, /* init → keeper, before it ends. value: how many processes it has ended after the application */
  SBX_MSG_FURNISH,   /* sandboxd → keeper, between PREPARE and START, whenever the instance is known. fds: block,
                        directory     $XDG_RUNTIME_DIR/sandbox */
  SBX_MSG_TRAFFIC,   /* traffic: what has crossed the border of the instance's own network so far; to every service */
  SBX_MSG_LIMIT,   /* keeper → init. value: a resource of setrlimit(2), limit: what is started from now on has at most
                      that */
  SBX_MSG_ASKED,   /* slot: row of the keeper's SbxAskedNames, value: how often, start_time: when last, text: the name;
                      to every service */
  SBX_MSG_GREETED, /* keeper → sandboxd: all has been told that was so when it connected, and no change is being made
                      that was begun before */
} SbxMessageType;

#define SBX_RESOURCES 16 /* RLIM_NLIMITS, include/uapi/asm-generic/resource.h */

/* value of START and EXEC. TRACE: the application is seized before it runs, for OnCrash=. GATE, from keeper to init: a
 * descriptor follows the block, at whose end of file the application may be executed. KEEPS, of EXEC: the instance
 * stays while this process runs, as it does while the application runs. LEARN, to the keeper: what the application
 * names is written to a file (wire/learned.h). */
#define SBX_START_LIFELINE 1
#define SBX_START_TRACE 2
#define SBX_START_GATE 4
#define SBX_START_KEEPS 8
#define SBX_START_LEARN 16

typedef enum {
  SBX_ATTACH_HOLD = 1 << 0, /* the instance stays while this handler runs */
} SbxAttachFlags;

/* Why a change was not made. Nothing is changed then. */
typedef enum {
  SBX_CHANGE_FAULT_NONE,
  SBX_CHANGE_FAULT_ENDED,    /* the instance does not run */
  SBX_CHANGE_FAULT_BUSY,     /* another change is being made */
  SBX_CHANGE_FAULT_PROTOCOL, /* the block, or a child of the keeper that ended without a word */
  SBX_CHANGE_FAULT_RECORD,   /* the info file cannot be written */
  SBX_CHANGE_FAULT_ENTER,    /* the namespaces cannot be entered or looked at */
  SBX_CHANGE_FAULT_MOVED,    /* what is inside at that path is another object than outside */
  SBX_CHANGE_FAULT_MOUNT,    /* the path cannot be covered */
  SBX_CHANGE_FAULT_LAYER,    /* text says what is wrong with a layer */
  SBX_CHANGE_FAULT_TIME,     /* it took too long */
  SBX_CHANGE_FAULT_SERVER,   /* what is to serve the instance from then on cannot be started */
  SBX_CHANGE_FAULT_SERVED,   /* too many that have served it before still serve somebody */
  SBX_N_CHANGE_FAULTS
} SbxChangeFault;

/* What failed. The names of sbx_step_name () appear in SpawnFailed errors. */
typedef enum {
  SBX_STEP_NONE,
  SBX_STEP_PROTOCOL,
  SBX_STEP_RECORD,     /* the files below $XDG_RUNTIME_DIR/sandbox/<id> */
  SBX_STEP_DOMAIN,     /* Landlock in the keeper */
  SBX_STEP_BWRAP,      /* executing bwrap */
  SBX_STEP_NAMESPACES, /* bwrap ran and gave up: text says why */
  SBX_STEP_PROCFS,
  SBX_STEP_LIMITS,     /* setrlimit */
  SBX_STEP_TERMINAL,   /* TIOCSCTTY */
  SBX_STEP_DIRECTORY,  /* working directory */
  SBX_STEP_APP_DOMAIN, /* Landlock in init */
  SBX_STEP_SECCOMP,
  SBX_STEP_DESCRIPTORS,
  SBX_STEP_FORK,
  SBX_STEP_EXEC,        /* executing the application */
  SBX_STEP_JOIN,        /* a handler, joining its target */
  SBX_STEP_TRACE,       /* seizing the application for OnCrash= */
  SBX_STEP_FILES,       /* mounting what is the user's */
  SBX_STEP_GIVE_PROCFS, /* GET_PROCFS */
  SBX_STEP_PUBLISH,     /* taking the ports of this machine that lead inside */
#define SBX_STEP_OF_SIDECAR(kind, ...) SBX_STEP_##kind,
  SBX_SIDECAR_ROWS (SBX_STEP_OF_SIDECAR) /* starting it */
#undef SBX_STEP_OF_SIDECAR
  SBX_N_STEPS
} SbxStep;

/* What is in force in an instance, as the keeper did it. */
typedef enum {
  SBX_ENFORCED_INSTANCE_DOMAIN = 1 << 0,
  SBX_ENFORCED_APP_DOMAIN = 1 << 1,
  SBX_ENFORCED_PRIVATE_PROCFS = 1 << 2,
  SBX_ENFORCED_PIDNS_BY_FD = 1 << 3, /* procfs made with pidns=FD, not with setns and fork */
  SBX_ENFORCED_SCOPES = 1 << 4,      /* signal and abstract socket scopes */
  SBX_ENFORCED_HIDEPID = 1 << 5,     /* hidepid=ptraceable */
  SBX_ENFORCED_SECCOMP = 1 << 6,
#define SBX_ENFORCED_BY_SIDECAR(kind, ...) SBX_ENFORCED_##kind = SBX_ENFORCED_SECCOMP << (1 + SBX_SIDECAR_##kind),
  SBX_SIDECAR_ROWS (SBX_ENFORCED_BY_SIDECAR) /* it runs */
#undef SBX_ENFORCED_BY_SIDECAR
  SBX_ENFORCED_COUNTED = SBX_ENFORCED_SECCOMP << (1 + SBX_N_SIDECARS), /* the keeper counts what the filter refuses */
  SBX_ENFORCED_WAYLAND = SBX_ENFORCED_COUNTED << 1, /* the compositor knows whose Wayland socket it is */
} SbxEnforced;
#define SBX_ENFORCED_ALL ((SBX_ENFORCED_WAYLAND << 1) - 1)
/* Inferiors only = APP_DOMAIN + PRIVATE_PROCFS + HIDEPID. */

/* Why an instance ended. */
typedef enum {
  SBX_CULPRIT_APPLICATION, /* its main process ended by itself */
  SBX_CULPRIT_STOPPED,     /* STOP */
  SBX_CULPRIT_CALLER,      /* the lifeline was closed */
  SBX_CULPRIT_BWRAP,       /* killed or failed */
  SBX_CULPRIT_INIT,
  SBX_CULPRIT_KEEPER,  /* found dead by sandboxd */
  SBX_CULPRIT_MEMORY,  /* the kernel, since the instance had taken what memory= allows */
  SBX_CULPRIT_TARGET,  /* a handler: the instance that it was attached to has ended */
  SBX_CULPRIT_SESSION, /* pidns=session: sandbox-session, whose namespaces it was in, was killed */
  SBX_N_CULPRITS
} SbxCulprit;

/* What a signal is about to end, beside its pid on the host. */
typedef struct {
  uint64_t address;             /* si_addr */
  int64_t time;                 /* us since 1970 */
  int32_t tid;                  /* of the thread, on the host */
  int32_t inner_pid, inner_tid; /* inside, or 0: not known */
  int32_t padding;              /* 0 */
} SbxCrashed;

/* Bytes of frames, since the start. */
typedef struct {
  uint64_t in, out;
} SbxTraffic;

typedef struct {
  uint32_t type; /* SbxMessageType */
  uint32_t job;
  int32_t pid;
  int32_t value;
  int32_t detail;
  /* Of the types above that name them; with others they stay behind */
  uint32_t crash;
  uint32_t slot;
  uint32_t layer;
  int32_t leftovers;  /* how many processes were ended since the application had */
  int64_t start_time; /* us since 1970, or 0: not said; of ASKED, when */
  SbxCrashed crashed;
  SbxTraffic traffic;
  uint64_t limit; /* RLIM_INFINITY: no limit */
  uint32_t ends;  /* 1: a part is done and stays, so the instance is ended; 0: all is as before */
  SbxDenial denial;
  char text[SBX_MESSAGE_TEXT + 1]; /* NUL-terminated here; "" = none */
} SbxMessage;

/* Who talks to whom, seen from the receiver. */
typedef enum {
  SBX_CHANNEL_DAEMON_TO_KEEPER,
  SBX_CHANNEL_KEEPER_TO_DAEMON,
  SBX_CHANNEL_KEEPER_TO_INIT,
  SBX_CHANNEL_INIT_TO_KEEPER,
  SBX_CHANNEL_CALLER_TO_KEEPER,   /* the lifeline: SIGNAL */
  SBX_CHANNEL_KEEPER_TO_CALLER,   /* the lifeline: STARTED, FAILED, EXITED, ENDED */
  SBX_CHANNEL_TRACER_TO_KEEPER,   /* READY, CRASHED with the pidfd of the stopped process */
  SBX_CHANNEL_HANDLER_TO_KEEPER,  /* from a handler's keeper to its target's: READY with its mount namespace */
  SBX_CHANNEL_GATHERER_TO_KEEPER, /* from the child that looks up what is to be mounted: CLONED, NOT_CLONED */
  SBX_CHANNEL_FINDER_TO_KEEPER,   /* from the child that looks for documents: READY with the tree */
  SBX_CHANNEL_SESSION_TO_KEEPER,  /* from sandbox-session: READY with what is joined (session/namespaces.h), FAILED */
} SbxChannel;

/* Sends @message and @n_fds descriptors (not closed) as one packet. Returns 0, or -1 with errno. Never raises SIGPIPE.
 */
int sbx_message_send (int sock, const SbxMessage *message, const int *fds, size_t n_fds);

/* Receives one packet of @channel. @fds has room for SBX_MESSAGE_FDS; received ones are close-on-exec and the
 * caller's. @sender (may be NULL) gets the sender's pid if SO_PASSCRED is on, else 0.
 * Returns 1, 0 at end of file, or -1 with errno: EBADMSG for what the channel's table does not allow (nothing is
 * returned then, every descriptor is closed), EAGAIN, or recvmsg's. */
int sbx_message_recv (int sock, SbxChannel channel, SbxMessage *message, int *fds, size_t *n_fds, pid_t *sender);

/* The same, without ever waiting, whatever the other end has done to the shared socket: EAGAIN. */
int sbx_message_send_now (int sock, const SbxMessage *message, const int *fds, size_t n_fds);
int sbx_message_recv_now (int sock, SbxChannel channel, SbxMessage *message, int *fds, size_t *n_fds, pid_t *sender);

/* Words for people and files: "exec", "procfs", …; "bwrap", "init", …; NULL for a number out of range. */
const char *sbx_step_name (unsigned step);
const char *sbx_culprit_name (unsigned culprit);

#ifdef __cplusplus
}
#endif
