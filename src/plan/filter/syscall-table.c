/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which system calls are refused, and why. Everything else is allowed: what confines an application is its
 * namespaces, mounts and Landlock domains; this table takes away kernel code that it has no use for.
 *
 * EPERM: "you may not". ENOSYS: "this kernel has no such call", for calls that libraries try first and do without.
 * Numbers: include/uapi/linux/{sched,ptrace,in,netlink,tcp,seccomp}.h, include/linux/socket.h and asm-generic/ioctls.h.
 */
#include "plan/filter/syscall-table.h"

#include <errno.h>
#include <sys/ipc.h>
#include <sys/socket.h>

#define ALL SBX_TIERS_ALL
#define STRICT SBX_TIER_BIT (SBX_TIER_STRICT)
#define DUMPER SBX_TIER_BIT (SBX_TIER_DUMPER)
#define UNTRACED (STRICT)
#define READ_ONLY (DUMPER)
#define NO_DEBUGGER (ALL & ~SBX_TIER_BIT (SBX_TIER_DEBUGGER))

#define CLONE_NEWUSER 0x10000000
#define FASTOPEN 0x20000000 /* MSG_FASTOPEN */
#define NEW_LISTENER 0x8    /* SECCOMP_FILTER_FLAG_NEW_LISTENER */
#define TIOCSTI 0x5412
#define TIOCLINUX 0x541c

#define REFUSE(call, reason)                                                                                           \
  {                                                                                                                    \
    call, EPERM, ALL, 0, SBX_CALL_ANY, 0, 0, 0, reason                                                                 \
  }
#define ABSENT(call, reason)                                                                                           \
  {                                                                                                                    \
    call, ENOSYS, ALL, 0, SBX_CALL_ANY, 0, 0, 0, reason                                                                \
  }
#define UNLESS(feature, call, reason)                                                                                  \
  {                                                                                                                    \
    call, EPERM, ALL, feature, SBX_CALL_ANY, 0, 0, 0, reason                                                           \
  }
#define TERMINAL(request, reason)                                                                                      \
  {                                                                                                                    \
    "ioctl", EPERM, ALL, 0, SBX_CALL_MASKED, 1, 0xffffffffu, request, reason                                           \
  }
#define FAMILY(number, reason)                                                                                         \
  {                                                                                                                    \
    "socket", EAFNOSUPPORT, ALL, 0, SBX_CALL_EQUAL, 0, 0, number, reason                                               \
  }
/* IPPROTO_*, the third argument of socket (); the kernel reads 32 bits of it */
#define PROTOCOL(number, reason)                                                                                       \
  {                                                                                                                    \
    "socket", EPROTONOSUPPORT, ALL, 0, SBX_CALL_MASKED, 2, 0xffffffffu, number, reason                                 \
  }
#define NETLINK(number, reason)                                                                                        \
  {                                                                                                                    \
    "socket", EPROTONOSUPPORT, ALL, 0, SBX_CALL_EQUAL, 0, 0, AF_NETLINK, reason,                                       \
    {                                                                                                                  \
      2, 0xffffffffu, number, FALSE                                                                                    \
    }                                                                                                                  \
  }
/* Ways around the TCP ports that Landlock allows: its hooks are at bind (2) and connect (2) of TCP sockets */
#define AROUND_PORTS(call, error, argument, mask, value, reason)                                                       \
  {                                                                                                                    \
    call, error, ALL, 0, SBX_CALL_MASKED, argument, mask, value, reason, { 0 }, SBX_WHEN_PORTS_LIMITED                 \
  }
#define TRACE(tiers, call, reason)                                                                                     \
  {                                                                                                                    \
    call, EPERM, tiers, 0, SBX_CALL_ANY, 0, 0, 0, reason                                                               \
  }
#define OF_ANOTHER(call, argument)                                                                                     \
  {                                                                                                                    \
    call, EPERM, READ_ONLY, 0, SBX_CALL_NOT_EQUAL, argument, 0, 0, WRITES " (how the other process runs)"              \
  }
#define REQUEST(number, reason)                                                                                        \
  {                                                                                                                    \
    "ptrace", EPERM, READ_ONLY, 0, SBX_CALL_EQUAL, 0, 0, number, reason                                                \
  }

#define MOUNTS "mounting needs a user namespace of one's own, and a large part of the kernel"
#define KEYS "the kernel's keyrings are not kept apart by namespaces"
#define MODULES "loads code into the kernel"
#define CLOCK "the clock is everybody's"
#define WRITES "a dumper reads, and never writes"
#define RARE "a protocol that applications do not use and attackers do"

const SbxCallRow sbx_call_rows[] = {
  /* Mounts */
  UNLESS (SBX_FEATURE_USERNS, "mount", MOUNTS),
  UNLESS (SBX_FEATURE_USERNS, "umount2", MOUNTS),
  UNLESS (SBX_FEATURE_USERNS, "pivot_root", MOUNTS),
  UNLESS (SBX_FEATURE_USERNS, "fsopen", MOUNTS),
  UNLESS (SBX_FEATURE_USERNS, "fsconfig", MOUNTS),
  UNLESS (SBX_FEATURE_USERNS, "fsmount", MOUNTS),
  UNLESS (SBX_FEATURE_USERNS, "fspick", MOUNTS),
  UNLESS (SBX_FEATURE_USERNS, "move_mount", MOUNTS),
  UNLESS (SBX_FEATURE_USERNS, "open_tree", MOUNTS),
  UNLESS (SBX_FEATURE_USERNS, "mount_setattr", MOUNTS),
  UNLESS (SBX_FEATURE_USERNS, "setns", "there is no other namespace that it could want to join"),

  /* User namespaces: with one, a process has every capability over what it makes there, and reaches kernel code that
   * only root reached before */
  { "unshare", EPERM, ALL, SBX_FEATURE_USERNS, SBX_CALL_MASKED, 0, CLONE_NEWUSER, CLONE_NEWUSER,
    "a user namespace of its own opens kernel code that only root reaches" },
  { "clone", EPERM, ALL, SBX_FEATURE_USERNS, SBX_CALL_MASKED, 0, CLONE_NEWUSER, CLONE_NEWUSER,
    "a user namespace of its own opens kernel code that only root reaches" },
  { "clone3", ENOSYS, ALL, SBX_FEATURE_USERNS, SBX_CALL_ANY, 0, 0, 0,
    "hides its flags from this filter; libc falls back to clone" },

  /* Keys, programs and probes in the kernel */
  REFUSE ("add_key", KEYS),
  REFUSE ("keyctl", KEYS),
  REFUSE ("request_key", KEYS),
  REFUSE ("bpf", "runs programs inside the kernel"),
  UNLESS (SBX_FEATURE_DEVEL, "perf_event_open", "watches the kernel and the processor's caches"),
  REFUSE ("userfaultfd", "holds the kernel up at a moment of the caller's choice: a tool of exploits"),
  ABSENT ("io_uring_setup", "its operations pass by this filter"),
  ABSENT ("io_uring_enter", "its operations pass by this filter"),
  ABSENT ("io_uring_register", "its operations pass by this filter"),

  /* Who answers in our filter's place is the keeper. A second one could be asked instead of it and let the call
   * through; the kernel refuses it as well while there is a first (EBUSY, seccomp(2)) */
  { "seccomp",
    EBUSY,
    ALL,
    0,
    SBX_CALL_MASKED,
    1,
    NEW_LISTENER,
    NEW_LISTENER,
    "the calls of this sandbox have a supervisor already, and there is place for one",
    { 0 },
    SBX_WHEN_COUNTED },

  /* The machine as a whole */
  REFUSE ("init_module", MODULES),
  REFUSE ("finit_module", MODULES),
  REFUSE ("delete_module", MODULES),
  REFUSE ("kexec_load", MODULES),
  REFUSE ("kexec_file_load", MODULES),
  REFUSE ("reboot", "stops the machine"),
  REFUSE ("swapon", "the machine's memory"),
  REFUSE ("swapoff", "the machine's memory"),
  REFUSE ("acct", "the machine's accounting"),
  REFUSE ("quotactl", "other users' quotas"),
  REFUSE ("quotactl_fd", "other users' quotas"),
  REFUSE ("syslog", "the kernel's log tells addresses"),
  REFUSE ("settimeofday", CLOCK),
  REFUSE ("clock_settime", CLOCK),
  REFUSE ("clock_adjtime", CLOCK),
  REFUSE ("iopl", "the machine's ports"),
  REFUSE ("ioperm", "the machine's ports"),
  REFUSE ("vhangup", "hangs up a terminal"),
  REFUSE ("lookup_dcookie", "paths by number, round every mount"),
  REFUSE ("open_by_handle_at", "files by number, round every mount"),
  REFUSE ("uselib", "removed from most kernels, and wrong in the rest"),
  REFUSE ("nfsservctl", "removed from the kernel"),
  UNLESS (SBX_FEATURE_MULTIARCH, "modify_ldt", "16-bit segments; only old 32-bit programs want them"),
  { "personality", EPERM, NO_DEBUGGER, SBX_FEATURE_DEVEL | SBX_FEATURE_MULTIARCH, SBX_CALL_NOT_EQUAL, 0, 0, 0,
    "turns protections of one's own memory off" },

  /* The terminal that somebody else types into. Only 32 bits count: the kernel looks at no more (CVE-2019-10063) */
  TERMINAL (TIOCSTI, "types into the caller's terminal"),
  TERMINAL (TIOCLINUX, "pastes into the caller's console"),

  /* Protocols: UNIX, IPv4, IPv6 and netlink stay */
  FAMILY (3, RARE " (AX.25)"),
  FAMILY (4, RARE " (IPX)"),
  FAMILY (5, RARE " (AppleTalk)"),
  FAMILY (6, RARE " (NET/ROM)"),
  FAMILY (7, RARE " (bridge)"),
  FAMILY (8, RARE " (ATM)"),
  FAMILY (9, RARE " (X.25)"),
  FAMILY (11, RARE " (ROSE)"),
  FAMILY (12, RARE " (DECnet)"),
  FAMILY (13, RARE " (802.2)"),
  FAMILY (14, RARE " (security)"),
  FAMILY (15, RARE " (key management)"),
  FAMILY (17, "raw packets"),
  FAMILY (18, RARE " (Ash)"),
  FAMILY (19, RARE " (Econet)"),
  FAMILY (20, RARE " (ATM)"),
  FAMILY (21, RARE " (RDS)"),
  FAMILY (22, RARE " (SNA)"),
  FAMILY (23, RARE " (IrDA)"),
  FAMILY (24, RARE " (PPPoX)"),
  FAMILY (25, RARE " (Wanpipe)"),
  FAMILY (26, RARE " (LLC)"),
  FAMILY (27, RARE " (InfiniBand)"),
  FAMILY (28, RARE " (MPLS)"),
  FAMILY (29, RARE " (CAN)"),
  FAMILY (30, RARE " (TIPC)"),
  FAMILY (31, "Bluetooth is not kept apart by namespaces"),
  FAMILY (32, RARE " (IUCV)"),
  FAMILY (33, RARE " (RxRPC)"),
  FAMILY (34, RARE " (mISDN)"),
  FAMILY (35, RARE " (Phonet)"),
  FAMILY (36, RARE " (802.15.4)"),
  FAMILY (37, RARE " (CAIF)"),
  FAMILY (38, RARE " (kernel crypto)"),
  FAMILY (39, RARE " (NFC)"),
  FAMILY (40, "leads out of a virtual machine, whatever the network policy says"),
  FAMILY (41, RARE " (KCM)"),
  FAMILY (42, RARE " (Qualcomm IPC)"),
  FAMILY (43, RARE " (SMC)"),
  { "socket", EAFNOSUPPORT, ALL, 0, SBX_CALL_ABOVE, 0, 0, 43, RARE " (XDP and whatever comes)" },

  /* A pair of any other family is refused by the kernel, after it has loaded the family's module */
  { "socketpair", EAFNOSUPPORT, ALL, 0, SBX_CALL_NOT_EQUAL, 0, 0, AF_UNIX, "pairs are for UNIX sockets only" },
  /* Its arguments lie in memory, where no filter can read them. For 32-bit programs there is more: socketcall.h */
  ABSENT ("socketcall",
          "hides its arguments from this filter; where 32-bit programs are allowed the keeper makes sockets"),
  PROTOCOL (33, RARE " (DCCP)"),
  PROTOCOL (132, RARE " (SCTP)"),
  NETLINK (8, RARE " (iSCSI)"),
  NETLINK (11, "tells of every process of the machine that starts or ends (the connector)"),
  NETLINK (14, RARE " (DECnet)"),
  NETLINK (18, RARE " (SCSI)"),
  NETLINK (20, RARE " (RDMA)"),
  NETLINK (21, RARE " (kernel crypto)"),
  AROUND_PORTS ("socket", EPROTONOSUPPORT, 2, 0xffffffffu, 256, "SMC is TCP that Landlock does not see"),
  AROUND_PORTS ("socket", EPROTONOSUPPORT, 2, 0xffffffffu, 262, "MPTCP is TCP that Landlock does not see"),
  AROUND_PORTS ("sendto", EOPNOTSUPP, 3, FASTOPEN, FASTOPEN, "TCP fast open connects without connect"),
  AROUND_PORTS ("sendmsg", EOPNOTSUPP, 2, FASTOPEN, FASTOPEN, "TCP fast open connects without connect"),
  AROUND_PORTS ("sendmmsg", EOPNOTSUPP, 3, FASTOPEN, FASTOPEN, "TCP fast open connects without connect"),
  { "listen",
    SBX_CALL_ASK,
    ALL,
    0,
    SBX_CALL_ANY,
    0,
    0,
    0,
    "a socket that listens without bind gets a port of the kernel's choice",
    { 0 },
    SBX_WHEN_BIND_LIMITED },
  /* setsockopt (fd, IPPROTO_TCP, TCP_ULP, "smc") */
  { "setsockopt",
    ENOENT,
    ALL,
    0,
    SBX_CALL_MASKED,
    1,
    0xffffffffu,
    6,
    "turns a TCP socket into one that Landlock does not "
    "see",
    { 2, 0xffffffffu, 31, FALSE },
    SBX_WHEN_PORTS_LIMITED },

  /* The kernel asks for the same uid only: a handler's limits, or those of PID 1, are not the application's to lower */
  { "prlimit64",
    EPERM,
    NO_DEBUGGER,
    0,
    SBX_CALL_NOT_EQUAL,
    0,
    0,
    0,
    "sets the limits of another process",
    { 2, G_MAXUINT64, 0, TRUE } },

  /* X11's MIT-SHM names a segment by its number, which the server looks up in its own IPC namespace: that of a segment
   * of this one is there another program's, which is then drawn and written. Toolkits draw through the socket where
   * they cannot make one. Segments with a key are what programs have among themselves: the keeper makes those, with
   * numbers that there are none of outside (keeper/parts/segment.h), and where it cannot be asked there are none. It is
   * for the programs that mean well: any number can be written into the socket */
  { "shmget",
    ENOSYS,
    ALL,
    0,
    SBX_CALL_MASKED,
    0,
    0xffffffffu,
    0, /* IPC_PRIVATE */
    "the X server would take a segment's number for one of another program's",
    { 0 },
    SBX_WHEN_X11_APART },
  { "shmget",
    ENOSYS,
    ALL,
    0,
    SBX_CALL_NOT_EQUAL,
    0,
    0,
    0,
    "the X server would take a segment's number for one of another program's: the keeper chooses one, if it is asked",
    { 2, IPC_CREAT, IPC_CREAT, FALSE },
    SBX_WHEN_X11_APART,
    .done_by_keeper = TRUE },

  /* Tracing. In the other tiers it stays: the pid namespace and Landlock keep it to the application's own processes,
   * and crash handlers need it */
  TRACE (UNTRACED, "ptrace", "nothing inside has a use for it"),
  TRACE (UNTRACED, "process_vm_readv", "nothing inside has a use for it"),
  TRACE (UNTRACED | READ_ONLY, "process_vm_writev", WRITES),
  TRACE (UNTRACED | READ_ONLY, "pidfd_getfd", "shares what the other process has open, to write as well"),
  OF_ANOTHER ("sched_setaffinity", 0),
  OF_ANOTHER ("sched_setscheduler", 0),
  OF_ANOTHER ("sched_setparam", 0),
  OF_ANOTHER ("sched_setattr", 0),
  OF_ANOTHER ("setpriority", 1),
  OF_ANOTHER ("ioprio_set", 1),
  OF_ANOTHER ("migrate_pages", 0),
  OF_ANOTHER ("move_pages", 0),
  TRACE (UNTRACED | READ_ONLY, "process_madvise", WRITES),
  TRACE (UNTRACED, "kcmp", "nothing inside has a use for it"),
  REQUEST (4, WRITES " (POKETEXT)"),
  REQUEST (5, WRITES " (POKEDATA)"),
  REQUEST (6, WRITES " (POKEUSER)"),
  REQUEST (8, WRITES " (KILL)"),
  REQUEST (9, "a single step runs what it should only look at (SINGLESTEP)"),
  REQUEST (13, WRITES " (SETREGS)"),
  REQUEST (15, WRITES " (SETFPREGS)"),
  REQUEST (19, WRITES " (SETFPXREGS)"),
  REQUEST (24, "stops at system calls are for changing them (SYSCALL)"),
  REQUEST (26, WRITES " (SET_THREAD_AREA)"),
  REQUEST (30, WRITES " (ARCH_PRCTL)"),
  REQUEST (31, "swallows system calls (SYSEMU)"),
  REQUEST (32, "swallows system calls (SYSEMU_SINGLESTEP)"),
  REQUEST (33, "runs what it should only look at (SINGLEBLOCK)"),
  REQUEST (0x4203, WRITES " (SETSIGINFO)"),
  REQUEST (0x4205, WRITES " (SETREGSET)"),
  REQUEST (0x420b, WRITES " (SETSIGMASK)"),
  REQUEST (0x4210, WRITES " (SET_SYSCALL_USER_DISPATCH_CONFIG)"),
  REQUEST (0x4212, WRITES " (SET_SYSCALL_INFO)"),
  { "ptrace", EPERM, READ_ONLY, 0, SBX_CALL_ABOVE, 0, 0, 0x4212, "what later kernels add" },

  { .call = NULL },
};
