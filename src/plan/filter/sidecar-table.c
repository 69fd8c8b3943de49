/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which system calls the programs that serve a sandbox from outside may make. Nothing else: what is not here is to them
 * a call that this kernel does not have (ENOSYS), which libraries do without. They are few programs whose needs are
 * known (strace of xdg-dbus-proxy 0.1.4, Xvfb and Xephyr 21.1 with Mesa 22.3, libc's older and newer ways), they are
 * reached by everything that is inside, and what they hold is worth more: the user's bus, the user's display.
 *
 * The proxy starts nothing, makes no file but its sockets, and has no memory that is both written and executed. The X
 * server starts a shell and xkbcomp for each keyboard, and its drawing library makes code.
 * Numbers: include/uapi/linux/{sched,socket,prctl}.h and asm-generic/{fcntl,ioctls,mman-common}.h. */
#include "plan/filter/syscall-table.h"

#define BUS (SBX_SIDECAR_BIT (SBX_SIDECAR_BUS) | SBX_SIDECAR_BIT (SBX_SIDECAR_ACCESSIBILITY)) /* the same program */
#define X11 SBX_SIDECAR_BIT (SBX_SIDECAR_DISPLAY)
#define BOTH (BUS | X11)

#define WRITE 0x2u /* PROT_* */
#define EXEC 0x4u
#define BRANCHES 0x10u /* PROT_BTI; on other architectures no protection at all: EINVAL */
#define CHANGES 0x643u /* O_ACCMODE, O_CREAT, O_TRUNC, O_APPEND */
#define NAMESPACES 0x7e020000u
#define THREAD 0x10000u /* CLONE_THREAD; above: CLONE_NEW* */

#define ALLOW(who, call, why)                                                                                          \
  {                                                                                                                    \
    call, 0, who, 0, SBX_CALL_ANY, 0, 0, 0, why                                                                        \
  }
#define EQUAL(who, call, argument, value, why)                                                                         \
  {                                                                                                                    \
    call, 0, who, 0, SBX_CALL_EQUAL, argument, 0, value, why                                                           \
  }
#define MASKED(who, call, argument, mask, value, why)                                                                  \
  {                                                                                                                    \
    call, 0, who, 0, SBX_CALL_MASKED, argument, mask, value, why                                                       \
  }
/* Of these arguments the kernel looks at 32 bits */
#define REQUEST(who, call, argument, value, why) MASKED (who, call, argument, 0xffffffffu, value, why)

#define STARTS "libc and the loader at the start"
#define MEMORY "memory"
#define READS "files, for reading"
#define WRITES "the lock of a display, and a keyboard on its way from xkbcomp"
#define SOCKETS "its socket and those who come to it"
#define WAITS "waiting, and telling other threads"
#define SIGNALS "signals, among its own processes"
#define WHO "what it is"
#define STARTING "xkbcomp, in a shell"
#define DRAWS "threads and memory of the drawing library"

const SbxCallRow sbx_sidecar_rows[] = {
  ALLOW (BOTH, "execve", "bwrap executes it"),
  ALLOW (BOTH, "wait4", "bwrap, PID 1 in there, waits for it"),
  ALLOW (BOTH, "exit", STARTS),
  ALLOW (BOTH, "exit_group", STARTS),
  ALLOW (BOTH, "arch_prctl", STARTS),
  ALLOW (BOTH, "set_tid_address", STARTS),
  ALLOW (BOTH, "set_robust_list", STARTS),
  ALLOW (BOTH, "rseq", STARTS),
  ALLOW (BOTH, "getrandom", STARTS),
  EQUAL (BOTH, "prlimit64", 2, 0, "its limits, for reading"),
  ALLOW (BOTH, "getrlimit", "its limits, for reading"),
  ALLOW (BOTH, "uname", STARTS),

  ALLOW (BOTH, "brk", MEMORY),
  ALLOW (BOTH, "munmap", MEMORY),
  ALLOW (BOTH, "mremap", MEMORY),
  ALLOW (BOTH, "madvise", MEMORY),
  MASKED (BUS, "mmap", 2, WRITE | EXEC, 0, MEMORY),
  MASKED (BUS, "mmap", 2, WRITE | EXEC, WRITE, MEMORY),
  MASKED (BUS, "mmap", 2, WRITE | EXEC, EXEC, "the loader: programs and libraries"),
  MASKED (BUS, "mprotect", 2, EXEC, 0, MEMORY),
  MASKED (BUS, "mprotect", 2, WRITE | EXEC | BRANCHES, EXEC | BRANCHES, "the loader on arm64 (glibc, dl-bti.c)"),
  ALLOW (X11, "mmap", DRAWS),
  ALLOW (X11, "mprotect", DRAWS),

  MASKED (BUS, "open", 1, CHANGES, 0, READS),
  MASKED (BUS, "openat", 2, CHANGES, 0, READS),
  ALLOW (X11, "open", READS),
  ALLOW (X11, "openat", READS),
  ALLOW (BOTH, "close", READS),
  ALLOW (BOTH, "read", READS),
  ALLOW (BOTH, "readv", READS),
  ALLOW (BOTH, "pread64", READS),
  ALLOW (BOTH, "lseek", READS),
  ALLOW (BOTH, "stat", READS),
  ALLOW (BOTH, "lstat", READS),
  ALLOW (BOTH, "fstat", READS),
  ALLOW (BOTH, "newfstatat", READS),
  ALLOW (BOTH, "statx", READS),
  ALLOW (BOTH, "statfs", READS),
  ALLOW (BOTH, "fstatfs", READS),
  ALLOW (BOTH, "access", READS),
  ALLOW (BOTH, "faccessat", READS),
  ALLOW (BOTH, "faccessat2", READS),
  ALLOW (BOTH, "readlink", READS),
  ALLOW (BOTH, "readlinkat", READS),
  ALLOW (BOTH, "getdents64", READS),
  ALLOW (BOTH, "getcwd", READS),
  ALLOW (BOTH, "fcntl", READS),
  REQUEST (BOTH, "ioctl", 1, 0x5401, "is it a terminal (TCGETS)?"),
  REQUEST (BOTH, "ioctl", 1, 0x541b, "how much is there to read (FIONREAD)?"),
  REQUEST (BOTH, "ioctl", 1, 0x5421, "without waiting (FIONBIO)"),
  ALLOW (X11, "link", WRITES),
  ALLOW (X11, "linkat", WRITES),
  ALLOW (X11, "rename", WRITES),
  ALLOW (X11, "renameat", WRITES),
  ALLOW (X11, "renameat2", WRITES),
  ALLOW (X11, "ftruncate", WRITES),
  ALLOW (X11, "mkdir", WRITES),
  ALLOW (X11, "mkdirat", WRITES),
  ALLOW (X11, "umask", WRITES),

  REQUEST (BOTH, "socket", 0, 1, SOCKETS), /* AF_UNIX */
  REQUEST (BOTH, "socketpair", 0, 1, SOCKETS),
  ALLOW (BOTH, "bind", SOCKETS),
  ALLOW (BOTH, "listen", SOCKETS),
  ALLOW (BOTH, "accept", SOCKETS),
  ALLOW (BOTH, "accept4", SOCKETS),
  ALLOW (BOTH, "connect", SOCKETS),
  ALLOW (BOTH, "shutdown", SOCKETS),
  ALLOW (BOTH, "getsockname", SOCKETS),
  ALLOW (BOTH, "getpeername", SOCKETS),
  ALLOW (BOTH, "getsockopt", SOCKETS),
  ALLOW (BOTH, "setsockopt", SOCKETS),
  ALLOW (BOTH, "sendmsg", SOCKETS),
  ALLOW (BOTH, "sendto", SOCKETS),
  ALLOW (BOTH, "recvmsg", SOCKETS),
  ALLOW (BOTH, "recvfrom", SOCKETS),
  ALLOW (BOTH, "write", SOCKETS),
  ALLOW (BOTH, "writev", SOCKETS),
  ALLOW (BOTH, "unlink", "the socket of one that was there before"),
  ALLOW (BOTH, "unlinkat", "the socket of one that was there before"),

  ALLOW (BOTH, "poll", WAITS),
  ALLOW (BOTH, "ppoll", WAITS),
  ALLOW (BOTH, "select", WAITS),
  ALLOW (BOTH, "pselect6", WAITS),
  ALLOW (BOTH, "epoll_create", WAITS),
  ALLOW (BOTH, "epoll_create1", WAITS),
  ALLOW (BOTH, "epoll_ctl", WAITS),
  ALLOW (BOTH, "epoll_wait", WAITS),
  ALLOW (BOTH, "epoll_pwait", WAITS),
  ALLOW (BOTH, "eventfd2", WAITS),
  ALLOW (BOTH, "pipe", WAITS),
  ALLOW (BOTH, "pipe2", WAITS),
  ALLOW (BOTH, "futex", WAITS),
  ALLOW (BOTH, "nanosleep", WAITS),
  ALLOW (BOTH, "clock_nanosleep", WAITS),
  ALLOW (BOTH, "clock_gettime", WAITS),
  ALLOW (BOTH, "clock_getres", WAITS),
  ALLOW (BOTH, "gettimeofday", WAITS),
  ALLOW (BOTH, "time", WAITS),
  ALLOW (BOTH, "restart_syscall", WAITS),
  ALLOW (BOTH, "sched_yield", WAITS),
  ALLOW (X11, "setitimer", "turns of its clients"),
  ALLOW (X11, "getitimer", "turns of its clients"),

  ALLOW (BOTH, "rt_sigaction", SIGNALS),
  ALLOW (BOTH, "rt_sigprocmask", SIGNALS),
  ALLOW (BOTH, "rt_sigreturn", SIGNALS),
  ALLOW (BOTH, "rt_sigsuspend", SIGNALS),
  ALLOW (BOTH, "sigaltstack", SIGNALS),
  ALLOW (BOTH, "tgkill", SIGNALS),

  ALLOW (BOTH, "getpid", WHO),
  ALLOW (BOTH, "gettid", WHO),
  ALLOW (BOTH, "getppid", WHO),
  ALLOW (BOTH, "getpgrp", WHO),
  ALLOW (BOTH, "getuid", WHO),
  ALLOW (BOTH, "geteuid", WHO),
  ALLOW (BOTH, "getgid", WHO),
  ALLOW (BOTH, "getegid", WHO),
  ALLOW (BOTH, "getresuid", WHO),
  ALLOW (BOTH, "getresgid", WHO),
  REQUEST (BOTH, "prctl", 0, 15, "names of threads (PR_SET_NAME)"),
  REQUEST (X11, "prctl", 0, 23, "libcap at its start (PR_CAPBSET_READ)"),
  REQUEST (X11, "prctl", 0, 27, "libcap at its start (PR_GET_SECUREBITS)"),
  REQUEST (X11, "prctl", 0, 39, "libcap at its start (PR_GET_NO_NEW_PRIVS)"),

  MASKED (BUS, "clone", 0, NAMESPACES | THREAD, THREAD, "threads of GLib; no processes"),
  EQUAL (BUS, "sched_getattr", 0, 0, "threads of GLib: like the first"),
  EQUAL (BUS, "sched_setattr", 0, 0, "threads of GLib: like the first"),
  ALLOW (BOTH, "sched_getaffinity", "how many processors there are"),
  MASKED (X11, "clone", 0, NAMESPACES, 0, STARTING),
  ALLOW (X11, "fork", STARTING),
  ALLOW (X11, "vfork", STARTING),
  ALLOW (X11, "waitid", STARTING),
  ALLOW (X11, "dup", STARTING),
  ALLOW (X11, "dup2", STARTING),
  ALLOW (X11, "dup3", STARTING),
  ALLOW (X11, "chdir", STARTING),
  ALLOW (X11, "setuid", STARTING), /* to what it is already, and it gives up when that fails */
  ALLOW (X11, "setgid", STARTING),
  ALLOW (X11, "setresuid", "likewise, before it reads its cookies; without them it would let in whoever has the uid"),

  ALLOW (X11, "memfd_create", DRAWS),
  ALLOW (X11, "fallocate", DRAWS),
  ALLOW (X11, "sched_setaffinity", DRAWS),
  ALLOW (X11, "sched_getparam", DRAWS),
  ALLOW (X11, "sched_getscheduler", DRAWS),
  ALLOW (X11, "sched_setscheduler", DRAWS),
  ALLOW (X11, "sched_get_priority_max", DRAWS),
  ALLOW (X11, "sched_get_priority_min", DRAWS),
  ALLOW (X11, "membarrier", DRAWS),
  ALLOW (X11, "mincore", DRAWS),
  ALLOW (X11, "getcpu", DRAWS),
  ALLOW (X11, "sysinfo", DRAWS),
  ALLOW (X11, "getrusage", DRAWS),
  ALLOW (X11, "times", DRAWS),

  { NULL, 0, 0, 0, SBX_CALL_ANY, 0, 0, 0, NULL },
};
